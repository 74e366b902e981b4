#include "app/replay_input.hpp"

#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <string>
#include <vector>

#include "app/simulate/capture_writer.hpp"
#include "codec/iextp/packet.hpp"
#include "tests/app/pipeline/generated_capture.hpp"
#include "tests/app/pipeline/replay_files.hpp"

namespace tapeline {
namespace {

using net::SourceState;
using test::TemporaryFile;

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kHour = 3'600 * kSecond;

const GeneratedCapture& capture() {
  static const GeneratedCapture kCapture{
      {.seed = 31, .messages = 2'000, .instruments = 20, .keep_bars = false}, true};
  return kCapture;
}

struct Played {
  std::vector<net::UnixNanos> times;
  std::vector<ReplayInput::Join> joins;  // other than goes_on
  std::uint64_t bytes_left = 0;
};

class Playing {
 public:
  explicit Playing(std::vector<std::string> files, ReplayInputOptions options = {})
      : pools_{pool::LockFreeBufferPoolConfig{}},
        input_{std::move(files), std::move(options), pools_.serialization()} {}

  Played play() {
    Played played;
    for (;;) {
      const net::PacketBatch batch = input_.next();
      if (batch.empty()) {
        if (input_.state() == SourceState::would_block) continue;
        EXPECT_EQ(input_.state(), SourceState::ended);
        played.bytes_left = input_.bytes_total() - input_.bytes_read();
        return played;
      }
      if (input_.join() != ReplayInput::Join::goes_on) played.joins.push_back(input_.join());
      for (const net::Packet& packet : batch.packets()) played.times.push_back(packet.rx_time);
    }
  }
  [[nodiscard]] const ReplayInput& input() const { return input_; }

 private:
  pool::LockFreeBufferPool pools_;
  ReplayInput input_;
};

std::string refusal(std::vector<std::string> files, ReplayInputOptions options = {}) {
  try {
    const Playing playing{std::move(files), std::move(options)};
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

decode::TimeBound at(std::int64_t ns) { return {.is_time_of_day = false, .ns = ns}; }

TEST(ReplayInput, LeavesOutWhatIsBeforeFromAndFromToOn) {
  const auto all = Playing{{capture().path()}}.play().times;
  const net::UnixNanos from = all[all.size() / 4];
  const net::UnixNanos to = all[all.size() / 2];
  std::vector<net::UnixNanos> wanted;
  for (const net::UnixNanos time : all) {
    if (time >= from && time < to) wanted.push_back(time);
  }
  ASSERT_GT(wanted.size(), 100U);
  ReplayInputOptions options;
  options.from = at(from);
  options.to = at(to);
  Playing playing{{capture().path()}, options};
  EXPECT_EQ(playing.play().times, wanted);
  EXPECT_GE(playing.input().left_out(), all.size() / 4);
}

TEST(ReplayInput, TakesATimeOfDayOfTheFirstPacketsDayWhereTheExchangeIs) {
  ReplayInputOptions options;
  options.zone = decode::ExchangeZone::utc;
  options.from = {{.is_time_of_day = true, .ns = 10 * kHour}};
  options.to = {{.is_time_of_day = true, .ns = 12 * kHour}};
  const auto times = Playing{{capture().path()}, options}.play().times;
  ASSERT_FALSE(times.empty());
  EXPECT_GE(times.front(), GeneratedCapture::kMidnight + 10 * kHour);
  EXPECT_LT(times.back(), GeneratedCapture::kMidnight + 12 * kHour);
  // In New York it still is the evening before when the capture begins.
  options.zone = decode::ExchangeZone::new_york;
  EXPECT_TRUE((Playing{{capture().path()}, options}.play().times.empty()));
}

TEST(ReplayInput, DoesNotReadOnBehindTo) {
  const GeneratedCapture large{
      {.seed = 32, .messages = 60'000, .instruments = 50, .keep_bars = false}, false};
  ReplayInputOptions options;
  options.to = at(GeneratedCapture::kMidnight + 9 * kHour);
  const Played played = Playing{{large.path()}, options}.play();
  EXPECT_FALSE(played.times.empty());
  EXPECT_GT(played.bytes_left, 1'000'000U);
}

TEST(ReplayInput, MergesFilesByTheirTimes) {
  const TemporaryFile a{test::packets_of(capture().path(), test::kLineA)};
  const TemporaryFile b{test::packets_of(capture().path(), test::kLineB)};
  const Played played = Playing{{b.path(), a.path()}}.play();
  EXPECT_TRUE(std::is_sorted(played.times.begin(), played.times.end()));
  EXPECT_EQ(played.times.size(), Playing{{capture().path()}}.play().times.size());
  EXPECT_TRUE(played.joins.empty());
}

TEST(ReplayInput, SaysThatAFileFollowsTheOthers) {
  const auto all = [](const net::Packet&, const codec::capture::Endpoint&) { return true; };
  const TemporaryFile later{test::packets_of(capture().path(), all, 24 * kHour)};
  const Played played = Playing{{later.path(), capture().path()}}.play();
  EXPECT_EQ(played.joins, std::vector{ReplayInput::Join::next_file});
}

TEST(ReplayInput, GoesOnInTimeWhenItPlaysAgain) {
  const auto once = Playing{{capture().path()}}.play().times;
  ReplayInputOptions options;
  options.loops = 3;
  Playing playing{{capture().path()}, options};
  const Played played = playing.play();
  ASSERT_EQ(played.times.size(), 3 * once.size());
  EXPECT_TRUE(std::is_sorted(played.times.begin(), played.times.end()));
  EXPECT_EQ(played.joins, (std::vector{ReplayInput::Join::again, ReplayInput::Join::again}));
  for (std::size_t i = 0; i < once.size(); ++i) {
    EXPECT_EQ(played.times[once.size() + i] - played.times[once.size()], once[i] - once[0]);
  }
  EXPECT_EQ(played.times[once.size()] - played.times[once.size() - 1], ReplayInput::kLoopPauseNs);
  EXPECT_EQ(playing.input().counted(net::SourceCounter::packets), 3 * once.size());
}

TEST(ReplayInput, EndsALoopOfWhichNothingIsWanted) {
  ReplayInputOptions options;
  options.loops = ReplayInputOptions::kForever;
  options.from = at(GeneratedCapture::kMidnight + 1'000 * kHour);
  EXPECT_TRUE(Playing({capture().path()}, options).play().times.empty());
}

TEST(ReplayInput, RefusesToPlayFeedsTogether) {
  const std::string iex = testing::TempDir() + "tapeline_replay_input_iex.pcap";
  {
    simulate::OutputFile file{iex, true};
    simulate::CaptureOptions options;
    options.session = codec::iextp::Session::from(codec::iextp::Protocol::deep, 1, 1);
    options.lines.push_back({.group = test::kLineA, .cut = {}, .delay_ns = 0, .jitter_ns = 0});
    simulate::CaptureWriter writer{options, file};
    const std::array<std::byte, 10> message{};
    writer.add(message, 1);
    writer.finish();
    file.close();
  }
  EXPECT_NE(refusal({capture().path(), iex}).find("another feed"), std::string::npos);
  EXPECT_EQ(refusal({iex, iex}), "");
  std::filesystem::remove(iex);
}

TEST(ReplayInput, RefusesJsonLinesAmongCaptures) {
  const TemporaryFile json{net::test::text("{\"type\":\"ticker\"}\n")};
  EXPECT_NE(refusal({capture().path(), json.path()}).find("JSON lines"), std::string::npos);
}

TEST(ReplayInput, RefusesToReadTheStandardInputTwice) {
  ReplayInputOptions twice;
  twice.loops = 2;
  EXPECT_NE(refusal({"-", "-"}).find("once"), std::string::npos);
  EXPECT_NE(refusal({"-"}, twice).find("once"), std::string::npos);
}

TEST(ReplayInput, WantsTheDayOfAnItchFileThatIsCutByDates) {
  const TemporaryFile itch{net::test::text(std::string{"\0\x0cS", 3} + std::string(11, '\0'))};
  ReplayInputOptions options;
  options.from = at(kHour);
  EXPECT_NE(refusal({itch.path()}, options).find("--date"), std::string::npos);
  options.day = 20'458;
  EXPECT_EQ(refusal({itch.path()}, options), "");
  options.day.reset();
  options.from = {{.is_time_of_day = true, .ns = kHour}};
  EXPECT_EQ(refusal({itch.path()}, options), "");
}

}  // namespace
}  // namespace tapeline
