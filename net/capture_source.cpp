#include "net/capture_source.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <string>
#include <utility>

#include "codec/capture/datagram.hpp"

namespace tapeline::net {
namespace {

using codec::capture::Datagram;
using codec::capture::Record;
using codec::capture::SkipReason;
using codec::capture::Step;
using codec::capture::StepKind;

constexpr std::size_t kMinDescriptors = 8;
constexpr std::size_t kMaxDescriptors = 2048;

// Reads in one call of next() that find nothing to deliver before it returns empty-handed, so that
// its caller can look at whether it was told to stop.
constexpr int kReadsPerCall = 64;

SourceCounter counter_of(SkipReason reason) noexcept {
  switch (reason) {
    case SkipReason::unknown_link_type: return SourceCounter::unknown_link_type;
    case SkipReason::non_ip: return SourceCounter::non_ip;
    case SkipReason::fragment: return SourceCounter::fragment;
    case SkipReason::not_udp: return SourceCounter::not_udp;
    case SkipReason::truncated: return SourceCounter::truncated;
    default: return SourceCounter::bad_length;
  }
}

}  // namespace

CaptureSource::CaptureSource(ByteStream stream, pool::BufferPool<pool::SerializationKind>& buffers,
                             CaptureFilter filter)
    : stream_{std::move(stream)},
      buffers_{buffers},
      lines_{std::move(filter)},
      capacity_{buffers.buffer_bytes()},
      descriptor_limit_{capacity_ / 8 / sizeof(Packet)},
      carry_{std::make_unique<std::byte[]>(capacity_)} {
  assert(capacity_ >= 4096);
}

PacketBatch CaptureSource::next() {
  if (state() == SourceState::ended || state() == SourceState::failed) return {};
  if (flows_.has_packets()) return hand_over_streams();
  if (concludes_) {
    conclude();
    return {};
  }
  if (!buffer_ && !begin_buffer()) {
    set_state(SourceState::would_block);
    return {};
  }
  set_state(SourceState::ready);
  for (int reads = 0; reads < kReadsPerCall; ++reads) {
    input_ = fill();
    const Stop stop = decode();
    concludes_ =
        stop == Stop::damaged ||
        (stop == Stop::starved && (input_ == ReadState::end || input_ == ReadState::failed));
    if (packet_count_ > 0) return hand_over();
    if (flows_.has_packets()) return hand_over_streams();
    if (concludes_) {
      conclude();
      return {};
    }
    if (input_ == ReadState::would_block) break;
  }
  count_oddities();
  publish_counters();
  set_state(SourceState::would_block);
  return {};
}

bool CaptureSource::begin_buffer() {
  buffer_ = buffers_.try_acquire();
  if (!buffer_) return false;
  // What was carried over has to fit behind the descriptors; it leaves room for at least one,
  // because a buffer never holds undecoded bytes in place of its first descriptor.
  const std::size_t room = (capacity_ - carry_bytes_) / sizeof(Packet);
  descriptors_ = std::min(descriptor_limit_, room);
  begin_ = descriptors_ * sizeof(Packet);
  end_ = begin_ + carry_bytes_;
  std::memcpy(buffer_.data() + begin_, carry_.get(), carry_bytes_);
  carry_bytes_ = 0;
  packet_count_ = 0;
  buffer_consumed_ = 0;
  return true;
}

ReadState CaptureSource::fill() {
  if (input_ == ReadState::end || input_ == ReadState::failed) return input_;
  if (end_ == capacity_) return ReadState::ok;
  const ReadResult result = stream_.read(buffer_.bytes().subspan(end_));
  end_ += result.count;
  return result.state;
}

CaptureSource::Stop CaptureSource::decode() {
  while (packet_count_ < descriptors_) {
    const Step step = decoder_.next({buffer_.data() + begin_, end_ - begin_});
    begin_ += step.consumed;
    buffer_consumed_ += step.consumed;
    if (step.kind == StepKind::record) {
      take(step.record);
      continue;
    }
    if (step.kind == StepKind::failed) return Stop::damaged;
    if (packet_count_ > 0 || make_room(step.needed)) return Stop::starved;
    if (!decoder_.skip(capacity_)) return Stop::damaged;
    count(SourceCounter::records);
    count(SourceCounter::oversized);
  }
  return Stop::descriptors_used_up;
}

void CaptureSource::take(const Record& record) {
  count(SourceCounter::records);
  count(SourceCounter::record_bytes, record.data.size());
  Datagram datagram;
  const SkipReason reason = codec::capture::parse_datagram(record.link_type, record.data,
                                                           record.original_bytes, datagram);
  if (reason != SkipReason::none) [[unlikely]] {
    if (reason == SkipReason::not_udp && take_segment(record)) return;
    if (reason == SkipReason::unknown_link_type) unknown_link_type_ = record.link_type;
    count(counter_of(reason));
    return;
  }
  const std::uint16_t line = lines_.find(datagram.destination);
  if (line == LineTable::kNoLine) {
    count(SourceCounter::filtered);
    return;
  }
  if (lines_.shared()) count(SourceCounter::shared_line_packets);
  if (datagram.lost_bytes > 0) {
    count(SourceCounter::cut_packets);
    count(SourceCounter::cut_bytes, datagram.lost_bytes);
  }
  note_time(record.time_ns);
  count(SourceCounter::packets);
  count(SourceCounter::packet_bytes, datagram.ip_bytes);
  *packet_slot(buffer_, packet_count_++) = {
      .datagram = record.data.data() + datagram.ip_offset,
      .rx_time = record.time_ns,
      .datagram_bytes = datagram.ip_bytes,
      .payload_bytes = datagram.payload_bytes,
      .payload_offset = static_cast<std::uint16_t>(datagram.payload_offset),
      .line = line,
      .lost_bytes = datagram.lost_bytes,
  };
}

void CaptureSource::note_time(UnixNanos time) noexcept {
  if (time < last_time_) count(SourceCounter::backward_times);
  last_time_ = time;
}

// Returns whether the record is a segment of a stream that is followed. The line of a stream is
// that of its server.
bool CaptureSource::take_segment(const Record& record) {
  codec::capture::Segment segment;
  if (codec::capture::parse_segment(record.link_type, record.data, record.original_bytes,
                                    segment) != SkipReason::none) {
    return false;
  }
  const auto payload = record.data.subspan(segment.payload_offset, segment.payload_bytes);
  std::uint16_t line = 0;
  if (SoupFlows::begins_stream(payload)) {
    line = lines_.find(segment.source);
    if (line == LineTable::kNoLine) {
      count(SourceCounter::filtered);
      return true;
    }
  }
  const SoupFlows::Taken taken = flows_.take(segment, payload, record.time_ns, line);
  if (taken == SoupFlows::Taken::no) return false;
  note_time(record.time_ns);
  count(SourceCounter::tcp_segments);
  if (taken == SoupFlows::Taken::hole) count(SourceCounter::tcp_holes);
  return true;
}

PacketBatch CaptureSource::hand_over_streams() {
  PacketBatch batch = flows_.take_batch(buffers_);
  for (const Packet& packet : batch.packets()) {
    count(SourceCounter::packets);
    count(SourceCounter::packet_bytes, packet.datagram_bytes);
  }
  count(SourceCounter::oversized,
        flows_.oversized() - std::exchange(counted_oversized_, flows_.oversized()));
  publish_counters();
  set_state(batch.empty() ? SourceState::would_block : SourceState::ready);
  return batch;
}

// Moves the undecoded bytes so that `needed` of them will fit. Returns false if they never will.
// Requires: no packet is in the buffer yet.
bool CaptureSource::make_room(std::size_t needed) noexcept {
  if (needed > capacity_ - sizeof(Packet)) return false;
  const std::size_t left = end_ - begin_;
  if (needed <= capacity_ - begin_ && left > 0) return true;
  descriptors_ = std::min(descriptors_, (capacity_ - needed) / sizeof(Packet));
  const std::size_t front = descriptors_ * sizeof(Packet);
  if (front != begin_) std::memmove(buffer_.data() + front, buffer_.data() + begin_, left);
  begin_ = front;
  end_ = front + left;
  return true;
}

PacketBatch CaptureSource::hand_over() {
  carry_bytes_ = end_ - begin_;
  std::memcpy(carry_.get(), buffer_.data() + begin_, carry_bytes_);
  choose_descriptor_limit(buffer_consumed_);
  count_oddities();
  publish_counters();
  buffer_.set_used(begin_);
  return {std::move(buffer_), std::exchange(packet_count_, 0)};
}

// Splits the next buffer so that descriptors and bytes run out at about the same time, with some
// descriptors to spare: they are cheaper than bytes that have to be carried over.
void CaptureSource::choose_descriptor_limit(std::size_t consumed) noexcept {
  const std::size_t bytes_per_packet = consumed / packet_count_ + sizeof(Packet);
  const std::size_t wanted = capacity_ / bytes_per_packet * 9 / 8;
  descriptor_limit_ = std::clamp(wanted, kMinDescriptors,
                                 std::min(kMaxDescriptors, capacity_ / 2 / sizeof(Packet)));
}

void CaptureSource::count_oddities() noexcept {
  const codec::capture::Oddities now = decoder_.oddities();
  count(SourceCounter::bad_time_fractions,
        now.time_fraction_too_large - counted_oddities_.time_fraction_too_large);
  count(SourceCounter::captured_exceeds_original,
        now.captured_exceeds_original - counted_oddities_.captured_exceeds_original);
  count(SourceCounter::interface_drops, now.interface_drops - counted_oddities_.interface_drops);
  counted_oddities_ = now;
}

// Says how the file ended, after its last packet was delivered.
void CaptureSource::conclude() {
  const std::size_t left = buffer_ ? end_ - begin_ : carry_bytes_;
  buffer_.release();
  count_oddities();
  publish_counters();
  const SourceCounters& seen = counters();
  if (decoder_.fault().kind == codec::capture::FaultKind::none && input_ == ReadState::failed) {
    fail(stream_.error().text());
  } else if (!decoder_.finish(left)) {
    const char* where =
        stream_.compression() == Compression::none ? "" : "in the decompressed data: ";
    fail(StreamError{stream_.path(), std::nullopt, where + decoder_.fault().text()}.text());
  } else if (unknown_link_type_ &&
             seen.get(SourceCounter::unknown_link_type) == seen.get(SourceCounter::records)) {
    fail(StreamError{stream_.path(), std::nullopt,
                     "link type " + std::to_string(static_cast<unsigned>(*unknown_link_type_)) +
                         " is not supported"}
             .text());
  } else {
    set_state(SourceState::ended);
  }
}

}  // namespace tapeline::net
