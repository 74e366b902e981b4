// Any bytes as the frame of a loss note: what reads is exactly what would be written for it, and
// no truncation of it reads. The bytes as a note: what is written reads as it was, and an archive
// reader steps over it.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <span>

#include "codec/archive/frame.hpp"
#include "codec/archive/loss_note.hpp"

namespace {

using namespace tapeline::codec::archive;

void require(bool condition) {
  if (!condition) std::abort();
}

void write_and_read(const LossNote& note) {
  std::array<std::byte, kMaxLossFrameBytes + 3> out{};
  const std::size_t bytes = write_loss_frame(out, note);
  require(bytes <= kMaxLossFrameBytes);
  require(read_loss_frame(std::span{out}.first(bytes)) == note);
  require(read_loss_frame(out) == note);  // what follows the frame is not looked at
  for (std::size_t cut = 0; cut < bytes; ++cut) {
    require(!read_loss_frame(std::span{out}.first(cut)).has_value());
  }
  const FrameExtent extent = measure_frame(out);
  require(extent.status == FrameStatus::ok && extent.kind == FrameKind::skippable);
  require(extent.frame_bytes == bytes);
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): the name that libFuzzer calls
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span{data, size});
  if (const auto note = read_loss_frame(bytes)) {
    std::array<std::byte, kMaxLossFrameBytes> again{};
    const std::size_t written = write_loss_frame(again, *note);
    require(written <= bytes.size());
    require(std::equal(again.begin(), again.begin() + static_cast<std::ptrdiff_t>(written),
                       bytes.begin()));
  }
  LossNote note;
  constexpr std::size_t kNumberBytes = 8;
  if (size < note.session.size() + 3 * kNumberBytes) return 0;
  std::memcpy(note.session.data(), data, note.session.size());
  std::memcpy(&note.first, data + note.session.size(), kNumberBytes);
  std::memcpy(&note.last_exclusive, data + note.session.size() + kNumberBytes, kNumberBytes);
  std::memcpy(&note.time_ns, data + note.session.size() + 2 * kNumberBytes, kNumberBytes);
  if (note.first < note.last_exclusive) write_and_read(note);
  return 0;
}
