#pragma once

// An endless line of MoldUDP64 packets in IPv4 and UDP headers. Packet `index` is a function of
// the seed and the index alone, so that whoever reads an archive can tell which packet it has, and
// whether each byte of it is right.
//
// Thread safety: pure functions of a value.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <vector>

#include "codec/bytes.hpp"
#include "codec/capture/encoder.hpp"
#include "net/packet_batch.hpp"

namespace tapeline::testing {

class PacketStream {
 public:
  static constexpr std::uint64_t kMessages = 2;  // in each packet
  static constexpr std::size_t kHeaderBytes = codec::capture::kIpv4UdpHeaderBytes;
  static constexpr std::size_t kMoldBytes = 20;
  static constexpr std::size_t kMaxMessageBytes = 100;
  static constexpr std::size_t kMaxPacketBytes =
      kHeaderBytes + kMoldBytes + kMessages * (2 + kMaxMessageBytes);

  explicit PacketStream(std::uint64_t seed, net::UnixNanos start = 1'767'623'400'123'456'789,
                        net::UnixNanos step = 20'000)
      : seed_{seed}, start_{start}, step_{step} {}

  [[nodiscard]] net::UnixNanos time_of(std::uint64_t index) const {
    return start_ + static_cast<net::UnixNanos>(index) * step_;
  }
  [[nodiscard]] static std::uint64_t sequence_of(std::uint64_t index) {
    return 1 + index * kMessages;
  }

  // Writes packet `index`; returns its length. Requires: room for kMaxPacketBytes.
  std::size_t write(std::uint64_t index, std::span<std::byte> out) const {
    std::byte* const mold = out.data() + kHeaderBytes;
    std::memcpy(mold, "CRASH00001", 10);
    codec::store_be(mold + 10, sequence_of(index));
    codec::store_be(mold + 18, static_cast<std::uint16_t>(kMessages));
    std::byte* at = mold + kMoldBytes;
    std::uint64_t state = mixed(seed_ + index);
    for (std::uint64_t message = 0; message < kMessages; ++message) {
      const std::size_t bytes = 20 + state % (kMaxMessageBytes - 20 + 1);
      codec::store_be(at, static_cast<std::uint16_t>(bytes));
      at += 2;
      // Half of it does not compress.
      for (std::size_t i = 0; i < bytes; ++i) {
        if (i % 16 == 0) state = mixed(state);
        at[i] = i % 16 < 8 ? static_cast<std::byte>(state >> (8 * (i % 8))) : std::byte{'.'};
      }
      at += bytes;
    }
    const auto payload = static_cast<std::size_t>(at - mold);
    codec::capture::write_ipv4_udp(out, header(), payload);
    return kHeaderBytes + payload;
  }

  // The index of the packet that these bytes are; nothing if they are none.
  [[nodiscard]] std::optional<std::uint64_t> index_of(std::span<const std::byte> packet) const {
    if (packet.size() < kHeaderBytes + kMoldBytes) return {};
    const auto sequence = codec::load_be<std::uint64_t>(packet.data() + kHeaderBytes + 10);
    if (sequence == 0) return {};
    const std::uint64_t index = (sequence - 1) / kMessages;
    std::vector<std::byte> expected(kMaxPacketBytes);
    expected.resize(write(index, expected));
    if (!std::equal(expected.begin(), expected.end(), packet.begin(), packet.end())) return {};
    return index;
  }

  // As a source hands it on; its bytes lie in `out`.
  [[nodiscard]] net::Packet view(std::uint64_t index, std::span<std::byte> out) const {
    const std::size_t bytes = write(index, out);
    net::Packet packet{};
    packet.datagram = out.data();
    packet.rx_time = time_of(index);
    packet.datagram_bytes = static_cast<std::uint32_t>(bytes);
    packet.payload_offset = kHeaderBytes;
    packet.payload_bytes = static_cast<std::uint32_t>(bytes - kHeaderBytes);
    return packet;
  }

 private:
  static std::uint64_t mixed(std::uint64_t value) {  // splitmix64
    value += 0x9E3779B97F4A7C15U;
    value = (value ^ (value >> 30U)) * 0xBF58476D1CE4E5B9U;
    value = (value ^ (value >> 27U)) * 0x94D049BB133111EBU;
    return value ^ (value >> 31U);
  }
  static codec::capture::UdpHeader header() {
    codec::capture::UdpHeader udp;
    udp.source = {codec::capture::Address::from_ipv4(0x0A000001), 40000};
    udp.destination = {codec::capture::Address::from_ipv4(0xE9360C01), 26400};
    return udp;
  }

  std::uint64_t seed_;
  net::UnixNanos start_;
  net::UnixNanos step_;
};

}  // namespace tapeline::testing
