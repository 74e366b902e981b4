#pragma once

// Makes archive files whole again that a process left behind: reads their frames, cuts off what
// stands behind the last good one, writes the index and the seek table, renames into place.
//
// Safety: every frame that is kept was decompressed and its checksum and packet records checked. A
//         file that another process writes is locked and not touched; nor is one whose first
//         frame is not that of an archive. Repair that ends half way can be repaired again.
// Thread safety: none per object; several may work at the same time, also on the same folder.

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "app/archive/archive_counters.hpp"
#include "app/archive/file_calls.hpp"
#include "net/packet_batch.hpp"

namespace tapeline::archive {

enum class RepairOutcome : std::uint8_t {
  whole,     // nothing was to be done
  repaired,  // cut, given its tables, or renamed into place
  removed,   // an open file without one whole frame
  in_use,    // another process has it
  not_ours,  // left alone
  failed,    // see the fault; the file may be repaired again
};

[[nodiscard]] std::string_view to_string(RepairOutcome outcome) noexcept;

struct RepairReport {
  std::string file;  // what was looked at
  std::string path;  // where it is now; empty when it was removed
  RepairOutcome outcome = RepairOutcome::failed;
  ArchiveFault fault;           // of failed; of repaired: why it has no tables
  std::uint64_t bytes = 0;      // of frames that were kept
  std::uint64_t cut_bytes = 0;  // that stood behind them and were no tables
  std::uint64_t frames = 0;     // with content
  std::uint64_t packets = 0;
  net::UnixNanos first_time = 0;  // of packets
  net::UnixNanos last_time = 0;

  // One line without the name of the file: "repaired: 12 frames, 3401 packets, 17 bytes cut off".
  [[nodiscard]] std::string text() const;
};

// `file` is an open one, or a finished one without tables or with a torn end. Throws
// std::bad_alloc.
[[nodiscard]] RepairReport repair_file(FileCalls& calls, const std::filesystem::path& file);

// Paths of the open files of this feed and channel in the folder, oldest first; none when the
// folder can not be read.
[[nodiscard]] std::vector<std::filesystem::path> open_files(const std::filesystem::path& directory,
                                                            std::string_view feed,
                                                            std::string_view channel);

}  // namespace tapeline::archive
