#pragma once

// A MoldUDP64 re-request server on Asio: one UDP socket, the answers of a RequestAnswerer.
//
// Thread safety: the thread that runs the io_context; the constructor before it runs. The counters
//                may be read by any.
// Ownership:     the io_context and the answerer are not owned and must outlive this. Call stop(),
//                then run what the io_context has left, before this is destroyed.
// Errors:        the constructor throws std::runtime_error, one line.

#include <array>
#include <asio/io_context.hpp>
#include <asio/ip/udp.hpp>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "app/simulate/request_answerer.hpp"
#include "codec/capture/address.hpp"

namespace tapeline::simulate {

class RequestServer {
 public:
  // `listen` with port 0: any free one.
  RequestServer(asio::io_context& io, const codec::capture::Endpoint& listen,
                RequestAnswerer& answerer);
  RequestServer(const RequestServer&) = delete;
  RequestServer& operator=(const RequestServer&) = delete;

  // Sends answers that were delayed on purpose; call it every few milliseconds.
  void tick(std::uint64_t now_ns);

  // Closes the port.
  void stop();

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }

 private:
  static constexpr std::size_t kMaxDelayed = 4'096;
  static constexpr int kReadsPerWakeup = 64;

  struct Delayed {
    std::uint64_t due_ns;
    asio::ip::udp::endpoint peer;
    std::vector<std::byte> packet;
  };

  void wait();
  void drain();
  void send(std::span<const std::byte> packet, const asio::ip::udp::endpoint& peer);

  RequestAnswerer& answerer_;
  asio::ip::udp::socket socket_;
  std::uint16_t port_;
  // A byte more than a request: what is longer shows that it is.
  std::array<std::byte, codec::moldudp64::kRequestBytes + 1> input_{};
  std::deque<Delayed> delayed_;  // by time, as the delay is always the same
};

}  // namespace tapeline::simulate
