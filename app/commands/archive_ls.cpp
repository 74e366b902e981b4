// `tapeline archive ls`.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cstdio>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "app/archive/file_summary.hpp"
#include "app/commands/archive_commands.hpp"
#include "app/commands/options.hpp"
#include "app/commands/usage.hpp"
#include "app/stop_signal.hpp"
#include "net/framing.hpp"

namespace tapeline::commands {

namespace {

using archive::FileState;
using archive::FileSummary;
using codec::archive::IndexNote;
using codec::archive::IndexNoteKind;
using Json = nlohmann::ordered_json;

struct LsOptions {
  std::vector<std::string> paths;
  std::vector<std::string> channels;
  std::string format = "text";
};

bool is_sound(const FileSummary& summary) {
  return summary.state != FileState::unreadable && summary.state != FileState::foreign;
}

bool has_times(const FileSummary& summary) { return summary.head.totals.packets != 0; }

double ratio_of(const FileSummary& summary) {
  if (summary.file_bytes == 0) return 0;
  return static_cast<double>(summary.head.totals.content_bytes) /
         static_cast<double>(summary.file_bytes);
}

std::string ratio_text(const FileSummary& summary) {
  std::array<char, 32> text{};
  const int length = std::snprintf(text.data(), text.size(), "%.2f", ratio_of(summary));
  return {text.data(), static_cast<std::size_t>(length)};
}

std::string session_text(const std::array<char, 10>& name) {
  net::Session session;
  session.bytes = name;
  return one_line(net::session_name(session));
}

// JSON takes no bytes that are not UTF-8.
std::string plain_text(std::string text) {
  std::replace_if(
      text.begin(), text.end(),
      [](char c) { return static_cast<unsigned char>(c) >= 0x7F || c < ' '; }, '?');
  return text;
}

Json note_json(const IndexNote& note) {
  Json json;
  json["session"] = plain_text(session_text(note.session));
  if (note.next != 0) {
    json["first"] = note.first;
    json["last"] = note.next - 1;
  }
  if (note.kind == IndexNoteKind::loss) {
    json["time"] = iso_time(note.first_time_ns);
  } else {
    json["packets"] = note.packets;
    json["from"] = iso_time(note.first_time_ns);
    json["to"] = iso_time(note.last_time_ns);
  }
  json["offset"] = note.offset;
  return json;
}

Json gaps_json(const FileSummary& summary) {
  Json gaps = Json::array();
  for (const archive::SequenceGap& gap : summary.gaps) {
    gaps.push_back({{"session", plain_text(session_text(gap.session.session))},
                    {"first", gap.first},
                    {"last", gap.next - 1},
                    {"offset", gap.offset}});
  }
  return gaps;
}

Json file_json(const FileSummary& summary) {
  const codec::archive::IndexTotals& totals = summary.head.totals;
  Json json;
  json["file"] = summary.path;
  json["feed"] = summary.feed;
  json["channel"] = summary.channel;
  json["state"] = to_string(summary.state);
  json["scanned"] = summary.scanned;
  json["error"] = summary.error;
  json["file_bytes"] = summary.file_bytes;
  json["torn_bytes"] = summary.torn_bytes;
  json["content_bytes"] = totals.content_bytes;
  json["ratio"] = ratio_of(summary);
  json["from"] = has_times(summary) ? Json(iso_time(totals.earliest_ns)) : Json();
  json["to"] = has_times(summary) ? Json(iso_time(totals.latest_ns)) : Json();
  json["frames"] = totals.frames;
  json["packets"] = totals.packets;
  json["messages"] = totals.messages;
  json["lost_messages"] = totals.lost_messages;
  json["missed_packets"] = totals.missed_packets;
  json["gap_messages"] = summary.gap_messages;
  json["gap_count"] = summary.gap_count;
  json["gaps"] = gaps_json(summary);
  json["losses"] = Json::array();
  json["outages"] = Json::array();
  for (const IndexNote& note : summary.head.notes) {
    json[note.kind == IndexNoteKind::loss ? "losses" : "outages"].push_back(note_json(note));
  }
  return json;
}

// What a cell of CSV or text says. The first row is the names.
using Row = std::vector<std::string>;

Row heading() {
  return {"file",  "state",         "from",           "to",          "packets", "messages", "bytes",
          "ratio", "lost_messages", "missed_packets", "gap_messages"};
}

Row row_of(const FileSummary& summary) {
  const codec::archive::IndexTotals& totals = summary.head.totals;
  return {one_line(summary.path),
          std::string{to_string(summary.state)},
          has_times(summary) ? iso_time(totals.earliest_ns) : "",
          has_times(summary) ? iso_time(totals.latest_ns) : "",
          std::to_string(totals.packets),
          std::to_string(totals.messages),
          std::to_string(summary.file_bytes),
          ratio_text(summary),
          std::to_string(totals.lost_messages),
          std::to_string(totals.missed_packets),
          std::to_string(summary.gap_messages)};
}

void print_csv(const std::vector<FileSummary>& files) {
  const auto cell = [](const std::string& text) {
    if (text.find_first_of(",\"\n") == std::string::npos) return text;
    std::string quoted = "\"";
    for (const char c : text) quoted += c == '"' ? "\"\"" : std::string{c};
    return quoted + '"';
  };
  const auto print = [&](const Row& row, const std::string& feed, const std::string& channel) {
    std::cout << cell(row[0]) << ',' << cell(feed) << ',' << cell(channel);
    for (std::size_t i = 1; i < row.size(); ++i) std::cout << ',' << cell(row[i]);
    std::cout << '\n';
  };
  print(heading(), "feed", "channel");
  for (const FileSummary& file : files) print(row_of(file), file.feed, file.channel);
}

void print_text(const std::vector<FileSummary>& files) {
  constexpr std::size_t kFirstNumber = 4;  // columns from there on stand to the right
  std::vector<Row> rows{heading()};
  for (const FileSummary& file : files) rows.push_back(row_of(file));
  std::vector<std::size_t> widths(rows.front().size(), 0);
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  for (const Row& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string blank(widths[i] - row[i].size(), ' ');
      if (i > 0) line += "  ";
      line += i >= kFirstNumber ? blank + row[i] : row[i] + blank;
    }
    line.erase(line.find_last_not_of(' ') + 1);
    std::cout << line << '\n';
  }
}

int list(const LsOptions& options) {
  const std::vector<std::string> paths = choose_files(options.paths, options.channels);
  catch_stop_signals();
  std::vector<FileSummary> files;
  bool is_well = true;
  for (const std::string& path : paths) {
    if (stop_requested()) break;
    files.push_back(archive::summarise_file(path));
    is_well = is_well && is_sound(files.back());
  }
  if (options.format == "json") {
    Json all = Json::array();
    for (const FileSummary& file : files) all.push_back(file_json(file));
    std::cout << all.dump(2, ' ', false, Json::error_handler_t::replace) << '\n';
  } else if (options.format == "csv") {
    print_csv(files);
  } else {
    print_text(files);
  }
  for (const FileSummary& file : files) {
    if (!file.error.empty()) std::cerr << "tapeline: " << one_line(file.error) << '\n';
    if (file.state == FileState::foreign) {
      std::cerr << "tapeline: " << one_line(file.path) << ": is no archive\n";
    } else if (file.scanned && is_sound(file)) {
      std::cerr << "tapeline: " << one_line(file.path) << ": has no index that can be used ("
                << to_string(file.state) << "), so all of it was read\n";
    }
  }
  return is_well ? kExitOk : kExitFailed;
}

}  // namespace

void add_archive_ls(CLI::App& archive, Action& action) {
  auto options = std::make_shared<LsOptions>();
  CLI::App* command = archive.add_subcommand(
      "ls", "Lists archives: time span, packets, messages, ratio, gaps and state");
  command->add_option("PATH", options->paths, "Archive files, or folders of them")->required();
  command
      ->add_option("--channel", options->channels,
                   "Only files of this channel: CHANNEL or FEED-CHANNEL, as their names say")
      ->type_name("NAME")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  require_one_of(*command->add_option("--format", options->format, "text (default), json or csv"),
                 {"text", "json", "csv"});
  command->footer(
      "Read from the index at the end of each file; a file without one is read whole, and stderr\n"
      "says so. lost_messages: declared lost by the channel. missed_packets: not written, because\n"
      "the disk failed or the archive fell behind. gap_messages: numbers between two frames that\n"
      "neither has; 'archive verify' looks inside frames, too. State: finished, open (being\n"
      "written), torn (to be repaired), no table, bad table, no archive, unreadable.\n"
      "Feed and channel are told by the file's name, up to its first dash and behind it.\n"
      "Exit code 1: a file is unreadable or no archive.\n\n"
      "Examples:\n"
      "  tapeline archive ls archive/\n"
      "  tapeline archive ls archive/ --channel itch-1 --format json");
  command->callback([options, &action] { action = [options] { return list(*options); }; });
}

}  // namespace tapeline::commands
