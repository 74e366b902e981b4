#pragma once

// IP and UDP headers written again in front of a payload that came from a socket: RFC 791 and
// RFC 768, or RFC 8200. The kernel keeps neither the time to live nor the identification; they are
// 64 and 0 here. The UDP checksum is 0, "not computed".
//
// Thread safety: immutable after construction.

#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstdint>

#include "net/endpoint.hpp"

namespace tapeline::net {

class IpHeader {
 public:
  static constexpr std::size_t kV4Bytes = 28;
  static constexpr std::size_t kV6Bytes = 48;
  static constexpr std::size_t kMaxBytes = kV6Bytes;
  static constexpr std::size_t kMaxPayloadBytes = 65'507;  // what fits into an IPv4 datagram

  // All datagrams go to `destination`.
  explicit IpHeader(const Endpoint& destination) noexcept;

  [[nodiscard]] std::size_t bytes() const noexcept { return v6_ ? kV6Bytes : kV4Bytes; }

  // Writes bytes() bytes to `at`. Requires: `source` is of the family of the destination, and
  // payload_bytes <= kMaxPayloadBytes.
  void write(std::byte* at, const sockaddr_storage& source,
             std::size_t payload_bytes) const noexcept;

 private:
  bool v6_;
  std::uint32_t v4_sum_ = 0;  // of the 16-bit words of the IPv4 header that never change
  std::array<std::byte, kMaxBytes> header_{};
};

}  // namespace tapeline::net
