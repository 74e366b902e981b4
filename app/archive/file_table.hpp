#pragma once

// What stands behind the frames of a finished file: the frame index and the seek table, gathered
// while the frames are written or read (docs/archive-format.md).
//
// Thread safety: none.
// Errors:        a table that can not be kept for lack of memory is given up; the file is good
//                without, and repair can build it again.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "codec/archive/frame_index.hpp"
#include "codec/archive/loss_note.hpp"
#include "codec/archive/outage_note.hpp"
#include "codec/archive/seek_table.hpp"

namespace tapeline::archive {

class FileTable {
 public:
  // A file ends when its table has so many entries; each may take kMaxFrameSpans of the index.
  static constexpr std::size_t kMaxEntries =
      codec::archive::kMaxIndexEntries / codec::archive::kMaxFrameSpans;
  static constexpr std::size_t kPieces = codec::archive::FrameIndexBuilder::kPieces + 3;
  using Pieces = std::array<std::span<const std::byte>, kPieces>;

  // Makes room for some thousand frames; a file of more makes room as it grows. Throws
  // std::bad_alloc.
  FileTable();

  // The next frame of the file: one with content, a note, or any other.
  void add(const codec::archive::FrameSummary& frame, std::size_t frame_bytes) noexcept;
  void add(std::uint64_t offset, const codec::archive::LossNote& note,
           std::size_t frame_bytes) noexcept;
  void add(std::uint64_t offset, const codec::archive::OutageNote& note,
           std::size_t frame_bytes) noexcept;
  void add_other(std::size_t frame_bytes) noexcept;

  [[nodiscard]] bool full() const noexcept { return seek_.size() >= kMaxEntries; }
  [[nodiscard]] const codec::archive::IndexTotals& totals() const noexcept {
    return index_.totals();
  }
  void clear() noexcept;

  // Both as they stand in a file whose frames end at `frames_end`; all empty when the table was
  // given up. Valid until the next change. To be called once.
  [[nodiscard]] Pieces finish(std::uint64_t frames_end) noexcept;

 private:
  template <typename Add>
  void try_to(Add&& add) noexcept;

  codec::archive::FrameIndexBuilder index_;
  codec::archive::SeekTableBuilder seek_;
  bool given_up_ = false;
};

}  // namespace tapeline::archive
