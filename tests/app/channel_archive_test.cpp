#include "app/channel_archive.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace tapeline {
namespace {

Config with_channels(std::size_t channels) {
  Config config;
  config.feeds.resize(1);
  config.feeds[0].channels.resize(channels);
  return config;
}

std::string error_of(const Config& config) {
  try {
    static_cast<void>(live_archive_config(config, "f", "c"));
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

TEST(ChannelArchive, TakesWhatIsConfigured) {
  Config config = with_channels(1);
  config.archive.directory = "somewhere";
  config.archive.compression_level = 3;
  config.archive.frame_bytes = 5000;
  config.archive.roll_bytes = 6;
  config.archive.roll_seconds = 7;
  config.archive.ring_batches = 8;
  config.archive.flush_ms = 9;
  config.archive.sync_ms = 10;
  config.archive.keep_bytes = 11;
  config.archive.keep_files = 12;
  config.archive.keep_days = 13;
  const archive::ArchiveWriterConfig live = live_archive_config(config, "f", "c");
  EXPECT_EQ(live.frames.directory, "somewhere");
  EXPECT_EQ(live.frames.feed, "f");
  EXPECT_EQ(live.frames.channel, "c");
  EXPECT_EQ(live.frames.compression_level, 3);
  EXPECT_TRUE(live.frames.dictionary.empty());
  EXPECT_EQ(live.frames.frame_bytes, 5000U);
  EXPECT_EQ(live.frames.roll_bytes, 6U);
  EXPECT_EQ(live.frames.roll_seconds, 7U);
  EXPECT_EQ(live.ring_batches, 8U);
  EXPECT_EQ(live.frames.flush_ms, 9U);
  EXPECT_EQ(live.frames.sync_ms, 10U);
  EXPECT_EQ(live.frames.keep.bytes, 11U);
  EXPECT_EQ(live.frames.keep.files, 12U);
  EXPECT_EQ(live.frames.keep.days, 13U);
  // A replay writes the same bytes each time and removes nothing.
  const archive::ArchiveWriterConfig replay = replay_archive_config(config, "f", "c");
  EXPECT_EQ(replay.frames.roll_seconds, 7U);
  EXPECT_EQ(replay.frames.flush_ms, 0U);
  EXPECT_EQ(replay.frames.sync_ms, 0U);
  EXPECT_FALSE(replay.frames.keep.any());
}

TEST(ChannelArchive, LeavesBuffersToTheFeed) {
  for (const std::size_t channels : {1U, 4U, 100U}) {
    Config config = with_channels(channels);
    config.archive.ring_batches = 100'000;
    config.pool.serialization.max_buffers = 1600;
    EXPECT_EQ(live_archive_config(config, "f", "c").ring_batches, 1200 / channels);
  }
  Config fixed = with_channels(1);
  fixed.pool.serialization.max_buffers = 0;
  fixed.pool.serialization.buffer_count = 1;
  fixed.pool.serialization.overflow_buffers = 0;
  EXPECT_EQ(live_archive_config(fixed, "f", "c").ring_batches, 1U);
}

TEST(ChannelArchive, RefusesADictionaryThatIsNone) {
  Config config = with_channels(1);
  config.archive.dictionary = "/nowhere/dictionary";
  EXPECT_EQ(error_of(config), "dictionary '/nowhere/dictionary': No such file or directory");
  config.archive.dictionary = "/etc/passwd";
  EXPECT_EQ(error_of(config),
            "dictionary '/etc/passwd': no dictionary of at most 1 MiB as 'zstd --train' makes it");
}

TEST(ChannelArchive, TellsOfEachFileThatWasLeftOpen) {
  const std::filesystem::path folder =
      std::filesystem::path{::testing::TempDir()} / "channel_archive_test";
  std::filesystem::remove_all(folder);
  std::filesystem::create_directory(folder);
  const std::string start = (folder / "f-c-20260105T143000.00000000").string();
  std::ofstream{start + "1Z.pcap.zst.open"} << "of somebody else";
  std::ofstream{start + "2Z.pcap.zst.open"};
  std::ofstream{(folder / "f-d-20260105T143000.000000001Z.pcap.zst.open").string()};
  std::vector<std::string> told;
  std::vector<bool> warnings;
  const auto tell = [&](bool is_warning, const std::string& line) {
    warnings.push_back(is_warning);
    told.push_back(line);
  };
  repair_left_files(folder, "f", "c", std::atomic<bool>{true}, tell);
  EXPECT_TRUE(told.empty());  // it was stopped before it began
  repair_left_files(folder, "f", "c", std::atomic<bool>{false}, tell);
  EXPECT_EQ(told,
            (std::vector<std::string>{"f/c: " + start +
                                          "1Z.pcap.zst.open was left open, left alone: it is no "
                                          "archive",
                                      "f/c: " + start +
                                          "2Z.pcap.zst.open was left open, removed: no whole frame "
                                          "in its 0 bytes"}));
  EXPECT_EQ(warnings, (std::vector<bool>{true, false}));
  EXPECT_TRUE(std::filesystem::exists(start + "1Z.pcap.zst.open"));
  EXPECT_FALSE(std::filesystem::exists(start + "2Z.pcap.zst.open"));
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace tapeline
