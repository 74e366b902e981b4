#pragma once

// The text of the notes in an archive: one line of JSON, written and read again in one spelling.
// Of use to loss_note.cpp and outage_note.cpp only.
//
// Thread safety: none needed; values.

#include <algorithm>
#include <cassert>
#include <charconv>
#include <cstddef>
#include <span>
#include <string_view>
#include <system_error>

namespace tapeline::codec::archive {

inline constexpr std::string_view kHexDigits = "0123456789abcdef";

class NoteWriter {
 public:
  explicit NoteWriter(std::span<std::byte> out) noexcept
      : begin_{reinterpret_cast<char*>(out.data())}, at_{begin_}, end_{begin_ + out.size()} {}

  void text(std::string_view text) noexcept {
    const auto room = static_cast<std::size_t>(end_ - at_);
    assert(text.size() <= room);
    at_ = std::copy_n(text.begin(), std::min(text.size(), room), at_);
  }
  template <typename Number>
  void number(Number value) noexcept {
    at_ = std::to_chars(at_, end_, value).ptr;
  }
  void character(char c) noexcept {
    if (c >= ' ' && c <= '~' && c != '"' && c != '\\') return text({&c, 1});
    const auto byte = static_cast<unsigned char>(c);
    const char escaped[] = {'\\', 'u', '0', '0', kHexDigits[byte >> 4U], kHexDigits[byte & 15U]};
    text({escaped, sizeof escaped});
  }
  [[nodiscard]] std::size_t size() const noexcept { return static_cast<std::size_t>(at_ - begin_); }

 private:
  char* begin_;
  char* at_;
  char* end_;
};

class NoteReader {
 public:
  explicit NoteReader(std::span<const std::byte> bytes) noexcept
      : rest_{reinterpret_cast<const char*>(bytes.data()), bytes.size()} {}

  [[nodiscard]] bool text(std::string_view expected) noexcept {
    if (!rest_.starts_with(expected)) return false;
    rest_.remove_prefix(expected.size());
    return true;
  }
  template <typename Number>
  [[nodiscard]] bool number(Number& value) noexcept {
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
    if (error != std::errc{}) return false;
    rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    return true;
  }
  [[nodiscard]] bool character(char& value) noexcept {
    if (text("\\u00")) {
      if (rest_.size() < 2) return false;
      const std::size_t high = kHexDigits.find(rest_[0]);
      const std::size_t low = kHexDigits.find(rest_[1]);
      if (high == std::string_view::npos || low == std::string_view::npos) return false;
      value = static_cast<char>(high * 16 + low);
      rest_.remove_prefix(2);
      return true;
    }
    if (rest_.empty()) return false;
    value = rest_.front();
    rest_.remove_prefix(1);
    return true;
  }
  [[nodiscard]] bool at_end() const noexcept { return rest_.empty(); }

 private:
  std::string_view rest_;
};

}  // namespace tapeline::codec::archive
