#pragma once

// Writes IEX-TP outbound segments ("IEX Transport Specification", version 1) into the caller's
// memory.
//
// Thread safety: a SegmentBuilder has one user.
// Ownership:     the span is the caller's and must outlive the builder; finished segments are
//                views of it, valid until the next start().

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "codec/bytes.hpp"
#include "codec/iextp/packet.hpp"

namespace tapeline::codec::iextp {

// Requires: out.size() >= kHeaderBytes. Returns the bytes written.
inline std::size_t write_header(std::span<std::byte> out, const Header& header) noexcept {
  assert(out.size() >= kHeaderBytes);
  std::byte* const at = out.data();
  store_le(at, kVersion);
  store_le(at + 1, std::uint8_t{0});
  std::memcpy(at + 2, header.session.bytes.data(), kSessionBytes);
  store_le(at + 12, header.payload_bytes);
  store_le(at + 14, header.count);
  store_le(at + 16, header.stream_offset);
  store_le(at + 24, header.sequence);
  store_le(at + 32, header.send_time_ns);
  return kHeaderBytes;
}

class SegmentBuilder {
 public:
  // The segment never grows past out.size(). Requires: out.size() >= kHeaderBytes.
  explicit SegmentBuilder(std::span<std::byte> out) noexcept
      : out_{out.first(std::min(out.size(), kHeaderBytes + kMaxPayloadBytes))} {
    assert(out_.size() >= kHeaderBytes);
  }

  // Begins an empty segment whose first message will be `sequence`, at `stream_offset`; drops an
  // unfinished one.
  void start(const Session& session, std::uint64_t sequence, std::uint64_t stream_offset) noexcept {
    header_ = Header{.session = session, .stream_offset = stream_offset, .sequence = sequence};
  }

  // Returns false, and changes nothing, if the message does not fit into what is left.
  [[nodiscard]] bool try_add(std::span<const std::byte> message) noexcept {
    if (message.size() > kMaxMessageBytes || header_.count == 0xFFFF ||
        out_.size() - bytes() < kLengthBytes + message.size()) {
      return false;
    }
    std::byte* const at = out_.data() + bytes();
    store_le(at, static_cast<std::uint16_t>(message.size()));
    if (!message.empty()) std::memcpy(at + kLengthBytes, message.data(), message.size());
    header_.payload_bytes =
        static_cast<std::uint16_t>(header_.payload_bytes + kLengthBytes + message.size());
    ++header_.count;
    return true;
  }

  // Writes the header and returns the segment. One without messages is a heartbeat.
  [[nodiscard]] std::span<const std::byte> finish(std::uint64_t send_time_ns) noexcept {
    header_.send_time_ns = send_time_ns;
    write_header(out_, header_);
    return out_.first(bytes());
  }

  [[nodiscard]] std::uint16_t message_count() const noexcept { return header_.count; }
  [[nodiscard]] std::size_t bytes() const noexcept { return kHeaderBytes + header_.payload_bytes; }
  [[nodiscard]] std::uint64_t next_sequence() const noexcept { return header_.next_sequence(); }
  [[nodiscard]] std::uint64_t next_offset() const noexcept { return header_.next_offset(); }

 private:
  std::span<std::byte> out_;
  Header header_;
};

}  // namespace tapeline::codec::iextp
