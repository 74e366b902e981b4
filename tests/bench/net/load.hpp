#pragma once

// Sends MoldUDP64 packets of one size over loopback at a steady rate, as the exchange of the net
// benchmark.
//
// Thread safety: one thread.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "net/udp_sender.hpp"

namespace tapeline::bench {

[[nodiscard]] std::uint64_t steady_ns() noexcept;

// Runs the calling thread on the processor `index` from now on, if there are as many.
void pin_to(unsigned index) noexcept;

class Load {
 public:
  enum class Kind : std::uint8_t {
    single_message,  // one add or delete of an order per packet
    bytes_200,       // 5 messages
    bytes_1400,      // 38 messages
  };

  Load(Kind kind, std::uint16_t port);

  struct Sent {
    std::uint64_t packets = 0;
    std::uint64_t refused = 0;  // by the kernel, on the way out
    double seconds = 0.0;

    [[nodiscard]] double per_second() const noexcept {
      return static_cast<double>(packets) / seconds;
    }
  };

  // Sends `packets_per_second` for `seconds`, `burst` packets at a time (64 at most; packets of a
  // burst leave by UDP_SEGMENT). When the thread was held up for long, it does not catch up.
  Sent send(double packets_per_second, double seconds, std::size_t burst);

 private:
  static constexpr std::size_t kMaxBurst = 64;

  void build(Kind kind);
  void number(std::size_t slot) noexcept;

  net::UdpSender sender_;
  std::array<std::vector<std::byte>, kMaxBurst> packets_;
  std::uint16_t messages_per_packet_ = 0;
  std::uint64_t next_sequence_ = 1;
};

}  // namespace tapeline::bench
