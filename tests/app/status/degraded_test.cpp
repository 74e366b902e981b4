#include "app/status/degraded.hpp"

#include <gtest/gtest.h>

namespace tapeline::status {
namespace {

using Reasons = std::vector<std::string>;

// A channel with two lines that is as it should be.
ChannelStatus healthy_channel() {
  ChannelStatus channel;
  channel.name = "c";
  channel.packets = 1;
  for (const char* name : {"A", "B"}) {
    LineStatus& line = channel.lines.emplace_back();
    line.name = name;
    line.last_packet_age_seconds = 0.5;
  }
  return channel;
}

StatusSnapshot with(const ChannelStatus& channel) {
  StatusSnapshot snapshot;
  snapshot.feeds.push_back({.name = "f", .protocol = "", .channels = {channel}});
  return snapshot;
}

TEST(UnreadyReasons, NoneForAHealthyChannel) {
  EXPECT_EQ(unready_reasons(with(healthy_channel())), Reasons{});
  EXPECT_EQ(degradations(with(healthy_channel())), Reasons{});
}

TEST(UnreadyReasons, NothingReceivedYet) {
  ChannelStatus channel = healthy_channel();
  channel.packets = 0;
  EXPECT_EQ(unready_reasons(with(channel)), Reasons{"f/c: nothing has been received yet"});
  EXPECT_EQ(degradations(with(channel)), Reasons{});
}

TEST(UnreadyReasons, OneLineLessIsADegradationOnly) {
  ChannelStatus channel = healthy_channel();
  channel.lines[1].alive = false;
  channel.lines[1].last_packet_age_seconds = 100.0;
  channel.incomplete = true;
  EXPECT_EQ(unready_reasons(with(channel)), Reasons{});
  EXPECT_EQ(degradations(with(channel)),
            (Reasons{"f/c: volumes and VWAPs miss messages", "f/c: line B is dead"}));
}

TEST(UnreadyReasons, SilenceOfAllLines) {
  ChannelStatus channel = healthy_channel();
  for (LineStatus& line : channel.lines) line.last_packet_age_seconds = kSilenceSeconds + 1.0;
  EXPECT_EQ(unready_reasons(with(channel)), Reasons{"f/c: no packet for more than 15 s"});
  EXPECT_EQ(degradations(with(channel)), Reasons{"f/c: no packet for more than 15 s"});
  channel.lines[0].last_packet_age_seconds = kUnknown;  // never had a packet
  EXPECT_FALSE(is_in_sync(channel));
  channel.lines[1].last_packet_age_seconds = kUnknown;  // of a capture
  EXPECT_TRUE(is_in_sync(channel));
}

TEST(UnreadyReasons, BooksThatMissMessages) {
  ChannelStatus channel = healthy_channel();
  channel.stale = true;
  EXPECT_EQ(unready_reasons(with(channel)), Reasons{"f/c: books are stale"});
  channel.awaits_snapshot = true;
  EXPECT_EQ(unready_reasons(with(channel)),
            Reasons{"f/c: books are stale, a snapshot is waited for"});
}

TEST(UnreadyReasons, ATcpSessionThatIsNotThere) {
  ChannelStatus channel = healthy_channel();
  TcpStatus& tcp = channel.tcp.emplace_back();
  tcp.state = "not connected";
  EXPECT_EQ(unready_reasons(with(channel)), Reasons{"f/c: TCP session is not connected"});
  tcp.over = true;
  EXPECT_EQ(unready_reasons(with(channel)), Reasons{});
}

TEST(UnreadyReasons, AChannelThatIsNotRequiredIsADegradationOnly) {
  ChannelStatus channel = healthy_channel();
  channel.stale = true;
  channel.required = false;
  EXPECT_EQ(unready_reasons(with(channel)), Reasons{});
  EXPECT_EQ(degradations(with(channel)), Reasons{"f/c: books are stale"});
}

TEST(UnreadyReasons, AnArchiveThatFails) {
  StatusSnapshot snapshot = with(healthy_channel());
  ArchiveStatus& archive = snapshot.archives.emplace_back();
  archive.feed = "f";
  archive.channel = "c";
  archive.complete = false;
  EXPECT_EQ(unready_reasons(snapshot), Reasons{});
  EXPECT_EQ(degradations(snapshot), Reasons{"f/c: archive misses packets"});
  archive.failed = true;
  archive.last_error = "write: full";
  EXPECT_EQ(unready_reasons(snapshot), Reasons{"f/c: archive can not be written: write: full"});
}

}  // namespace
}  // namespace tapeline::status
