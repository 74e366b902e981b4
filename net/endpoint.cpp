#include "net/endpoint.hpp"

#include <arpa/inet.h>
#include <net/if.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "codec/bytes.hpp"

namespace tapeline::net {

namespace {

// The kernel's own idiom: the family says which of the address types lies in the storage.
const sockaddr_in& as_v4(const sockaddr_storage& storage) noexcept {
  return reinterpret_cast<const sockaddr_in&>(storage);
}
const sockaddr_in6& as_v6(const sockaddr_storage& storage) noexcept {
  return reinterpret_cast<const sockaddr_in6&>(storage);
}

std::string interface_names() {
  std::string names;
  if (struct if_nameindex* const all = ::if_nameindex(); all != nullptr) {
    for (const struct if_nameindex* at = all; at->if_index != 0; ++at) {
      if (!names.empty()) names += ", ";
      names += at->if_name;
    }
    ::if_freenameindex(all);
  }
  return names;
}

}  // namespace

Endpoint::Endpoint(std::string_view address, std::uint16_t port) {
  const std::string text{address};
  sockaddr_in v4{};
  sockaddr_in6 v6{};
  if (::inet_pton(AF_INET, text.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = codec::swap_bytes(port);
    std::memcpy(&storage_, &v4, sizeof v4);
  } else if (::inet_pton(AF_INET6, text.c_str(), &v6.sin6_addr) == 1) {
    v6.sin6_family = AF_INET6;
    v6.sin6_port = codec::swap_bytes(port);
    std::memcpy(&storage_, &v6, sizeof v6);
  } else {
    throw std::runtime_error{"\"" + text + "\" is no IPv4 or IPv6 address"};
  }
}

bool Endpoint::is_multicast() const noexcept {
  if (is_v6()) return IN6_IS_ADDR_MULTICAST(&v6());
  return family() == AF_INET && IN_MULTICAST(codec::swap_bytes(v4().s_addr));
}

bool Endpoint::is_wildcard() const noexcept {
  if (is_v6()) return IN6_IS_ADDR_UNSPECIFIED(&v6());
  return v4().s_addr == INADDR_ANY;
}

bool Endpoint::is_link_local() const noexcept {
  return is_v6() && (IN6_IS_ADDR_LINKLOCAL(&v6()) || IN6_IS_ADDR_MC_LINKLOCAL(&v6()));
}

std::uint16_t Endpoint::port() const noexcept {
  return codec::swap_bytes(is_v6() ? as_v6(storage_).sin6_port : as_v4(storage_).sin_port);
}

bool Endpoint::same_address(const sockaddr_storage& other) const noexcept {
  if (other.ss_family != storage_.ss_family) return false;
  if (is_v6()) return std::memcmp(&as_v6(other).sin6_addr, &v6(), sizeof(in6_addr)) == 0;
  return as_v4(other).sin_addr.s_addr == v4().s_addr;
}

bool Endpoint::same_port(const sockaddr_storage& other) const noexcept {
  return other.ss_family == storage_.ss_family && Endpoint{other}.port() == port();
}

std::string Endpoint::text() const {
  std::array<char, INET6_ADDRSTRLEN> buffer{};
  const void* const address = is_v6() ? static_cast<const void*>(&v6()) : &v4();
  if (::inet_ntop(family(), address, buffer.data(), buffer.size()) == nullptr) return "?";
  const std::string port_text = ":" + std::to_string(port());
  return is_v6() ? "[" + std::string{buffer.data()} + "]" + port_text : buffer.data() + port_text;
}

void Endpoint::set_scope(unsigned interface_index) noexcept {
  if (is_v6()) reinterpret_cast<sockaddr_in6&>(storage_).sin6_scope_id = interface_index;
}

void Endpoint::set_port(std::uint16_t port) noexcept {
  in_port_t& place = is_v6() ? reinterpret_cast<sockaddr_in6&>(storage_).sin6_port
                             : reinterpret_cast<sockaddr_in&>(storage_).sin_port;
  place = codec::swap_bytes(port);
}

const in_addr& Endpoint::v4() const noexcept { return as_v4(storage_).sin_addr; }
const in6_addr& Endpoint::v6() const noexcept { return as_v6(storage_).sin6_addr; }
const sockaddr* Endpoint::data() const noexcept {
  return reinterpret_cast<const sockaddr*>(&storage_);
}
socklen_t Endpoint::size() const noexcept {
  return is_v6() ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
}

unsigned interface_index(const std::string& name) {
  if (name.empty()) return 0;
  const unsigned index = ::if_nametoindex(name.c_str());
  if (index == 0) {
    throw std::runtime_error{"no network interface named \"" + name +
                             "\" (there are: " + interface_names() + ")"};
  }
  return index;
}

Socket::Socket(int family)
    : fd_{::socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_UDP)} {
  if (fd_ < 0) throw_errno("cannot open a UDP socket");
}

Socket::Socket(Socket&& other) noexcept : fd_{std::exchange(other.fd_, -1)} {}

Socket& Socket::operator=(Socket&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

Socket::~Socket() {
  if (fd_ >= 0) ::close(fd_);
}

Endpoint Socket::local() const {
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  if (::getsockname(fd_, reinterpret_cast<sockaddr*>(&storage), &length) != 0) {
    throw_errno("cannot read the socket's own address");
  }
  return Endpoint{storage};
}

void Socket::throw_errno(const std::string& what) {
  throw std::system_error{errno, std::generic_category(), what};
}

}  // namespace tapeline::net
