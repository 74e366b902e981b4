#include "codec/archive/loss_note.hpp"

#include <algorithm>
#include <cassert>
#include <charconv>
#include <cstring>
#include <string_view>
#include <system_error>

#include "codec/bytes.hpp"

namespace tapeline::codec::archive {

namespace {

// RFC 8878, 3.1.2: the lowest four bits are the user's; 0xE is the seek table's.
constexpr std::uint32_t kMagic = 0x184D2A57;
constexpr std::size_t kHeaderBytes = 8;
constexpr std::string_view kHexDigits = "0123456789abcdef";

class Writer {
 public:
  explicit Writer(std::span<std::byte> out) noexcept
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

class Reader {
 public:
  explicit Reader(std::span<const std::byte> bytes) noexcept
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

[[nodiscard]] bool read_line(Reader& reader, LossNote& note) noexcept {
  if (!reader.text(R"({"lost":{"session":")")) return false;
  for (char& c : note.session) {
    if (!reader.character(c)) return false;
  }
  std::uint64_t last = 0;
  const bool whole = reader.text(R"(","first":)") && reader.number(note.first) &&
                     reader.text(R"(,"last":)") && reader.number(last) &&
                     reader.text(R"(,"time_ns":)") && reader.number(note.time_ns) &&
                     reader.text("}}\n") && reader.at_end();
  note.last_exclusive = last + 1;
  return whole && note.first < note.last_exclusive;
}

}  // namespace

std::size_t write_loss_frame(std::span<std::byte> out, const LossNote& note) noexcept {
  assert(out.size() >= kMaxLossFrameBytes && note.first < note.last_exclusive);
  Writer line{out.subspan(kHeaderBytes)};
  line.text(R"({"lost":{"session":")");
  for (const char c : note.session) line.character(c);
  line.text(R"(","first":)");
  line.number(note.first);
  line.text(R"(,"last":)");
  line.number(note.last_exclusive - 1);
  line.text(R"(,"time_ns":)");
  line.number(note.time_ns);
  line.text("}}\n");
  store_le(out.data(), kMagic);
  store_le(out.data() + 4, static_cast<std::uint32_t>(line.size()));
  return kHeaderBytes + line.size();
}

std::optional<LossNote> read_loss_frame(std::span<const std::byte> bytes) noexcept {
  if (bytes.size() < kHeaderBytes || load_le<std::uint32_t>(bytes.data()) != kMagic) return {};
  const std::size_t length = load_le<std::uint32_t>(bytes.data() + 4);
  if (length > bytes.size() - kHeaderBytes || length > kMaxLossFrameBytes - kHeaderBytes) return {};
  Reader reader{bytes.subspan(kHeaderBytes, length)};
  LossNote note;
  if (!read_line(reader, note)) return {};
  // Numbers with leading zeros and needless escapes are not of our making.
  std::array<std::byte, kMaxLossFrameBytes> again{};
  const std::size_t size = write_loss_frame(again, note);
  if (size != kHeaderBytes + length || std::memcmp(again.data(), bytes.data(), size) != 0)
    return {};
  return note;
}

}  // namespace tapeline::codec::archive
