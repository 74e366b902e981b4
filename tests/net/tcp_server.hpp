#pragma once

// A TCP server on loopback that plays one script per connection, in a thread of its own. Every
// wait of it has a limit, after which the test fails instead of hanging.

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "codec/bytes.hpp"
#include "codec/soupbintcp/decoder.hpp"
#include "codec/soupbintcp/encoder.hpp"
#include "net/endpoint.hpp"

namespace tapeline::net::testing {

inline constexpr int kServerLimitMs = 10'000;

// One connection as the server has it; closed at the end of its script.
class TcpPeer {
 public:
  explicit TcpPeer(int fd) : fd_{fd} {
    const int on = 1;
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  TcpPeer(const TcpPeer&) = delete;
  TcpPeer& operator=(const TcpPeer&) = delete;
  ~TcpPeer() {
    if (fd_ >= 0) ::close(fd_);
  }

  // Stops without a word if the other side has closed.
  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t count = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count <= 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
  }

  // The next packet, "O" for a logout; empty if the other side closed.
  std::string read_packet() {
    std::string packet;
    std::array<char, 2> length{};
    if (!read(length.data(), length.size())) return packet;
    packet.resize(codec::load_be<std::uint16_t>(reinterpret_cast<const std::byte*>(length.data())));
    if (!read(packet.data(), packet.size())) packet.clear();
    return packet;
  }

  // Reads the login: session and number asked for, as "session number".
  std::string read_login() {
    const std::string packet = read_packet();
    if (packet.empty() || packet.front() != 'L') return "no login: " + packet;
    const auto request =
        codec::soupbintcp::parse_login_request(std::as_bytes(std::span{packet}).subspan(1));
    if (!request) return "malformed";
    return std::string{request->session().text()} + " " + std::to_string(request->sequence());
  }

  void wait_for_close() {
    while (!read_packet().empty()) {
    }
  }

  // RST instead of FIN.
  void reset() {
    const linger at_once{1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    ::close(std::exchange(fd_, -1));
  }

 private:
  bool read(char* to, std::size_t bytes) {
    while (bytes > 0) {
      pollfd waiting{fd_, POLLIN, 0};
      if (::poll(&waiting, 1, kServerLimitMs) <= 0) {
        ADD_FAILURE() << "the client sent nothing";
        return false;
      }
      const ssize_t count = ::recv(fd_, to, bytes, 0);
      if (count <= 0) return false;
      to += count;
      bytes -= static_cast<std::size_t>(count);
    }
    return true;
  }

  int fd_;
};

class TcpServer {
 public:
  using Script = std::function<void(TcpPeer&)>;

  // Listens at once; connection i is played script i, in turn.
  explicit TcpServer(std::vector<Script> scripts, const char* address = "127.0.0.1")
      : scripts_{std::move(scripts)} {
    const Endpoint any{address, 0};
    listener_ = ::socket(any.family(), SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener_ < 0 || ::bind(listener_, any.data(), any.size()) != 0 ||
        ::listen(listener_, 16) != 0) {
      throw std::runtime_error{"cannot listen"};
    }
    sockaddr_storage bound{};
    socklen_t size = sizeof bound;
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&bound), &size);
    port_ = Endpoint{bound}.port();
    thread_ = std::thread{[this] { run(); }};
  }
  TcpServer(const TcpServer&) = delete;
  TcpServer& operator=(const TcpServer&) = delete;
  ~TcpServer() {
    stopping_ = true;
    thread_.join();
    if (listener_ >= 0) ::close(listener_);
  }

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  [[nodiscard]] std::size_t connections() const noexcept { return connections_; }

 private:
  void run() {
    for (const Script& script : scripts_) {
      pollfd waiting{listener_, POLLIN, 0};
      while (::poll(&waiting, 1, 10) == 0) {
        if (stopping_) return;
      }
      const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) return;
      ++connections_;
      TcpPeer peer{fd};
      script(peer);
    }
    // Nobody is there any more: tries to connect are refused.
    ::close(std::exchange(listener_, -1));
  }

  std::vector<Script> scripts_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<bool> stopping_{false};
  std::atomic<std::size_t> connections_{0};
  std::thread thread_;
};

// A login accepted, as the server writes it.
inline std::string accepted(std::string_view session, std::uint64_t sequence) {
  namespace soup = codec::soupbintcp;
  std::string packet(soup::kHeaderBytes + soup::kLoginAcceptedBytes, '\0');
  soup::write_login_accepted(std::as_writable_bytes(std::span{packet}),
                             soup::Session::from_text(session), sequence);
  return packet;
}

}  // namespace tapeline::net::testing
