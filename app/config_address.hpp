#pragma once

// IP addresses as a configuration states them: text form, no host names, no "%interface".
//
// Thread safety: pure functions.

#include <array>
#include <cstdint>
#include <optional>
#include <string>

namespace tapeline {

struct IpAddress {
  bool is_v6 = false;
  std::array<std::uint8_t, 16> bytes{};  // network order; the first 4 for IPv4

  bool operator==(const IpAddress&) const = default;
  [[nodiscard]] bool is_multicast() const noexcept;
  [[nodiscard]] bool is_loopback() const noexcept;
  [[nodiscard]] bool is_unspecified() const noexcept;  // 0.0.0.0 and ::
  [[nodiscard]] bool is_reserved() const noexcept;     // no host or group can have it
  [[nodiscard]] bool is_v4_in_v6() const noexcept;     // ::ffff:a.b.c.d
  [[nodiscard]] bool is_link_local() const noexcept;   // IPv6, means nothing without an interface
};

[[nodiscard]] std::optional<IpAddress> parse_ip_address(const std::string& text);

// What is wrong with an address and what would be right; empty when nothing is.
[[nodiscard]] std::string wrong_with_group(const std::string& text);     // to receive on
[[nodiscard]] std::string wrong_with_sender(const std::string& text);    // to accept from
[[nodiscard]] std::string wrong_with_listener(const std::string& text);  // to serve on
[[nodiscard]] std::string wrong_with_server(const std::string& text);    // to connect to

}  // namespace tapeline
