#pragma once

// Addresses and datagram sockets as the UDP source and sender need them: an address in text form
// with its port, the number of a named interface, and a descriptor that closes itself.
//
// Errors:        all functions here belong to start-up and throw std::runtime_error or
//                std::system_error with one line of text.
// Thread safety: values and pure functions. A Socket has one owner.

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace tapeline::net {

// An IPv4 or IPv6 address and a port, as the kernel takes them.
class Endpoint {
 public:
  Endpoint() = default;

  // `address` in text form, without brackets. Throws std::runtime_error if it is none.
  Endpoint(std::string_view address, std::uint16_t port);

  // What the kernel filled in, as getsockname() does. Requires: AF_INET or AF_INET6.
  explicit Endpoint(const sockaddr_storage& storage) noexcept : storage_{storage} {}

  [[nodiscard]] int family() const noexcept { return storage_.ss_family; }
  [[nodiscard]] bool is_v6() const noexcept { return family() == AF_INET6; }
  [[nodiscard]] bool is_multicast() const noexcept;
  [[nodiscard]] bool is_wildcard() const noexcept;
  [[nodiscard]] bool is_link_local() const noexcept;  // IPv6, needs the interface to be complete
  [[nodiscard]] std::uint16_t port() const noexcept;
  [[nodiscard]] bool same_address(const sockaddr_storage& other) const noexcept;
  [[nodiscard]] bool same_port(const sockaddr_storage& other) const noexcept;
  [[nodiscard]] std::string text() const;  // "239.1.2.3:26400", "[ff15::1]:26400"

  void set_scope(unsigned interface_index) noexcept;
  void set_port(std::uint16_t port) noexcept;

  [[nodiscard]] const in_addr& v4() const noexcept;   // Requires: !is_v6()
  [[nodiscard]] const in6_addr& v6() const noexcept;  // Requires: is_v6()
  [[nodiscard]] const sockaddr* data() const noexcept;
  [[nodiscard]] socklen_t size() const noexcept;

 private:
  sockaddr_storage storage_{};
};

// 0 for an empty name. Throws std::runtime_error naming the interfaces that there are.
[[nodiscard]] unsigned interface_index(const std::string& name);

// A descriptor of a socket, closed by its owner.
class Socket {
 public:
  Socket() = default;
  // A datagram socket that does not block and is not inherited. Throws std::system_error.
  explicit Socket(int family);
  Socket(Socket&& other) noexcept;
  Socket& operator=(Socket&& other) noexcept;
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  ~Socket();

  [[nodiscard]] int fd() const noexcept { return fd_; }

  // Throws std::system_error; `what` names the option in it.
  template <typename Value>
  void set(int level, int option, const Value& value, const char* what) const {
    if (!try_set(level, option, value)) throw_errno(what);
  }
  template <typename Value>
  [[nodiscard]] bool try_set(int level, int option, const Value& value) const noexcept {
    return ::setsockopt(fd_, level, option, &value, sizeof value) == 0;
  }

  // The endpoint that the socket is bound to.
  [[nodiscard]] Endpoint local() const;

  [[noreturn]] static void throw_errno(const std::string& what);

 private:
  int fd_ = -1;
};

}  // namespace tapeline::net
