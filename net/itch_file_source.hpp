#pragma once

// Packets out of a file of ITCH messages, each behind its length in two bytes (big endian): the
// form in which whole days are published.
//
// The messages are packed into MoldUDP64 datagrams, with IPv4 and UDP headers in front, so that
// what comes behind sees the same as from the network. The datagrams depend on the file only, not
// on how it is read (a pipe that falls silent ends one early). Sequence numbers start at 1. A zero
// length is counted and passed over.
//
// Thread safety: see net/pull_source.hpp.
// Memory:        one buffer of the pool while a batch is being made, and 256 KiB of its own.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "codec/capture/address.hpp"
#include "codec/moldudp64/packet.hpp"
#include "net/byte_stream.hpp"
#include "net/packet_batch.hpp"
#include "net/pull_source.hpp"
#include "pool/buffer_pool.hpp"

namespace tapeline::net {

struct ItchFileConfig {
  codec::moldudp64::Session session = codec::moldudp64::Session::from_text("FILE");
  UnixNanos midnight_ns = 0;         // of the day, where the exchange is; times count from there
  std::size_t payload_bytes = 1400;  // most per datagram; a longer message travels alone
  UnixNanos max_span_ns = 0;         // most time between the messages of a datagram; 0 = any
  codec::capture::Endpoint source{codec::capture::Address::from_ipv4(0x7F000001), 26400};
  codec::capture::Endpoint destination{codec::capture::Address::from_ipv4(0xEF000001), 26400};
};

class ItchFileSource final : public PullSource {
 public:
  // `buffers` is not owned and must outlive the source.
  ItchFileSource(ByteStream stream, pool::BufferPool<pool::SerializationKind>& buffers,
                 const ItchFileConfig& config);

  [[nodiscard]] PacketBatch next() override;

  [[nodiscard]] std::span<const SourceLine> lines() const noexcept override { return {&line_, 1}; }
  [[nodiscard]] std::uint64_t bytes_read() const noexcept override { return stream_.bytes_read(); }
  [[nodiscard]] std::optional<std::uint64_t> size_bytes() const noexcept override {
    return stream_.size_bytes();
  }

 private:
  // Why a datagram ends.
  enum class Stop : std::uint8_t { packet_full, buffer_full, no_bytes, damaged };

  // The datagram that is being written.
  struct Open {
    std::size_t begin = 0;  // of the IP header in the buffer
    std::size_t end = 0;
    std::size_t run = 0;  // bytes in front of staged_begin_ that belong to it, not copied yet
    std::uint16_t messages = 0;
    UnixNanos first_time = 0;
  };

  void begin_buffer() noexcept;
  [[nodiscard]] Stop pack();
  [[nodiscard]] Stop add_messages(Open& packet);
  [[nodiscard]] UnixNanos time_of(std::span<const std::byte> message) const noexcept;
  void copy_run(Open& packet) noexcept;
  void close(const Open& packet) noexcept;
  [[nodiscard]] bool refill();
  [[nodiscard]] PacketBatch hand_over();
  void conclude();

  ByteStream stream_;
  pool::BufferPool<pool::SerializationKind>& buffers_;
  ItchFileConfig config_;
  SourceLine line_;

  pool::SerializationGuard buffer_;
  std::size_t packet_count_ = 0;
  std::size_t descriptors_ = 0;
  std::size_t buffer_end_ = 0;  // of the bytes written to the buffer

  std::unique_ptr<std::byte[]> staged_;  // bytes of the file, as they are
  std::size_t staged_begin_ = 0;
  std::size_t staged_end_ = 0;
  std::uint64_t position_ = 0;  // of staged_begin_ in the content of the file
  ReadState input_ = ReadState::ok;
  std::uint64_t next_sequence_ = 1;
  UnixNanos last_time_;  // of the last message that has a time
  UnixNanos last_packet_time_ = 0;
  bool damaged_ = false;  // the message at position_ is too long for a datagram
};

}  // namespace tapeline::net
