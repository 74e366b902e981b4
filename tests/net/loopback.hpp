#pragma once

// Datagrams over loopback for the tests of source and sender.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "net/packet_batch.hpp"
#include "net/udp_sender.hpp"
#include "net/udp_source.hpp"

namespace tapeline::net::testing {

inline std::string_view text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Sends each text as one datagram.
inline std::size_t send_texts(UdpSender& sender, const std::vector<std::string>& texts) {
  std::vector<std::span<const std::byte>> packets;
  packets.reserve(texts.size());
  for (const std::string& text : texts) packets.push_back(std::as_bytes(std::span{text}));
  return sender.send(packets);
}

// A free port: that of a socket which was just closed.
inline std::uint16_t free_port() {
  const Socket socket{AF_INET};
  const Endpoint any{"127.0.0.1", 0};
  if (::bind(socket.fd(), any.data(), any.size()) != 0) Socket::throw_errno("bind");
  return socket.local().port();
}

// Polls until `done()`; false if that takes longer than any machine should need. Loopback usually
// delivers before the send returns, but a busy kernel may defer it.
template <typename Done>
[[nodiscard]] bool poll_until(Done&& done) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{5};
  while (!done()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::yield();
  }
  return true;
}

// Adds the payloads of all that waits on `line` to `texts`.
inline void receive_waiting(UdpSource& source, std::size_t line, std::vector<std::string>& texts) {
  for (;;) {
    PacketBatch batch;
    if (source.receive(line, batch) != UdpSource::Received::packets) return;
    for (const Packet& packet : batch.packets()) texts.emplace_back(text_of(packet.payload()));
  }
}

// Payloads of `count` datagrams, and of more if more are waiting.
inline std::vector<std::string> receive(UdpSource& source, std::size_t line, std::size_t count) {
  std::vector<std::string> texts;
  static_cast<void>(poll_until([&] {
    receive_waiting(source, line, texts);
    return texts.size() >= count;
  }));
  return texts;
}

// One batch, as soon as there is one.
inline PacketBatch receive_batch(UdpSource& source, std::size_t line) {
  PacketBatch batch;
  static_cast<void>(
      poll_until([&] { return source.receive(line, batch) == UdpSource::Received::packets; }));
  return batch;
}

}  // namespace tapeline::net::testing
