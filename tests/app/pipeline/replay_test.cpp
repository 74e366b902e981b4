// What comes out of a replay does not depend on how the same packets are played.

#include "app/replay.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "app/archive/repair.hpp"
#include "codec/archive/frame.hpp"
#include "codec/soupbintcp/encoder.hpp"
#include "net/framing.hpp"
#include "net/tcp_header.hpp"
#include "tests/app/pipeline/generated_capture.hpp"
#include "tests/app/pipeline/replay_files.hpp"

namespace tapeline {
namespace {

using test::Bytes;
using test::outcome;
using test::TemporaryFile;

constexpr std::uint64_t kMessages = 20'000;

const GeneratedCapture& capture() {
  static const GeneratedCapture kCapture{
      {.seed = 41, .messages = kMessages, .instruments = 50, .keep_bars = false}, true};
  return kCapture;
}

// Books, totals and bars of a whole replay.
std::string play(const std::vector<std::string>& files, ReplayOptions options = {},
                 Config config = replay_config()) {
  test::BarText bars;
  options.bars = &bars;
  Replay replay{std::move(config), files, std::move(options)};
  replay.run();
  EXPECT_TRUE(replay.errors().empty()) << replay.errors().front();
  EXPECT_GT(bars.text.size(), 1'000U);
  return outcome(replay) + "\n" + bars.text;
}

status::ChannelStatus channel_of(const Replay& replay) {
  return replay.snapshot().feeds.at(0).channels.at(0);
}

TEST(Replay, GivesTheSameBitsAtEveryPace) {
  ReplayOptions paced;
  paced.speed = 1e6;
  EXPECT_EQ(play({capture().path()}, paced), play({capture().path()}));
}

TEST(Replay, GivesTheSameBitsFromACompressedFile) {
  const Bytes plain = test::packets_of(
      capture().path(), [](const net::Packet&, const codec::capture::Endpoint&) { return true; });
  const TemporaryFile zst{net::test::zstd(plain)};
  const TemporaryFile gz{net::test::gzip(plain)};
  const std::string expected = play({capture().path()});
  EXPECT_EQ(play({zst.path()}), expected);
  EXPECT_EQ(play({gz.path()}), expected);
}

TEST(Replay, GivesTheSameBitsFromItsOwnArchive) {
  const auto folder =
      std::filesystem::path{testing::TempDir()} / ("tapeline-replay-" + std::to_string(::getpid()));
  Config config = replay_config();
  config.archive.enabled = true;
  config.archive.directory = folder;
  const std::string expected = play({capture().path()}, {}, config);
  std::vector<std::string> archives;
  for (const auto& entry : std::filesystem::directory_iterator{folder}) {
    archives.push_back(entry.path().string());
  }
  ASSERT_EQ(archives.size(), 1U);
  EXPECT_EQ(play(archives), expected);
  std::filesystem::remove_all(folder);
}

// The messages of a line as a server of SoupBinTCP sends them: a pcap of TCP segments that end
// anywhere, in two connections.
Bytes soup_capture(const std::string& path) {
  namespace soup = codec::soupbintcp;
  constexpr std::size_t kSegments[] = {1'000, 37, 1, 20'000, 333};
  const net::Endpoint server{"10.0.0.1", 5000};
  const net::Endpoint client{"10.0.0.2", 40'000};
  std::array<std::byte, 64> head{};
  Bytes file(codec::capture::kPcapHeaderBytes);
  codec::capture::write_file_header(file, codec::capture::TimeUnit::nano,
                                    codec::capture::LinkType::raw);
  net::TcpHeader tcp{server, client, 0xFFFF'F000U};
  std::size_t segments = 0;
  Bytes waiting;
  const auto flush = [&](std::int64_t time, bool all) {
    for (;;) {
      const std::size_t bytes = std::min(kSegments[segments % 5], waiting.size());
      if (bytes == 0 || (bytes < kSegments[segments % 5] && !all)) return;
      const auto length = static_cast<std::uint32_t>(tcp.bytes() + bytes);
      const std::size_t record = codec::capture::write_record_header(
          head, codec::capture::TimeUnit::nano, time, length, length);
      file.insert(file.end(), head.begin(), head.begin() + static_cast<std::ptrdiff_t>(record));
      tcp.write(head.data(), bytes);
      file.insert(file.end(), head.begin(),
                  head.begin() + static_cast<std::ptrdiff_t>(tcp.bytes()));
      file.insert(file.end(), waiting.begin(),
                  waiting.begin() + static_cast<std::ptrdiff_t>(bytes));
      waiting.erase(waiting.begin(), waiting.begin() + static_cast<std::ptrdiff_t>(bytes));
      ++segments;
    }
  };
  const auto add = [&](soup::PacketType type, std::span<const std::byte> payload) {
    soup::write_header(head, type, payload.size());
    waiting.insert(waiting.end(), head.begin(), head.begin() + soup::kHeaderBytes);
    waiting.insert(waiting.end(), payload.begin(), payload.end());
  };
  const auto log_in = [&](std::uint64_t next, std::int64_t time) {
    flush(time, true);
    tcp = net::TcpHeader{server, client, static_cast<std::uint32_t>(next * 777)};
    waiting.resize(soup::kHeaderBytes + soup::kLoginAcceptedBytes);
    soup::write_login_accepted(waiting, soup::Session::from_text("TEST000001"), next);
    flush(time, true);
    segments = 0;
  };
  pool::LockFreeBufferPool pools{pool::LockFreeBufferPoolConfig{}};
  net::CaptureOptions options;
  options.filter.matches.push_back({test::kLineA.address, test::kLineA.port, 0});
  const auto opened = net::open_capture(path, pools.serialization(), options);
  std::uint64_t next = 1;
  std::int64_t time = 0;
  for (;;) {
    const net::PacketBatch batch = opened.source->next();
    if (batch.empty()) break;
    for (const net::Packet& packet : batch.packets()) {
      const auto parsed = net::MoldUdp64Framing::parse(packet.payload());
      if (parsed.status != net::PacketStatus::ok) continue;
      time = packet.rx_time;
      if (next == 1 || (next < kMessages / 2 && next + parsed.header.count >= kMessages / 2)) {
        log_in(next, time);
      }
      EXPECT_EQ(net::MoldUdp64Framing::for_each_block(
                    parsed.header, packet.payload(), 0,
                    [&](std::uint64_t, std::span<const std::byte> message) {
                      add(soup::PacketType::sequenced, message);
                    }),
                net::PacketStatus::ok);
      next += parsed.header.count;
      flush(time, false);
    }
  }
  add(soup::PacketType::end_of_session, {});
  flush(time, true);
  return file;
}

TEST(Replay, GivesTheSameBitsFromACapturedTcpSession) {
  const TemporaryFile soup{soup_capture(capture().path())};
  EXPECT_EQ(play({soup.path()}), play({capture().path()}));
  Replay replay{replay_config(), {soup.path()}};
  replay.run();
  EXPECT_EQ(replay.messages(), kMessages);
  EXPECT_EQ(channel_of(replay).gaps, 0U);
  EXPECT_EQ(channel_of(replay).session, "TEST000001");
  EXPECT_EQ(replay.input().counted(net::SourceCounter::tcp_holes), 0U);
}

// The same packets in frames of an archive, with its index.
std::string write_archive(const Bytes& pcap) {
  constexpr std::size_t kFrameBytes = 20'000;
  const std::string path = testing::TempDir() + "tapeline-replay-" + std::to_string(::getpid()) +
                           "-20260105T000000.000000000Z.pcap.zst";
  codec::archive::FrameEncoder encoder;
  std::ofstream file{path, std::ios::binary};
  const std::span<const std::byte> all{pcap};
  std::size_t begin = 0;
  for (std::size_t at = codec::capture::kPcapHeaderBytes; at < all.size();) {
    std::uint32_t captured = 0;
    std::memcpy(&captured, all.data() + at + 8, sizeof captured);
    at += codec::capture::kRecordHeaderBytes + captured;
    if (at - begin < kFrameBytes && at < all.size()) continue;
    Bytes frame(2 * (at - begin) + 1'000);
    const auto made = encoder.compress(all.subspan(begin, at - begin), frame);
    EXPECT_EQ(made.status, codec::archive::FrameStatus::ok);
    file.write(reinterpret_cast<const char*>(frame.data()),
               static_cast<std::streamsize>(made.frame_bytes));
    begin = at;
  }
  file.close();
  archive::FileCalls calls;
  EXPECT_EQ(archive::repair_file(calls, path).outcome, archive::RepairOutcome::repaired);
  return path;
}

TEST(Replay, FindsTheLoginOfATcpSessionInFrontOfTheSpanOfAnArchive) {
  const Bytes pcap = soup_capture(capture().path());
  const TemporaryFile soup{pcap};
  const std::string archive = write_archive(pcap);
  ReplayOptions options;
  options.input.from = {
      {.is_time_of_day = false, .ns = GeneratedCapture::kMidnight + 12LL * 3'600'000'000'000}};
  const std::string expected = play({soup.path()}, options);
  EXPECT_EQ(play({archive}, options), expected);
  EXPECT_NE(expected, play({archive}));
  std::filesystem::remove(archive);
}

TEST(Replay, PutsLinesOfTwoFilesTogether) {
  // Packets are missing from each line: of one in the first half, of the other in the second.
  const auto half = [](const codec::capture::Endpoint& line, bool first) {
    constexpr net::UnixNanos kNoon =
        GeneratedCapture::kMidnight + net::UnixNanos{12} * 3'600 * 1'000'000'000;
    std::size_t count = 0;
    return test::packets_of(capture().path(),
                            [=](const net::Packet& packet, const auto& other) mutable {
                              const bool may_miss = (packet.rx_time < kNoon) == first;
                              return other == line && !(may_miss && ++count % 3 == 0);
                            });
  };
  const TemporaryFile a{half(test::kLineA, true)};
  const TemporaryFile b{half(test::kLineB, false)};
  Replay replay{replay_config(), {b.path(), a.path()}};
  replay.run();
  EXPECT_EQ(replay.messages(), kMessages);
  const auto channel = channel_of(replay);
  EXPECT_EQ(channel.gaps, 0U);
  EXPECT_GT(channel.duplicates, kMessages / 2);
  EXPECT_EQ(channel.lines.size(), 2U);
}

TEST(Replay, PlaysEachLoopAsASessionOfItsOwn) {
  ReplayOptions options;
  options.input.loops = 3;
  Replay looped{replay_config(), {capture().path()}, options};
  looped.run();
  Replay once{replay_config(), {capture().path()}};
  once.run();
  EXPECT_EQ(outcome(looped), outcome(once));
  EXPECT_EQ(looped.messages(), 3 * kMessages);
  EXPECT_EQ(channel_of(looped).duplicates, 3 * channel_of(once).duplicates);
  EXPECT_EQ(channel_of(looped).gaps, 0U);
  EXPECT_EQ(looped.head().loops, 3U);
  EXPECT_EQ(looped.head().session_day, once.head().session_day);
  EXPECT_EQ(looped.head().last_packet_ns, once.head().last_packet_ns);
}

TEST(Replay, SaysWhatItFound) {
  Replay replay{replay_config(), {capture().path()}};
  replay.run();
  EXPECT_EQ(replay.head().feed, "Nasdaq TotalView-ITCH 5.0");
  EXPECT_EQ(replay.head().session_day, "2026-01-05");
  EXPECT_FALSE(replay.head().pace.has_value());
}

TEST(Replay, EndsWhereTheStepperSaysSo) {
  Replay replay{replay_config(), {capture().path()}};
  std::size_t packets = 0;
  replay.on_packet([&packets](const net::Packet&) { return ++packets <= 10; });
  replay.run();
  EXPECT_EQ(packets, 11U);
  EXPECT_EQ(channel_of(replay).packets, 10U);
  EXPECT_TRUE(replay.head().interrupted);
}

}  // namespace
}  // namespace tapeline
