#include "app/archive/frame_summary.hpp"

#include <algorithm>

#include "codec/capture/datagram.hpp"
#include "net/framing.hpp"

namespace tapeline::archive {
namespace {

using codec::archive::IndexFraming;
using codec::archive::SequenceSpan;

void widen(SequenceSpan& span, const SequenceSpan& more) noexcept {
  span.first = std::min(span.first, more.first);
  span.next = std::max(span.next, more.next);
}

}  // namespace

std::optional<SequenceSpan> numbers_of(std::span<const std::byte> datagram,
                                       std::uint32_t lost_bytes) noexcept {
  codec::capture::Datagram udp;
  const auto whole_bytes = static_cast<std::uint32_t>(datagram.size()) + lost_bytes;
  if (codec::capture::parse_datagram(codec::capture::LinkType::raw, datagram, whole_bytes, udp) !=
      codec::capture::SkipReason::none) {
    return {};
  }
  const auto payload = datagram.subspan(udp.payload_offset, udp.payload_bytes);
  const net::Framing kind = net::recognise_framing(payload);
  return net::with_framing(kind, [&](auto framing) -> std::optional<SequenceSpan> {
    const net::ParsedPacket packet = framing.parse(payload);
    if (packet.status != net::PacketStatus::ok || packet.header.sequence == 0) return {};
    if (framing.for_each_block(packet.header, payload, packet.header.count,
                               [](std::uint64_t, std::span<const std::byte>) {}) !=
        net::PacketStatus::ok) {
      return {};
    }
    SequenceSpan span;
    span.session.framing =
        kind == net::Framing::iextp ? IndexFraming::iextp : IndexFraming::moldudp64;
    span.session.session = packet.header.session.bytes;
    span.first = packet.header.sequence;
    span.next = packet.header.sequence + packet.header.count;
    return span;
  });
}

void add_packet(FrameSummary& frame, net::UnixNanos time,
                const std::optional<SequenceSpan>& numbers) noexcept {
  frame.earliest_ns = frame.packets == 0 ? time : std::min(frame.earliest_ns, time);
  frame.latest_ns = frame.packets == 0 ? time : std::max(frame.latest_ns, time);
  ++frame.packets;
  if (!numbers) return;
  frame.messages += static_cast<std::uint32_t>(numbers->next - numbers->first);
  for (std::uint32_t i = 0; i < frame.span_count; ++i) {
    if (frame.spans[i].session == numbers->session) return widen(frame.spans[i], *numbers);
  }
  if (frame.span_count == frame.spans.size()) {
    frame.spans_complete = false;
    return;
  }
  frame.spans[frame.span_count++] = *numbers;
}

void Outage::add_time(net::UnixNanos first, net::UnixNanos last) noexcept {
  const bool none = first_time == 0 && last_time == 0;
  first_time = none ? first : std::min(first_time, first);
  last_time = none ? last : std::max(last_time, last);
}

void Outage::add_numbers(const SequenceSpan& more) noexcept {
  if (more.next == 0) return;
  if (numbers.next == 0) {
    numbers = more;
  } else if (numbers.session == more.session) {
    widen(numbers, more);
  }
}

void Outage::add(const Outage& other) noexcept {
  if (other.packets == 0) return;
  packets += other.packets;
  add_time(other.first_time, other.last_time);
  add_numbers(other.numbers);
}

void Outage::add_ranges(const FrameSummary& frame) noexcept {
  if (frame.packets == 0) return;
  add_time(frame.earliest_ns, frame.latest_ns);
  for (std::uint32_t i = 0; i < frame.span_count; ++i) add_numbers(frame.spans[i]);
}

codec::archive::OutageNote Outage::note() const noexcept {
  codec::archive::OutageNote note{
      .packets = packets, .first_time_ns = first_time, .last_time_ns = last_time};
  if (numbers.next != 0) {
    note.session = numbers.session.session;
    note.first = numbers.first;
    note.last_exclusive = numbers.next;
  }
  return note;
}

}  // namespace tapeline::archive
