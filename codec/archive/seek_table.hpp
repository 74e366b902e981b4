#pragma once

// The seek table of the "Zstandard Seekable Format" 0.1.0 (facebook/zstd, contrib/seekable_format):
// a skippable frame at the very end of a file with one entry for every frame before it, so that any
// reader of the format finds the frame that holds a given byte of the decompressed file.
//
//   magic 4 | length 4 | entries 8 each (12 with checksums) | frames 4 | descriptor 1 | magic 4
//
// Everything is little endian. Tables are written without checksums, because every frame of an
// archive carries its own; both kinds are read.
//
// Thread safety: none for the builder; the rest are values and views.
// Lifetime:      a SeekTable is a view of the bytes it was read from.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "codec/archive/table_status.hpp"
#include "codec/bytes.hpp"

namespace tapeline::codec::archive {

inline constexpr std::size_t kSeekFooterBytes = 9;
inline constexpr std::size_t kMaxSeekEntries = 0x800'0000;  // as the reference implementation

// One frame, skippable ones too: those have no content.
struct SeekEntry {
  std::uint32_t frame_bytes = 0;
  std::uint32_t content_bytes = 0;

  friend bool operator==(const SeekEntry&, const SeekEntry&) = default;
};

class SeekTableBuilder {
 public:
  // Makes room, so that as many add() after it do not allocate.
  void reserve(std::size_t entries) { entries_.reserve(entries * kEntryBytes); }

  // The next frame of the file. Returns false, and adds nothing, for a size that the format can not
  // say or one entry too many. Throws std::bad_alloc.
  [[nodiscard]] bool add(std::uint64_t frame_bytes, std::uint64_t content_bytes);

  [[nodiscard]] std::size_t size() const noexcept { return entries_.size() / kEntryBytes; }
  void clear() noexcept { entries_.clear(); }

  // The frame, in pieces that stand one behind the other. Valid until the next change.
  [[nodiscard]] std::array<std::span<const std::byte>, 3> pieces() noexcept;

 private:
  static constexpr std::size_t kEntryBytes = 8;

  std::vector<std::byte> entries_;
  std::array<std::byte, 8> head_{};
  std::array<std::byte, kSeekFooterBytes> footer_{};
};

// What the last bytes of a file say of its seek table.
struct SeekFooter {
  TableStatus status = TableStatus::truncated;
  std::uint32_t entries = 0;
  std::uint64_t frame_bytes = 0;  // of the whole table; 0 unless ok
};

// Looks at the last kSeekFooterBytes of `file_end`.
[[nodiscard]] SeekFooter read_seek_footer(std::span<const std::byte> file_end) noexcept;

class SeekTable {
 public:
  SeekTable() = default;

  [[nodiscard]] std::size_t size() const noexcept { return count_; }
  // Requires: index < size().
  [[nodiscard]] SeekEntry operator[](std::size_t index) const noexcept {
    const std::byte* const at = entries_.data() + index * entry_bytes_;
    return {load_le<std::uint32_t>(at), load_le<std::uint32_t>(at + 4)};
  }
  // Sum of all frames: where the table has to begin in its file.
  [[nodiscard]] std::uint64_t frames_bytes() const noexcept;

 private:
  friend struct ReadSeekTable read_seek_table(std::span<const std::byte>) noexcept;

  std::span<const std::byte> entries_;
  std::size_t entry_bytes_ = 0;
  std::size_t count_ = 0;
};

struct ReadSeekTable {
  TableStatus status = TableStatus::truncated;
  SeekTable table;  // empty unless ok
};

// `frame` is the table and nothing else. Requires nothing of its bytes.
[[nodiscard]] ReadSeekTable read_seek_table(std::span<const std::byte> frame) noexcept;

}  // namespace tapeline::codec::archive
