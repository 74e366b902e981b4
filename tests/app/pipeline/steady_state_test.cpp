// Claim: once warm, neither the feed thread nor the archive thread allocates, whatever the mix of
// messages: capture -> sequencer -> decode -> books -> VWAP -> archive.

#include <gtest/gtest.h>

#include <filesystem>

#include "app/archive/archive_writer.hpp"
#include "app/pipeline.hpp"
#include "net/open_capture.hpp"
#include "tests/app/pipeline/generated_capture.hpp"
#include "tests/support/counting_new.hpp"

namespace tapeline {
namespace {

constexpr std::uint64_t kWarmUp = 500'000;
constexpr std::uint64_t kMeasured = 1'000'000;

TEST(Pipeline, AllocatesNothingThroughAMillionMessages) {
  const GeneratedCapture capture{
      {.seed = 11, .messages = 1'700'000, .instruments = 4'000, .keep_bars = false}, true};
  const auto folder =
      std::filesystem::temp_directory_path() / ("tapeline-steady-" + std::to_string(::getpid()));
  pool::LockFreeBufferPool pools{pool::LockFreeBufferPoolConfig{}};
  archive::ArchiveWriterConfig archive_config;
  archive_config.frames.directory = folder;
  archive_config.frames.feed = "test";
  archive_config.frames.channel = "steady";
  archive::ArchiveWriter archive{archive_config, pools.compression()};
  PipelineConfig config;
  config.lines = net::LineTable::kMaxLines;
  Pipeline pipeline{config, pools, &archive, nullptr};
  auto opened = net::open_capture(capture.path(), pools.serialization());
  ASSERT_NE(opened.source, nullptr) << opened.error;

  const auto messages = [&] { return pipeline.messages(); };
  const auto play_until = [&](std::uint64_t count) {
    while (messages() < count) {
      net::PacketBatch batch = opened.source->next();
      if (batch.empty()) {
        if (opened.source->state() != net::SourceState::would_block) break;
        std::this_thread::yield();
        continue;
      }
      pipeline.on_captured_batch(std::move(batch), [](const net::Packet&) { return true; });
    }
  };
  play_until(kWarmUp);
  pipeline.publish();

  const std::uint64_t messages_before = messages();
  const std::uint64_t allocations_before = support::allocations.load();
  play_until(kWarmUp + kMeasured);
  pipeline.publish();
  const std::uint64_t allocations = support::allocations.load() - allocations_before;

  EXPECT_GE(messages() - messages_before, kMeasured - 1'000);
  EXPECT_GT(archive.counts().packets, 0U);
  EXPECT_EQ(allocations, 0U);
  archive.stop();
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace tapeline
