#include "app/simulate/capture_writer.hpp"

#include <algorithm>
#include <cassert>
#include <deque>
#include <limits>

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
        cutter_{options.session, line.cut},
        random_{number} {}

  void add(std::span<const std::byte> message, std::uint64_t time_ns) {
    if (cutter_.is_due(time_ns)) close_packet();
    if (cutter_.is_empty()) beat_until(time_ns);
    if (!cutter_.try_add(message, time_ns)) {
      close_packet();
      [[maybe_unused]] const bool added = cutter_.try_add(message, time_ns);
      assert(added);
    }
  }

  void finish(std::uint32_t end_packets) {
    if (!cutter_.is_empty()) close_packet();
    for (std::uint32_t i = 0; i < end_packets; ++i) {
      const std::uint64_t time_ns = newest_ns_ + (i == 0 ? kSecondNs / 1'000 : kSecondNs);
      put(time_ns, cutter_.end_of_session(unix_time(time_ns)));
    }
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
  [[nodiscard]] std::int64_t unix_time(std::uint64_t time_ns) const noexcept {
    return midnight_ns_ + static_cast<std::int64_t>(time_ns);
  }

  void close_packet() {
    const std::uint64_t jitter = jitter_ns_ == 0 ? 0 : random_.next() % jitter_ns_;
    const std::uint64_t time_ns = std::max(newest_ns_, cutter_.last_time_ns() + delay_ns_ + jitter);
    put(time_ns, cutter_.finish(unix_time(time_ns)));
  }

  void beat_until(std::uint64_t time_ns) {
    if (heartbeat_ns_ == 0 || packets_ == 0) return;
    while (newest_ns_ + heartbeat_ns_ < time_ns) {
      const std::uint64_t beat_ns = newest_ns_ + heartbeat_ns_;
      put(beat_ns, cutter_.heartbeat(unix_time(beat_ns)));
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
  LineCutter cutter_;
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
