#pragma once

// The commands of `tapeline archive`, and what they share. See app/commands/command.hpp.

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "app/archive/record_reader.hpp"
#include "app/commands/command.hpp"
#include "app/decode/exchange_day.hpp"
#include "net/time_span.hpp"

namespace tapeline::commands {

void add_archive_ls(CLI::App& archive, Action& action);
void add_archive_verify(CLI::App& archive, Action& action);
void add_archive_cat(CLI::App& archive, Action& action);
void add_archive_export(CLI::App& archive, Action& action);
void add_archive_repair(CLI::App& archive, Action& action);

// Which archives, and which of their packets.
struct ArchiveChoice {
  std::vector<std::string> paths;     // files and folders
  std::vector<std::string> channels;  // "feed-channel" or "channel"; empty: all
  std::string from;
  std::string to;
  std::string zone = "new-york";
};

// Adds PATH, --channel, --from, --to and --zone.
void add_archive_choice(CLI::App& command, ArchiveChoice& choice);

// Files of `paths` that belong to one of `channels`. Throws ConfigError, also if there are none.
[[nodiscard]] std::vector<std::string> choose_files(const std::vector<std::string>& paths,
                                                    const std::vector<std::string>& channels);

// What was chosen, in the order of its times. Files without a packet in the span are not opened.
// Throws ConfigError.
[[nodiscard]] archive::RecordMerge choose_records(const ArchiveChoice& choice);

// "<feed>-<channel>" by the name of a file, or its path if it has no name of ours.
[[nodiscard]] std::string channel_of_file(const std::string& path);

// "2026-01-05T14:30:00.000000001Z".
[[nodiscard]] std::string iso_time(std::int64_t unix_ns);

}  // namespace tapeline::commands
