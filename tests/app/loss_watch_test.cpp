#include "app/loss_watch.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace tapeline {
namespace {

std::vector<std::string> look(LossWatch& watch, const status::StatusSnapshot& snapshot) {
  std::vector<std::string> lines;
  watch.look(snapshot, [&](const std::string& line) { lines.push_back(line); });
  return lines;
}

TEST(LossWatch, TellsACountOnceWhenItRose) {
  status::StatusSnapshot snapshot;
  snapshot.feeds = {{.name = "n", .protocol = "itch50", .channels = {}}};
  status::ChannelStatus& channel = snapshot.feeds[0].channels.emplace_back();
  channel.name = "t";
  channel.malformed = {{"message_too_short", 3}};
  channel.lines.emplace_back().name = "A";
  channel.lines[0].kernel_drops = 1'234;
  LossWatch watch;
  EXPECT_EQ(look(watch, snapshot),
            (std::vector<std::string>{
                "n/t: malformed, message_too_short: 3 more, 3 in all",
                "n/t: line A: packets dropped by the kernel: 1,234 more, 1,234 in all (raise "
                "net.core.rmem_max and receive_buffer_bytes)"}));
  EXPECT_TRUE(look(watch, snapshot).empty());
  channel.malformed[0].count = 5;
  EXPECT_EQ(look(watch, snapshot),
            (std::vector<std::string>{"n/t: malformed, message_too_short: 2 more, 5 in all"}));
}

TEST(LossWatch, TellsWhatPoolsRefused) {
  status::StatusSnapshot snapshot;
  snapshot.pools.serialization.refusals = 2;
  LossWatch watch;
  EXPECT_EQ(look(watch, snapshot),
            std::vector<std::string>{"serialization pool: refusals: 2 more, 2 in all"});
}

using Lines = std::vector<std::string>;

struct Watched {
  Watched() {
    archive.feed = "f";
    archive.channel = "c";
  }
  Lines look() {
    status::StatusSnapshot snapshot;
    snapshot.archives.push_back(archive);
    Lines lines;
    watch.look(snapshot, [&](const std::string& line) { lines.push_back(line); });
    return lines;
  }

  status::ArchiveStatus archive;
  LossWatch watch;
};

TEST(LossWatch, TellsAnOutageOfTheArchiveWhenItBeginsAndWhenItEnds) {
  Watched watched;
  EXPECT_EQ(watched.look(), Lines{});
  watched.archive.failed = true;
  watched.archive.last_error = "write: No space left on device";
  watched.archive.lost_packets = 10;
  EXPECT_EQ(watched.look(),
            Lines{"f/c: the archive can not be written (write: No space left on device); the feed "
                  "goes on, writing is tried again"});
  watched.archive.lost_packets = 1000;
  EXPECT_EQ(watched.look(), Lines{});  // once per outage
  watched.archive.failed = false;
  watched.archive.outages = 1;
  watched.archive.last_missed = {.packets = 1000,
                                 .first_time_ns = 1'767'623'400'000'000'001,
                                 .last_time_ns = 1'767'623'401'000'000'000,
                                 .session = "S1",
                                 .first = 5,
                                 .last = 2004};
  EXPECT_EQ(watched.look(),
            Lines{"f/c: archive goes on, 1,000 packets missed from 2026-01-05 14:30:00.000000001 "
                  "to 2026-01-05 14:30:01.000000000 (session S1, 5 to 2004)"});
  EXPECT_EQ(watched.look(), Lines{});
}

TEST(LossWatch, TellsFullRingsAndFailedSyncsAsTheyRise) {
  Watched watched;
  watched.archive.gap_packets = 64;
  EXPECT_EQ(watched.look(),
            Lines{"f/c: packets not archived, the ring was full: 64 more, 64 in all"});
  watched.archive.gap_packets = 100;
  watched.archive.sync_errors = 1;
  watched.archive.last_error = "sync: Input/output error";
  EXPECT_EQ(watched.look(),
            (Lines{"f/c: packets not archived, the ring was full: 36 more, 100 in all",
                   "f/c: archive files not known to be on disk: 1 more, 1 in all (sync: "
                   "Input/output error)"}));
}

}  // namespace
}  // namespace tapeline
