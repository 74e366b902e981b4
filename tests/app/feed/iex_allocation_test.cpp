// Counts every allocation of the process while an IEX feed works.

#include <gtest/gtest.h>

#include <cstddef>
#include <vector>

#include "app/feed/iex_feed.hpp"
#include "app/simulate/iex_session.hpp"
#include "tests/app/market/market_fixture.hpp"
#include "tests/support/counting_new.hpp"

namespace tapeline::feed {
namespace {

struct Nothing {};

TEST(IexFeedAllocation, MessagesOfADayAllocateNothing) {
  simulate::Session session{{.seed = 3, .messages = 40'000, .instruments = 100}};
  simulate::IexSession deep{session, codec::iextp::Protocol::deep, 0};
  std::vector<simulate::IexSession::Message> messages;
  while (deep.next()) {
    messages.insert(messages.end(), deep.messages().begin(), deep.messages().end());
  }
  market::testing::Fixture f;
  f.sink.bars.reserve(messages.size());
  IexFeed feed{f.market};
  feed.on_session(Nothing{}, 1);
  std::uint64_t before = 0;
  for (std::size_t i = 0; i < messages.size(); ++i) {
    // The pool makes the cache of a thread when it acquires its first column.
    if (f.market.counts().prints.get() <= 1) before = support::allocations.load();
    feed.on_message(i + 1, messages[i].bytes(), Nothing{});
    if (i == messages.size() / 2) feed.on_gap(Nothing{});
  }
  EXPECT_EQ(support::allocations.load(), before);
  EXPECT_GT(f.market.counts().prints.get(), 1'000U);
  EXPECT_EQ(feed.counts().messages(), messages.size());
  EXPECT_GT(feed.counts().events.get(), 10'000U);
  EXPECT_GT(f.sink.bars.size(), 1'000U);
}

}  // namespace
}  // namespace tapeline::feed
