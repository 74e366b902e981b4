#pragma once

// Packets out of a capture file (pcap or pcapng, also compressed): the pull source of a replay.
//
// The file is read straight into pooled buffers. Each buffer begins with room for descriptors; the
// file's bytes lie behind it as they are, and packets point into them. What is left of a record at
// the end of a buffer is carried over to the next one.
//
// SoupBinTCP streams in TCP segments are delivered as MoldUDP64 packets (net/soup_flows.hpp), those
// of a stretch of the file behind its UDP packets.
//
// Thread safety: see net/pull_source.hpp.
// Memory:        one buffer of the pool while a batch is being made, and as much again of its own;
//                more with SoupBinTCP streams, see there.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "codec/capture/decoder.hpp"
#include "net/byte_stream.hpp"
#include "net/capture_filter.hpp"
#include "net/packet_batch.hpp"
#include "net/pull_source.hpp"
#include "net/soup_flows.hpp"
#include "pool/buffer_pool.hpp"

namespace tapeline::net {

class CaptureSource final : public PullSource {
 public:
  // `buffers` is not owned and must outlive the source.
  CaptureSource(ByteStream stream, pool::BufferPool<pool::SerializationKind>& buffers,
                CaptureFilter filter = {});

  [[nodiscard]] PacketBatch next() override;

  [[nodiscard]] std::span<const SourceLine> lines() const noexcept override {
    return lines_.lines();
  }
  [[nodiscard]] std::uint64_t bytes_read() const noexcept override { return stream_.bytes_read(); }
  [[nodiscard]] std::optional<std::uint64_t> size_bytes() const noexcept override {
    return stream_.size_bytes();
  }

 private:
  // Why decoding stopped.
  enum class Stop : std::uint8_t { starved, descriptors_used_up, damaged };

  [[nodiscard]] bool begin_buffer();
  [[nodiscard]] ReadState fill();
  [[nodiscard]] Stop decode();
  void take(const codec::capture::Record& record);
  [[nodiscard]] bool take_segment(const codec::capture::Record& record);
  [[nodiscard]] bool make_room(std::size_t needed) noexcept;
  [[nodiscard]] PacketBatch hand_over();
  [[nodiscard]] PacketBatch hand_over_streams();
  void note_time(UnixNanos time) noexcept;
  void choose_descriptor_limit(std::size_t consumed) noexcept;
  void count_oddities() noexcept;
  void conclude();

  ByteStream stream_;
  pool::BufferPool<pool::SerializationKind>& buffers_;
  LineTable lines_;
  codec::capture::Decoder decoder_;
  codec::capture::Oddities counted_oddities_;

  pool::SerializationGuard buffer_;
  std::size_t capacity_;
  std::size_t packet_count_ = 0;
  std::size_t descriptor_limit_;  // wanted for the next buffer
  std::size_t descriptors_ = 0;   // in this buffer
  std::size_t begin_ = 0;         // of the bytes that are not decoded yet, in the buffer
  std::size_t end_ = 0;
  std::size_t buffer_consumed_ = 0;     // bytes of the file decoded in this buffer
  std::unique_ptr<std::byte[]> carry_;  // the undecoded bytes while there is no buffer
  std::size_t carry_bytes_ = 0;

  SoupFlows flows_;
  std::uint64_t counted_oversized_ = 0;  // of flows_
  UnixNanos last_time_ = 0;
  ReadState input_ = ReadState::ok;  // of the last read
  bool concludes_ = false;           // nothing more can be decoded
  std::optional<codec::capture::LinkType> unknown_link_type_;
};

}  // namespace tapeline::net
