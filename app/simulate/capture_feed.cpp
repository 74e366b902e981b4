#include "app/simulate/capture_feed.hpp"

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <thread>

#include "codec/iextp/decoder.hpp"
#include "codec/moldudp64/packet.hpp"
#include "net/capture_filter.hpp"
#include "net/framing.hpp"
#include "net/open_capture.hpp"

namespace tapeline::simulate {

namespace {

constexpr std::size_t kBufferBytes = std::size_t{128} * 1024;
constexpr std::size_t kHeldBuffers = 64;
constexpr net::UnixNanos kMaxItchSpanNs = 1'000'000;  // so that an ITCH file can be paced
constexpr std::chrono::milliseconds kSilentPause{1};

[[nodiscard]] net::SequencerConfig sequencer_config() {
  net::SequencerConfig config;
  config.lines = net::LineTable::kMaxLines;
  config.hold_packets = 4'096;
  config.hold_bytes = kHeldBuffers * kBufferBytes;
  config.hold_ns = 1'000'000'000;  // of the capture's time; a line may be late, none is asked again
  return config;
}

[[nodiscard]] std::unique_ptr<net::PullSource> open(
    const std::string& path, pool::BufferPool<pool::SerializationKind>& buffers) {
  net::CaptureOptions options;
  options.itch_file.max_span_ns = kMaxItchSpanNs;
  auto opened = net::open_capture(path, buffers, std::move(options));
  if (opened.source == nullptr) throw std::runtime_error{opened.error};
  return std::move(opened.source);
}

}  // namespace

struct CaptureFeed::Handler {
  CaptureFeed& feed;

  void on_message(std::uint64_t /*sequence*/, std::span<const std::byte> message,
                  const net::Packet& packet) const {
    feed.keep(message, packet.rx_time);
  }
  void on_gap(const net::GapRange& /*counted by the sequencer*/) const noexcept {}
};

CaptureFeed::CaptureFeed(const std::string& path, const CaptureFeedConfig& config)
    : config_{config},
      buffers_{{.buffer_bytes = kBufferBytes,
                .buffer_count = 2 * kHeldBuffers,
                .overflow_buffers = kHeldBuffers}},
      source_{open(path, buffers_)},
      sequencer_{sequencer_config(), buffers_} {
  std::size_t header_bytes = codec::moldudp64::kHeaderBytes + codec::moldudp64::kLengthBytes;
  if (read()) {
    const auto first = batch_.packets().front().payload();
    const net::Framing framing = net::recognise_framing(first);
    sequencer_.set_framing(framing);
    if (framing == net::Framing::iextp) {
      iex_session_ = codec::iextp::parse_header(first).header.session;
      header_bytes = codec::iextp::kHeaderBytes + codec::iextp::kLengthBytes;
    }
  }
  max_message_bytes_ = config_.packet_bytes - std::min(config_.packet_bytes, header_bytes);
}

std::optional<FeedMessage> CaptureFeed::next() {
  if (config_.max_messages != 0 && taken_ == config_.max_messages) return std::nullopt;
  while (next_place_ == places_.size()) {
    if (!refill()) return std::nullopt;
  }
  const Place& place = places_[next_place_++];
  ++taken_;
  return FeedMessage{std::span{bytes_}.subspan(place.begin, place.bytes), place.time_ns};
}

bool CaptureFeed::read() {
  next_packet_ = 0;
  for (;;) {
    batch_ = source_->next();
    if (!batch_.empty()) return true;
    if (source_->state() != net::SourceState::would_block) return false;
    std::this_thread::sleep_for(kSilentPause);
    if (config_.stop != nullptr && config_.stop()) return false;
  }
}

bool CaptureFeed::refill() {
  bytes_.clear();
  places_.clear();
  next_place_ = 0;
  if (next_packet_ < batch_.packets().size() || (!is_over_ && read())) {
    take(batch_.packets()[next_packet_++]);
    return true;
  }
  if (is_over_) return false;
  is_over_ = true;
  Handler handler{*this};
  sequencer_.finish(static_cast<std::int64_t>(last_time_ns_), handler);
  return true;
}

void CaptureFeed::take(const net::Packet& packet) {
  Handler handler{*this};
  sequencer_.on_packet(packet, packet.rx_time, handler);
}

void CaptureFeed::keep(std::span<const std::byte> message, net::UnixNanos time) {
  if (message.size() > max_message_bytes_) {
    throw std::runtime_error{"message " + std::to_string(taken_ + places_.size() + 1) +
                             " of the capture has " + std::to_string(message.size()) +
                             " bytes: too many for a packet; see --packet-bytes"};
  }
  last_time_ns_ =
      std::max(last_time_ns_, static_cast<std::uint64_t>(std::max<net::UnixNanos>(time, 0)));
  places_.push_back({bytes_.size(), message.size(), last_time_ns_});
  bytes_.insert(bytes_.end(), message.begin(), message.end());
}

}  // namespace tapeline::simulate
