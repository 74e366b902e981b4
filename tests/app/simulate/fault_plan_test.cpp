#include "app/simulate/fault_plan.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

namespace tapeline::simulate {
namespace {

constexpr std::uint64_t kMs = 1'000'000;
constexpr std::uint64_t kSecond = 1'000'000'000;

std::string error_of(std::string_view text) {
  try {
    static_cast<void>(parse_faults(text));
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "no error";
}

TEST(FaultPlan, NothingIsAPlanWithoutFaults) {
  EXPECT_EQ(parse_faults(""), FaultPlan{});
  EXPECT_FALSE(parse_faults("").touches_lines());
  EXPECT_EQ(to_text(FaultPlan{}), "");
}

TEST(FaultPlan, OptionsAreMeantForAllLines) {
  const FaultPlan plan = parse_faults(
      "loss=1%,burst=0.1%x200,dup=2%,reorder=32,reorder-hold=1ms,delay=3us,dead=10s-20s,"
      "malformed=0.5%,damage=0.0001%,foreign=100%");
  for (const LineFaultPlan& line : plan.lines) {
    EXPECT_EQ(line.loss, 10'000U);
    EXPECT_EQ(line.burst, 1'000U);
    EXPECT_EQ(line.burst_packets, 200U);
    EXPECT_EQ(line.duplicate, 20'000U);
    EXPECT_EQ(line.reorder, 100'000U);  // when no rate is said
    EXPECT_EQ(line.reorder_packets, 32U);
    EXPECT_EQ(line.reorder_hold_ns, kMs);
    EXPECT_EQ(line.delay_ns, 3'000U);
    ASSERT_EQ(line.dead.size(), 1U);
    EXPECT_EQ(line.dead[0], (TimeWindow{10 * kSecond, 20 * kSecond}));
    EXPECT_EQ(line.malformed, 5'000U);
    EXPECT_EQ(line.damage, 1U);
    EXPECT_EQ(line.foreign, kAlways);
  }
  EXPECT_TRUE(plan.touches_lines());
}

TEST(FaultPlan, LetterNamesALineAndLaterOptionsWin) {
  const FaultPlan plan = parse_faults("loss=1%,loss-b=5%,reorder-hold-c=2ms,reorder-d=3%x7");
  EXPECT_EQ(plan.lines[0].loss, 10'000U);
  EXPECT_EQ(plan.lines[1].loss, 50'000U);
  EXPECT_EQ(plan.lines[2].reorder_hold_ns, 2 * kMs);
  EXPECT_EQ(plan.lines[3].reorder, 30'000U);
  EXPECT_EQ(plan.lines[3].reorder_packets, 7U);
  EXPECT_EQ(plan.lines[0].reorder_packets, 0U);
}

TEST(FaultPlan, WindowsAddUpAndMayStayOpen) {
  const FaultPlan plan = parse_faults("dead-b=1s-2s,dead-b=1m-,server-silent=0s-500ms");
  ASSERT_EQ(plan.lines[1].dead.size(), 2U);
  EXPECT_EQ(plan.lines[1].dead[1], (TimeWindow{60 * kSecond, TimeWindow::kForever}));
  EXPECT_TRUE(plan.lines[1].dead[0].contains(kSecond));
  EXPECT_FALSE(plan.lines[1].dead[0].contains(2 * kSecond));
  EXPECT_TRUE(plan.lines[1].dead[1].contains(1'000 * kSecond));
  ASSERT_EQ(plan.server.silent.size(), 1U);
  EXPECT_EQ(plan.server.silent[0], (TimeWindow{0, 500 * kMs}));
}

TEST(FaultPlan, ServerHasItsOwnFaults) {
  const FaultPlan plan = parse_faults("server-loss=10%,server-short=20%,server-delay=1ms");
  EXPECT_EQ(plan.server.loss, 100'000U);
  EXPECT_EQ(plan.server.short_answer, 200'000U);
  EXPECT_EQ(plan.server.delay_ns, kMs);
  EXPECT_FALSE(plan.touches_lines());
}

TEST(FaultPlan, TextReadsBackToTheSamePlan) {
  for (const char* const text :
       {"loss=1%", "loss-a=0.05%,delay-b=3ms", "burst=0.1%x200,dup=2%,reorder=32",
        "dead-b=10s-20s,dead-b=1m-", "malformed-c=1%,damage-d=0.0001%,foreign-a=100%",
        "reorder-hold=0ns,reorder=100%x64", "server-loss=10%,server-silent=1500us-2s",
        "server-short=1.25%,server-delay=7ns"}) {
    const FaultPlan plan = parse_faults(text);
    EXPECT_EQ(parse_faults(to_text(plan)), plan) << text << " as " << to_text(plan);
  }
  EXPECT_EQ(to_text(parse_faults("loss=1.5%,dup-b=2%")),
            "loss-a=1.5%,loss-b=1.5%,dup-b=2%,loss-c=1.5%,loss-d=1.5%");
}

TEST(FaultPlan, ErrorsNameTheOptionAndWhatIsWrong) {
  EXPECT_EQ(error_of("loss=1"),
            "fault option 'loss': '1' is not a rate from 0% to 100%, as 1% or 0.05%");
  EXPECT_NE(error_of("loss=100.0001%").find("'100.0001%' is not a rate"), std::string::npos);
  EXPECT_NE(error_of("loss=1.%").find("not a rate"), std::string::npos);
  EXPECT_NE(error_of("loss=1.00001%").find("not a rate"), std::string::npos);
  EXPECT_NE(error_of("loss=-1%").find("not a rate"), std::string::npos);
  EXPECT_NE(error_of("loss=%").find("not a rate"), std::string::npos);
  EXPECT_NE(error_of("burst=1%").find("a rate and a number of packets"), std::string::npos);
  EXPECT_NE(error_of("burst=1%x0").find("'0' is not a number of packets from 1"),
            std::string::npos);
  EXPECT_NE(error_of("reorder=2000").find("from 1 to 1024"), std::string::npos);
  EXPECT_NE(error_of("delay-b=3").find("'3' is not a time"), std::string::npos);
  EXPECT_NE(error_of("delay=3h").find("'3h' is not a time"), std::string::npos);
  EXPECT_NE(error_of("delay=61s").find("too long"), std::string::npos);
  EXPECT_NE(error_of("dead=99999999999999999999s-").find("not a time"), std::string::npos);
  EXPECT_NE(error_of("dead=9999999999999999m-").find("too long"), std::string::npos);
  EXPECT_NE(error_of("dead=10s").find("not a span of time"), std::string::npos);
  EXPECT_NE(error_of("dead=20s-10s").find("ends before it begins"), std::string::npos);
  EXPECT_NE(error_of("loss-e=1%").find("lines a to d"), std::string::npos);
  EXPECT_NE(error_of("loss").find("has no value"), std::string::npos);
  EXPECT_NE(error_of("los=1%").find("there is no fault option 'los'; there are loss, burst"),
            std::string::npos);
  EXPECT_NE(error_of("server-loss-a=1%").find("no fault option 'server-loss-a'"),
            std::string::npos);
  EXPECT_NE(error_of("loss=1%,").find("end in a comma"), std::string::npos);
  EXPECT_NE(error_of(",loss=1%").find("has no value"), std::string::npos);
}

TEST(FaultPlan, HelpNamesEveryOption) {
  const std::string_view help = faults_help();
  for (const char* const name : {"loss=", "burst=", "dup=", "reorder=", "reorder-hold=", "delay=",
                                 "dead=", "malformed=", "damage=", "foreign=", "server-loss=",
                                 "server-short=", "server-delay=", "server-silent="}) {
    EXPECT_NE(help.find(name), std::string_view::npos) << name;
  }
}

}  // namespace
}  // namespace tapeline::simulate
