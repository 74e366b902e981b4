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

TEST(LossWatch, TellsWhatPoolsRefusedAndArchivesMiss) {
  status::StatusSnapshot snapshot;
  snapshot.pools.serialization.refusals = 2;
  status::ArchiveStatus& archive = snapshot.archives.emplace_back();
  archive.feed = "n";
  archive.channel = "t";
  archive.gap_packets = 4;
  archive.lost_packets = 1;
  archive.last_error = "No space left on device";
  LossWatch watch;
  EXPECT_EQ(look(watch, snapshot),
            (std::vector<std::string>{
                "n/t: packets not archived, the ring was full: 4 more, 4 in all",
                "n/t: packets not archived: 1 more, 1 in all (No space left on device)",
                "serialization pool: refusals: 2 more, 2 in all"}));
}

}  // namespace
}  // namespace tapeline
