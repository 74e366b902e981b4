#pragma once

// Removes the oldest finished files of a channel when there are more than is to be kept. Knows
// files by their names, which hold their start; what is named otherwise, is open, or is no regular
// file is never touched, nor is the newest one.
//
// Thread safety: none; used by the archive thread.

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "app/archive/archive_counters.hpp"
#include "app/archive/file_calls.hpp"
#include "net/packet_batch.hpp"

namespace tapeline::archive {

// Each bound holds by itself; 0: none.
struct RetentionConfig {
  std::uint64_t bytes = 0;  // of finished files
  std::uint32_t files = 0;  // finished
  std::uint32_t days = 0;   // since the start of a file

  [[nodiscard]] bool any() const noexcept { return bytes != 0 || files != 0 || days != 0; }
};

struct RetentionResult {
  std::uint64_t removed = 0;
  ArchiveFault fault;  // the first one; files behind it were tried all the same
};

// `now` is the time of the newest packet: no other clock is asked. Throws std::bad_alloc.
[[nodiscard]] RetentionResult remove_old_files(FileCalls& calls,
                                               const std::filesystem::path& directory,
                                               std::string_view feed, std::string_view channel,
                                               const RetentionConfig& config, net::UnixNanos now);

}  // namespace tapeline::archive
