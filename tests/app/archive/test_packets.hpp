#pragma once

// Packets for the archive tests, made from a seed, and batches of them.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <random>
#include <utility>
#include <vector>

#include "net/packet_batch.hpp"
#include "pool/buffer_pool.hpp"

namespace tapeline::archive::testing {

using Bytes = std::vector<std::byte>;

// A packet as it is offered, and as it is read back.
struct TestPacket {
  std::int64_t time = 0;
  std::uint32_t original_bytes = 0;
  Bytes bytes;

  friend bool operator==(const TestPacket&, const TestPacket&) = default;

  [[nodiscard]] net::Packet view() const {
    net::Packet packet{};
    packet.datagram = bytes.data();
    packet.rx_time = time;
    packet.datagram_bytes = static_cast<std::uint32_t>(bytes.size());
    packet.lost_bytes = original_bytes - packet.datagram_bytes;
    return packet;
  }
};

inline constexpr std::int64_t kStartTime = 1'767'623'400'123'456'789;  // 2026-01-05 14:30 UTC

// UDP datagrams with random payload, so that nothing compresses; every third one is IPv6.
class PacketMaker {
 public:
  explicit PacketMaker(std::uint32_t seed) : random_{seed} {}

  // A whole IP datagram of `bytes` bytes.
  TestPacket make(std::size_t bytes) {
    TestPacket packet;
    time_ += 1 + static_cast<std::int64_t>(random_() % 1'000'000);
    packet.time = time_;
    packet.bytes.resize(bytes);
    for (std::byte& byte : packet.bytes) byte = static_cast<std::byte>(random_());
    packet.original_bytes = static_cast<std::uint32_t>(bytes);
    if (++made_ % 3 == 0 && bytes >= 48) {
      write_ipv6(packet.bytes);
    } else if (bytes >= 28) {
      write_ipv4(packet.bytes);
    }
    return packet;
  }
  std::vector<TestPacket> make_many(std::size_t count, std::size_t min_bytes = 28,
                                    std::size_t max_bytes = 1500) {
    std::vector<TestPacket> packets;
    for (std::size_t i = 0; i < count; ++i) {
      packets.push_back(make(min_bytes + random_() % (max_bytes - min_bytes + 1)));
    }
    return packets;
  }

 private:
  static void store16(Bytes& to, std::size_t at, std::size_t value) {
    to[at] = static_cast<std::byte>(value >> 8U);
    to[at + 1] = static_cast<std::byte>(value);
  }
  static void write_ipv4(Bytes& to) {
    std::fill_n(to.begin(), 12, std::byte{0});
    to[0] = std::byte{0x45};
    store16(to, 2, to.size());
    to[8] = std::byte{16};  // hops
    to[9] = std::byte{17};  // UDP
    store16(to, 24, to.size() - 20);
  }
  static void write_ipv6(Bytes& to) {
    std::fill_n(to.begin(), 8, std::byte{0});
    to[0] = std::byte{0x60};
    store16(to, 4, to.size() - 40);
    to[6] = std::byte{17};  // UDP
    to[7] = std::byte{16};  // hops
    store16(to, 44, to.size() - 40);
  }

  std::mt19937 random_;
  std::int64_t time_ = kStartTime;
  std::size_t made_ = 0;
};

// Copies packets into a pooled buffer as a source does. Requires: they fit.
inline net::PacketBatch make_batch(pool::BufferPool<pool::SerializationKind>& buffers,
                                   const std::vector<TestPacket>& packets) {
  pool::SerializationGuard buffer = buffers.try_acquire();
  if (!buffer) {
    ADD_FAILURE() << "the pool is empty";
    return {};
  }
  std::size_t used = packets.size() * sizeof(net::Packet);
  for (std::size_t i = 0; i < packets.size(); ++i) {
    net::Packet packet = packets[i].view();
    std::memcpy(buffer.data() + used, packets[i].bytes.data(), packets[i].bytes.size());
    packet.datagram = buffer.data() + used;
    used += packets[i].bytes.size();
    *net::packet_slot(buffer, i) = packet;
  }
  EXPECT_LE(used, buffer.capacity());
  return {std::move(buffer), packets.size()};
}

}  // namespace tapeline::archive::testing
