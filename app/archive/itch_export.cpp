#include "app/archive/itch_export.hpp"

#include <utility>

#include "codec/bytes.hpp"
#include "codec/capture/datagram.hpp"
#include "net/packet_batch.hpp"
#include "net/sequencer.hpp"

namespace tapeline::archive {

namespace {

constexpr std::size_t kOutBytes = std::size_t{256} << 10U;
constexpr std::size_t kLengthBytes = 2;

pool::PoolConfig pool_of(std::uint32_t buffers) {
  return {.buffer_count = buffers,
          .overflow_buffers = 0,
          .growth_thread = false,
          .threads = 1,
          .huge_pages = false};
}

net::SequencerConfig sequencer_config() {
  net::SequencerConfig config;
  config.framing = net::Framing::moldudp64;
  config.lines = net::LineTable::kMaxLines;
  config.lines_unknown = true;
  config.accept_unsequenced = true;
  config.hold_packets = 4096;
  config.hold_bytes = std::size_t{4} << 20U;
  return config;
}

}  // namespace

struct ItchExport::Channel {
  Channel(const net::Session& name, pool::BufferPool<pool::SerializationKind>& buffers)
      : session{name}, sequencer{sequencer_config(), buffers} {}

  struct Handler {
    ItchExport& owner;

    void on_message(std::uint64_t /*sequence*/, std::span<const std::byte> message,
                    const net::Packet& /*packet*/) const {
      owner.write_message(message);
    }
    void on_gap(const net::GapRange& lost) const noexcept {
      ++owner.counts_.gaps;
      owner.counts_.lost_messages += lost.last_exclusive - lost.first;
    }
  };

  net::Session session;
  net::Sequencer sequencer;
  std::int64_t last_time = 0;
};

ItchExport::ItchExport(Write write)
    : write_{std::move(write)},
      lines_{net::CaptureFilter{}},
      buffers_{pool_of(64)},
      streams_{pool_of(4)} {
  out_.reserve(kOutBytes);
}

ItchExport::~ItchExport() = default;

ItchExport::Channel* ItchExport::channel_of(std::span<const std::byte> payload) {
  if (net::recognise_framing(payload) != net::Framing::moldudp64) return nullptr;
  const auto parsed = net::MoldUdp64Framing::parse(payload);
  if (parsed.status == net::PacketStatus::too_short) return nullptr;
  const net::Session& session = parsed.header.session;
  for (std::size_t i = 0; i < channels_.size(); ++i) {
    const std::size_t at = (last_ + i) % channels_.size();
    if (channels_[at]->session == session) {
      last_ = at;
      return channels_[at].get();
    }
  }
  // A session is met with a packet of it that is whole.
  if (parsed.status != net::PacketStatus::ok || channels_.size() == kMaxSessions ||
      net::MoldUdp64Framing::for_each_block(parsed.header, payload, 0, [](auto, auto) {}) !=
          net::PacketStatus::ok) {
    return nullptr;
  }
  ++counts_.sessions;
  last_ = channels_.size();
  channels_.push_back(std::make_unique<Channel>(session, buffers_));
  return channels_.back().get();
}

void ItchExport::on_record(const codec::capture::Record& record) {
  codec::capture::Datagram udp;
  const codec::capture::SkipReason reason =
      codec::capture::parse_datagram(record.link_type, record.data, record.original_bytes, udp);
  if (reason == codec::capture::SkipReason::not_udp && on_segment(record)) return;
  if (reason != codec::capture::SkipReason::none) {
    ++counts_.other_packets;
    return;
  }
  on_packet({.datagram = record.data.data() + udp.ip_offset,
             .rx_time = record.time_ns,
             .datagram_bytes = udp.ip_bytes,
             .payload_bytes = udp.payload_bytes,
             .payload_offset = static_cast<std::uint16_t>(udp.payload_offset),
             .line = lines_.find(udp.destination),
             .lost_bytes = udp.lost_bytes});
}

// Returns whether it is a segment of a stream that is followed.
bool ItchExport::on_segment(const codec::capture::Record& record) {
  codec::capture::Segment segment;
  if (codec::capture::parse_segment(record.link_type, record.data, record.original_bytes,
                                    segment) != codec::capture::SkipReason::none) {
    return false;
  }
  const auto payload = record.data.subspan(segment.payload_offset, segment.payload_bytes);
  const std::uint16_t line =
      net::SoupFlows::begins_stream(payload) ? lines_.find(segment.source) : std::uint16_t{0};
  const net::SoupFlows::Taken taken = flows_.take(segment, payload, record.time_ns, line);
  if (taken == net::SoupFlows::Taken::hole) ++counts_.tcp_holes;
  while (flows_.has_packets()) {
    const net::PacketBatch batch = flows_.take_batch(streams_);
    if (batch.empty()) break;
    for (const net::Packet& packet : batch.packets()) on_packet(packet);
  }
  return taken != net::SoupFlows::Taken::no;
}

void ItchExport::on_packet(const net::Packet& packet) {
  Channel* const channel = channel_of(packet.payload());
  if (channel == nullptr) {
    ++counts_.other_packets;
    return;
  }
  channel->last_time = packet.rx_time;
  channel->sequencer.on_packet(packet, packet.rx_time, Channel::Handler{*this});
}

void ItchExport::finish() {
  for (const auto& channel : channels_) {
    channel->sequencer.finish(channel->last_time, Channel::Handler{*this});
    for (const auto& counter : channel->sequencer.counters().malformed) {
      counts_.malformed_packets += counter.get();
    }
  }
  flush();
}

void ItchExport::write_message(std::span<const std::byte> message) {
  ++counts_.messages;
  if (out_.size() + kLengthBytes + message.size() > kOutBytes) flush();
  const std::size_t at = out_.size();
  out_.resize(at + kLengthBytes);
  codec::store_be(out_.data() + at, static_cast<std::uint16_t>(message.size()));
  out_.insert(out_.end(), message.begin(), message.end());
}

void ItchExport::flush() {
  if (!out_.empty()) write_(out_);
  out_.clear();
}

}  // namespace tapeline::archive
