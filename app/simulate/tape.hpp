#pragma once

// The messages that have been made and not yet been taken, with the clock and the numbers that
// they carry. Each message is counted in the ledger as it is made.
//
// Thread safety: none.
// Units:         nanoseconds since midnight.

#include <algorithm>
#include <array>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "app/simulate/ledger.hpp"
#include "codec/itch/encoder.hpp"

namespace tapeline::simulate {

class Tape {
 public:
  // Messages that fit; the generator takes all before it makes more.
  static constexpr std::size_t kCapacity = 64;

  // `ledger` is not owned and must outlive this.
  explicit Tape(Ledger& ledger) noexcept : ledger_{ledger} {}

  // Makes one message. `encode(out, prefix)` writes it and returns its length; `locate` is 0 for
  // the market as a whole. Requires: pending() < kCapacity.
  template <typename Encode>
  void put(char type, std::uint16_t locate, Encode&& encode) {
    assert(count_ < kCapacity);
    Cell& cell = cells_[count_++];
    const codec::itch::Prefix prefix{codec::itch::Locate{locate}, tracking_, now_ns_};
    cell.bytes = encode(std::span<std::byte>{cell.data}, prefix);
    cell.time_ns = now_ns_;
    ledger_.count(type, locate, now_ns_);
    ++made_;
    ++tracking_;
  }

  // Copies the oldest message to `out` and returns its length, 0 if there is none.
  // Requires: out.size() >= codec::itch::kMaxMessageBytes.
  std::size_t take(std::span<std::byte> out) noexcept {
    if (taken_ == count_) return 0;
    const Cell& cell = cells_[taken_++];
    assert(out.size() >= cell.bytes);
    std::memcpy(out.data(), cell.data.data(), cell.bytes);
    taken_time_ns_ = cell.time_ns;
    if (taken_ == count_) taken_ = count_ = 0;
    return cell.bytes;
  }

  [[nodiscard]] std::size_t pending() const noexcept { return count_ - taken_; }
  [[nodiscard]] std::uint64_t made() const noexcept { return made_; }
  [[nodiscard]] std::uint64_t taken_time_ns() const noexcept { return taken_time_ns_; }

  [[nodiscard]] std::uint64_t now_ns() const noexcept { return now_ns_; }
  // The clock never goes back, and advance() never takes it past the limit.
  void set_time(std::uint64_t time_ns) noexcept { now_ns_ = std::max(now_ns_, time_ns); }
  void set_limit(std::uint64_t limit_ns) noexcept { limit_ns_ = std::max(now_ns_, limit_ns); }
  void advance(std::uint64_t by_ns) noexcept {
    now_ns_ = std::min(now_ns_ + by_ns, std::max(now_ns_, limit_ns_));
  }
  [[nodiscard]] std::uint64_t time_left_ns() const noexcept {
    return limit_ns_ > now_ns_ ? limit_ns_ - now_ns_ : 0;
  }

  // Tracking numbers count the messages of one burst.
  void start_burst() noexcept { tracking_ = 0; }

 private:
  struct Cell {
    std::array<std::byte, codec::itch::kMaxMessageBytes> data;
    std::size_t bytes;
    std::uint64_t time_ns;
  };

  Ledger& ledger_;  // not owned
  std::array<Cell, kCapacity> cells_{};
  std::size_t count_ = 0;
  std::size_t taken_ = 0;
  std::uint64_t made_ = 0;
  std::uint64_t now_ns_ = 0;
  std::uint64_t limit_ns_ = 0;
  std::uint64_t taken_time_ns_ = 0;
  std::uint16_t tracking_ = 0;
};

}  // namespace tapeline::simulate
