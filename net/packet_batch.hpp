#pragma once

// What every source hands on: one pooled buffer and the packets in it.
//
// Layout of the buffer: `Packet` descriptors from its first byte on, the datagrams behind them.
// Moving a batch moves one guard and one count; nothing in the buffer moves. A packet is a whole IP
// datagram (IP header, UDP header, payload), as captured or with the headers it arrived with
// written again by the source, so an archive can store it as it is (LINKTYPE_RAW). Lines of a JSON
// file have no headers; one that is too long for the buffer lies in memory that the batch owns.
//
// Thread safety: none; a batch has one owner at a time and may be moved to another thread.
// Lifetime:      spans and descriptors are valid while the batch that holds them is not released.

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>
#include <utility>

#include "net/large_bytes.hpp"
#include "pool/buffer_pool.hpp"

namespace tapeline::net {

// Nanoseconds since 1970-01-01 UTC.
using UnixNanos = std::int64_t;

struct Packet {
  const std::byte* datagram;     // first byte of the IP header, inside the batch's buffer
  UnixNanos rx_time;             // kernel or capture time stamp
  std::uint32_t datagram_bytes;  // IP header to the end of the payload
  std::uint32_t payload_bytes;   // UDP payload
  std::uint16_t payload_offset;  // of the UDP payload in the datagram
  std::uint16_t line;            // index of the line in its channel
  std::uint32_t lost_bytes;      // bytes of the datagram that were cut off (snaplen, MSG_TRUNC)

  [[nodiscard]] std::span<const std::byte> bytes() const noexcept {
    return {datagram, datagram_bytes};
  }
  [[nodiscard]] std::span<const std::byte> payload() const noexcept {
    return {datagram + payload_offset, payload_bytes};
  }
};
static_assert(sizeof(Packet) == 32 && std::is_trivially_copyable_v<Packet>);

class PacketBatch {
 public:
  PacketBatch() = default;

  // Requires: `packet_count` descriptors lie at the start of `buffer`, and all that they point to
  // lies in `buffer` or `large`.
  PacketBatch(pool::SerializationGuard buffer, std::size_t packet_count,
              LargeBytes large = {}) noexcept
      : buffer_{std::move(buffer)}, packet_count_{packet_count}, large_{std::move(large)} {
    assert(packet_count_ * sizeof(Packet) <= buffer_.capacity());
  }

  PacketBatch(PacketBatch&& other) noexcept
      : buffer_{std::move(other.buffer_)},
        packet_count_{std::exchange(other.packet_count_, 0)},
        large_{std::move(other.large_)} {}
  PacketBatch& operator=(PacketBatch&& other) noexcept {
    buffer_ = std::move(other.buffer_);
    packet_count_ = std::exchange(other.packet_count_, 0);
    large_ = std::move(other.large_);
    return *this;
  }
  PacketBatch(const PacketBatch&) = delete;
  PacketBatch& operator=(const PacketBatch&) = delete;
  ~PacketBatch() = default;

  // Leaves only the first `packet_count` packets, if there are more.
  void truncate(std::size_t packet_count) noexcept {
    packet_count_ = std::min(packet_count_, packet_count);
  }

  // Calls fn(Packet&) for each packet, which may change its time and line, and leaves those for
  // which it returns true.
  template <typename Fn>
  void edit(Fn&& fn) {
    auto* const packets = reinterpret_cast<Packet*>(buffer_.data());
    std::size_t kept = 0;
    for (std::size_t i = 0; i < packet_count_; ++i) {
      if (fn(packets[i])) packets[kept++] = packets[i];
    }
    packet_count_ = kept;
  }

  // Moves the datagrams to the end of the buffer, so that append() finds room. Returns false, and
  // changes nothing, when there is little to be had, because they take more than half of the
  // buffer, and when one lies elsewhere or in front of that of the packet before it.
  [[nodiscard]] bool make_room() noexcept {
    const std::byte* end = buffer_.data() + packet_count_ * sizeof(Packet);
    std::size_t bytes = packet_count_ * sizeof(Packet);
    for (const Packet& packet : packets()) {
      if (packet.datagram < end) return false;
      end = packet.datagram + packet.datagram_bytes;
      bytes += packet.datagram_bytes;
    }
    std::byte* to = buffer_.data() + buffer_.capacity();
    if (end > to || bytes > buffer_.capacity() / 2) return false;
    for (std::size_t i = packet_count_; i-- > 0;) to = place_in_front_of(to, i);
    return true;
  }

  // Copies the packets of `other` behind these. Returns false, and changes nothing, when they find
  // no room. Requires: make_room() returned true.
  [[nodiscard]] bool append(const PacketBatch& other) noexcept {
    std::size_t bytes = other.packet_count_ * sizeof(Packet);
    for (const Packet& packet : other.packets()) bytes += packet.datagram_bytes;
    const std::byte* const descriptors_end = buffer_.data() + packet_count_ * sizeof(Packet);
    // Those of the batch itself ascend, those that were appended lie in front of them and descend.
    std::byte* to = buffer_.data() + buffer_.capacity();
    if (!empty()) to -= to - std::min(packets().front().datagram, packets().back().datagram);
    if (static_cast<std::size_t>(to - descriptors_end) < bytes) return false;
    auto* const slots = reinterpret_cast<Packet*>(buffer_.data());
    for (const Packet& packet : other.packets()) {
      slots[packet_count_] = packet;
      to = place_in_front_of(to, packet_count_++);
    }
    return true;
  }

  [[nodiscard]] bool empty() const noexcept { return packet_count_ == 0; }
  [[nodiscard]] std::span<const Packet> packets() const noexcept {
    // The source placed Packet objects at the start of the buffer.
    return {reinterpret_cast<const Packet*>(buffer_.data()), packet_count_};
  }

 private:
  // Copies the datagram of packet `index` so that it ends at `end`; returns where it begins.
  std::byte* place_in_front_of(std::byte* end, std::size_t index) noexcept {
    Packet& packet = reinterpret_cast<Packet*>(buffer_.data())[index];
    std::byte* const to = end - packet.datagram_bytes;
    std::memmove(to, packet.datagram, packet.datagram_bytes);
    packet.datagram = to;
    return to;
  }

  pool::SerializationGuard buffer_;
  std::size_t packet_count_ = 0;
  LargeBytes large_;
};

// Where a source places the descriptor of packet `index` in `buffer`.
[[nodiscard]] inline Packet* packet_slot(const pool::SerializationGuard& buffer,
                                         std::size_t index) noexcept {
  assert((index + 1) * sizeof(Packet) <= buffer.capacity());
  return reinterpret_cast<Packet*>(buffer.data()) + index;
}

}  // namespace tapeline::net
