#pragma once

// IP addresses and UDP endpoints as values that compare in a few instructions.
//
// Thread safety: values.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tapeline::codec::capture {

// An IPv6 address, or an IPv4 address in its mapped form ::ffff:a.b.c.d.
struct Address {
  std::uint64_t high = 0;
  std::uint64_t low = 0;

  // `address` in host byte order: 239.0.0.1 is 0xEF000001.
  [[nodiscard]] static constexpr Address from_ipv4(std::uint32_t address) noexcept {
    return {0, kMappedPrefix | address};
  }
  // Nothing if `text` is no address in the usual notation of IPv4 or IPv6.
  [[nodiscard]] static std::optional<Address> from_text(std::string_view text);

  [[nodiscard]] constexpr bool is_ipv4() const noexcept {
    return high == 0 && (low & 0xFFFF'FFFF'0000'0000ULL) == kMappedPrefix;
  }
  // Requires: is_ipv4(). In host byte order.
  [[nodiscard]] constexpr std::uint32_t ipv4() const noexcept {
    return static_cast<std::uint32_t>(low);
  }
  [[nodiscard]] std::string text() const;

  friend constexpr bool operator==(const Address&, const Address&) = default;

 private:
  static constexpr std::uint64_t kMappedPrefix = 0x0000'FFFF'0000'0000ULL;
};

struct Endpoint {
  Address address;
  std::uint16_t port = 0;

  // "239.0.0.1:26400" or "[ff02::1]:26400".
  [[nodiscard]] std::string text() const;

  friend constexpr bool operator==(const Endpoint&, const Endpoint&) = default;
};

}  // namespace tapeline::codec::capture
