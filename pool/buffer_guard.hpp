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

namespace tapeline::pool {

template <typename Kind>
class BufferPool;

template <typename Kind>
class [[nodiscard]] BufferGuard {
 public:
  BufferGuard() noexcept = default;
  ~BufferGuard() { release(); }

  BufferGuard(const BufferGuard&) = delete;
  BufferGuard& operator=(const BufferGuard&) = delete;

  BufferGuard(BufferGuard&& other) noexcept
      : core_{std::exchange(other.core_, nullptr)},
        slot_{other.slot_},
        used_{std::exchange(other.used_, 0)} {}

  // Releases what this guard held. Moving a guard to itself changes nothing.
  BufferGuard& operator=(BufferGuard&& other) noexcept {
    BufferGuard taken{std::move(other)};
    swap(taken);
    return *this;
  }

  void swap(BufferGuard& other) noexcept {
    std::swap(core_, other.core_);
    std::swap(slot_, other.slot_);
    std::swap(used_, other.used_);
  }
  friend void swap(BufferGuard& a, BufferGuard& b) noexcept { a.swap(b); }

  [[nodiscard]] explicit operator bool() const noexcept { return core_ != nullptr; }

  // First byte of the buffer, aligned to 64; nullptr when the guard is empty.
  [[nodiscard]] std::byte* data() const& noexcept {
    return core_ == nullptr ? nullptr : core_->buffer(slot_);
  }
  [[nodiscard]] std::size_t capacity() const noexcept {
    return core_ == nullptr ? 0 : core_->buffer_bytes();
  }
  // The whole buffer.
  [[nodiscard]] std::span<std::byte> bytes() const& noexcept { return {data(), capacity()}; }

  // How many bytes at the front mean something. Starts at 0, moves with the guard.
  [[nodiscard]] std::size_t used() const noexcept { return used_; }
  // Requires: used <= capacity().
  void set_used(std::size_t used) noexcept {
    assert(used <= capacity());
    used_ = static_cast<std::uint32_t>(used);
  }
  [[nodiscard]] std::span<const std::byte> filled() const& noexcept { return {data(), used_}; }

  // Views of a guard that dies with the expression would dangle.
  std::byte* data() const&& = delete;
  std::span<std::byte> bytes() const&& = delete;
  std::span<const std::byte> filled() const&& = delete;

  // Gives the buffer back now. The guard is empty afterwards; an empty guard stays empty.
  void release() noexcept {
    if (PoolCore* const core = core_; core != nullptr) {
      core->template release<Kind::kPlace>(forget());
    }
  }

 private:
  friend class BufferPool<Kind>;
  BufferGuard(PoolCore* core, std::uint32_t slot) noexcept : core_{core}, slot_{slot} {}

  // Requires: empty.
  void hold(PoolCore* core, std::uint32_t slot) noexcept {
    assert(core_ == nullptr);
    core_ = core;
    slot_ = slot;
  }

  // Becomes empty and leaves the slot to the caller. Requires: not empty.
  std::uint32_t forget() noexcept {
    core_ = nullptr;
    used_ = 0;
    return slot_;
  }

  // Half a line for four of them: guards cross from thread to thread in queues.
  PoolCore* core_ = nullptr;  // alive while a guard points to it
  std::uint32_t slot_ = 0;
  std::uint32_t used_ = 0;
};

}  // namespace tapeline::pool
