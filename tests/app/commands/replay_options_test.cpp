#include "app/commands/replay_options.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace tapeline::commands {
namespace {

using codec::capture::Address;
using codec::capture::Endpoint;

ReplayFlags with_to(std::vector<std::string> to) {
  ReplayFlags flags;
  flags.to = std::move(to);
  return flags;
}

std::string refusal(const ReplayFlags& flags) {
  try {
    check_replay_flags(flags);
    static_cast<void>(speed_of(flags));
    static_cast<void>(input_of(flags));
    if (sends(flags)) static_cast<void>(resend_of(flags));
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

TEST(ReplayOptions, TellsATimeFromADestination) {
  EXPECT_FALSE(sends(with_to({"09:30"})));
  EXPECT_TRUE(sends(with_to({"udp://"})));
  const ReplayFlags both = with_to({"09:30", "udp://127.0.0.1:9000"});
  EXPECT_TRUE(sends(both));
  ASSERT_TRUE(input_of(both).to.has_value());
  EXPECT_TRUE(input_of(both).to->is_time_of_day);
  EXPECT_EQ(resend_of(both).routes.size(), 1U);
}

TEST(ReplayOptions, ReadsRoutesInTheirOrder) {
  const auto routes = resend_of(with_to({"239.192.64.1:26400=udp://127.0.0.1:9000",
                                         "udp://239.192.64.2:1=udp://[::1]:9001", "udp://"}))
                          .routes;
  ASSERT_EQ(routes.size(), 3U);
  EXPECT_EQ(routes[0].captured, (Endpoint{Address::from_ipv4(0xEFC04001), 26400}));
  EXPECT_EQ(routes[0].target, (Endpoint{Address::from_ipv4(0x7F000001), 9000}));
  EXPECT_EQ(routes[1].captured, (Endpoint{Address::from_ipv4(0xEFC04002), 1}));
  EXPECT_EQ(routes[1].target, (Endpoint{Address{0, 1}, 9001}));
  EXPECT_FALSE(routes[2].captured.has_value());
  EXPECT_FALSE(routes[2].target.has_value());
}

TEST(ReplayOptions, RefusesRoutesThatAreNone) {
  for (const char* to :
       {"udp://1.2.3.4", "udp://1.2.3.4:0", "udp://host:1", "1.2.3.4:1=udp://", "x=udp://1.2.3.4:1",
        "udp://1.2.3.4:99999", "udp://::1:5", "1.2.3.4:1=1.2.3.4:2=udp://", "udp:// "}) {
    EXPECT_NE(refusal(with_to({to})).find("--to"), std::string::npos) << to;
  }
}

TEST(ReplayOptions, RefusesWhatMakesNoSense) {
  EXPECT_NE(refusal(with_to({"09:30", "09:31"})).find("second time"), std::string::npos);
  EXPECT_NE(refusal(with_to({"soon"})).find("no time"), std::string::npos);
  ReplayFlags flags = with_to({"udp://"});
  flags.bars = "bars.csv";
  EXPECT_NE(refusal(flags).find("--bars"), std::string::npos);
  flags = {};
  flags.interface = "lo";
  EXPECT_NE(refusal(flags).find("--interface"), std::string::npos);
  flags = {};
  flags.step = true;
  flags.pace = "1";
  EXPECT_NE(refusal(flags).find("--step"), std::string::npos);
  for (const char* pace : {"fast", "0", "-1", "1e3", "", "1.2.3", "nan", "2000000"}) {
    flags = {};
    flags.pace = pace;
    EXPECT_NE(refusal(flags).find("--pace"), std::string::npos) << pace;
  }
  for (const char* loop : {"0", "-1", "often", "", "1.5", "18446744073709551615"}) {
    flags = {};
    flags.loop = loop;
    EXPECT_NE(refusal(flags).find("--loop"), std::string::npos) << loop;
  }
}

TEST(ReplayOptions, ReadsPaceAndLoop) {
  ReplayFlags flags;
  EXPECT_EQ(speed_of(flags), 0.0);
  EXPECT_EQ(input_of(flags).loops, 1U);
  flags.pace = "0.5";
  flags.loop = "forever";
  EXPECT_EQ(speed_of(flags), 0.5);
  EXPECT_EQ(input_of(flags).loops, ReplayInputOptions::kForever);
  flags.loop = "7";
  EXPECT_EQ(input_of(flags).loops, 7U);
}

}  // namespace
}  // namespace tapeline::commands
