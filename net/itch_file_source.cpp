#include "net/itch_file_source.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <string>
#include <utility>

#include "codec/bytes.hpp"
#include "codec/capture/encoder.hpp"
#include "codec/moldudp64/encoder.hpp"

namespace tapeline::net {
namespace {

namespace moldudp64 = codec::moldudp64;
using codec::capture::kIpv4UdpHeaderBytes;

constexpr std::size_t kLengthBytes = moldudp64::kLengthBytes;
constexpr std::size_t kHeaderBytes = kIpv4UdpHeaderBytes + moldudp64::kHeaderBytes;
constexpr std::size_t kMaxPayloadBytes = codec::capture::kMaxUdpPayloadBytes;
constexpr std::size_t kMaxMessageBytes = kMaxPayloadBytes - moldudp64::kHeaderBytes - kLengthBytes;
constexpr std::size_t kStagedBytes = std::size_t{256} * 1024;
static_assert(kStagedBytes >= 2 * (kLengthBytes + 0xFFFF), "a whole message always fits");

// Messages with a time carry it, 48 bits in nanoseconds since midnight, behind type, locate and
// tracking number.
constexpr std::size_t kTimeOffset = 5;
constexpr std::size_t kTimeEnd = 11;

}  // namespace

ItchFileSource::ItchFileSource(ByteStream stream,
                               pool::BufferPool<pool::SerializationKind>& buffers,
                               const ItchFileConfig& config)
    : stream_{std::move(stream)},
      buffers_{buffers},
      config_{config},
      line_{config.destination, 0},
      staged_{std::make_unique<std::byte[]>(kStagedBytes)},
      last_time_{config.midnight_ns} {
  config_.payload_bytes = std::clamp(config.payload_bytes, std::size_t{64}, kMaxPayloadBytes);
  assert(buffers.buffer_bytes() >= 4096);
}

PacketBatch ItchFileSource::next() {
  if (state() == SourceState::ended || state() == SourceState::failed) return {};
  const bool drained = input_ == ReadState::end || input_ == ReadState::failed;
  if (damaged_ || (drained && staged_begin_ == staged_end_)) {
    conclude();
    return {};
  }
  if (!buffer_) {
    buffer_ = buffers_.try_acquire();
    if (!buffer_) {
      set_state(SourceState::would_block);
      return {};
    }
    begin_buffer();
  }
  set_state(SourceState::ready);
  Stop stop = Stop::packet_full;
  while (stop == Stop::packet_full && packet_count_ < descriptors_) stop = pack();
  publish_counters();
  if (packet_count_ > 0) return hand_over();
  if (stop == Stop::damaged || input_ == ReadState::end || input_ == ReadState::failed) {
    conclude();
  } else {
    set_state(SourceState::would_block);
  }
  return {};
}

void ItchFileSource::begin_buffer() noexcept {
  packet_count_ = 0;
  descriptors_ = buffer_.capacity() / 16 / sizeof(Packet);
  buffer_end_ = descriptors_ * sizeof(Packet);
}

// Writes one datagram behind the others, if there is a message for it and room.
ItchFileSource::Stop ItchFileSource::pack() {
  // Room for a whole datagram, so that where a buffer ends makes no difference to where one does.
  const std::size_t room = buffer_.capacity() - buffer_end_;
  if (room < kIpv4UdpHeaderBytes + config_.payload_bytes && packet_count_ > 0) {
    return Stop::buffer_full;
  }
  Open packet{buffer_end_, buffer_end_ + kHeaderBytes, 0, 0, 0};
  const Stop stop = add_messages(packet);
  copy_run(packet);
  if (packet.messages > 0) close(packet);
  return stop;
}

ItchFileSource::Stop ItchFileSource::add_messages(Open& packet) {
  const std::size_t full = packet.begin + kIpv4UdpHeaderBytes + config_.payload_bytes;
  for (;;) {
    const std::size_t staged = staged_end_ - staged_begin_;
    const std::byte* const at = staged_.get() + staged_begin_;
    const std::size_t length = staged < kLengthBytes ? 0 : codec::load_be<std::uint16_t>(at);
    const std::size_t block = kLengthBytes + length;
    if (staged < block) {
      copy_run(packet);  // the bytes are about to move
      if (!refill()) return Stop::no_bytes;
      continue;
    }
    if (length == 0) {
      copy_run(packet);
      count(SourceCounter::empty_messages);
      staged_begin_ += block;
      position_ += block;
      continue;
    }
    if (packet.messages > 0 && packet.end + packet.run + block > full) return Stop::packet_full;
    if (packet.end + packet.run + block > buffer_.capacity() || length > kMaxMessageBytes) {
      // Too long for what is left of the buffer, or for any datagram.
      damaged_ = packet_count_ == 0 || length > kMaxMessageBytes;
      return damaged_ ? Stop::damaged : Stop::buffer_full;
    }
    const UnixNanos time = time_of({at + kLengthBytes, length});
    if (packet.messages == 0) {
      packet.first_time = time;
    } else if (config_.max_span_ns > 0 && time - packet.first_time > config_.max_span_ns) {
      return Stop::packet_full;
    }
    last_time_ = time;
    packet.run += block;
    ++packet.messages;
    staged_begin_ += block;
    position_ += block;
  }
}

UnixNanos ItchFileSource::time_of(std::span<const std::byte> message) const noexcept {
  if (message.size() < kTimeEnd) return last_time_;
  return config_.midnight_ns +
         static_cast<UnixNanos>(codec::load_be48(message.data() + kTimeOffset));
}

// Lengths and messages stand in the file as they do in a datagram: a run of them is one copy.
void ItchFileSource::copy_run(Open& packet) noexcept {
  std::memcpy(buffer_.data() + packet.end, staged_.get() + staged_begin_ - packet.run, packet.run);
  packet.end += packet.run;
  packet.run = 0;
}

void ItchFileSource::close(const Open& packet) noexcept {
  const std::size_t bytes = packet.end - packet.begin;
  const std::size_t payload = bytes - kIpv4UdpHeaderBytes;
  const std::span<std::byte> out = buffer_.bytes().subspan(packet.begin, bytes);
  codec::capture::write_ipv4_udp(out, {config_.source, config_.destination}, payload);
  moldudp64::write_header(out.subspan(kIpv4UdpHeaderBytes),
                          {config_.session, next_sequence_, packet.messages});
  *packet_slot(buffer_, packet_count_++) = {
      .datagram = out.data(),
      .rx_time = packet.first_time,
      .datagram_bytes = static_cast<std::uint32_t>(bytes),
      .payload_bytes = static_cast<std::uint32_t>(payload),
      .payload_offset = kIpv4UdpHeaderBytes,
      .line = 0,
      .lost_bytes = 0,
  };
  if (packet.first_time < last_packet_time_) count(SourceCounter::backward_times);
  last_packet_time_ = packet.first_time;
  next_sequence_ += packet.messages;
  buffer_end_ = packet.end;
  count(SourceCounter::packets);
  count(SourceCounter::packet_bytes, bytes);
  count(SourceCounter::records, packet.messages);
  count(SourceCounter::record_bytes, bytes - kHeaderBytes - packet.messages * kLengthBytes);
}

// Returns false if no byte came in.
bool ItchFileSource::refill() {
  if (input_ == ReadState::end || input_ == ReadState::failed) return false;
  const std::size_t left = staged_end_ - staged_begin_;
  std::memmove(staged_.get(), staged_.get() + staged_begin_, left);
  staged_begin_ = 0;
  staged_end_ = left;
  const ReadResult result = stream_.read({staged_.get() + left, kStagedBytes - left});
  staged_end_ += result.count;
  input_ = result.state;
  return result.count > 0;
}

PacketBatch ItchFileSource::hand_over() {
  buffer_.set_used(buffer_end_);
  return {std::move(buffer_), std::exchange(packet_count_, 0)};
}

// Says how the file ended, after its last message was delivered.
void ItchFileSource::conclude() {
  buffer_.release();
  publish_counters();
  const std::size_t left = staged_end_ - staged_begin_;
  if (!damaged_ && input_ == ReadState::failed) return fail(stream_.error().text());
  if (!damaged_ && left == 0) return set_state(SourceState::ended);
  const std::size_t length =
      left < kLengthBytes ? 0 : codec::load_be<std::uint16_t>(staged_.get() + staged_begin_);
  const std::string what =
      damaged_ ? "length " + std::to_string(length) + " does not fit into a datagram"
               : "truncated file, " + std::to_string(kLengthBytes + length) +
                     " bytes are needed and " + std::to_string(left) + " are there";
  const char* where =
      stream_.compression() == Compression::none ? "" : "in the decompressed data: ";
  fail(StreamError{stream_.path(), std::nullopt,
                   where + ("message at byte " + std::to_string(position_)) + ": " + what}
           .text());
}

}  // namespace tapeline::net
