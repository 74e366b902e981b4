#include "app/archive/retention.hpp"

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <tuple>
#include <utility>
#include <vector>

#include "app/archive/archive_name.hpp"

namespace tapeline::archive {
namespace {

struct Finished {
  net::UnixNanos start = 0;
  unsigned copy = 0;
  std::uint64_t bytes = 0;
  std::string path;
};

std::vector<Finished> finished_files(const std::filesystem::path& directory,
                                     std::string_view source, ArchiveFault& fault) {
  std::vector<Finished> files;
  std::error_code error;
  for (std::filesystem::directory_iterator entry{directory, error}, end; !error && entry != end;
       entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    const auto parsed = parse_archive_name(name);
    if (!parsed || parsed->is_open || parsed->source != source) continue;
    std::error_code gone;
    if (entry->symlink_status(gone).type() != std::filesystem::file_type::regular) continue;
    const std::uintmax_t bytes = entry->file_size(gone);
    if (!gone) files.push_back({parsed->start, parsed->copy, bytes, entry->path().string()});
  }
  if (error) fault = {ArchiveStep::read, error.value()};
  std::sort(files.begin(), files.end(), [](const Finished& a, const Finished& b) {
    return std::tie(a.start, a.copy) < std::tie(b.start, b.copy);
  });
  return files;
}

}  // namespace

RetentionResult remove_old_files(FileCalls& calls, const std::filesystem::path& directory,
                                 std::string_view feed, std::string_view channel,
                                 const RetentionConfig& config, net::UnixNanos now) {
  constexpr net::UnixNanos kNanosPerDay = 86'400'000'000'000;
  RetentionResult result;
  if (!config.any()) return result;
  const std::string source = std::string{feed} + '-' + std::string{channel};
  const std::vector<Finished> files = finished_files(directory, source, result.fault);
  std::uint64_t bytes = 0;
  for (const Finished& file : files) bytes += file.bytes;
  for (std::size_t i = 0; i + 1 < files.size(); ++i) {
    const Finished& file = files[i];
    const bool too_many = config.files != 0 && files.size() - i > config.files;
    const bool too_large = config.bytes != 0 && bytes > config.bytes;
    const bool too_old = config.days != 0 && now - file.start > config.days * kNanosPerDay;
    if (!too_many && !too_large && !too_old) break;
    if (calls.remove(file.path.c_str()) != 0 && errno != ENOENT) {
      if (!result.fault) result.fault = {ArchiveStep::remove, errno};
      continue;
    }
    bytes -= file.bytes;
    ++result.removed;
  }
  return result;
}

}  // namespace tapeline::archive
