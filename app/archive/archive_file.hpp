#pragma once

// One archive file on disk at a time: created under a name of its own, written, cut back to its
// last complete frame when a write fails, renamed into place when it is whole.
//
// Thread safety: none; used by the archive thread.
// Ownership:     holds the descriptor. A file that is still open on destruction is closed and
//                keeps its open suffix.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

#include "app/archive/archive_counters.hpp"
#include "app/archive/file_calls.hpp"
#include "net/packet_batch.hpp"

namespace tapeline::archive {

class ArchiveFile {
 public:
  // `calls` is not owned and must outlive this.
  ArchiveFile(FileCalls& calls, const std::filesystem::path& directory, std::string feed,
              std::string channel);
  ~ArchiveFile();
  ArchiveFile(const ArchiveFile&) = delete;
  ArchiveFile& operator=(const ArchiveFile&) = delete;

  [[nodiscard]] bool is_open() const noexcept { return descriptor_ >= 0; }
  // Final path of the file that was opened last, without the open suffix.
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

  // Creates <path>.open under the first name that is free. Requires: !is_open().
  [[nodiscard]] ArchiveFault open(net::UnixNanos start);

  // Writes all bytes, or says why not; then only abandon() may follow. Requires: is_open().
  [[nodiscard]] ArchiveFault append(std::span<const std::byte> bytes);

  // States that the file makes sense if it ends here.
  void mark_complete() noexcept { complete_bytes_ = written_bytes_; }

  // Syncs, closes and renames into place. When that fails the file keeps its open suffix.
  // Requires: is_open().
  [[nodiscard]] ArchiveFault finish();

  // Cuts off what came after the last mark_complete() and finishes, or removes a file that is
  // empty then. A file that can not be cut keeps its open suffix. Requires: is_open().
  [[nodiscard]] ArchiveFault abandon();

 private:
  [[nodiscard]] std::string path_of(net::UnixNanos start, unsigned copy) const;
  [[nodiscard]] ArchiveFault close_descriptor();
  [[nodiscard]] ArchiveFault rename_into_place();

  FileCalls& calls_;
  std::string directory_;
  std::string feed_;
  std::string channel_;
  int descriptor_ = -1;
  net::UnixNanos start_ = 0;
  unsigned copy_ = 0;
  std::string path_;
  std::string open_path_;
  std::uint64_t written_bytes_ = 0;
  std::uint64_t complete_bytes_ = 0;
};

}  // namespace tapeline::archive
