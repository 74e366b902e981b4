#pragma once

// Owns one buffer of one pool, or nothing. Gives the buffer back when it is destroyed.
//
// Thread safety: none; a guard has one owner at a time. It may be moved to another thread (the
//                hand-over must synchronise, as a queue does) and released there.
// Lifetime:      the buffer is valid while the guard holds it, even when the pool object is gone.
// Kinds:         guards of different kinds are different types, so a buffer can not come back to
//                a pool of another kind.
// Units:         bytes. The bytes of a fresh guard are whatever the last owner left in them.

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "pool/pool_core.hpp"
#include "pool/pool_numbers.hpp"

namespace tapeline::pool {

template <typename Kind>
class BufferPool;

template <typename Kind>
class [[nodiscard]] BufferGuard {
 public:
  BufferGuard() noexcept = default;
  [[gnu::always_inline]] ~BufferGuard() { release(); }

  BufferGuard(const BufferGuard&) = delete;
  BufferGuard& operator=(const BufferGuard&) = delete;

  BufferGuard(BufferGuard&& other) noexcept : word_{std::exchange(other.word_, 0)} {}

  // Releases what this guard held. Moving a guard to itself changes nothing.
  BufferGuard& operator=(BufferGuard&& other) noexcept {
    BufferGuard taken{std::move(other)};
    swap(taken);
    return *this;
  }

  void swap(BufferGuard& other) noexcept { std::swap(word_, other.word_); }
  friend void swap(BufferGuard& a, BufferGuard& b) noexcept { a.swap(b); }

  [[nodiscard]] explicit operator bool() const noexcept { return word_ != 0; }

  // First byte of the buffer, aligned to 64; nullptr when the guard is empty.
  [[nodiscard]] std::byte* data() const& noexcept {
    return word_ == 0 ? nullptr : buffer_of(name());
  }
  [[nodiscard]] std::size_t capacity() const noexcept {
    return word_ == 0 ? 0 : numbered_pool(name()).buffer_bytes;
  }
  // The whole buffer.
  [[nodiscard]] std::span<std::byte> bytes() const& noexcept { return {data(), capacity()}; }

  // How many bytes at the front mean something. Starts at 0, moves with the guard.
  [[nodiscard]] std::size_t used() const noexcept { return word_ >> kNameBits; }
  // Requires: used <= capacity().
  void set_used(std::size_t used) noexcept {
    assert(used <= capacity());
    word_ = std::uint64_t{used} << kNameBits | name();
  }
  [[nodiscard]] std::span<const std::byte> filled() const& noexcept { return {data(), used()}; }

  // Views of a guard that dies with the expression would dangle.
  std::byte* data() const&& = delete;
  std::span<std::byte> bytes() const&& = delete;
  std::span<const std::byte> filled() const&& = delete;

  // Gives the buffer back now. The guard is empty afterwards; an empty guard stays empty.
  [[gnu::always_inline]] void release() noexcept {
    if (word_ != 0) PoolCore::release<Kind::kPlace>(forget());
  }

 private:
  friend class BufferPool<Kind>;
  explicit BufferGuard(BufferName name) noexcept : word_{name} {}

  // Requires: empty.
  void hold(BufferName name) noexcept {
    assert(word_ == 0);
    word_ = name;
  }

  // Becomes empty and leaves the buffer to the caller. Requires: not empty.
  BufferName forget() noexcept { return static_cast<BufferName>(std::exchange(word_, 0)); }

  [[nodiscard]] BufferName name() const noexcept { return static_cast<BufferName>(word_); }

  static constexpr unsigned kNameBits = 32;

  // {used:32, name:32}; 0 when empty. One word: guards cross from thread to thread in queues, and
  // there each costs as much as a pointer.
  std::uint64_t word_ = 0;
};

}  // namespace tapeline::pool
