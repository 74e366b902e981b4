#pragma once

// SoupBinTCP streams in the TCP segments of a capture ("SoupBinTCP 3.00"), as MoldUDP64 packets
// with the same session, numbers and messages: what comes behind sees what it sees of a multicast
// line. Archives of our own TCP sessions are such captures.
//
// A stream is followed from a segment that begins with the server's Login Accepted, which tells
// session and number; other TCP traffic, and streams whose login was not captured, are left alone.
// Repeated segments are passed over. When bytes of a stream are missing, it is followed again from
// the next login on; the numbers tell what was lost.
//
// Each message is in a packet of its segment's time, from the server's address to the client's.
//
// Thread safety: none.
// Memory:        bounded: one unfinished message for each of at most kMaxFlows streams, and the
//                packets that were not taken.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "codec/capture/datagram.hpp"
#include "codec/soupbintcp/packet.hpp"
#include "net/packet_batch.hpp"
#include "pool/buffer_pool.hpp"

namespace tapeline::net {

class SoupFlows {
 public:
  static constexpr std::size_t kMaxFlows = 16;
  static constexpr std::size_t kPayloadBytes = 1'400;  // most per packet; a longer message alone

  enum class Taken : std::uint8_t {
    no,    // not of a stream that is followed
    yes,   // also when there was nothing new in it
    hole,  // of one that is not followed any longer
  };
  // `payload` is that of the segment. `line` is for its packets.
  [[nodiscard]] Taken take(const codec::capture::Segment& segment,
                           std::span<const std::byte> payload, UnixNanos time, std::uint16_t line);
  // Whether the segment would begin a stream, so that its line has to be known.
  [[nodiscard]] static bool begins_stream(std::span<const std::byte> payload) noexcept;

  [[nodiscard]] bool has_packets() const noexcept { return next_ < made_.size(); }
  // As many packets as fit. Empty if the pool is. Packets that no buffer has room for are counted.
  [[nodiscard]] PacketBatch take_batch(pool::BufferPool<pool::SerializationKind>& buffers);
  [[nodiscard]] std::uint64_t oversized() const noexcept { return oversized_; }

 private:
  struct Flow {
    codec::capture::Endpoint source;
    codec::capture::Endpoint destination;
    std::uint32_t first = 0;  // byte of the stream, as TCP numbers them
    std::uint32_t next = 0;
    std::uint16_t line = 0;
    bool followed = false;
    bool has_session = false;
    codec::soupbintcp::Session session{};
    std::uint64_t sequence = 0;      // of the next message
    std::vector<std::byte> carried;  // front of an unfinished packet
  };
  // A packet that was made, in bytes_.
  struct Made {
    std::size_t begin = 0;
    std::uint32_t bytes = 0;
    std::uint16_t header_bytes = 0;
    std::uint16_t line = 0;
    UnixNanos time = 0;
  };

  [[nodiscard]] Flow* find(const codec::capture::Segment& segment) noexcept;
  [[nodiscard]] Flow* open(const codec::capture::Segment& segment, std::uint16_t line);
  [[nodiscard]] bool feed(Flow& flow, std::span<const std::byte> bytes, UnixNanos time);
  [[nodiscard]] bool on_packet(Flow& flow, std::span<const std::byte> content, UnixNanos time);
  void add_message(const Flow& flow, std::span<const std::byte> message, UnixNanos time);
  void begin_packet(const Flow& flow, UnixNanos time);
  void end_packet(const Flow& flow, std::uint16_t count);

  std::vector<Flow> flows_;
  std::size_t replaced_ = 0;      // the flow that gave way last
  std::vector<std::byte> bytes_;  // of the packets in made_
  std::vector<Made> made_;
  std::size_t next_ = 0;          // of made_, to be taken
  std::uint16_t open_count_ = 0;  // messages of the packet that is being made
  std::uint64_t oversized_ = 0;
};

}  // namespace tapeline::net
