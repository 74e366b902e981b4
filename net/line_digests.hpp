#pragma once

// Digests of the messages that came last, by sequence number: a later copy with other bytes shows.
//
// A digest is the CRC-32C of the message, begun with its length (SSE4.2). Two different messages
// agree by chance once in four thousand millions. A slot is named by the low bits of the number
// and carries 32 bits of it, so it never answers for another number of the same window.
//
// Thread safety: none; belongs to one sequencer.

#include <nmmintrin.h>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

namespace tapeline::net {

class LineDigests {
 public:
  // Remembers `window` messages, rounded up to a power of two. 0: none, and no call is allowed
  // but enabled() and clear().
  explicit LineDigests(std::size_t window)
      : slots_(window == 0 ? 0 : std::bit_ceil(window)), mask_{slots_.size() - 1} {}

  [[nodiscard]] bool enabled() const noexcept { return !slots_.empty(); }

  void note(std::uint64_t sequence, std::span<const std::byte> message) noexcept {
    slots_[index(sequence)] = tagged(sequence, digest(message));
  }

  [[nodiscard]] bool knows(std::uint64_t sequence) const noexcept {
    return slots_[index(sequence)] >> 32U == (sequence & kLow);
  }

  // Whether `message` is another one than the one remembered. Requires: knows(sequence).
  [[nodiscard]] bool differs(std::uint64_t sequence,
                             std::span<const std::byte> message) const noexcept {
    return slots_[index(sequence)] != tagged(sequence, digest(message));
  }

  void clear() noexcept { std::fill(slots_.begin(), slots_.end(), 0); }

  // Reads eight bytes at a time, the last eight again where the length is no multiple of eight.
  [[nodiscard]] static std::uint32_t digest(std::span<const std::byte> message) noexcept {
    const std::byte* at = message.data();
    std::uint64_t crc = _mm_crc32_u32(~0U, static_cast<std::uint32_t>(message.size()));
    if (message.size() < sizeof(std::uint64_t)) return short_digest(crc, message);
    const std::byte* const last = at + message.size() - sizeof(std::uint64_t);
    for (; at < last; at += sizeof(std::uint64_t)) crc = _mm_crc32_u64(crc, load(at));
    return static_cast<std::uint32_t>(_mm_crc32_u64(crc, load(last)));
  }

 private:
  static constexpr std::uint64_t kLow = 0xFFFF'FFFF;

  [[nodiscard]] static std::uint32_t short_digest(std::uint64_t crc,
                                                  std::span<const std::byte> message) noexcept {
    std::uint64_t bytes = 0;
    if (!message.empty()) std::memcpy(&bytes, message.data(), message.size());
    return static_cast<std::uint32_t>(_mm_crc32_u64(crc, bytes));
  }
  // The order of bytes does not matter here: digests never leave the process.
  [[nodiscard]] static std::uint64_t load(const std::byte* at) noexcept {
    std::uint64_t value;
    std::memcpy(&value, at, sizeof value);
    return value;
  }
  [[nodiscard]] static std::uint64_t tagged(std::uint64_t sequence, std::uint32_t crc) noexcept {
    return sequence << 32U | crc;
  }
  [[nodiscard]] std::size_t index(std::uint64_t sequence) const noexcept {
    return static_cast<std::size_t>(sequence) & mask_;
  }

  std::vector<std::uint64_t> slots_;
  std::size_t mask_;
};

}  // namespace tapeline::net
