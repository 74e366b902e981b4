#pragma once

// The messages of a capture or of a file of ITCH messages, in order and each once, whichever lines
// they came on. They lose their numbers: a session that is played counts from 1 on. Whether they
// came in MoldUDP64 packets or in IEX-TP segments, the first packet says.
//
// Thread safety: none.
// Errors:        the constructor throws std::runtime_error. Damage ends the feed early and is told
//                by error(); a message that fits into no packet throws std::runtime_error.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/simulate/feed.hpp"
#include "codec/iextp/packet.hpp"
#include "net/packet_batch.hpp"
#include "net/pull_source.hpp"
#include "net/sequencer.hpp"
#include "pool/buffer_pool.hpp"

namespace tapeline::simulate {

struct CaptureFeedConfig {
  std::uint64_t max_messages = 0;     // 0: all
  std::size_t packet_bytes = 0xFFFF;  // most bytes of a packet, its header included
  bool (*stop)() noexcept = nullptr;  // asked while a pipe is silent; true ends the feed
};

class CaptureFeed {
 public:
  // `path` is a file, or "-" for the standard input. Waits for the first packet.
  CaptureFeed(const std::string& path, const CaptureFeedConfig& config);
  CaptureFeed(const CaptureFeed&) = delete;
  CaptureFeed& operator=(const CaptureFeed&) = delete;

  [[nodiscard]] std::optional<FeedMessage> next();
  [[nodiscard]] bool is_settled() const noexcept { return true; }

  // Of the first segment of IEX-TP; nothing if the messages are not of IEX.
  [[nodiscard]] const std::optional<codec::iextp::Session>& iex_session() const noexcept {
    return iex_session_;
  }

  // One line that tells where the file is damaged; empty if it is not.
  [[nodiscard]] const std::string& error() const noexcept { return source_->error(); }
  // Messages that no line of the capture has.
  [[nodiscard]] std::uint64_t missing() const noexcept {
    return sequencer_.counters().messages_lost.get();
  }

 private:
  struct Place {
    std::size_t begin = 0;
    std::size_t bytes = 0;
    std::uint64_t time_ns = 0;
  };
  struct Handler;

  // Gets the next batch that has packets. Returns false at the end.
  [[nodiscard]] bool read();
  // Gets more messages into places_. Returns false at the end.
  [[nodiscard]] bool refill();
  void take(const net::Packet& packet);
  void keep(std::span<const std::byte> message, net::UnixNanos time);

  CaptureFeedConfig config_;
  std::optional<codec::iextp::Session> iex_session_;
  std::size_t max_message_bytes_ = 0;  // what a packet has room for
  pool::BufferPool<pool::SerializationKind> buffers_;
  std::unique_ptr<net::PullSource> source_;
  net::Sequencer sequencer_;
  net::PacketBatch batch_;
  std::size_t next_packet_ = 0;  // of batch_
  bool is_over_ = false;

  // What the sequencer delivered and nobody took yet: of one packet and those held behind it.
  std::vector<std::byte> bytes_;
  std::vector<Place> places_;
  std::size_t next_place_ = 0;
  std::uint64_t taken_ = 0;
  std::uint64_t last_time_ns_ = 0;
};

}  // namespace tapeline::simulate
