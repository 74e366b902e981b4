#include "app/event_log.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "app/channel_event_text.hpp"

namespace tapeline {
namespace {

using Kind = ChannelEventKind;

class EventLogTest : public testing::Test {
 protected:
  void gaps(int count) {
    for (int i = 0; i < count; ++i) {
      events_.note({.kind = Kind::gap, .first = next_, .last_exclusive = next_ + 1});
      ++next_;
    }
  }
  void take(std::int64_t now_ns, const std::string& channel = "n/t") {
    log_.take(channel, config_, events_, now_ns);
    log_.tell_suppressed(now_ns);
  }

  std::vector<std::string> lines_;
  ChannelConfig config_;
  ChannelEvents events_;
  std::uint64_t next_ = 1;
  EventLog log_{2, [this](bool is_warning, const std::string& line) {
                  lines_.push_back((is_warning ? "W " : "I ") + line);
                }};
};

TEST_F(EventLogTest, AFloodOfOneKindIsToldInOneLineAndHidesNoOther) {
  gaps(500);
  events_.note({.kind = Kind::recovered, .first = 7, .last_exclusive = 9, .nanos = 1'000'000});
  take(0);
  take(LogLimit::kWindow);
  EXPECT_EQ(lines_, (std::vector<std::string>{
                        "W n/t: gap: messages 1 to 1 (1) lost",
                        "W n/t: gap: messages 2 to 2 (1) lost",
                        "I n/t: gap: messages 7 to 8 (2) came by request after 1.0 ms",
                        "W n/t: gap: 498 more of this kind suppressed",
                    }));
}

TEST_F(EventLogTest, EachChannelHasItsOwnLines) {
  gaps(3);
  take(0);
  gaps(2);
  take(1, "n/u");
  ASSERT_EQ(lines_.size(), 4U);
  EXPECT_EQ(lines_[2], "W n/u: gap: messages 4 to 4 (1) lost");
}

TEST_F(EventLogTest, TellsAtTheEndWhatWasSuppressed) {
  gaps(3);
  take(0);
  log_.tell_suppressed(1, true);
  EXPECT_EQ(lines_.back(), "W n/t: gap: 1 more of this kind suppressed");
}

TEST(KindText, EveryKindHasAName) {
  for (int kind = 0; kind <= static_cast<int>(Kind::symbol_gap); ++kind) {
    EXPECT_NE(kind_text(static_cast<Kind>(kind)), "unknown event") << kind;
  }
}

}  // namespace
}  // namespace tapeline
