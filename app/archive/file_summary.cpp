#include "app/archive/file_summary.hpp"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <stdexcept>
#include <system_error>

#include "app/archive/archive_name.hpp"
#include "app/archive/file_calls.hpp"
#include "app/archive/frame_scan.hpp"
#include "app/archive/read_only_file.hpp"
#include "net/archive_tables.hpp"
#include "net/byte_reader.hpp"
#include "net/byte_stream.hpp"

namespace tapeline::archive {

namespace {

using codec::archive::FrameIndex;
using codec::archive::IndexEntry;
using codec::archive::TableStatus;
using net::ArchiveTables;

void name_parts(const std::string& path, FileSummary& summary) {
  const std::string file = std::filesystem::path{path}.filename().string();
  const auto name = parse_archive_name(file);
  if (!name) return;
  const std::size_t dash = name->source.find('-');
  summary.feed = name->source.substr(0, dash);
  if (dash != std::string_view::npos) summary.channel = name->source.substr(dash + 1);
}

std::string text_of(const std::string& path, const std::string& reason) {
  return net::StreamError{path, std::nullopt, reason}.text();
}

// Takes the tables that the scan made of the frames. They are those that repair would write.
void take_tables(FrameScan& scan, FileSummary& summary) {
  std::vector<std::byte> bytes;
  const FileTable::Pieces pieces = scan.table().finish(scan.good_end());
  for (const auto piece : std::span{pieces}.first(codec::archive::FrameIndexBuilder::kPieces)) {
    bytes.insert(bytes.end(), piece.begin(), piece.end());
  }
  FrameIndex index;
  if (codec::archive::read_frame_index(bytes, index) != TableStatus::ok) {
    summary.state = FileState::unreadable;
    summary.error = text_of(summary.path, "holds more frames than an index has room for");
    return;
  }
  find_gaps(index, summary);
  summary.head = std::move(index.head);
}

void scan_file(FileSummary& summary) {
  const ReadOnlyFile file{summary.path};
  FileCalls calls;
  FrameScan scan{calls, file.get()};
  summary.scanned = true;
  const ArchiveFault fault = file.get() < 0 ? ArchiveFault{ArchiveStep::open, errno} : scan.run();
  if (fault) {
    summary.error = text_of(summary.path, fault.text());
    return;
  }
  summary.file_bytes = scan.file_bytes();
  summary.torn_bytes = scan.file_bytes() - scan.good_end() - scan.table_bytes();
  const bool has_open_name = summary.path.ends_with(kOpenSuffix);
  if (scan.is_foreign()) {
    summary.state = FileState::foreign;
  } else if (has_open_name && file.is_being_written()) {
    summary.state = FileState::open;
  } else if (has_open_name || summary.torn_bytes != 0 || scan.good_end() == 0) {
    summary.state = FileState::torn;
  } else {
    summary.state = summary.error.empty() ? FileState::no_table : FileState::bad_table;
  }
  if (summary.state != FileState::foreign) take_tables(scan, summary);
}

}  // namespace

std::string_view to_string(FileState state) noexcept {
  switch (state) {
    case FileState::finished: return "finished";
    case FileState::open: return "open";
    case FileState::torn: return "torn";
    case FileState::no_table: return "no table";
    case FileState::bad_table: return "bad table";
    case FileState::foreign: return "no archive";
    case FileState::unreadable: return "unreadable";
  }
  return "invalid";
}

void find_gaps(const FrameIndex& index, FileSummary& summary) {
  std::vector<std::uint64_t> next(index.head.sessions.size(), 0);
  for (const IndexEntry& entry : index.entries) {
    if (entry.session == IndexEntry::kNoSession) continue;
    std::uint64_t& expected = next[entry.session];
    if (expected != 0 && entry.first > expected) {
      ++summary.gap_count;
      summary.gap_messages += entry.first - expected;
      if (summary.gaps.size() < FileSummary::kMaxGaps) {
        summary.gaps.push_back(
            {index.head.sessions[entry.session], expected, entry.first, entry.offset});
      }
    }
    expected = std::max(expected, entry.next);
  }
}

FileSummary summarise_file(const std::string& path) {
  FileSummary summary;
  summary.path = path;
  name_parts(path, summary);
  net::FileReader file{path};
  if (!file.reason().empty() || !file.is_regular()) {
    summary.error = text_of(path, file.reason().empty() ? "is no regular file" : file.reason());
    return summary;
  }
  ArchiveTables tables{file};
  FrameIndex index;
  const bool is_sound = tables.state() == ArchiveTables::State::ok &&
                        !path.ends_with(kOpenSuffix) && tables.read_index(index);
  if (is_sound) {
    summary.state = FileState::finished;
    summary.file_bytes = file.size_bytes().value_or(0);
    find_gaps(index, summary);
    summary.head = std::move(index.head);
    return summary;
  }
  if (!tables.fault().empty()) summary.error = text_of(path, tables.fault());
  scan_file(summary);
  return summary;
}

std::vector<std::string> archive_files(const std::vector<std::string>& paths) {
  namespace fs = std::filesystem;
  std::vector<std::string> files;
  for (const std::string& path : paths) {
    std::error_code error;
    if (!fs::is_directory(path, error)) {
      if (!fs::exists(path, error)) throw std::invalid_argument{path + ": no such file or folder"};
      files.push_back(path);
      continue;
    }
    std::vector<std::string> found;
    for (fs::directory_iterator entry{path, error}, end; !error && entry != end;
         entry.increment(error)) {
      const std::string name = entry->path().filename().string();
      const bool is_archive = name.ends_with(kArchiveSuffix) ||
                              name.ends_with(std::string{kArchiveSuffix}.append(kOpenSuffix));
      std::error_code ignored;
      if (is_archive && entry->is_regular_file(ignored)) found.push_back(entry->path().string());
    }
    if (error) throw std::invalid_argument{path + ": " + error.message()};
    if (found.empty()) throw std::invalid_argument{path + ": holds no archives (*.pcap.zst)"};
    std::sort(found.begin(), found.end());
    files.insert(files.end(), found.begin(), found.end());
  }
  return files;
}

}  // namespace tapeline::archive
