#pragma once

// The archive of a channel as the configuration says it: its writer's configuration, and the
// repair of what a process that died left of it.
//
// Thread safety: pure functions, apart from the file system. repair_left_files() may run beside
//                writers: a file that is written is locked.

#include <atomic>
#include <filesystem>
#include <functional>
#include <string>

#include "app/archive/archive_writer.hpp"
#include "app/config.hpp"

namespace tapeline {

// For `run`. Reads the dictionary; throws ConfigError when it can not be used. A ring takes no more
// than its part of three quarters of the serialization buffers, so that a disk that hangs does not
// take the buffers that packets are received into.
[[nodiscard]] archive::ArchiveWriterConfig live_archive_config(const Config& config,
                                                               const std::string& feed,
                                                               const std::string& channel);

// For `replay`: the same bytes for the same packets, no matter how long it takes, and nothing is
// removed.
[[nodiscard]] archive::ArchiveWriterConfig replay_archive_config(const Config& config,
                                                                 const std::string& feed,
                                                                 const std::string& channel);

using Tell = std::function<void(bool is_warning, const std::string& line)>;

// Repairs the open files of the channel that no process writes, and tells one line for each; stops
// between two files when `stop` is set.
void repair_left_files(const std::filesystem::path& directory, const std::string& feed,
                       const std::string& channel, const std::atomic<bool>& stop, const Tell& tell);

}  // namespace tapeline
