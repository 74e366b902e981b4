#pragma once

// A handler for TCP sources that keeps what it is given, and a loop that runs until it has enough.

#include <asio/io_context.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "codec/soupbintcp/packet.hpp"
#include "net/hold_store.hpp"
#include "net/packet_batch.hpp"
#include "net/soup_session.hpp"
#include "net/stream_protocol.hpp"

namespace tapeline::net::testing {

struct StreamLog {
  void on_message(std::uint64_t sequence, std::span<const std::byte> message,
                  const Packet& packet) {
    numbers.push_back(sequence);
    messages.emplace_back(reinterpret_cast<const char*>(message.data()), message.size());
    last_packet = packet;
    if (after_message) after_message();
  }
  void on_gap(const GapRange& gap) { gaps.push_back(gap); }
  void on_session(const codec::soupbintcp::Session& session, std::uint64_t next) {
    events.push_back("session " + std::string{session.text()} + " " + std::to_string(next));
  }
  void on_login(const SoupLogin& login) {
    events.push_back("login " + std::to_string(login.sequence));
  }
  void on_end_of_session(const codec::soupbintcp::Session&) { events.emplace_back("end"); }
  void on_rejected(codec::soupbintcp::RejectReason reason) {
    events.push_back(std::string{"rejected "} + static_cast<char>(reason));
  }
  void on_connected(const Connected& peer) {
    servers.push_back(peer.server);
    if (after_connect) after_connect();
  }
  void on_disconnected(const Disconnected& end) {
    events.emplace_back(to_string(end.reason));
    errors.push_back(end.error);
    times.push_back(std::chrono::steady_clock::now());
  }
  void on_batch(PacketBatch&& batch) {
    const PacketBatch own = std::move(batch);
    for (const Packet& packet : own.packets()) {
      const auto* const payload = reinterpret_cast<const char*>(packet.payload().data());
      received.append(payload, packet.payload().size());
      const auto* const datagram = reinterpret_cast<const char*>(packet.bytes().data());
      datagrams.emplace_back(datagram, packet.bytes().size());
    }
  }

  std::vector<std::uint64_t> numbers;
  std::vector<std::string> messages;
  std::vector<GapRange> gaps;
  std::vector<std::string> events;
  std::vector<std::error_code> errors;
  std::vector<std::chrono::steady_clock::time_point> times;  // of the disconnects
  std::vector<std::size_t> servers;
  std::string received;                // payloads of all batches
  std::vector<std::string> datagrams;  // with their headers
  Packet last_packet{};
  std::function<void()> after_message;
  std::function<void()> after_connect;
};

// Runs handlers until `done()`; false if that takes longer than any machine should need.
template <typename Done>
[[nodiscard]] bool run_until(asio::io_context& io, Done&& done) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{10};
  while (!done()) {
    if (std::chrono::steady_clock::now() > end) return false;
    if (io.stopped()) io.restart();
    io.run_one_for(std::chrono::milliseconds{50});
  }
  return true;
}

}  // namespace tapeline::net::testing
