#pragma once

// What an archive file holds, told by its index; of a file without one, by reading its frames.
//
// Thread safety: pure functions.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "codec/archive/frame_index.hpp"

namespace tapeline::archive {

enum class FileState : std::uint8_t {
  finished,    // with sound tables
  open,        // a process is writing it
  torn,        // ends inside a frame or behind a damaged one, or was left open by its writer
  no_table,    // whole, but without tables
  bad_table,   // whole, but with tables that can not be used
  foreign,     // no archive
  unreadable,  // see the error
};

[[nodiscard]] std::string_view to_string(FileState state) noexcept;

// Numbers of a session that no frame has: between the largest so far and the smallest of the next
// frame. What is missing inside a frame does not show.
struct SequenceGap {
  codec::archive::IndexSession session;
  std::uint64_t first = 0;
  std::uint64_t next = 0;
  std::uint64_t offset = 0;  // of the frame behind the gap

  friend bool operator==(const SequenceGap&, const SequenceGap&) = default;
};

struct FileSummary {
  static constexpr std::size_t kMaxGaps = 1000;

  std::string path;
  std::string feed;     // of the name up to its first dash; empty if the name is not an archive's
  std::string channel;  // and the rest of it
  FileState state = FileState::unreadable;
  std::string error;     // one line: of unreadable, and what is wrong with bad tables
  bool scanned = false;  // read from the first byte to the last, because the index was not there
  std::uint64_t file_bytes = 0;
  std::uint64_t torn_bytes = 0;  // behind the last good frame
  codec::archive::IndexHead head;
  std::vector<SequenceGap> gaps;  // the first kMaxGaps
  std::uint64_t gap_count = 0;
  std::uint64_t gap_messages = 0;
};

// Throws std::bad_alloc.
[[nodiscard]] FileSummary summarise_file(const std::string& path);

// The gaps between the frames of an index. Exposed for tests.
void find_gaps(const codec::archive::FrameIndex& index, FileSummary& summary);

// Archives in `paths`, of which each is a file or a folder: of a folder the files in it (not in
// folders of it) whose names end as those of archives do, in the order of their names. Throws
// std::invalid_argument for a path that there is not, and for a folder that holds none.
[[nodiscard]] std::vector<std::string> archive_files(const std::vector<std::string>& paths);

}  // namespace tapeline::archive
