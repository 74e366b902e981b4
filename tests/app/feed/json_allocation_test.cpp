// Counts every allocation of the process while a JSON feed works.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/app/feed/json_feed_fixture.hpp"
#include "tests/support/counting_new.hpp"

namespace tapeline::feed {
namespace {

using testing::JsonFixture;
using testing::Padded;

// Snapshots, updates, quotes and trades of a few symbols, every kind many times.
std::vector<Padded> documents(std::uint64_t rounds) {
  std::vector<Padded> documents;
  std::uint64_t update = 1'000'000;
  for (std::uint64_t round = 0; round < rounds; ++round) {
    const std::string symbol = "S" + std::to_string(round % 5) + "USDT";
    const std::string time = std::to_string(1'723'161'601'000 + round * 7);
    const std::string price = std::to_string(100 + round % 40) + ".25000000";
    documents.emplace_back(R"({"e":"depthUpdate","E":)" + time + R"(,"s":")" + symbol +
                           R"(","U":)" + std::to_string(update) + R"(,"u":)" +
                           std::to_string(update + 4) + R"(,"b":[[")" + price +
                           R"(","3.5"],["99","0"]],"a":[[")" + price + R"(","0"]]})");
    update += 5;
    documents.emplace_back(R"({"e":"trade","E":)" + time + R"(,"s":")" + symbol + R"(","t":)" +
                           std::to_string(1 + round / 5) + R"(,"p":")" + price +
                           R"(","q":"0.5","T":)" + time + R"(,"m":true,"M":true})");
    documents.emplace_back(R"({"u":)" + std::to_string(update) + R"(,"s":"Q)" + symbol +
                           R"(","b":"1","B":"2","a":"3","A":"4"})");
    documents.emplace_back("no document");
  }
  return documents;
}

TEST(JsonFeedAllocation, DocumentsNoLongerThanOneBeforeAllocateNothing) {
  JsonFeedConfig config;
  config.venue = codec::json::Venue::binance;
  config.buffer = {.max_records = 4096, .max_records_per_symbol = 512};
  JsonFixture f{config};
  f.sink.bars.reserve(10'000);
  const std::vector<Padded> told = documents(6'000);
  for (std::size_t i = 0; i < 4000; ++i) f.feed.on_line(told[i].view(), 0);
  const std::uint64_t before = support::allocations.load();
  for (std::size_t i = 4000; i < told.size(); ++i) f.feed.on_line(told[i].view(), 0);
  EXPECT_EQ(support::allocations.load(), before);
  EXPECT_EQ(f.counts().trades.get(), 6'000U);
  EXPECT_EQ(f.counts().buffered_updates.get(), 6'000U);
  EXPECT_GT(f.counts().buffer_drops.get(), 0U);
  EXPECT_EQ(f.market.counts().volume_overflows.get(), 0U);
}

}  // namespace
}  // namespace tapeline::feed
