#pragma once

// One archive file on disk at a time: created under a name of its own, written, cut back to its
// last complete frame when a write fails, renamed into place when it is whole.
//
// Durability: what append() wrote survives the end of the process. It survives the end of power
//             when sync(), finish() or abandon() came behind it and did not fail.
// Thread safety: none; used by the archive thread.
// Ownership:     holds the descriptor, and with it the lock of the file. A file that is still open
//                on destruction is closed and keeps its open suffix.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

#include "app/archive/archive_counters.hpp"
#include "app/archive/file_calls.hpp"
#include "app/archive/file_table.hpp"
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
  // That append() wrote.
  [[nodiscard]] std::uint64_t bytes() const noexcept { return written_bytes_; }
  // Of these, up to the last mark_complete().
  [[nodiscard]] std::uint64_t complete_bytes() const noexcept { return complete_bytes_; }
  // Of these, that a sync came behind.
  [[nodiscard]] std::uint64_t synced_bytes() const noexcept { return synced_bytes_; }

  // Creates <path>.open under the first name that is free. Requires: !is_open().
  [[nodiscard]] ArchiveFault open(net::UnixNanos start);

  // Writes all bytes, or says why not; then only abandon() may follow. Requires: is_open().
  [[nodiscard]] ArchiveFault append(std::span<const std::byte> bytes);

  // States that the file makes sense if it ends here.
  void mark_complete() noexcept { complete_bytes_ = written_bytes_; }

  // Makes what was written, and the name of the file, durable. When that fails the file can not be
  // trusted, because the system may have dropped what it could not write: only leave() may follow.
  // Requires: is_open().
  [[nodiscard]] ArchiveFault sync();

  // Writes the table, syncs, renames into place and closes. Without room for the table the file
  // does without, and that is the fault that is returned. When anything else fails the file keeps
  // its open suffix. Requires: is_open().
  [[nodiscard]] ArchiveFault finish(const FileTable::Pieces& table);

  // Cuts off what came after the last mark_complete() and finishes, or removes a file that is
  // empty then. A file that can not be cut keeps its open suffix. Requires: is_open().
  [[nodiscard]] ArchiveFault abandon(const FileTable::Pieces& table);

  // Closes the file, which keeps its open suffix. Requires: is_open().
  void leave() noexcept;

 private:
  [[nodiscard]] std::string path_of(net::UnixNanos start, unsigned copy) const;
  [[nodiscard]] ArchiveFault cut();
  [[nodiscard]] ArchiveFault write_table(const FileTable::Pieces& table);
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
  std::uint64_t synced_bytes_ = 0;
  bool name_is_durable_ = false;
};

}  // namespace tapeline::archive
