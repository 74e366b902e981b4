#pragma once

// Characters on their way to a file: numbers, decimals and times are written into one growing
// piece of memory without a call per character.
//
// Thread safety: none.
// Allocation:    only when ensure() asks for more than there ever was.

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>

namespace tapeline::decode {

class TextBuffer {
 public:
  explicit TextBuffer(std::size_t bytes)
      : memory_{std::make_unique_for_overwrite<char[]>(bytes)},
        at_{memory_.get()},
        end_{memory_.get() + bytes} {}

  [[nodiscard]] std::size_t size() const noexcept {
    return static_cast<std::size_t>(at_ - memory_.get());
  }
  [[nodiscard]] std::string_view view() const noexcept { return {memory_.get(), size()}; }
  void clear() noexcept { at_ = memory_.get(); }

  // Makes room for `bytes` more. All that follow require that there is room.
  void ensure(std::size_t bytes) {
    if (static_cast<std::size_t>(end_ - at_) < bytes) [[unlikely]]
      grow(bytes);
  }

  void put(char letter) noexcept { *at_++ = letter; }
  void put(std::string_view text) noexcept {
    std::memcpy(at_, text.data(), text.size());
    at_ += text.size();
  }
  void fill(char letter, std::size_t count) noexcept {
    std::memset(at_, letter, count);
    at_ += count;
  }

  static constexpr std::size_t kMaxNumberBytes = 20;
  void put_number(std::uint64_t value) noexcept {
    at_ = std::to_chars(at_, at_ + kMaxNumberBytes, value).ptr;
  }
  // The last `count` digits of `value`, with zeros in front. Requires: count <= 20.
  void put_digits(std::uint64_t value, std::size_t count) noexcept {
    char* to = at_ + count;
    at_ = to;
    for (; count >= 2; count -= 2) {
      to -= 2;
      std::memcpy(to, &kPairs[(value % 100) * 2], 2);
      value /= 100;
    }
    if (count == 1) *--to = static_cast<char>('0' + value % 10);
  }

  // value / 10^digits: "87.3900" for 873900 and 4. Requires: digits <= 19.
  static constexpr std::size_t kMaxDecimalBytes = 22;
  void put_decimal(std::uint64_t value, std::uint8_t digits) noexcept {
    if (digits == 4) return put_fraction<10'000>(value, 4);  // a constant divides faster
    put_slow_decimal(value, digits);
  }
  // With `digits` behind the point; what is no number is left out. Returns whether it was one.
  static constexpr std::size_t kMaxRealBytes = 400;
  bool put_real(double value, std::uint8_t digits) noexcept;

 private:
  static constexpr std::array<char, 200> kPairs = [] {
    std::array<char, 200> pairs{};
    for (std::size_t i = 0; i < 100; ++i) {
      pairs[2 * i] = static_cast<char>('0' + i / 10);
      pairs[2 * i + 1] = static_cast<char>('0' + i % 10);
    }
    return pairs;
  }();

  template <std::uint64_t UnitsPerOne>
  void put_fraction(std::uint64_t value, std::size_t digits) noexcept {
    put_number(value / UnitsPerOne);
    put('.');
    put_digits(value % UnitsPerOne, digits);
  }
  void put_slow_decimal(std::uint64_t value, std::uint8_t digits) noexcept;
  void grow(std::size_t bytes);

  std::unique_ptr<char[]> memory_;
  char* at_;
  char* end_;
};

}  // namespace tapeline::decode
