#include "codec/archive/outage_note.hpp"

#include <cassert>
#include <cstring>

#include "codec/archive/note_text.hpp"
#include "codec/bytes.hpp"

namespace tapeline::codec::archive {

namespace {

// RFC 8878, 3.1.2: the lowest four bits are the user's.
constexpr std::uint32_t kMagic = 0x184D2A59;
constexpr std::size_t kHeaderBytes = 8;

[[nodiscard]] bool read_numbers(NoteReader& reader, OutageNote& note) noexcept {
  if (!reader.text(R"(,"session":")")) return true;
  for (char& c : note.session) {
    if (!reader.character(c)) return false;
  }
  std::uint64_t last = 0;
  if (!reader.text(R"(","first":)") || !reader.number(note.first) || !reader.text(R"(,"last":)") ||
      !reader.number(last)) {
    return false;
  }
  note.last_exclusive = last + 1;
  return note.first < note.last_exclusive;
}

[[nodiscard]] bool read_line(NoteReader& reader, OutageNote& note) noexcept {
  return reader.text(R"({"missed":{"packets":)") && reader.number(note.packets) &&
         reader.text(R"(,"first_time_ns":)") && reader.number(note.first_time_ns) &&
         reader.text(R"(,"last_time_ns":)") && reader.number(note.last_time_ns) &&
         read_numbers(reader, note) && reader.text("}}\n") && reader.at_end();
}

}  // namespace

std::size_t write_outage_frame(std::span<std::byte> out, const OutageNote& note) noexcept {
  assert(out.size() >= kMaxOutageFrameBytes);
  assert(note.last_exclusive == 0 || note.first < note.last_exclusive);
  NoteWriter line{out.subspan(kHeaderBytes)};
  line.text(R"({"missed":{"packets":)");
  line.number(note.packets);
  line.text(R"(,"first_time_ns":)");
  line.number(note.first_time_ns);
  line.text(R"(,"last_time_ns":)");
  line.number(note.last_time_ns);
  if (note.last_exclusive != 0) {
    line.text(R"(,"session":")");
    for (const char c : note.session) line.character(c);
    line.text(R"(","first":)");
    line.number(note.first);
    line.text(R"(,"last":)");
    line.number(note.last_exclusive - 1);
  }
  line.text("}}\n");
  store_le(out.data(), kMagic);
  store_le(out.data() + 4, static_cast<std::uint32_t>(line.size()));
  return kHeaderBytes + line.size();
}

std::optional<OutageNote> read_outage_frame(std::span<const std::byte> bytes) noexcept {
  if (bytes.size() < kHeaderBytes || load_le<std::uint32_t>(bytes.data()) != kMagic) return {};
  const std::size_t length = load_le<std::uint32_t>(bytes.data() + 4);
  if (length > bytes.size() - kHeaderBytes || length > kMaxOutageFrameBytes - kHeaderBytes) {
    return {};
  }
  NoteReader reader{bytes.subspan(kHeaderBytes, length)};
  OutageNote note;
  if (!read_line(reader, note)) return {};
  // Numbers with leading zeros and needless escapes are not of our making.
  std::array<std::byte, kMaxOutageFrameBytes> again{};
  const std::size_t size = write_outage_frame(again, note);
  if (size != kHeaderBytes + length || std::memcmp(again.data(), bytes.data(), size) != 0) {
    return {};
  }
  return note;
}

}  // namespace tapeline::codec::archive
