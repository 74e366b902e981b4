#include "app/commands/archive.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <limits>
#include <stdexcept>

#include "app/archive/archive_name.hpp"
#include "app/archive/file_summary.hpp"
#include "app/commands/archive_commands.hpp"
#include "app/commands/options.hpp"
#include "app/commands/usage.hpp"
#include "app/config.hpp"
#include "app/decode/text_buffer.hpp"
#include "app/decode/time_text.hpp"
#include "net/archive_tables.hpp"
#include "net/byte_reader.hpp"

namespace tapeline::commands {

namespace {

using decode::TimeBound;

struct Candidate {
  std::string path;
  std::int64_t earliest = 0;
  std::int64_t latest = std::numeric_limits<std::int64_t>::max();
  bool has_packets = true;
};

// By the head of the index. Without one the first record tells when the file begins.
Candidate look_at(const std::string& path) {
  Candidate candidate{.path = path};
  net::FileReader file{path};
  if (file.reason().empty() && file.is_regular()) {
    const net::ArchiveTables tables{file};
    if (tables.state() == net::ArchiveTables::State::ok) {
      const codec::archive::IndexTotals& totals = tables.head().totals;
      candidate.earliest = totals.earliest_ns;
      candidate.latest = totals.latest_ns;
      candidate.has_packets = totals.packets != 0;
      return candidate;
    }
  }
  archive::RecordReader reader{path};
  const codec::capture::Record* const first = reader.next();
  // A file that can not be read is opened all the same, so that its error is told.
  candidate.has_packets = first != nullptr || !reader.error().empty();
  if (first != nullptr) candidate.earliest = first->time_ns;
  return candidate;
}

std::optional<TimeBound> bound_of(const char* flag, const std::string& text) {
  if (text.empty()) return std::nullopt;
  const auto bound = decode::parse_time_bound(text);
  if (bound) return bound;
  throw ConfigError{std::string{flag} + ": '" + one_line(text) +
                    "' is no time such as 2026-01-05T14:30:00Z, 09:30, or nanoseconds since 1970"};
}

// A time of day is one of the day of the first packet.
std::optional<std::int64_t> moment(const std::optional<TimeBound>& bound, std::int64_t first,
                                   decode::ExchangeZone zone) {
  if (!bound) return std::nullopt;
  if (!bound->is_time_of_day) return bound->ns;
  return decode::DayStart{zone}.before(first) + bound->ns;
}

bool is_chosen(const std::string& path, const std::vector<std::string>& channels) {
  if (channels.empty()) return true;
  const std::string file = std::filesystem::path{path}.filename().string();
  const auto name = archive::parse_archive_name(file);
  return name && std::any_of(channels.begin(), channels.end(), [&](const std::string& channel) {
           return name->source == channel || name->source.ends_with("-" + channel);
         });
}

}  // namespace

std::string channel_of_file(const std::string& path) {
  const std::string file = std::filesystem::path{path}.filename().string();
  const auto name = archive::parse_archive_name(file);
  return name ? std::string{name->source} : path;
}

std::string iso_time(std::int64_t unix_ns) {
  decode::TextBuffer text{decode::IsoTime::kBytes};
  decode::IsoTime{}.put(text, unix_ns);
  return std::string{text.view()};
}

void add_archive_choice(CLI::App& command, ArchiveChoice& choice) {
  command.add_option("PATH", choice.paths, "Archive files, or folders of them")->required();
  command
      .add_option("--channel", choice.channels,
                  "Only files of this channel: CHANNEL or FEED-CHANNEL, as their names say")
      ->type_name("NAME")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  command
      .add_option("--from", choice.from,
                  "Only packets received from this time on: 2026-01-05T14:30:00Z, 09:30 or "
                  "nanoseconds")
      ->type_name("TIME");
  command.add_option("--to", choice.to, "Only packets received before this time")
      ->type_name("TIME");
  require_one_of(*command.add_option("--zone", choice.zone,
                                     "Of times of day; the day is that of the first packet "
                                     "(default new-york)"),
                 {"new-york", "utc"});
  for (const char* name : {"--channel", "--from", "--to"}) {
    command.get_option(name)->check([](const std::string& text) -> std::string {
      return text.empty() ? "an empty value is no value" : "";
    });
  }
}

std::vector<std::string> choose_files(const std::vector<std::string>& paths,
                                      const std::vector<std::string>& channels) {
  try {
    std::vector<std::string> files = archive::archive_files(paths);
    std::erase_if(files, [&](const std::string& path) { return !is_chosen(path, channels); });
    if (files.empty()) throw ConfigError{"--channel: no archive has such a name"};
    return files;
  } catch (const std::invalid_argument& error) {
    throw ConfigError{error.what()};
  }
}

archive::RecordMerge choose_records(const ArchiveChoice& choice) {
  const auto from = bound_of("--from", choice.from);
  const auto to = bound_of("--to", choice.to);
  std::vector<Candidate> candidates;
  std::int64_t first = std::numeric_limits<std::int64_t>::max();
  for (const std::string& path : choose_files(choice.paths, choice.channels)) {
    candidates.push_back(look_at(path));
    if (candidates.back().has_packets) first = std::min(first, candidates.back().earliest);
  }
  const auto zone =
      choice.zone == "utc" ? decode::ExchangeZone::utc : decode::ExchangeZone::new_york;
  const net::TimeSpan span{.from = moment(from, first, zone), .to = moment(to, first, zone)};
  if (span.from && span.to && *span.from >= *span.to) {
    throw ConfigError{"--to: " + iso_time(*span.to) + " is not after --from " +
                      iso_time(*span.from)};
  }
  archive::RecordMerge records;
  for (const Candidate& candidate : candidates) {
    const bool is_outside =
        (span.from && candidate.latest < *span.from) || (span.to && candidate.earliest >= *span.to);
    if (candidate.has_packets && !is_outside) {
      records.add(candidate.path, span, candidate.earliest);
    }
  }
  return records;
}

void add_archive_command(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand("archive", "Looks into archives, and mends them");
  command->require_subcommand(1);
  add_archive_ls(*command, action);
  add_archive_verify(*command, action);
  add_archive_cat(*command, action);
  add_archive_export(*command, action);
  add_archive_repair(*command, action);
  command->footer(
      "Examples:\n"
      "  tapeline archive ls archive/\n"
      "  tapeline archive verify archive/\n"
      "  tapeline archive cat archive/ --from 09:30 --to 09:31 | tshark -r -\n"
      "  tapeline archive export archive/ -o day.itch\n"
      "  tapeline archive repair archive/");
}

}  // namespace tapeline::commands
