#include "net/soup_flows.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "codec/bytes.hpp"
#include "codec/capture/encoder.hpp"
#include "codec/moldudp64/encoder.hpp"
#include "codec/soupbintcp/decoder.hpp"

namespace tapeline::net {

namespace {

namespace capture = codec::capture;
namespace moldudp64 = codec::moldudp64;
namespace soup = codec::soupbintcp;

[[nodiscard]] bool is_v4(const capture::Endpoint& source, const capture::Endpoint& destination) {
  return source.address.is_ipv4() && destination.address.is_ipv4();
}

[[nodiscard]] std::size_t header_bytes(const capture::Endpoint& source,
                                       const capture::Endpoint& destination) noexcept {
  return is_v4(source, destination) ? capture::kIpv4UdpHeaderBytes : capture::kIpv6UdpHeaderBytes;
}

}  // namespace

bool SoupFlows::begins_stream(std::span<const std::byte> payload) noexcept {
  const soup::ParsedPacket first = soup::next_packet(payload);
  return first.status == soup::FrameStatus::ok && first.type == soup::PacketType::login_accepted &&
         soup::parse_login_accepted(first.payload).has_value();
}

SoupFlows::Taken SoupFlows::take(const capture::Segment& segment,
                                 std::span<const std::byte> payload, UnixNanos time,
                                 std::uint16_t line) {
  Flow* flow = find(segment);
  const bool begins = begins_stream(payload);
  if (flow == nullptr) {
    if (!begins) return Taken::no;
    flow = open(segment, line);
  }
  if (!flow->followed || (begins && segment.sequence != flow->first)) {
    if (!begins) return Taken::no;
    flow->followed = true;  // a new connection between the same two
    flow->carried.clear();
    flow->first = flow->next = segment.sequence;
  }
  // How far the segment reaches back; TCP's numbers wrap.
  const auto known = static_cast<std::int32_t>(flow->next - segment.sequence);
  const bool is_cut = segment.lost_bytes != 0;
  if (known < 0) {
    flow->followed = false;
    return Taken::hole;
  }
  if (static_cast<std::size_t>(known) < payload.size()) {
    const auto fresh = payload.subspan(static_cast<std::size_t>(known));
    flow->next += static_cast<std::uint32_t>(fresh.size());
    flow->followed = feed(*flow, fresh, time);
  }
  flow->followed = flow->followed && !is_cut;
  return flow->followed ? Taken::yes : Taken::hole;
}

SoupFlows::Flow* SoupFlows::find(const capture::Segment& segment) noexcept {
  const auto flow = std::find_if(flows_.begin(), flows_.end(), [&segment](const Flow& other) {
    return other.source == segment.source && other.destination == segment.destination;
  });
  return flow == flows_.end() ? nullptr : &*flow;
}

// When there are too many, the oldest one gives way.
SoupFlows::Flow* SoupFlows::open(const capture::Segment& segment, std::uint16_t line) {
  if (flows_.size() < kMaxFlows) {
    flows_.emplace_back();
    replaced_ = flows_.size() - 1;
  } else {
    replaced_ = (replaced_ + 1) % kMaxFlows;
    flows_[replaced_] = {};
  }
  Flow& flow = flows_[replaced_];
  flow.source = segment.source;
  flow.destination = segment.destination;
  flow.line = line;
  return &flow;
}

// Returns false when it is not known where the next packet begins.
bool SoupFlows::feed(Flow& flow, std::span<const std::byte> bytes, UnixNanos time) {
  open_count_ = 0;
  bool good = true;
  while (good && !bytes.empty()) {
    if (flow.carried.empty()) {
      const soup::ParsedPacket packet = soup::next_packet(bytes);
      if (packet.status == soup::FrameStatus::incomplete) {
        flow.carried.assign(bytes.begin(), bytes.end());
        break;
      }
      good = packet.status == soup::FrameStatus::ok &&
             on_packet(flow, bytes.subspan(soup::kLengthBytes, packet.bytes - soup::kLengthBytes),
                       time);
      bytes = bytes.subspan(packet.bytes);
      continue;
    }
    // What is missing of the carried packet: of its length, or of all.
    std::size_t whole = soup::kLengthBytes;
    if (flow.carried.size() >= whole) {
      whole += codec::load_be<std::uint16_t>(flow.carried.data());
    }
    const std::size_t count = std::min(whole - flow.carried.size(), bytes.size());
    flow.carried.insert(flow.carried.end(), bytes.begin(),
                        bytes.begin() + static_cast<std::ptrdiff_t>(count));
    bytes = bytes.subspan(count);
    const soup::ParsedPacket packet = soup::next_packet(flow.carried);
    if (packet.status == soup::FrameStatus::incomplete) continue;
    good = packet.status == soup::FrameStatus::ok &&
           on_packet(flow, std::span{flow.carried}.subspan(soup::kLengthBytes), time);
    flow.carried.clear();
  }
  if (open_count_ > 0) end_packet(flow, std::exchange(open_count_, std::uint16_t{0}));
  return good;
}

bool SoupFlows::on_packet(Flow& flow, std::span<const std::byte> content, UnixNanos time) {
  const soup::Packet packet = soup::split_content(content);
  switch (packet.type) {
    case soup::PacketType::login_accepted: {
      const auto login = soup::parse_login_accepted(packet.payload);
      if (!login) return false;
      if (open_count_ > 0) end_packet(flow, std::exchange(open_count_, std::uint16_t{0}));
      flow.session = login->session;
      flow.sequence = std::max<std::uint64_t>(login->sequence, 1);
      flow.has_session = true;
      return true;
    }
    case soup::PacketType::sequenced:
      if (!flow.has_session) return false;
      add_message(flow, packet.payload, time);
      ++flow.sequence;
      return true;
    case soup::PacketType::end_of_session:
      if (!flow.has_session) return false;
      if (open_count_ > 0) end_packet(flow, std::exchange(open_count_, std::uint16_t{0}));
      begin_packet(flow, time);
      end_packet(flow, moldudp64::kEndOfSessionCount);
      return true;
    default: return true;  // heartbeats, debug, and what is none of ours
  }
}

// Puts the message behind those of the open packet, or into a new one.
void SoupFlows::add_message(const Flow& flow, std::span<const std::byte> message, UnixNanos time) {
  const std::size_t block = moldudp64::kLengthBytes + message.size();
  const std::size_t headers = header_bytes(flow.source, flow.destination);
  if (headers + moldudp64::kHeaderBytes + block > capture::kMaxUdpPayloadBytes) {
    if (open_count_ > 0) end_packet(flow, std::exchange(open_count_, std::uint16_t{0}));
    ++oversized_;  // its number is missing then
    return;
  }
  if (open_count_ > 0 && bytes_.size() - made_.back().begin + block > headers + kPayloadBytes) {
    end_packet(flow, std::exchange(open_count_, std::uint16_t{0}));
  }
  if (open_count_ == 0) begin_packet(flow, time);
  ++open_count_;
  std::array<std::byte, moldudp64::kLengthBytes> length{};
  codec::store_be(length.data(), static_cast<std::uint16_t>(message.size()));
  bytes_.insert(bytes_.end(), length.begin(), length.end());
  bytes_.insert(bytes_.end(), message.begin(), message.end());
}

// The next message is its first one; end_packet() says how many there are.
void SoupFlows::begin_packet(const Flow& flow, UnixNanos time) {
  Made made;
  made.begin = bytes_.size();
  made.header_bytes = static_cast<std::uint16_t>(header_bytes(flow.source, flow.destination));
  made.line = flow.line;
  made.time = time;
  made_.push_back(made);
  bytes_.resize(bytes_.size() + made.header_bytes + moldudp64::kHeaderBytes);
  moldudp64::write_header(std::span{bytes_}.subspan(made.begin + made.header_bytes),
                          {flow.session, flow.sequence, 0});
}

void SoupFlows::end_packet(const Flow& flow, std::uint16_t count) {
  Made& made = made_.back();
  made.bytes = static_cast<std::uint32_t>(bytes_.size() - made.begin);
  const std::span<std::byte> whole = std::span{bytes_}.subspan(made.begin);
  const std::span<std::byte> payload = whole.subspan(made.header_bytes);
  codec::store_be(payload.data() + moldudp64::kHeaderBytes - sizeof count, count);
  const capture::UdpHeader header{.source = flow.source, .destination = flow.destination};
  if (is_v4(flow.source, flow.destination)) {
    capture::write_ipv4_udp(whole, header, payload.size());
  } else {
    capture::write_ipv6_udp(whole, header, payload);
  }
}

PacketBatch SoupFlows::take_batch(pool::BufferPool<pool::SerializationKind>& buffers) {
  pool::SerializationGuard buffer = buffers.try_acquire();
  if (!buffer) return {};
  const std::size_t descriptors = buffer.capacity() / 8 / sizeof(Packet);
  std::size_t end = descriptors * sizeof(Packet);
  std::size_t count = 0;
  for (; next_ < made_.size() && count < descriptors; ++next_) {
    const Made& made = made_[next_];
    if (made.bytes > buffer.capacity() - end) {
      if (count > 0) break;
      ++oversized_;
      continue;
    }
    std::byte* const to = buffer.data() + end;
    std::memcpy(to, bytes_.data() + made.begin, made.bytes);
    *packet_slot(buffer, count++) = {.datagram = to,
                                     .rx_time = made.time,
                                     .datagram_bytes = made.bytes,
                                     .payload_bytes = made.bytes - made.header_bytes,
                                     .payload_offset = made.header_bytes,
                                     .line = made.line,
                                     .lost_bytes = 0};
    end += made.bytes;
  }
  if (next_ == made_.size()) {
    made_.clear();
    bytes_.clear();
    next_ = 0;
  }
  if (count == 0) return {};
  buffer.set_used(end);
  return {std::move(buffer), count};
}

}  // namespace tapeline::net
