#include "net/merged_source.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <functional>
#include <utility>

#include "codec/json/decoder.hpp"

namespace tapeline::net {
namespace {

using codec::json::kPaddingBytes;

constexpr std::size_t kDescriptors = 512;

}  // namespace

MergedSource::MergedSource(std::vector<MergeInput> inputs,
                           pool::BufferPool<pool::SerializationKind>& buffers)
    : inputs_{std::move(inputs)}, buffers_{buffers}, readings_(inputs_.size()) {
  assert(buffers.buffer_bytes() >= 4096);
  heap_.reserve(inputs_.size());
  starved_.reserve(inputs_.size());
}

PacketBatch MergedSource::next() {
  if (state() == SourceState::ended || state() == SourceState::failed) return {};
  set_state(SourceState::ready);
  begins_anew_ = false;
  for (;;) {
    while (starved_.empty() && heap_.empty()) {
      if (group_end_ == inputs_.size()) {
        if (packet_count_ > 0) return hand_over();
        conclude();
        return {};
      }
      open_group();
    }
    if (!fetch_all()) {
      if (packet_count_ > 0) return hand_over();
      note_counters();
      set_state(SourceState::would_block);
      return {};
    }
    while (starved_.empty() && !heap_.empty()) {
      if (is_next_alone()) {
        if (packet_count_ > 0) return hand_over();
        begins_anew_ = true;
      }
      std::pop_heap(heap_.begin(), heap_.end(), std::greater<>{});
      const std::size_t input = heap_.back().input;
      heap_.pop_back();
      if (!copy_run(input)) return hand_over();
    }
  }
}

bool MergedSource::look_ahead(std::uint16_t tag) {
  bool all = true;
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    Reading& reading = readings_[i];
    if (inputs_[i].tag != tag || reading.is_ahead) continue;
    reading.batch = inputs_[i].source->next();
    reading.is_ahead =
        !reading.batch.empty() || inputs_[i].source->state() != SourceState::would_block;
    all = all && reading.is_ahead;
  }
  return all;
}

// The next sources that are merged: one without times alone, or those with times up to the next
// one without.
void MergedSource::open_group() noexcept {
  group_begin_ = group_end_++;
  if (inputs_[group_begin_].has_times) {
    while (group_end_ < inputs_.size() && inputs_[group_end_].has_times) ++group_end_;
  }
  for (std::size_t i = group_begin_; i < group_end_; ++i) {
    starved_.push_back(static_cast<std::uint32_t>(i));
  }
}

// Returns whether the next packet of every source is known.
bool MergedSource::fetch_all() {
  std::erase_if(starved_, [this](std::uint32_t input) { return fetch(input); });
  return starved_.empty();
}

// Returns whether it is known what comes next of this source: a packet, or its end.
bool MergedSource::fetch(std::size_t input) {
  Reading& reading = readings_[input];
  if (!std::exchange(reading.is_ahead, false)) {
    reading.batch = {};  // the buffer goes home first: the source needs one
    reading.at = 0;
    reading.batch = inputs_[input].source->next();
  }
  if (!reading.batch.empty()) {
    push(input);
    return true;
  }
  const PullSource& source = *inputs_[input].source;
  if (source.state() == SourceState::would_block) return false;
  reading.ended = true;
  if (reading.begun) --running_;
  if (source.state() == SourceState::failed) errors_.push_back(source.error());
  return true;
}

void MergedSource::push(std::size_t input) {
  heap_.push_back({readings_[input].head().rx_time, static_cast<std::uint32_t>(input)});
  std::push_heap(heap_.begin(), heap_.end(), std::greater<>{});
}

// Copies the packets of a source that come before those of all others. Returns false, with the
// source in its place again, when the batch is full or there is no buffer for it.
bool MergedSource::copy_run(std::size_t input) {
  Reading& reading = readings_[input];
  const std::span<const Packet> packets = reading.batch.packets();
  do {
    const Packet& packet = packets[reading.at];
    if (!copy(packet, line_of(input, packet.line))) {
      push(input);
      return false;
    }
    if (!std::exchange(reading.begun, true)) ++running_;
    any_begun_ = true;
    if (++reading.at == packets.size()) {
      starved_.push_back(static_cast<std::uint32_t>(input));
      return true;
    }
  } while (heap_.empty() ||
           heap_.front() > Head{packets[reading.at].rx_time, static_cast<std::uint32_t>(input)});
  push(input);
  return true;
}

// Takes a buffer for a batch that begins with `packet`. Returns false if there is none.
bool MergedSource::begin_batch(const Packet& packet) {
  buffer_ = buffers_.try_acquire();
  if (!buffer_) return false;
  const std::size_t room = buffer_.capacity() - kPaddingBytes;
  // A packet that filled the buffer of its source fits behind fewer descriptors.
  descriptors_ = std::min(kDescriptors, buffer_.capacity() / 4 / sizeof(Packet));
  if (packet.datagram_bytes < room) {
    const std::size_t fitting = (room - packet.datagram_bytes) / sizeof(Packet);
    descriptors_ = std::min(descriptors_, std::max<std::size_t>(fitting, 1));
  }
  buffer_end_ = descriptors_ * sizeof(Packet);
  packet_count_ = 0;
  return true;
}

// Returns false if there is no room in this batch, or no buffer for it.
bool MergedSource::copy(const Packet& packet, std::uint16_t line) {
  if (!buffer_ && !begin_batch(packet)) return false;
  if (packet_count_ == descriptors_ || large_.data() != nullptr) return false;
  const std::size_t room = buffer_.capacity() - kPaddingBytes - buffer_end_;
  if (packet.datagram_bytes > room) {
    if (packet_count_ > 0) return false;
    copy_large(packet, line);
    return true;
  }
  std::byte* const to = buffer_.data() + buffer_end_;
  std::memcpy(to, packet.datagram, packet.datagram_bytes);
  Packet& copied = *packet_slot(buffer_, packet_count_++);
  copied = packet;
  copied.datagram = to;
  copied.line = line;
  buffer_end_ += packet.datagram_bytes;
  return true;
}

// Requires: the batch is empty. Without memory the packet is counted and lost.
void MergedSource::copy_large(const Packet& packet, std::uint16_t line) {
  large_ = LargeBytes{packet.datagram_bytes + kPaddingBytes, large_bytes_};
  if (large_.data() == nullptr) return count(SourceCounter::oversized);
  std::memcpy(large_.data(), packet.datagram, packet.datagram_bytes);
  std::memset(large_.data() + packet.datagram_bytes, 0, kPaddingBytes);
  Packet& copied = *packet_slot(buffer_, packet_count_++);
  copied = packet;
  copied.datagram = large_.data();
  copied.line = line;
}

std::uint16_t MergedSource::line_of(std::size_t input, std::uint16_t line) {
  std::vector<std::uint16_t>& known = readings_[input].line_of;
  if (line >= known.size()) known.resize(std::size_t{line} + 1, LineTable::kNoLine);
  if (known[line] != LineTable::kNoLine) return known[line];

  const std::span<const SourceLine> theirs = inputs_[input].source->lines();
  const auto named = std::find_if(theirs.begin(), theirs.end(),
                                  [line](const SourceLine& source) { return source.line == line; });
  SourceLine ours{named == theirs.end() ? codec::capture::Endpoint{} : named->destination, 0};
  const std::uint16_t tag = inputs_[input].tag;
  const SourceLine* of_tag = nullptr;
  for (const SourceLine& other : lines_) {
    if (tags_[other.line] != tag) continue;
    if (other.destination == ours.destination) return known[line] = other.line;
    of_tag = &other;
  }
  // Beyond the bound a destination shares the last line of its tag.
  if (lines_.size() >= LineTable::kMaxLines && of_tag != nullptr) {
    return known[line] = of_tag->line;
  }
  ours.line = static_cast<std::uint16_t>(lines_.size());
  lines_.push_back(ours);
  tags_.push_back(tag);
  return known[line] = ours.line;
}

PacketBatch MergedSource::hand_over() {
  note_counters();
  if (packet_count_ == 0) {  // no buffer in the pool
    set_state(SourceState::would_block);
    return {};
  }
  buffer_.set_used(buffer_end_);
  return {std::move(buffer_), std::exchange(packet_count_, 0), std::move(large_)};
}

void MergedSource::note_counters() {
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    for (std::size_t counter = 0; counter < kSourceCounterCount; ++counter) {
      const auto which = static_cast<SourceCounter>(counter);
      const std::uint64_t now = inputs_[i].source->counters().get(which);
      count(which, now - std::exchange(readings_[i].counted[counter], now));
    }
  }
  publish_counters();
}

void MergedSource::conclude() {
  note_counters();
  if (errors_.empty()) return set_state(SourceState::ended);
  fail(errors_.front());
}

std::uint64_t MergedSource::bytes_read() const noexcept {
  std::uint64_t sum = 0;
  for (const MergeInput& input : inputs_) sum += input.source->bytes_read();
  return sum;
}

std::optional<std::uint64_t> MergedSource::size_bytes() const noexcept {
  std::uint64_t sum = 0;
  for (const MergeInput& input : inputs_) {
    const auto size = input.source->size_bytes();
    if (!size) return std::nullopt;
    sum += *size;
  }
  return sum;
}

}  // namespace tapeline::net
