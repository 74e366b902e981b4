#include "app/channel_event_text.hpp"

#include <gtest/gtest.h>

#include <cerrno>

#include "app/snapshot_client.hpp"
#include "net/sequencer_stats.hpp"
#include "net/stream_protocol.hpp"

namespace tapeline {
namespace {

using Kind = ChannelEventKind;

ChannelConfig channel() {
  ChannelConfig config;
  config.lines = {{.name = "A", .group = "", .port = 1, .interface = "", .sources = {}},
                  {.name = "B", .group = "", .port = 1, .interface = "", .sources = {}}};
  config.recovery.servers = {{"10.1.1.1", 1}, {"::1", 2}};
  config.snapshot.servers = {{"10.1.1.3", 3}};
  config.soupbintcp.servers = {{"10.1.1.4", 4}};
  return config;
}

std::string text(const ChannelEvent& event) { return event_text(event, channel()); }

TEST(ChannelEventText, GapsSayTheirRangeAndWhatBecameOfThem) {
  EXPECT_EQ(text({.kind = Kind::gap, .first = 10, .last_exclusive = 20}),
            "gap: messages 10 to 19 (10) lost");
  EXPECT_EQ(text({.kind = Kind::recovered, .first = 10, .last_exclusive = 11, .nanos = 2'100'000}),
            "gap: messages 10 to 10 (1) came by request after 2.1 ms");
  EXPECT_EQ(text({.kind = Kind::bridged, .first = 10, .last_exclusive = 20}),
            "gap: messages 10 to 19 (10) bridged by a snapshot; volumes and VWAPs miss them");
}

TEST(ChannelEventText, LinesAndServersHaveTheirNames) {
  EXPECT_EQ(text({.kind = Kind::line_dead, .index = 1, .count = 7}),
            "line B is dead after 7 packets: none for 3000 ms while another line has some");
  EXPECT_EQ(text({.kind = Kind::line_alive, .index = 0, .count = 8}),
            "line A is alive again: 8 packets");
  EXPECT_EQ(text({.kind = Kind::line_alive, .index = 9}), "line 9 is alive again: 0 packets");
  EXPECT_EQ(text({.kind = Kind::server_silent, .index = 1}),
            "re-request server [::1]:2 does not answer");
  EXPECT_EQ(text({.kind = Kind::server_answers, .index = 0}),
            "re-request server 10.1.1.1:1 answers again");
}

TEST(ChannelEventText, SnapshotsAreToldFromBeginningToEnd) {
  EXPECT_EQ(text({.kind = Kind::snapshot_wanted, .first = 7}),
            "a snapshot is wanted: messages are missing from 7 on");
  EXPECT_EQ(text({.kind = Kind::snapshot_applied, .first = 9, .count = 5, .nanos = 1'000'000}),
            "snapshot applied: 5 messages from 10.1.1.3:3 in 1.0 ms, goes on with message 9");
  EXPECT_EQ(text({.kind = Kind::snapshot_failed,
                  .reason = static_cast<std::uint8_t>(SnapshotFailure::cut_off),
                  .count = 4}),
            "snapshot from 10.1.1.3:3 failed after 4 messages: the connection ended inside it");
  EXPECT_EQ(text({.kind = Kind::snapshot_not_waited,
                  .reason = static_cast<std::uint8_t>(net::SnapshotEnd::overflow)}),
            "goes on without a snapshot: no room to hold more messages, raise hold_mib");
}

TEST(ChannelEventText, TcpSessionsSayWhyTheyEnded) {
  EXPECT_EQ(text({.kind = Kind::tcp_disconnected,
                  .reason = static_cast<std::uint8_t>(net::DisconnectReason::connect_failed),
                  .error = ECONNREFUSED}),
            "not connected to 10.1.1.4:4: connect failed: Connection refused");
  EXPECT_EQ(text({.kind = Kind::tcp_rejected, .reason = 'A'}),
            "10.1.1.4:4 rejected the login: not authorised; check the credentials");
  EXPECT_EQ(text({.kind = Kind::tcp_rejected, .reason = 'S', .count = 1}),
            "10.1.1.3:3 rejected the snapshot login: session not available");
  EXPECT_EQ(text({.kind = Kind::tcp_rejected, .reason = 0x1B}),
            "10.1.1.4:4 rejected the login: reason 0x1b");
}

TEST(ChannelEventText, BytesOfASessionAreEscaped) {
  const auto session = codec::moldudp64::Session::from_text("\x1b[31m\nred");
  for (const Kind kind :
       {Kind::session, Kind::end_of_session, Kind::snapshot_begun, Kind::tcp_login}) {
    const std::string line = text({.kind = kind, .first = 3, .session = session});
    for (const char c : line) EXPECT_TRUE(c >= ' ' && c <= '~') << line;
    EXPECT_NE(line.find("red"), std::string::npos) << line;
  }
}

TEST(ChannelEventText, WhatNeedsALookIsAWarning) {
  for (const Kind kind : {Kind::gap, Kind::bridged, Kind::line_dead, Kind::server_silent,
                          Kind::snapshot_failed, Kind::tcp_rejected, Kind::resync}) {
    EXPECT_TRUE(is_warning({.kind = kind})) << static_cast<int>(kind);
  }
  for (const Kind kind : {Kind::recovered, Kind::session, Kind::line_alive, Kind::tcp_login,
                          Kind::snapshot_applied}) {
    EXPECT_FALSE(is_warning({.kind = kind})) << static_cast<int>(kind);
  }
  const auto ended = [](net::DisconnectReason reason) {
    return is_warning(
        {.kind = Kind::tcp_disconnected, .reason = static_cast<std::uint8_t>(reason)});
  };
  EXPECT_TRUE(ended(net::DisconnectReason::silent));
  EXPECT_FALSE(ended(net::DisconnectReason::end_of_session));
}

}  // namespace
}  // namespace tapeline
