#pragma once

// Runs a pull source to its end and keeps what it delivered.

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "net/pull_source.hpp"
#include "pool/buffer_pool.hpp"

namespace tapeline::net::test {

using SerializationPool = pool::BufferPool<pool::SerializationKind>;

inline pool::PoolConfig small_pool(std::size_t buffer_bytes = std::size_t{128} * 1024,
                                   std::uint32_t buffers = 4) {
  return {.buffer_bytes = buffer_bytes,
          .buffer_count = buffers,
          .overflow_buffers = 0,
          .threads = 1,
          .huge_pages = false};
}

struct OwnedPacket {
  std::vector<std::byte> datagram;
  std::vector<std::byte> payload;
  UnixNanos rx_time = 0;
  std::uint16_t line = 0;
  std::uint32_t lost_bytes = 0;

  friend bool operator==(const OwnedPacket&, const OwnedPacket&) = default;
};

struct SourceReading {
  std::vector<OwnedPacket> packets;
  std::size_t batches = 0;
  SourceState state = SourceState::ready;
  std::string error;
};

// Every packet must be inside its buffer. Gives up, in the state would_block, after very many
// empty answers.
inline SourceReading drain(PullSource& source) {
  SourceReading reading;
  for (int blocked = 0; blocked < 100'000;) {
    const PacketBatch batch = source.next();
    for (const Packet& packet : batch.packets()) {
      const auto* const base = reinterpret_cast<const std::byte*>(batch.packets().data());
      EXPECT_GE(packet.datagram, base + batch.packets().size_bytes());
      EXPECT_LE(packet.payload_offset + packet.payload_bytes, packet.datagram_bytes);
      const auto bytes = packet.bytes();
      const auto payload = packet.payload();
      reading.packets.push_back({{bytes.begin(), bytes.end()},
                                 {payload.begin(), payload.end()},
                                 packet.rx_time,
                                 packet.line,
                                 packet.lost_bytes});
    }
    if (!batch.empty()) {
      ++reading.batches;
      EXPECT_EQ(source.state(), SourceState::ready);
      continue;
    }
    reading.state = source.state();
    if (reading.state != SourceState::would_block) break;
    ++blocked;
  }
  reading.error = source.error();
  EXPECT_EQ(reading.error.empty(), reading.state != SourceState::failed);
  EXPECT_TRUE(source.next().empty());
  EXPECT_EQ(source.state(), reading.state);
  return reading;
}

}  // namespace tapeline::net::test
