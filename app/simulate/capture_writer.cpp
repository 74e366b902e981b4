#include "app/simulate/capture_writer.hpp"

#include <algorithm>
#include <cassert>
#include <deque>
#include <limits>
#include <memory>
#include <variant>

#include "app/simulate/random.hpp"

namespace tapeline::simulate {

namespace {

constexpr std::uint64_t kSecondNs = 1'000'000'000;

}  // namespace

class CaptureWriter::Line {
 public:
  struct Record {
    std::uint64_t time_ns;  // since midnight
    std::size_t bytes;
  };

  Line(const CaptureOptions& options, const CaptureLine& line, std::uint8_t number)
      : format_{options.format},
        midnight_ns_{options.midnight_ns},
        heartbeat_ns_{options.heartbeat_ns},
        delay_ns_{line.delay_ns},
        jitter_ns_{line.jitter_ns},
        path_{make_path(line.group, number)},
        cutter_{make_cutter(options, line)},
        random_{number} {}

  void add(std::span<const std::byte> message, std::uint64_t time_ns) {
    std::visit([&](auto& cutter) { add_to(*cutter, message, time_ns); }, cutter_);
  }

  void finish(std::uint32_t end_packets) {
    std::visit(
        [&](auto& cutter) {
          if (!cutter->is_empty()) close_packet(*cutter);
          for (std::uint32_t i = 0; i < end_packets; ++i) {
            const std::uint64_t time_ns = newest_ns_ + (i == 0 ? kSecondNs / 1'000 : kSecondNs);
            put(time_ns, end_of(*cutter, time_ns));
          }
        },
        cutter_);
  }

  [[nodiscard]] bool has_record() const noexcept { return !records_.empty(); }
  [[nodiscard]] const Record& oldest() const noexcept { return records_.front(); }
  [[nodiscard]] std::span<const std::byte> oldest_bytes() const noexcept {
    return std::span{bytes_}.subspan(begin_, records_.front().bytes);
  }
  void drop_oldest() noexcept {
    begin_ += records_.front().bytes;
    records_.pop_front();
    if (!records_.empty()) return;
    bytes_.clear();
    begin_ = 0;
  }

 private:
  using Cutter = std::variant<std::unique_ptr<PacketCutter>, std::unique_ptr<SegmentCutter>>;

  [[nodiscard]] static Cutter make_cutter(const CaptureOptions& options, const CaptureLine& line) {
    if (const auto* mold = std::get_if<codec::moldudp64::Session>(&options.session)) {
      return std::make_unique<PacketCutter>(*mold, line.cut);
    }
    return std::make_unique<SegmentCutter>(std::get<codec::iextp::Session>(options.session),
                                           line.cut);
  }

  [[nodiscard]] std::int64_t unix_time(std::uint64_t time_ns) const noexcept {
    return midnight_ns_ + static_cast<std::int64_t>(time_ns);
  }
  // Packets sent at `time_ns`; those of MoldUDP64 do not say when.
  [[nodiscard]] std::span<const std::byte> packet_of(PacketCutter& cutter,
                                                     std::uint64_t /*time_ns*/) const noexcept {
    return cutter.finish();
  }
  [[nodiscard]] std::span<const std::byte> packet_of(SegmentCutter& cutter,
                                                     std::uint64_t time_ns) const noexcept {
    return cutter.finish(unix_time(time_ns));
  }
  [[nodiscard]] std::span<const std::byte> beat_of(PacketCutter& cutter,
                                                   std::uint64_t /*time_ns*/) const noexcept {
    return cutter.heartbeat();
  }
  [[nodiscard]] std::span<const std::byte> beat_of(SegmentCutter& cutter,
                                                   std::uint64_t time_ns) const noexcept {
    return cutter.heartbeat(unix_time(time_ns));
  }
  [[nodiscard]] std::span<const std::byte> end_of(PacketCutter& cutter,
                                                  std::uint64_t /*time_ns*/) const noexcept {
    return cutter.end_of_session();
  }
  [[nodiscard]] std::span<const std::byte> end_of(SegmentCutter& cutter,
                                                  std::uint64_t time_ns) const noexcept {
    return cutter.end_of_session(unix_time(time_ns));
  }

  template <typename OneCutter>
  void add_to(OneCutter& cutter, std::span<const std::byte> message, std::uint64_t time_ns) {
    if (cutter.is_due(time_ns)) close_packet(cutter);
    if (cutter.is_empty()) beat_until(cutter, time_ns);
    if (!cutter.try_add(message, time_ns)) {
      close_packet(cutter);
      [[maybe_unused]] const bool added = cutter.try_add(message, time_ns);
      assert(added);
    }
  }

  template <typename OneCutter>
  void close_packet(OneCutter& cutter) {
    const std::uint64_t jitter = jitter_ns_ == 0 ? 0 : random_.next() % jitter_ns_;
    const std::uint64_t time_ns = std::max(newest_ns_, cutter.last_time_ns() + delay_ns_ + jitter);
    put(time_ns, packet_of(cutter, time_ns));
  }

  template <typename OneCutter>
  void beat_until(OneCutter& cutter, std::uint64_t time_ns) {
    if (heartbeat_ns_ == 0 || packets_ == 0) return;
    while (newest_ns_ + heartbeat_ns_ < time_ns) {
      const std::uint64_t beat_ns = newest_ns_ + heartbeat_ns_;
      put(beat_ns, beat_of(cutter, beat_ns));
    }
  }

  void put(std::uint64_t time_ns, std::span<const std::byte> payload) {
    const std::size_t size = record_bytes(format_, path_, payload.size());
    bytes_.resize(bytes_.size() + size);
    write_record(std::span{bytes_}.last(size), format_, path_, unix_time(time_ns),
                 static_cast<std::uint16_t>(packets_), payload);
    records_.push_back({time_ns, size});
    newest_ns_ = time_ns;
    ++packets_;
  }

  FrameFormat format_;
  std::int64_t midnight_ns_;
  std::uint64_t heartbeat_ns_;
  std::uint64_t delay_ns_;
  std::uint64_t jitter_ns_;
  LinePath path_;
  Cutter cutter_;
  Random random_;
  std::vector<std::byte> bytes_;  // of the records, from begin_ on
  std::size_t begin_ = 0;
  std::deque<Record> records_;
  std::uint64_t newest_ns_ = 0;
  std::uint64_t packets_ = 0;
};

CaptureWriter::CaptureWriter(const CaptureOptions& options, OutputFile& file)
    : options_{options}, file_{file} {
  for (const CaptureLine& line : options_.lines) {
    lines_.emplace_back(options_, line, static_cast<std::uint8_t>(lines_.size()));
  }
  codec::capture::write_file_header(file_.reserve(codec::capture::kPcapHeaderBytes),
                                    options_.format.unit, codec::capture::LinkType::ethernet);
  file_.commit(codec::capture::kPcapHeaderBytes);
}

CaptureWriter::~CaptureWriter() = default;

void CaptureWriter::add(std::span<const std::byte> message, std::uint64_t time_ns) {
  for (Line& line : lines_) line.add(message, time_ns);
  release(time_ns);  // what is not yet closed holds this message, so it can not come before it
}

void CaptureWriter::finish() {
  for (Line& line : lines_) line.finish(options_.end_packets);
  release(std::numeric_limits<std::uint64_t>::max());
}

// Writes the records up to this time, of all lines in the order of time.
void CaptureWriter::release(std::uint64_t up_to_ns) {
  while (true) {
    Line* next = nullptr;
    for (Line& line : lines_) {
      if (!line.has_record() || line.oldest().time_ns > up_to_ns) continue;
      if (next == nullptr || line.oldest().time_ns < next->oldest().time_ns) next = &line;
    }
    if (next == nullptr) return;
    file_.write(next->oldest_bytes());
    next->drop_oldest();
    ++packets_;
  }
}

}  // namespace tapeline::simulate
