#pragma once

// Messages of archived packets, MoldUDP64 or SoupBinTCP streams, as a file of ITCH messages: each
// behind its length of 16 bits, big endian, in the order of their numbers, each once, whatever
// lines brought them. Streams are followed from their login on (net/soup_flows.hpp). What is held
// between the packets of two lines, and when a gap is given up, is the sequencer's to say
// (net/sequencer.hpp).
//
// Thread safety: none.
// Memory:        bounded: kMaxSessions sequencers.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "codec/capture/decoder.hpp"
#include "net/capture_filter.hpp"
#include "net/framing.hpp"
#include "net/packet_batch.hpp"
#include "net/soup_flows.hpp"
#include "pool/buffer_pool.hpp"

namespace tapeline::archive {

struct ItchExportCounts {
  std::uint64_t messages = 0;
  std::uint64_t gaps = 0;
  std::uint64_t lost_messages = 0;
  std::uint64_t sessions = 0;
  std::uint64_t other_packets = 0;      // of something else
  std::uint64_t malformed_packets = 0;  // MoldUDP64, but damaged
  std::uint64_t tcp_holes = 0;          // of streams that miss bytes
};

class ItchExport {
 public:
  static constexpr std::size_t kMaxSessions = 64;

  // `write` gets stretches of the file, in order. It must not call back.
  using Write = std::function<void(std::span<const std::byte>)>;
  explicit ItchExport(Write write);
  ~ItchExport();
  ItchExport(const ItchExport&) = delete;
  ItchExport& operator=(const ItchExport&) = delete;

  // Throws std::bad_alloc.
  void on_record(const codec::capture::Record& record);
  // Gives up what is missing, and writes the rest. To be called once, at the end.
  void finish();

  [[nodiscard]] const ItchExportCounts& counts() const noexcept { return counts_; }

 private:
  struct Channel;

  [[nodiscard]] Channel* channel_of(std::span<const std::byte> payload);
  void on_packet(const net::Packet& packet);
  [[nodiscard]] bool on_segment(const codec::capture::Record& record);
  void write_message(std::span<const std::byte> message);
  void flush();

  Write write_;
  ItchExportCounts counts_;
  net::LineTable lines_;
  net::SoupFlows flows_;
  pool::BufferPool<pool::SerializationKind> buffers_;  // of packets that wait for others
  pool::BufferPool<pool::SerializationKind> streams_;  // of a batch that is made of a stream
  std::vector<std::unique_ptr<Channel>> channels_;
  std::size_t last_ = 0;
  std::vector<std::byte> out_;
};

}  // namespace tapeline::archive
