#pragma once

// MoldUDP64 packets as a source hands them on, and a handler that writes down what it is told.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "codec/moldudp64/encoder.hpp"
#include "net/sequencer.hpp"

namespace tapeline::net::testing {

using codec::moldudp64::Session;

inline const Session kSession = Session::from_text("TEST");

// Owns its bytes: an IPv4 and UDP header of zeros, then the payload.
class MoldPacket {
 public:
  MoldPacket(std::uint16_t line, std::uint64_t sequence, const std::vector<std::string>& messages,
             const Session& session = kSession)
      : line_{line} {
    std::size_t payload_bytes = codec::moldudp64::kHeaderBytes;
    for (const std::string& message : messages) payload_bytes += 2 + message.size();
    bytes_.resize(kOffset + payload_bytes);
    codec::moldudp64::PacketBuilder builder{std::span{bytes_}.subspan(kOffset)};
    builder.start(session, sequence);
    for (const std::string& message : messages) {
      static_cast<void>(builder.try_add(std::as_bytes(std::span{message})));
    }
    static_cast<void>(builder.finish());
  }

  static MoldPacket end_of_session(std::uint16_t line, std::uint64_t next,
                                   const Session& session = kSession) {
    MoldPacket packet{line, next, {}, session};
    packet.set_count(codec::moldudp64::kEndOfSessionCount);
    return packet;
  }

  void set_count(std::uint16_t count) { codec::store_be(bytes_.data() + kOffset + 18, count); }
  void resize_payload(std::size_t bytes) { bytes_.resize(kOffset + bytes); }
  [[nodiscard]] std::size_t payload_bytes() const { return bytes_.size() - kOffset; }

  [[nodiscard]] Packet view() const {
    return Packet{.datagram = bytes_.data(),
                  .rx_time = 0,
                  .datagram_bytes = static_cast<std::uint32_t>(bytes_.size()),
                  .payload_bytes = static_cast<std::uint32_t>(payload_bytes()),
                  .payload_offset = kOffset,
                  .line = line_,
                  .lost_bytes = 0};
  }

 private:
  static constexpr std::uint16_t kOffset = 28;
  std::uint16_t line_;
  std::vector<std::byte> bytes_;
};

struct Recorder {
  void on_message(std::uint64_t sequence, std::span<const std::byte> message, const Packet&) {
    messages.emplace_back(
        sequence, std::string{reinterpret_cast<const char*>(message.data()), message.size()});
  }
  void on_gap(const GapRange& gap) { gaps.push_back(gap); }
  void on_session(const Session& session, std::uint64_t sequence) {
    sessions.emplace_back(session.text(), sequence);
  }
  void on_end_of_session(const Session& session) { ended.emplace_back(session.text()); }
  void on_resync(std::uint64_t sequence) { resyncs.push_back(sequence); }

  [[nodiscard]] std::string text() const {  // the messages, joined by commas
    std::string joined;
    for (const auto& [sequence, message] : messages) joined += message + ",";
    return joined;
  }

  std::vector<std::pair<std::uint64_t, std::string>> messages;
  std::vector<GapRange> gaps;
  std::vector<std::pair<std::string, std::uint64_t>> sessions;
  std::vector<std::string> ended;
  std::vector<std::uint64_t> resyncs;
};

inline pool::LockFreeBufferPoolConfig small_pool(std::uint32_t buffers,
                                                 std::size_t buffer_bytes = std::size_t{16} *
                                                                            1024) {
  pool::LockFreeBufferPoolConfig config;
  config.serialization.buffer_bytes = buffer_bytes;
  config.serialization.buffer_count = buffers;
  config.serialization.overflow_buffers = 0;
  config.serialization.huge_pages = false;
  config.compression = config.serialization;
  config.compression.buffer_count = 1;
  config.simd = config.compression;
  return config;
}

}  // namespace tapeline::net::testing
