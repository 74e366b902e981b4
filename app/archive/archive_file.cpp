#include "app/archive/archive_file.hpp"

#include <cassert>
#include <cerrno>
#include <utility>

#include "app/archive/archive_name.hpp"

namespace tapeline::archive {
namespace {

// Files of the same feed, channel and nanosecond; more than that is a loop, not a coincidence.
constexpr unsigned kMaxCopies = 10000;

// An interrupted sync has told nothing of the data.
bool sync_file(FileCalls& calls, int descriptor, int (FileCalls::*sync)(int)) {
  int result = 0;
  do {
    result = (calls.*sync)(descriptor);
  } while (result != 0 && errno == EINTR);
  return result == 0;
}

}  // namespace

ArchiveFile::ArchiveFile(FileCalls& calls, const std::filesystem::path& directory, std::string feed,
                         std::string channel)
    : calls_{calls},
      directory_{directory.string()},
      feed_{std::move(feed)},
      channel_{std::move(channel)} {}

ArchiveFile::~ArchiveFile() {
  if (is_open()) calls_.close(descriptor_);
}

std::string ArchiveFile::path_of(net::UnixNanos start, unsigned copy) const {
  return directory_ + '/' + archive_file_name(feed_, channel_, start, copy);
}

ArchiveFault ArchiveFile::open(net::UnixNanos start) {
  assert(!is_open());
  for (unsigned copy = 0; copy < kMaxCopies; ++copy) {
    path_ = path_of(start, copy);
    if (calls_.exists(path_.c_str())) continue;
    open_path_ = path_ + std::string{kOpenSuffix};
    const int descriptor = calls_.create(open_path_.c_str());
    if (descriptor >= 0) {
      descriptor_ = descriptor;
      start_ = start;
      copy_ = copy;
      written_bytes_ = 0;
      complete_bytes_ = 0;
      synced_bytes_ = 0;
      name_is_durable_ = false;
      return {};
    }
    if (errno != EEXIST) return {ArchiveStep::create, errno};
  }
  return {ArchiveStep::create, EEXIST};
}

ArchiveFault ArchiveFile::append(std::span<const std::byte> bytes) {
  assert(is_open());
  while (!bytes.empty()) {
    const ssize_t written = calls_.write(descriptor_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return {ArchiveStep::write, errno};
    if (written == 0) return {ArchiveStep::write, EIO};  // no progress, and no reason given
    written_bytes_ += static_cast<std::uint64_t>(written);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return {};
}

ArchiveFault ArchiveFile::close_descriptor() {
  // close(2) frees the descriptor on Linux even when it fails, EINTR included.
  const int result = calls_.close(std::exchange(descriptor_, -1));
  if (result != 0 && errno != EINTR) return {ArchiveStep::close, errno};
  return {};
}

ArchiveFault ArchiveFile::rename_into_place() {
  while (calls_.rename(open_path_.c_str(), path_.c_str()) != 0) {
    if (errno != EEXIST || ++copy_ >= kMaxCopies) return {ArchiveStep::rename, errno};
    path_ = path_of(start_, copy_);
  }
  return {};
}

ArchiveFault ArchiveFile::sync() {
  assert(is_open());
  if (!sync_file(calls_, descriptor_, &FileCalls::sync_data)) return {ArchiveStep::sync, errno};
  if (!name_is_durable_ && calls_.sync_directory(directory_.c_str()) != 0) {
    return {ArchiveStep::sync, errno};
  }
  name_is_durable_ = true;
  synced_bytes_ = written_bytes_;
  return {};
}

ArchiveFault ArchiveFile::cut() {
  if (written_bytes_ == complete_bytes_) return {};
  if (calls_.truncate(descriptor_, static_cast<off_t>(complete_bytes_)) != 0) {
    return {ArchiveStep::cut, errno};
  }
  written_bytes_ = complete_bytes_;
  return {};
}

ArchiveFault ArchiveFile::write_table(const FileTable::Pieces& table) {
  for (const auto& piece : table) {
    if (const ArchiveFault fault = append(piece)) return fault;
  }
  mark_complete();
  return {};
}

ArchiveFault ArchiveFile::finish(const FileTable::Pieces& table) {
  assert(is_open());
  const ArchiveFault table_fault = write_table(table);
  ArchiveFault fault = cut();
  if (!fault && !sync_file(calls_, descriptor_, &FileCalls::sync)) {
    fault = {ArchiveStep::sync, errno};
  }
  // Renamed while it is locked, so that nobody takes it for a file that was left behind.
  if (!fault) fault = rename_into_place();
  if (fault) {
    leave();
    return fault;
  }
  const std::uint64_t bytes = written_bytes_;
  fault = close_descriptor();
  if (calls_.sync_directory(directory_.c_str()) != 0) {
    if (!fault) fault = {ArchiveStep::sync, errno};
  }
  if (!fault) synced_bytes_ = bytes;
  return table_fault ? table_fault : fault;
}

ArchiveFault ArchiveFile::abandon(const FileTable::Pieces& table) {
  assert(is_open());
  if (complete_bytes_ == 0) {
    const ArchiveFault fault = close_descriptor();
    if (calls_.remove(open_path_.c_str()) != 0) return {ArchiveStep::cut, errno};
    return fault;
  }
  if (const ArchiveFault fault = cut()) {
    leave();
    return fault;
  }
  return finish(table);
}

void ArchiveFile::leave() noexcept { calls_.close(std::exchange(descriptor_, -1)); }

}  // namespace tapeline::archive
