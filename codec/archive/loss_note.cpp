#include "codec/archive/loss_note.hpp"

#include <cassert>
#include <cstring>

#include "codec/archive/note_text.hpp"
#include "codec/bytes.hpp"

namespace tapeline::codec::archive {

namespace {

// RFC 8878, 3.1.2: the lowest four bits are the user's; 0xE is the seek table's.
constexpr std::uint32_t kMagic = 0x184D2A57;
constexpr std::size_t kHeaderBytes = 8;

[[nodiscard]] bool read_line(NoteReader& reader, LossNote& note) noexcept {
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
  NoteWriter line{out.subspan(kHeaderBytes)};
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
  NoteReader reader{bytes.subspan(kHeaderBytes, length)};
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
