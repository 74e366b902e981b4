#pragma once

// Writes a session to a pcap file as it looks at a tap: MoldUDP64 packets or IEX-TP segments of one
// or two lines in the order of time, each at the time of its last message, line B a little later;
// heartbeats while nothing is sent, and end of session packets.
//
// Thread safety: none.

#include <cstddef>
#include <cstdint>
#include <list>
#include <span>
#include <vector>

#include "app/simulate/frame.hpp"
#include "app/simulate/line_cutter.hpp"
#include "app/simulate/output_file.hpp"

namespace tapeline::simulate {

struct CaptureLine {
  codec::capture::Endpoint group;
  CutOptions cut{};
  std::uint64_t delay_ns = 0;   // behind the time of the messages
  std::uint64_t jitter_ns = 0;  // more delay, up to this
};

struct CaptureOptions {
  FrameFormat format{};
  LineSession session{};                       // chooses the framing
  std::int64_t midnight_ns = 0;                // since 1970; message times count from here
  std::uint64_t heartbeat_ns = 1'000'000'000;  // 0: no heartbeats
  std::uint32_t end_packets = 3;               // per line, a second apart
  std::vector<CaptureLine> lines;
};

class CaptureWriter {
 public:
  // `file` is not owned and must outlive this. Throws if it can not be written, as add() and
  // finish() do.
  CaptureWriter(const CaptureOptions& options, OutputFile& file);
  ~CaptureWriter();
  CaptureWriter(const CaptureWriter&) = delete;
  CaptureWriter& operator=(const CaptureWriter&) = delete;

  // Requires: times do not go back.
  void add(std::span<const std::byte> message, std::uint64_t time_ns);

  // Writes what is left and the end of the session. The file is the caller's to close.
  void finish();

  [[nodiscard]] std::uint64_t packets() const noexcept { return packets_; }

 private:
  // A line with the records that wait until no other record can come before them.
  class Line;

  void release(std::uint64_t up_to_ns);

  CaptureOptions options_;
  OutputFile& file_;  // not owned
  std::list<Line> lines_;
  std::uint64_t packets_ = 0;
};

}  // namespace tapeline::simulate
