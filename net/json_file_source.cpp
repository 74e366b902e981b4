#include "net/json_file_source.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <new>
#include <string_view>
#include <utility>

#include "codec/json/decoder.hpp"
#include "codec/json/recorded_line.hpp"

namespace tapeline::net {
namespace {

constexpr std::size_t kPaddingBytes = codec::json::kPaddingBytes;
constexpr std::size_t kStagedBytes = std::size_t{256} * 1024;

[[nodiscard]] std::string_view text_of(std::span<const std::byte> bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

bool JsonFileSource::recognises(std::span<const std::byte> first) noexcept {
  std::string_view text = text_of(first);
  text.remove_prefix(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
  if (text.empty()) return false;
  if (text.front() == '{' || text.front() == '[') return true;
  for (const std::string_view scheme : {"wss://", "ws://", "https://", "http://"}) {
    if (text.starts_with(scheme)) return true;
  }
  // A time, up to where it ends or the eyes do.
  const std::size_t digits = text.find_first_not_of("0123456789.");
  if (digits == 0) return false;
  if (digits == std::string_view::npos) return text.size() >= 8;
  return text[digits] == ' ' || text[digits] == ':';
}

JsonFileSource::JsonFileSource(ByteStream stream,
                               pool::BufferPool<pool::SerializationKind>& buffers,
                               const JsonFileConfig& config)
    : stream_{std::move(stream)},
      buffers_{buffers},
      config_{config},
      staged_{std::make_unique<std::byte[]>(kStagedBytes)},
      staged_bytes_{kStagedBytes},
      large_bytes_{std::make_shared<std::atomic<std::size_t>>(0)} {
  assert(buffers.buffer_bytes() >= 4096);
}

PacketBatch JsonFileSource::next() {
  if (state() == SourceState::ended || state() == SourceState::failed) return {};
  if (!buffer_) {
    buffer_ = buffers_.try_acquire();
    if (!buffer_) {
      set_state(SourceState::would_block);
      return {};
    }
    begin_buffer();
  }
  set_state(SourceState::ready);
  const Stop stop = pack();
  PacketBatch batch;
  if (packet_count_ > 0) {
    batch = hand_over();
  } else if (stop == Stop::large_line) {
    batch = take_large();
    if (batch.empty()) set_state(SourceState::would_block);
  } else if (is_drained()) {
    conclude();
  } else {
    set_state(SourceState::would_block);
  }
  publish_counters();
  return batch;
}

void JsonFileSource::begin_buffer() noexcept {
  packet_count_ = 0;
  descriptors_ = buffer_.capacity() / 16 / sizeof(Packet);
  buffer_end_ = descriptors_ * sizeof(Packet);
}

// Copies lines into the buffer while they fit.
JsonFileSource::Stop JsonFileSource::pack() {
  const std::size_t first = descriptors_ * sizeof(Packet);
  const std::size_t room = buffer_.capacity() - first - kPaddingBytes;
  while (packet_count_ < descriptors_) {
    const std::optional<std::span<const std::byte>> line = staged_line();
    if (!line) {
      if (!refill()) return Stop::no_bytes;
      continue;
    }
    if (line->size() > room) return Stop::large_line;
    if (buffer_end_ - first + line->size() > room) return Stop::buffer_full;
    std::byte* const to = buffer_.data() + buffer_end_;
    std::memcpy(to, line->data(), line->size());
    buffer_end_ += line->size();
    consume(line->size());
    describe({to, line->size()}, packet_count_++);
  }
  return Stop::buffer_full;
}

// Leaves staged_begin_ at the first byte of the line that it returns.
std::optional<std::span<const std::byte>> JsonFileSource::staged_line() noexcept {
  for (;;) {
    const std::byte* const begin = staged_.get() + staged_begin_;
    const std::byte* const searched = staged_.get() + searched_end_;
    const auto* newline =
        static_cast<const std::byte*>(std::memchr(searched, '\n', staged_end_ - searched_end_));
    if (newline == nullptr) {
      searched_end_ = staged_end_;
      const bool is_last = is_drained() && staged_begin_ < staged_end_ && !skipping_;
      if (!is_last) return std::nullopt;
      newline = staged_.get() + staged_end_;
    }
    const auto bytes = static_cast<std::size_t>(newline - begin);
    const std::size_t without_return =
        bytes > 0 && begin[bytes - 1] == std::byte{'\r'} ? bytes - 1 : bytes;
    if (!skipping_ && without_return > 0 && bytes <= config_.max_line_bytes) {
      searched_end_ = staged_begin_ + bytes;
      return std::span<const std::byte>{begin, without_return};
    }
    if (!skipping_ && without_return > 0) count(SourceCounter::oversized);
    skipping_ = false;
    staged_begin_ = searched_end_ = std::min(staged_begin_ + bytes + 1, staged_end_);
  }
}

// What is left of the line, its end, is an empty line to come.
void JsonFileSource::consume(std::size_t line_bytes) noexcept {
  staged_begin_ += line_bytes;
  searched_end_ = staged_begin_;
}

void JsonFileSource::describe(std::span<const std::byte> line, std::size_t packet) noexcept {
  const UnixNanos time = codec::json::parse_recorded_line(text_of(line)).receive_time_ns;
  if (time != 0) {
    if (time < last_time_) count(SourceCounter::backward_times);
    last_time_ = time;
  }
  const auto bytes = static_cast<std::uint32_t>(line.size());
  *packet_slot(buffer_, packet) = {.datagram = line.data(),
                                   .rx_time = last_time_,
                                   .datagram_bytes = bytes,
                                   .payload_bytes = bytes,
                                   .payload_offset = 0,
                                   .line = 0,
                                   .lost_bytes = 0};
  count(SourceCounter::records);
  count(SourceCounter::record_bytes, bytes);
  count(SourceCounter::packets);
  count(SourceCounter::packet_bytes, bytes);
}

// Requires: a staged line that does not fit into the buffer, and no packet in the buffer.
PacketBatch JsonFileSource::take_large() {
  const std::optional<std::span<const std::byte>> line = staged_line();
  assert(line.has_value());
  const std::size_t bytes = line->size() + kPaddingBytes;
  // relaxed: a bound, nothing is ordered by it.
  const std::size_t held = large_bytes_->load(std::memory_order_relaxed);
  if (held != 0 && held + bytes > config_.max_large_bytes) return {};
  LargeBytes memory{bytes, large_bytes_};
  if (memory.data() == nullptr) {
    count(SourceCounter::oversized);
    consume(line->size());
    return {};
  }
  std::memcpy(memory.data(), line->data(), line->size());
  std::memset(memory.data() + line->size(), 0, kPaddingBytes);
  const std::span<const std::byte> copy{memory.data(), line->size()};
  consume(line->size());
  describe(copy, 0);
  count(SourceCounter::large_records);
  buffer_.set_used(sizeof(Packet));
  return {std::move(buffer_), 1, std::move(memory)};
}

// Returns false if no byte came in.
bool JsonFileSource::refill() {
  if (is_drained()) return false;
  const std::size_t left = staged_end_ - staged_begin_;
  if (skipping_ || (left > config_.max_line_bytes && searched_end_ == staged_end_)) {
    if (!skipping_) count(SourceCounter::oversized);
    skipping_ = true;
    staged_begin_ = staged_end_ = searched_end_ = 0;
  } else {
    std::memmove(staged_.get(), staged_.get() + staged_begin_, left);
    searched_end_ -= staged_begin_;
    staged_begin_ = 0;
    staged_end_ = left;
    if (left == staged_bytes_ && !grow_staged()) {
      count(SourceCounter::oversized);
      skipping_ = true;
      staged_end_ = searched_end_ = 0;
    }
  }
  const ReadResult result =
      stream_.read({staged_.get() + staged_end_, staged_bytes_ - staged_end_});
  staged_end_ += result.count;
  input_ = result.state;
  return result.count > 0 || is_drained();
}

// A line is longer than the memory. Returns false when there is no more.
bool JsonFileSource::grow_staged() {
  const std::size_t bytes = staged_bytes_ * 2;
  std::unique_ptr<std::byte[]> larger{new (std::nothrow) std::byte[bytes]};
  if (larger == nullptr) return false;
  std::memcpy(larger.get(), staged_.get(), staged_end_);
  staged_ = std::move(larger);
  staged_bytes_ = bytes;
  return true;
}

PacketBatch JsonFileSource::hand_over() {
  buffer_.set_used(std::min(buffer_end_ + kPaddingBytes, buffer_.capacity()));
  return {std::move(buffer_), std::exchange(packet_count_, 0)};
}

void JsonFileSource::conclude() {
  buffer_.release();
  if (input_ == ReadState::failed) return fail(stream_.error().text());
  set_state(SourceState::ended);
}

}  // namespace tapeline::net
