#pragma once

// Writes MoldUDP64 packets ("MoldUDP64 Protocol Specification V 1.00") into the caller's memory.
//
// Thread safety: a PacketBuilder has one user.
// Ownership:     the span is the caller's and must outlive the builder; finished packets are
//                views of it, valid until the next start().

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "codec/bytes.hpp"
#include "codec/moldudp64/packet.hpp"

namespace tapeline::codec::moldudp64 {

// Requires: out.size() >= kHeaderBytes. Returns the bytes written.
inline std::size_t write_header(std::span<std::byte> out, const Header& header) noexcept {
  assert(out.size() >= kHeaderBytes);
  std::memcpy(out.data(), header.session.bytes.data(), kSessionBytes);
  store_be(out.data() + 10, header.sequence);
  store_be(out.data() + 18, header.count);
  return kHeaderBytes;
}

// `next_sequence` is the number of the next message. Requires: out.size() >= kHeaderBytes.
inline std::size_t write_heartbeat(std::span<std::byte> out, const Session& session,
                                   std::uint64_t next_sequence) noexcept {
  return write_header(out, {session, next_sequence, kHeartbeatCount});
}

// `next_sequence` is one past the last message. Requires: out.size() >= kHeaderBytes.
inline std::size_t write_end_of_session(std::span<std::byte> out, const Session& session,
                                        std::uint64_t next_sequence) noexcept {
  return write_header(out, {session, next_sequence, kEndOfSessionCount});
}

// Requires: out.size() >= kRequestBytes. Returns the bytes written.
inline std::size_t write_request(std::span<std::byte> out, const Request& request) noexcept {
  assert(out.size() >= kRequestBytes);
  std::memcpy(out.data(), request.session.bytes.data(), kSessionBytes);
  store_be(out.data() + 10, request.first);
  store_be(out.data() + 18, request.count);
  return kRequestBytes;
}

class PacketBuilder {
 public:
  // The packet never grows past out.size(). Requires: out.size() >= kHeaderBytes.
  explicit PacketBuilder(std::span<std::byte> out) noexcept : out_{out} {
    assert(out_.size() >= kHeaderBytes);
  }

  // Begins an empty packet whose first message will be `sequence`; drops an unfinished one.
  void start(const Session& session, std::uint64_t sequence) noexcept {
    header_ = Header{session, sequence, 0};
    used_ = kHeaderBytes;
  }

  // Returns false, and changes nothing, if the message does not fit into what is left.
  [[nodiscard]] bool try_add(std::span<const std::byte> message) noexcept {
    if (header_.count >= kEndOfSessionCount - 1 || message.size() > kMaxMessageBytes ||
        out_.size() - used_ < kLengthBytes + message.size()) {
      return false;
    }
    std::byte* const at = out_.data() + used_;
    store_be(at, static_cast<std::uint16_t>(message.size()));
    if (!message.empty()) std::memcpy(at + kLengthBytes, message.data(), message.size());
    used_ += kLengthBytes + message.size();
    ++header_.count;
    return true;
  }

  // Writes the header and returns the packet. A packet without messages reads as a heartbeat.
  [[nodiscard]] std::span<const std::byte> finish() noexcept {
    write_header(out_, header_);
    return out_.first(used_);
  }

  [[nodiscard]] std::uint16_t message_count() const noexcept { return header_.count; }
  [[nodiscard]] std::size_t bytes() const noexcept { return used_; }
  [[nodiscard]] std::uint64_t next_sequence() const noexcept {
    return header_.sequence + header_.count;
  }

 private:
  std::span<std::byte> out_;
  Header header_;
  std::size_t used_ = kHeaderBytes;
};

}  // namespace tapeline::codec::moldudp64
