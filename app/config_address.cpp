#include "app/config_address.hpp"

#include <arpa/inet.h>

#include <algorithm>

#include "app/config_document.hpp"

namespace tapeline {
namespace {

constexpr std::array<std::uint8_t, 12> kV4InV6{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

// Complaints that hold for every use of an address.
std::string wrong_with_any(const std::string& text, const std::optional<IpAddress>& address) {
  const std::string shown = quoted_for_message(text);
  if (!address) {
    return shown + " is not an IP address; write one such as 239.192.64.1 or ff15::1 (no names)";
  }
  if (address->is_v4_in_v6()) return shown + " is an IPv4 address in IPv6 form; write it as IPv4";
  if (address->is_reserved()) return shown + " is reserved; no group or host can have it";
  return {};
}

}  // namespace

bool IpAddress::is_multicast() const noexcept {
  return is_v6 ? bytes[0] == 0xFF : (bytes[0] & 0xF0U) == 0xE0U;
}

bool IpAddress::is_loopback() const noexcept {
  if (!is_v6) return bytes[0] == 127;
  return bytes.back() == 1 &&
         std::all_of(bytes.begin(), bytes.end() - 1, [](std::uint8_t byte) { return byte == 0; });
}

bool IpAddress::is_unspecified() const noexcept {
  return std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t byte) { return byte == 0; });
}

bool IpAddress::is_reserved() const noexcept {
  if (is_v6) return false;
  return (bytes[0] == 0 && !is_unspecified()) || bytes[0] >= 240;
}

bool IpAddress::is_v4_in_v6() const noexcept {
  return is_v6 && std::equal(kV4InV6.begin(), kV4InV6.end(), bytes.begin());
}

bool IpAddress::is_link_local() const noexcept {
  if (!is_v6) return false;
  const bool multicast = bytes[0] == 0xFF && (bytes[1] & 0x0FU) <= 2;
  return multicast || (bytes[0] == 0xFE && (bytes[1] & 0xC0U) == 0x80U);
}

std::optional<IpAddress> parse_ip_address(const std::string& text) {
  if (text.find('\0') != std::string::npos) return std::nullopt;
  IpAddress address;
  if (::inet_pton(AF_INET, text.c_str(), address.bytes.data()) == 1) return address;
  address.is_v6 = true;
  if (::inet_pton(AF_INET6, text.c_str(), address.bytes.data()) == 1) return address;
  return std::nullopt;
}

std::string wrong_with_group(const std::string& text) {
  const auto address = parse_ip_address(text);
  std::string wrong = wrong_with_any(text, address);
  if (!wrong.empty()) return wrong;
  if (address->is_unspecified()) {
    return quoted_for_message(text) +
           " is no group; write the multicast group, or the address of this host";
  }
  return {};
}

std::string wrong_with_sender(const std::string& text) {
  const auto address = parse_ip_address(text);
  std::string wrong = wrong_with_any(text, address);
  if (!wrong.empty()) return wrong;
  if (address->is_unspecified() || address->is_multicast()) {
    return quoted_for_message(text) +
           " can not be a sender; write a host's address, or an empty list for any sender";
  }
  return {};
}

std::string wrong_with_server(const std::string& text) {
  const auto address = parse_ip_address(text);
  std::string wrong = wrong_with_any(text, address);
  if (!wrong.empty()) return wrong;
  if (address->is_unspecified() || address->is_multicast()) {
    return quoted_for_message(text) + " is no server's address; write the address of one host";
  }
  return {};
}

std::string wrong_with_listener(const std::string& text) {
  const auto address = parse_ip_address(text);
  std::string wrong = wrong_with_any(text, address);
  if (!wrong.empty()) return wrong;
  if (address->is_multicast()) {
    return quoted_for_message(text) +
           " is a multicast group; write an address of this host, such as 127.0.0.1";
  }
  return {};
}

}  // namespace tapeline
