#pragma once

// Cuts a TCP stream into messages where they lie. The stream comes in stretches, as they were
// read into pooled buffers; only a message that goes on in the next stretch is copied, into one
// buffer that the framer holds for it.
//
// LengthFramer: each message stands behind its length, 16 or 32 bits, big endian. A length out of
// bounds is damage: where the next message begins is not known, so the stream has to be closed.
// LineFramer:   each message ends with a newline. A line that is too long is passed over. Lines
// that are longer than a buffer of the pool can be allowed: they are put together in memory of the
// framer's own, which grows to the longest that came.
//
// How the stream was cut into stretches makes no difference to the messages.
//
// Thread safety: one thread; counters may be read by any.
// Lifetime:      a message is valid during the call that gets it. At least kReadablePastEnd bytes
//                behind it may be read if that is true of the stretches.
// Errors:        constructors throw std::invalid_argument if a message does not fit into a buffer
//                of the pool, std::runtime_error if the pool is empty.

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>

#include "codec/bytes.hpp"
#include "pool/buffer_pool.hpp"
#include "pool/counter.hpp"

namespace tapeline::net {

// What parsers that read in wide steps want (simdjson: 64).
inline constexpr std::size_t kReadablePastEnd = 64;

enum class FramerStatus : std::uint8_t {
  ok,         // all of the stretch is used
  stopped,    // the callee said so; reset() before the next stretch
  malformed,  // a length out of bounds; reset() before the next stretch
};

struct FramerCounters {
  pool::Counter carried;    // messages that were cut by the end of a stretch
  pool::Counter malformed;  // lengths out of bounds, lines that were too long
  pool::Counter cut_short;  // messages that were never finished
  pool::Counter large;      // of the carried ones: put together outside of the pool
};

// The front of a message whose end is not there yet.
class StreamCarry {
 public:
  using SerializationPool = pool::BufferPool<pool::SerializationKind>;

  // Throws as stated above.
  StreamCarry(SerializationPool& pool, std::size_t max_bytes);

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] const std::byte* data() const noexcept { return buffer_.data(); }
  void clear() noexcept { size_ = 0; }

  // Requires: never more than max_bytes in all.
  void append(const std::byte* from, std::size_t count) noexcept {
    assert(size_ + count + kReadablePastEnd <= buffer_.capacity());
    if (count > 0) std::memcpy(buffer_.data() + size_, from, count);
    size_ += count;
  }

  // Appends from [at, end) until there are `wanted` bytes, and moves `at` behind what was taken.
  // Returns whether they are there.
  [[nodiscard]] bool fill_to(std::size_t wanted, const std::byte*& at,
                             const std::byte* end) noexcept {
    if (size_ >= wanted) return true;
    const auto there = static_cast<std::size_t>(end - at);
    const std::size_t count = there < wanted - size_ ? there : wanted - size_;
    append(at, count);
    at += count;
    return size_ >= wanted;
  }

 private:
  pool::SerializationGuard buffer_;
  std::size_t size_ = 0;
};

struct LengthFraming {
  std::size_t min_bytes = 0;  // of a message, without its length
  std::size_t max_bytes = 0xFFFF;
};

template <typename Length>
class LengthFramer {
 public:
  LengthFramer(const LengthFraming& framing, StreamCarry::SerializationPool& pool)
      : framing_{framing}, carry_{pool, sizeof(Length) + framing.max_bytes} {}

  // Calls fn(std::span<const std::byte> message) for each message that is complete; fn returns
  // whether to go on.
  template <typename Fn>
  [[nodiscard]] FramerStatus feed(std::span<const std::byte> stretch, Fn&& fn) {
    const std::byte* at = stretch.data();
    const std::byte* const end = at + stretch.size();
    if (carry_.size() > 0) {
      const FramerStatus status = finish_carried(at, end, fn);
      if (status != FramerStatus::ok || carry_.size() > 0) return status;
    }
    for (;;) {
      const auto left = static_cast<std::size_t>(end - at);
      if (left < sizeof(Length)) break;
      const std::size_t length = codec::load_be<Length>(at);
      if (is_out_of_bounds(length)) [[unlikely]]
        return damage();
      if (length > left - sizeof(Length)) break;
      at += sizeof(Length);
      const std::span<const std::byte> message{at, length};
      at += length;
      if (!fn(message)) [[unlikely]]
        return FramerStatus::stopped;
    }
    carry_.append(at, static_cast<std::size_t>(end - at));
    return FramerStatus::ok;
  }

  // Forgets the unfinished message: another stream begins.
  void reset() noexcept {
    if (carry_.size() > 0) counters_.cut_short.add(1);
    carry_.clear();
  }

  [[nodiscard]] std::size_t carried_bytes() const noexcept { return carry_.size(); }
  [[nodiscard]] const FramerCounters& counters() const noexcept { return counters_; }

 private:
  [[nodiscard]] bool is_out_of_bounds(std::size_t length) const noexcept {
    return length < framing_.min_bytes || length > framing_.max_bytes;
  }

  FramerStatus damage() noexcept {
    counters_.malformed.add(1);
    carry_.clear();
    return FramerStatus::malformed;
  }

  template <typename Fn>
  [[nodiscard]] FramerStatus finish_carried(const std::byte*& at, const std::byte* end, Fn& fn) {
    if (!carry_.fill_to(sizeof(Length), at, end)) return FramerStatus::ok;
    const std::size_t length = codec::load_be<Length>(carry_.data());
    if (is_out_of_bounds(length)) return damage();
    if (!carry_.fill_to(sizeof(Length) + length, at, end)) return FramerStatus::ok;
    counters_.carried.add(1);
    const bool go_on = fn(std::span<const std::byte>{carry_.data() + sizeof(Length), length});
    carry_.clear();
    return go_on ? FramerStatus::ok : FramerStatus::stopped;
  }

  LengthFraming framing_;
  StreamCarry carry_;
  FramerCounters counters_;
};

struct LineFraming {
  std::size_t max_bytes = 0xFFFF;  // of a line without its newline
  // Lines from there up to this length are put together outside of the pool; 0: passed over.
  std::size_t max_large_bytes = 0;
};

// The front of a line whose end is not there yet.
class LineCarry {
 public:
  // Throws as stated above.
  LineCarry(StreamCarry::SerializationPool& pool, const LineFraming& framing);

  [[nodiscard]] std::size_t size() const noexcept { return large_size_ + pooled_.size(); }
  [[nodiscard]] bool is_large() const noexcept { return large_size_ != 0; }
  [[nodiscard]] std::span<const std::byte> bytes() const noexcept {
    if (is_large()) return {large_.get(), large_size_};
    return {pooled_.data(), pooled_.size()};
  }
  void clear() noexcept {
    pooled_.clear();
    large_size_ = 0;
  }
  // Returns false, and changes nothing, when the line would be too long or there is no memory.
  [[nodiscard]] bool append(std::span<const std::byte> piece) noexcept;

 private:
  [[nodiscard]] bool reserve_large(std::size_t bytes) noexcept;

  LineFraming framing_;
  StreamCarry pooled_;
  std::unique_ptr<std::byte[]> large_;
  std::size_t large_capacity_ = 0;
  std::size_t large_size_ = 0;  // 0: the bytes are in the pooled buffer
};

class LineFramer {
 public:
  LineFramer(const LineFraming& framing, StreamCarry::SerializationPool& pool)
      : max_bytes_{std::max(framing.max_bytes, framing.max_large_bytes)}, carry_{pool, framing} {}

  // Calls fn(std::span<const std::byte> line) for each line that is complete, without the newline
  // and a carriage return before it; empty lines are passed over. fn returns whether to go on.
  template <typename Fn>
  [[nodiscard]] FramerStatus feed(std::span<const std::byte> stretch, Fn&& fn) {
    const std::byte* at = stretch.data();
    const std::byte* const end = at + stretch.size();
    while (at != end) {
      const auto left = static_cast<std::size_t>(end - at);
      const auto* const newline = static_cast<const std::byte*>(std::memchr(at, '\n', left));
      if (newline == nullptr) {
        keep({at, left});
        break;
      }
      const std::span<const std::byte> piece{at, newline};
      at = newline + 1;
      if (!end_line(piece, fn)) return FramerStatus::stopped;
    }
    return FramerStatus::ok;
  }

  // Forgets the unfinished line: another stream begins.
  void reset() noexcept {
    if (carry_.size() > 0) counters_.cut_short.add(1);
    carry_.clear();
    skipping_ = false;
  }

  [[nodiscard]] std::size_t carried_bytes() const noexcept { return carry_.size(); }
  [[nodiscard]] const FramerCounters& counters() const noexcept { return counters_; }

 private:
  // `piece` is the last of a line.
  template <typename Fn>
  [[nodiscard]] bool end_line(std::span<const std::byte> piece, Fn& fn) {
    if (skipping_) {
      skipping_ = false;
      return true;
    }
    if (carry_.size() == 0 && piece.size() <= max_bytes_) return deliver(piece, fn);
    if (piece.size() > max_bytes_ || !carry_.append(piece)) {
      counters_.malformed.add(1);
      carry_.clear();
      return true;
    }
    counters_.carried.add(1);
    if (carry_.is_large()) counters_.large.add(1);
    const bool go_on = deliver(carry_.bytes(), fn);
    carry_.clear();
    return go_on;
  }

  template <typename Fn>
  [[nodiscard]] static bool deliver(std::span<const std::byte> line, Fn& fn) {
    if (!line.empty() && line.back() == std::byte{'\r'}) line = line.first(line.size() - 1);
    return line.empty() || fn(line);
  }

  // `piece` has no newline.
  void keep(std::span<const std::byte> piece) noexcept {
    if (skipping_) return;
    if (carry_.append(piece)) return;
    counters_.malformed.add(1);
    carry_.clear();
    skipping_ = true;
  }

  std::size_t max_bytes_;
  LineCarry carry_;
  bool skipping_ = false;  // the line that is too long has not ended yet
  FramerCounters counters_;
};

}  // namespace tapeline::net
