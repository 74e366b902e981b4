#pragma once

// The lines of a live session: what is sent goes out on each of them and, if wanted, into a pcap
// file with the very packets of all lines at the time of sending.
//
// Thread safety: none.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "app/simulate/frame.hpp"
#include "app/simulate/output_file.hpp"
#include "net/udp_sender.hpp"

namespace tapeline::simulate {

// A clock for Player: CLOCK_MONOTONIC.
class SteadyClock {
 public:
  [[nodiscard]] static std::uint64_t now_ns() noexcept;
  // Returns early when a signal comes.
  static void sleep_until(std::uint64_t ns) noexcept;
};

class LiveLink {
 public:
  // `record` is not owned, must outlive this, and may be null. Throws std::runtime_error if a
  // line can not be opened.
  LiveLink(std::span<const net::UdpSenderConfig> lines, const FrameFormat& format,
           OutputFile* record);

  // Throws if the record can not be written.
  void send(std::span<const std::span<const std::byte>> packets);

  // Packets that the kernel did not take, on all lines.
  [[nodiscard]] std::uint64_t unsent() const noexcept { return unsent_; }

 private:
  struct Line {
    std::unique_ptr<net::UdpSender> sender;
    LinePath path;
    std::uint16_t identification = 0;
  };

  void record(Line& line, std::span<const std::byte> packet);

  std::vector<Line> lines_;
  FrameFormat format_;
  OutputFile* record_;  // not owned
  std::uint64_t unsent_ = 0;
};

}  // namespace tapeline::simulate
