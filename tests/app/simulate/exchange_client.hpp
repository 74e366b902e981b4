#pragma once

// Plain clients of the servers, over loopback: a stream that is read packet by packet, and a socket
// that asks and waits for datagrams. They wait at most as long as any machine should need.

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "codec/moldudp64/encoder.hpp"
#include "codec/soupbintcp/decoder.hpp"
#include "codec/soupbintcp/encoder.hpp"
#include "tests/app/simulate/generated_messages.hpp"

namespace tapeline::simulate::testing {

inline constexpr time_t kPatienceSeconds = 20;

class LoopbackSocket {
 public:
  LoopbackSocket(int type, std::uint16_t port) : fd_{::socket(AF_INET, type, 0)} {
    const timeval patience{kPatienceSeconds, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = codec::swap_bytes(port);
    to.sin_addr.s_addr = codec::swap_bytes(std::uint32_t{INADDR_LOOPBACK});
    EXPECT_EQ(::connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
  }
  ~LoopbackSocket() { ::close(fd_); }
  LoopbackSocket(const LoopbackSocket&) = delete;
  LoopbackSocket& operator=(const LoopbackSocket&) = delete;

  [[nodiscard]] int fd() const noexcept { return fd_; }
  void send(std::span<const std::byte> bytes) const {
    EXPECT_EQ(::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }

 private:
  int fd_;
};

class SoupClient {
 public:
  explicit SoupClient(std::uint16_t port) : socket_{SOCK_STREAM, port} {}

  void log_in(std::uint64_t sequence, std::string_view session = "",
              std::string_view user = "trader", std::string_view password = "secret") {
    std::array<std::byte, codec::soupbintcp::kHeaderBytes + codec::soupbintcp::kLoginRequestBytes>
        out;
    codec::soupbintcp::write_login_request(
        out, user, password, codec::soupbintcp::Session::from_text(session), sequence);
    socket_.send(out);
  }

  struct Packet {
    codec::soupbintcp::PacketType type{};
    Message payload;
  };
  // Nothing at the end of the connection; see was_reset().
  [[nodiscard]] std::optional<Packet> next() {
    for (;;) {
      const auto packet = codec::soupbintcp::next_packet(std::span{input_}.subspan(at_));
      if (packet.status == codec::soupbintcp::FrameStatus::ok) {
        at_ += packet.bytes;
        return Packet{packet.type, as_message(packet.payload)};
      }
      if (!read()) return std::nullopt;
    }
  }
  // The number that the login was accepted with; 0 if it was not.
  [[nodiscard]] std::uint64_t accepted() {
    const auto packet = next();
    if (!packet || packet->type != codec::soupbintcp::PacketType::login_accepted) return 0;
    const auto parsed = codec::soupbintcp::parse_login_accepted(packet->payload);
    return parsed ? parsed->sequence : 0;
  }
  // Adds what comes until the connection ends, or there are so many. Returns the last type.
  codec::soupbintcp::PacketType read_messages(Messages& messages, std::size_t enough) {
    codec::soupbintcp::PacketType last{};
    while (messages.size() < enough) {
      const auto packet = next();
      if (!packet) break;
      last = packet->type;
      if (last == codec::soupbintcp::PacketType::sequenced) messages.push_back(packet->payload);
    }
    return last;
  }

  [[nodiscard]] bool was_reset() const noexcept { return error_ == ECONNRESET; }
  // Of a packet that did not come to its end.
  [[nodiscard]] std::size_t cut_bytes() const noexcept { return input_.size() - at_; }
  [[nodiscard]] std::size_t reads() const noexcept { return reads_; }

 private:
  bool read() {
    input_.erase(input_.begin(), input_.begin() + static_cast<std::ptrdiff_t>(at_));
    at_ = 0;
    std::array<std::byte, 65'536> chunk;
    const ssize_t got = ::recv(socket_.fd(), chunk.data(), chunk.size(), 0);
    ++reads_;
    if (got <= 0) {
      error_ = got < 0 ? errno : 0;
      EXPECT_NE(error_, EAGAIN) << "nothing came";
      return false;
    }
    input_.insert(input_.end(), chunk.begin(), chunk.begin() + got);
    return true;
  }

  LoopbackSocket socket_;
  std::vector<std::byte> input_;
  std::size_t at_ = 0;
  std::size_t reads_ = 0;
  int error_ = 0;
};

class RequestClient {
 public:
  explicit RequestClient(std::uint16_t port) : socket_{SOCK_DGRAM, port} {}

  void ask(const codec::moldudp64::Request& request) {
    std::array<std::byte, codec::moldudp64::kRequestBytes> out;
    codec::moldudp64::write_request(out, request);
    socket_.send(out);
  }
  [[nodiscard]] std::vector<std::byte> answer() {
    std::vector<std::byte> packet(65'536);
    const ssize_t got = ::recv(socket_.fd(), packet.data(), packet.size(), 0);
    EXPECT_GE(got, 0) << "no answer";
    packet.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    return packet;
  }

 private:
  LoopbackSocket socket_;
};

}  // namespace tapeline::simulate::testing
