#pragma once

// IP and TCP headers written in front of bytes that came from a TCP socket: RFC 791 or RFC 8200,
// and RFC 9293. The kernel keeps no segments, so these are ours: one per read, with sequence
// numbers that follow each other, so that any tool puts the stream together again. Only the way
// from the server to us is told; the acknowledgement number is 1, the TCP checksum 0, not computed.
//
// Thread safety: one user.

#include <array>
#include <cstddef>
#include <cstdint>

#include "net/endpoint.hpp"

namespace tapeline::net {

class TcpHeader {
 public:
  static constexpr std::size_t kV4Bytes = 40;
  static constexpr std::size_t kV6Bytes = 60;
  static constexpr std::size_t kMaxBytes = kV6Bytes;
  static constexpr std::size_t kMaxPayloadBytes = 65'495;  // what fits into an IPv4 datagram

  TcpHeader() = default;

  // Requires: both are of one family. `first_sequence` should differ between connections: with
  // the same ports a second one would look like a repetition of the first.
  TcpHeader(const Endpoint& source, const Endpoint& destination,
            std::uint32_t first_sequence) noexcept;

  [[nodiscard]] std::size_t bytes() const noexcept { return v6_ ? kV6Bytes : kV4Bytes; }

  // Writes bytes() bytes to `at`, and counts the payload on.
  // Requires: payload_bytes <= kMaxPayloadBytes.
  void write(std::byte* at, std::size_t payload_bytes) noexcept;

 private:
  bool v6_ = false;
  std::uint32_t v4_sum_ = 0;  // of the 16-bit words of the IPv4 header, the length being 0
  std::uint32_t sequence_ = 0;
  std::array<std::byte, kMaxBytes> header_{};
};

}  // namespace tapeline::net
