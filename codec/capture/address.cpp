#include "codec/capture/address.hpp"

#include <arpa/inet.h>

#include <array>
#include <cstddef>

#include "codec/bytes.hpp"

namespace tapeline::codec::capture {

std::optional<Address> Address::from_text(std::string_view text) {
  const std::string terminated{text};
  std::array<std::byte, 16> bytes{};
  if (inet_pton(AF_INET, terminated.c_str(), bytes.data()) == 1) {
    return from_ipv4(load_be<std::uint32_t>(bytes.data()));
  }
  if (inet_pton(AF_INET6, terminated.c_str(), bytes.data()) == 1) {
    return Address{load_be<std::uint64_t>(bytes.data()), load_be<std::uint64_t>(bytes.data() + 8)};
  }
  return std::nullopt;
}

std::string Address::text() const {
  std::array<std::byte, 16> bytes{};
  store_be(bytes.data(), high);
  store_be(bytes.data() + 8, low);
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (is_ipv4()) {
    inet_ntop(AF_INET, bytes.data() + 12, text.data(), text.size());
  } else {
    inet_ntop(AF_INET6, bytes.data(), text.data(), text.size());
  }
  return text.data();
}

std::string Endpoint::text() const {
  const std::string host = address.is_ipv4() ? address.text() : "[" + address.text() + "]";
  return host + ":" + std::to_string(port);
}

}  // namespace tapeline::codec::capture
