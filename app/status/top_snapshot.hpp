#pragma once

// The most active instruments of a channel, handed from the feed thread to the status thread
// without a lock: atomic words under a sequence number that is odd while they change.
//
// Thread safety: one thread publishes, any number read.
// Progress:      publish() is wait-free; read() gives up after a bounded number of attempts.
// Ownership:     holds a copy; memory is fixed when it is made.

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

#include "pool/buffer_pool.hpp"

namespace tapeline::status {

// Prices are in units of the instrument's currency; NaN where there is none.
struct TopInstrument {
  std::array<char, 32> symbol{};  // padded with zeros
  std::uint64_t volume = 0;       // in units of 10^-size_decimals
  std::uint64_t trades = 0;
  double vwap = std::numeric_limits<double>::quiet_NaN();
  double last = std::numeric_limits<double>::quiet_NaN();
  double bid = std::numeric_limits<double>::quiet_NaN();
  double ask = std::numeric_limits<double>::quiet_NaN();
  std::uint8_t price_decimals = 4;  // that prices are told with
  std::uint8_t size_decimals = 0;
  std::array<std::uint8_t, 6> unused{};  // named, so that every byte of an entry is of a value

  // Cuts what is longer than the field.
  void set_symbol(std::string_view text) noexcept {
    symbol.fill('\0');
    std::copy_n(text.begin(), std::min(text.size(), symbol.size()), symbol.begin());
  }
  [[nodiscard]] std::string_view symbol_text() const noexcept {
    const auto end = std::find(symbol.begin(), symbol.end(), '\0');
    return {symbol.data(), static_cast<std::size_t>(end - symbol.begin())};
  }
};
static_assert(std::is_trivially_copyable_v<TopInstrument> && sizeof(TopInstrument) == 88);

class TopSnapshot {
 public:
  static constexpr std::size_t kMaxInstruments = 32;

  // Replaces what was published before; entries past kMaxInstruments are left out.
  void publish(std::span<const TopInstrument> top) noexcept {
    const std::size_t count = std::min(top.size(), kMaxInstruments);
    const std::uint64_t sequence = sequence_.load(std::memory_order_relaxed);  // the only writer
    sequence_.store(sequence + 1, std::memory_order_relaxed);
    // Release on each word: whoever sees the word also sees the odd sequence before it.
    count_.store(count, std::memory_order_release);
    for (std::size_t i = 0; i < count; ++i) {
      const auto words = std::bit_cast<EntryWords>(top[i]);
      for (std::size_t w = 0; w < words.size(); ++w) {
        words_[i * words.size() + w].store(words[w], std::memory_order_release);
      }
    }
    // Release: whoever sees the even sequence sees every word of this round.
    sequence_.store(sequence + 2, std::memory_order_release);
  }

  // Replaces `top` by what was published last. Returns false, and leaves `top` alone, when the
  // publisher was busy at every attempt.
  [[nodiscard]] bool read(std::vector<TopInstrument>& top) const {
    constexpr int kAttempts = 1000;
    std::array<TopInstrument, kMaxInstruments> copy{};
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
      std::size_t count = 0;
      if (copy_once(copy, count)) {
        top.assign(copy.begin(), copy.begin() + static_cast<std::ptrdiff_t>(count));
        return true;
      }
    }
    return false;
  }

 private:
  using EntryWords = std::array<std::uint64_t, sizeof(TopInstrument) / sizeof(std::uint64_t)>;

  bool copy_once(std::array<TopInstrument, kMaxInstruments>& copy,
                 std::size_t& count) const noexcept {
    // Acquire: pairs with the release of the even sequence.
    const std::uint64_t before = sequence_.load(std::memory_order_acquire);
    if ((before & 1U) != 0) return false;
    // Acquire on each word keeps the second look at the sequence behind all of them.
    count = std::min<std::size_t>(count_.load(std::memory_order_acquire), kMaxInstruments);
    for (std::size_t i = 0; i < count; ++i) {
      EntryWords words{};
      for (std::size_t w = 0; w < words.size(); ++w) {
        words[w] = words_[i * words.size() + w].load(std::memory_order_acquire);
      }
      copy[i] = std::bit_cast<TopInstrument>(words);
    }
    return sequence_.load(std::memory_order_relaxed) == before;
  }

  alignas(pool::kCacheLineBytes) std::atomic<std::uint64_t> sequence_{0};
  std::atomic<std::uint64_t> count_{0};
  std::array<std::atomic<std::uint64_t>, kMaxInstruments * std::tuple_size_v<EntryWords>> words_{};
};

}  // namespace tapeline::status
