#include "app/channel_archive.hpp"

#include <algorithm>
#include <cerrno>
#include <exception>
#include <fstream>
#include <system_error>
#include <vector>

#include "app/archive/file_calls.hpp"
#include "app/archive/repair.hpp"
#include "app/config_document.hpp"
#include "codec/archive/dictionary.hpp"

namespace tapeline {

namespace {

std::vector<std::byte> read_dictionary(const Config& config) {
  const std::filesystem::path& file = config.archive.dictionary;
  if (file.empty()) return {};
  const auto fail = [&](const std::string& why) -> ConfigError {
    const std::string place = config.origin.locate("archive.dictionary");
    return ConfigError{(place.empty() ? "" : place + ": ") + "dictionary " +
                       quoted_for_message(file.string()) + ": " + why};
  };
  errno = 0;
  std::ifstream stream{file, std::ios::binary};
  if (!stream) throw fail(std::generic_category().message(errno));
  std::vector<char> text(codec::archive::kMaxDictionaryBytes + 1);
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (stream.bad()) throw fail("can not be read");
  text.resize(static_cast<std::size_t>(stream.gcount()));
  const auto bytes = std::as_bytes(std::span{text});
  std::vector<std::byte> dictionary(bytes.begin(), bytes.end());
  if (codec::archive::dictionary_id(dictionary) == 0) {
    throw fail("no dictionary of at most 1 MiB as 'zstd --train' makes it");
  }
  return dictionary;
}

archive::ArchiveWriterConfig base_config(const Config& config, const std::string& feed,
                                         const std::string& channel) {
  archive::ArchiveWriterConfig result;
  archive::FrameWriterConfig& frames = result.frames;
  frames.directory = config.archive.directory;
  frames.feed = feed;
  frames.channel = channel;
  frames.compression_level = config.archive.compression_level;
  frames.dictionary = read_dictionary(config);
  frames.frame_bytes = config.archive.frame_bytes;
  frames.roll_bytes = config.archive.roll_bytes;
  frames.roll_seconds = config.archive.roll_seconds;
  return result;
}

}  // namespace

archive::ArchiveWriterConfig live_archive_config(const Config& config, const std::string& feed,
                                                 const std::string& channel) {
  archive::ArchiveWriterConfig result = base_config(config, feed, channel);
  result.frames.flush_ms = config.archive.flush_ms;
  result.frames.sync_ms = config.archive.sync_ms;
  result.frames.keep = {.bytes = config.archive.keep_bytes,
                        .files = config.archive.keep_files,
                        .days = config.archive.keep_days};
  std::uint64_t channels = 0;
  for (const FeedConfig& each : config.feeds) channels += each.channels.size();
  const pool::PoolConfig& pool = config.pool.serialization;
  const std::uint64_t buffers = std::max<std::uint64_t>(
      std::uint64_t{pool.buffer_count} + pool.overflow_buffers, pool.max_buffers);
  const std::uint64_t part = buffers * 3 / 4 / std::max<std::uint64_t>(channels, 1);
  result.ring_batches =
      static_cast<std::uint32_t>(std::clamp<std::uint64_t>(part, 1, config.archive.ring_batches));
  return result;
}

archive::ArchiveWriterConfig replay_archive_config(const Config& config, const std::string& feed,
                                                   const std::string& channel) {
  constexpr std::uint32_t kEnoughToDecouple = 128;  // more would only use up memory
  archive::ArchiveWriterConfig result = base_config(config, feed, channel);
  result.frames.flush_ms = 0;
  result.frames.sync_ms = 0;
  result.ring_batches = std::min(config.archive.ring_batches, kEnoughToDecouple);
  return result;
}

void repair_left_files(const std::filesystem::path& directory, const std::string& feed,
                       const std::string& channel, const std::atomic<bool>& stop,
                       const Tell& tell) {
  archive::FileCalls calls;
  for (const auto& file : archive::open_files(directory, feed, channel)) {
    if (stop.load()) return;
    std::string line = feed;
    line.append("/").append(channel).append(": ").append(file.string());
    line += " was left open, ";
    bool is_warning = true;
    try {
      const archive::RepairReport report = archive::repair_file(calls, file);
      if (report.outcome == archive::RepairOutcome::in_use) continue;  // of a process that lives
      line += report.text();
      is_warning = report.outcome == archive::RepairOutcome::failed ||
                   report.outcome == archive::RepairOutcome::not_ours;
    } catch (const std::exception& error) {
      line += std::string{"not repaired: "} + error.what();
    }
    tell(is_warning, line);
  }
}

}  // namespace tapeline
