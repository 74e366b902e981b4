#pragma once

// The lines of a live session: what is sent goes out on each of them and, if wanted, into a pcap
// file with the very packets of all lines at the time of sending. Faults can lie in between; then
// the file holds what is left after them, and packets that are late leave in send_due().
//
// Thread safety: none.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "app/simulate/fault_model.hpp"
#include "app/simulate/fault_plan.hpp"
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
  // With faults, whose times count from the first packet sent.
  LiveLink(std::span<const net::UdpSenderConfig> lines, const FrameFormat& format,
           OutputFile* record, const FaultPlan& faults, std::uint64_t seed);

  // Throws if the record can not be written.
  void send(std::span<const std::span<const std::byte>> packets);

  // Packets that the faults made late. Times are those of SteadyClock; FaultModel::kNever: none.
  [[nodiscard]] std::uint64_t next_due_ns() const noexcept;
  void send_due();

  // Packets that the kernel did not take, on all lines.
  [[nodiscard]] std::uint64_t unsent() const noexcept { return unsent_; }

  // Null without faults.
  [[nodiscard]] const FaultModel* faults() const noexcept { return faults_.get(); }

 private:
  struct Line {
    std::unique_ptr<net::UdpSender> sender;
    LinePath path;
    std::uint16_t identification = 0;
    std::vector<std::vector<std::byte>> pending{};  // memory is used again
    std::size_t pending_count = 0;
  };
  static constexpr std::size_t kMaxPending = 64;

  void add_pending(Line& line, std::span<const std::byte> packet);
  void send_pending(Line& line);
  void send_on(Line& line, std::span<const std::span<const std::byte>> packets);
  void record(Line& line, std::span<const std::byte> packet);

  std::vector<Line> lines_;
  FrameFormat format_;
  OutputFile* record_;  // not owned
  std::unique_ptr<FaultModel> faults_;
  std::uint64_t start_ns_ = 0;  // when the first packet was sent; 0: none was
  std::uint64_t unsent_ = 0;
};

}  // namespace tapeline::simulate
