#include "app/archive/repair.hpp"

#include <algorithm>
#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

#include "app/archive/archive_name.hpp"
#include "app/archive/frame_scan.hpp"

namespace tapeline::archive {
namespace {

// Closes when it goes.
class Descriptor {
 public:
  Descriptor(FileCalls& calls, int descriptor) noexcept : calls_{calls}, descriptor_{descriptor} {}
  ~Descriptor() { calls_.close(descriptor_); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  [[nodiscard]] int get() const noexcept { return descriptor_; }

 private:
  FileCalls& calls_;
  int descriptor_;
};

ArchiveFault write_all(FileCalls& calls, int descriptor, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = calls.write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return {ArchiveStep::write, written < 0 ? errno : EIO};
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return {};
}

ArchiveFault cut_at(FileCalls& calls, int descriptor, std::uint64_t bytes) {
  if (calls.truncate(descriptor, static_cast<off_t>(bytes)) == 0) return {};
  return {ArchiveStep::cut, errno};
}

// Puts the tables behind the good part. When they find no room the file does without, and that is
// in `table_fault`.
ArchiveFault write_end(FileCalls& calls, int descriptor, FrameScan& scan,
                       const FileTable::Pieces& pieces, ArchiveFault& table_fault) {
  if (const ArchiveFault fault = cut_at(calls, descriptor, scan.good_end())) return fault;
  for (const auto& piece : pieces) {
    table_fault = write_all(calls, descriptor, piece);
    if (!table_fault) continue;
    if (const ArchiveFault fault = cut_at(calls, descriptor, scan.good_end())) return fault;
    break;
  }
  if (calls.sync(descriptor) != 0) return {ArchiveStep::sync, errno};
  return {};
}

// Renames an open file; says in `path` where it is then.
ArchiveFault rename_into_place(FileCalls& calls, const std::filesystem::path& file,
                               std::string& path) {
  constexpr unsigned kMaxCopies = 10000;
  const std::string name = file.filename().string();
  const auto parsed = parse_archive_name(name);
  std::string target = file.string();
  target.resize(target.size() - kOpenSuffix.size());
  for (unsigned copy = parsed ? parsed->copy + 1 : kMaxCopies;; ++copy) {
    if (calls.rename(file.c_str(), target.c_str()) == 0) break;
    if (errno != EEXIST || copy >= kMaxCopies) return {ArchiveStep::rename, errno};
    std::string next{parsed->source};
    next += '-' + utc_text(parsed->start) + '-' + std::to_string(copy);
    target = (file.parent_path() / (next + std::string{kArchiveSuffix})).string();
  }
  path = std::move(target);
  return {};
}

std::string folder_of(const std::filesystem::path& file) {
  return file.has_parent_path() ? file.parent_path().string() : ".";
}

class Repair {
 public:
  Repair(FileCalls& calls, const std::filesystem::path& file)
      : calls_{calls}, file_{file}, is_open_{file.string().ends_with(kOpenSuffix)} {
    report_.file = report_.path = file.string();
  }

  RepairReport run() {
    const int descriptor = calls_.open_existing(file_.c_str());
    if (descriptor < 0) {
      if (errno == EWOULDBLOCK) {
        report_.outcome = RepairOutcome::in_use;
      } else {
        report_.fault = {ArchiveStep::open, errno};
      }
      return report_;
    }
    const Descriptor owner{calls_, descriptor};
    repair(descriptor);
    return report_;
  }

 private:
  void repair(int descriptor) {
    FrameScan scan{calls_, descriptor};
    if ((report_.fault = scan.run())) return;
    if (scan.is_foreign() || (scan.good_end() == 0 && !is_open_)) {
      report_.outcome = RepairOutcome::not_ours;
      return;
    }
    if (scan.good_end() == 0) return remove(scan);
    const codec::archive::IndexTotals totals = scan.table().totals();
    report_.bytes = scan.good_end();
    report_.frames = totals.frames;
    report_.packets = totals.packets;
    report_.first_time = totals.earliest_ns;
    report_.last_time = totals.latest_ns;
    report_.cut_bytes = scan.file_bytes() - scan.good_end() - scan.table_bytes();
    const FileTable::Pieces pieces = scan.table().finish(scan.good_end());
    const bool whole = scan.ends_with(pieces);
    ArchiveFault table_fault;
    if (!whole) report_.fault = write_end(calls_, descriptor, scan, pieces, table_fault);
    // The process that wrote it may have died before it was durable.
    if (whole && is_open_ && calls_.sync(descriptor) != 0) {
      report_.fault = {ArchiveStep::sync, errno};
    }
    if (!report_.fault && is_open_) finish_name();
    if (report_.fault) return;
    report_.fault = table_fault;
    report_.outcome = whole && !is_open_ ? RepairOutcome::whole : RepairOutcome::repaired;
  }

  void remove(const FrameScan& scan) {
    report_.cut_bytes = scan.file_bytes();
    if (calls_.remove(file_.c_str()) != 0) {
      report_.fault = {ArchiveStep::remove, errno};
      return;
    }
    report_.path.clear();
    report_.outcome = RepairOutcome::removed;
  }

  void finish_name() {
    report_.fault = rename_into_place(calls_, file_, report_.path);
    if (!report_.fault && calls_.sync_directory(folder_of(file_).c_str()) != 0) {
      report_.fault = {ArchiveStep::sync, errno};
    }
  }

  FileCalls& calls_;
  const std::filesystem::path& file_;
  bool is_open_;
  RepairReport report_;
};

}  // namespace

std::string_view to_string(RepairOutcome outcome) noexcept {
  switch (outcome) {
    case RepairOutcome::whole: return "whole";
    case RepairOutcome::repaired: return "repaired";
    case RepairOutcome::removed: return "removed";
    case RepairOutcome::in_use: return "in use";
    case RepairOutcome::not_ours: return "left alone";
    case RepairOutcome::failed: return "not repaired";
  }
  return "unknown";
}

std::string RepairReport::text() const {
  std::string line{to_string(outcome)};
  switch (outcome) {
    case RepairOutcome::in_use: return line + " by another process";
    case RepairOutcome::not_ours: return line + ": it is no archive";
    case RepairOutcome::failed: return line + ": " + fault.text();
    case RepairOutcome::removed:
      return line + ": no whole frame in its " + std::to_string(cut_bytes) + " bytes";
    case RepairOutcome::whole:
    case RepairOutcome::repaired: break;
  }
  line += ": " + std::to_string(frames) + " frames, " + std::to_string(packets) + " packets, " +
          std::to_string(cut_bytes) + " bytes cut off";
  if (fault) line += "; without tables: " + fault.text();
  return line;
}

RepairReport repair_file(FileCalls& calls, const std::filesystem::path& file) {
  return Repair{calls, file}.run();
}

std::vector<std::filesystem::path> open_files(const std::filesystem::path& directory,
                                              std::string_view feed, std::string_view channel) {
  const std::string source = std::string{feed} + '-' + std::string{channel};
  std::vector<std::pair<std::pair<net::UnixNanos, unsigned>, std::filesystem::path>> found;
  std::error_code error;
  for (std::filesystem::directory_iterator entry{directory, error}, end; !error && entry != end;
       entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    const auto parsed = parse_archive_name(name);
    if (!parsed || !parsed->is_open || parsed->source != source) continue;
    std::error_code ignored;
    if (entry->symlink_status(ignored).type() != std::filesystem::file_type::regular) continue;
    found.push_back({{parsed->start, parsed->copy}, entry->path()});
  }
  std::sort(found.begin(), found.end());
  std::vector<std::filesystem::path> files;
  files.reserve(found.size());
  for (auto& [order, path] : found) files.push_back(std::move(path));
  return files;
}

}  // namespace tapeline::archive
