#include "app/feed/json/update_buffer.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <random>
#include <vector>

namespace tapeline::feed {
namespace {

struct Level {
  market::Side side;
  std::int64_t price;
  std::uint64_t size;

  friend bool operator==(const Level&, const Level&) = default;
};

struct Update {
  UpdateIds ids;
  std::vector<Level> levels;
};

bool add(UpdateBuffer& buffer, UpdateBuffer::Queue& queue, const Update& update,
         std::uint64_t& dropped) {
  if (!buffer.begin_update(queue, update.ids, update.levels.size(), dropped)) return false;
  for (const Level& level : update.levels) {
    buffer.add_level(queue, level.side, market::Price{level.price}, level.size);
  }
  return true;
}

void expect_front(UpdateBuffer& buffer, UpdateBuffer::Queue& queue, const Update& expected) {
  const UpdateIds ids = buffer.front(queue);
  EXPECT_EQ(ids.first, expected.ids.first);
  EXPECT_EQ(ids.last, expected.ids.last);
  EXPECT_EQ(ids.previous, expected.ids.previous);
  EXPECT_EQ(ids.has_previous, expected.ids.has_previous);
  std::vector<Level> levels;
  buffer.pop(queue, [&](market::Side side, market::Price price, std::uint64_t size) {
    levels.push_back({side, market::raw(price), size});
  });
  EXPECT_EQ(levels, expected.levels);
}

TEST(UpdateBuffer, QueuesOfManySymbolsKeepTheirOrder) {
  UpdateBuffer buffer{{.max_records = 400, .max_records_per_symbol = 100}};
  constexpr std::size_t kSymbols = 3;
  UpdateBuffer::Queue queues[kSymbols];
  std::deque<Update> model[kSymbols];
  std::mt19937_64 random{11};
  std::uint64_t number = 0;
  for (int step = 0; step < 20'000; ++step) {
    const std::size_t symbol = random() % kSymbols;
    auto& expected = model[symbol];
    if (random() % 3 == 0 && !expected.empty()) {
      expect_front(buffer, queues[symbol], expected.front());
      expected.pop_front();
    } else {
      Update update{{.first = ++number,
                     .last = number + 1,
                     .previous = random() % 9,
                     .has_previous = random() % 2 == 0},
                    {}};
      for (std::uint64_t i = random() % 12; i > 0; --i) {
        update.levels.push_back({random() % 2 == 0 ? market::Side::buy : market::Side::sell,
                                 static_cast<std::int64_t>(random() % 1000), random()});
      }
      std::uint64_t dropped = 0;
      ASSERT_TRUE(add(buffer, queues[symbol], update, dropped));
      for (; dropped > 0; --dropped) expected.pop_front();
      expected.push_back(update);
    }
    ASSERT_EQ(queues[symbol].updates, expected.size());
    ASSERT_LE(queues[symbol].records, 100U);
  }
  for (UpdateBuffer::Queue& queue : queues) buffer.clear(queue);
  EXPECT_EQ(buffer.records_in_use(), 0U);
}

TEST(UpdateBuffer, OldestOfTheSymbolGoForNewerOnes) {
  UpdateBuffer buffer{{.max_records = 8, .max_records_per_symbol = 4}};
  UpdateBuffer::Queue queue;
  std::uint64_t dropped = 0;
  const Update one{{.first = 1, .last = 1}, {{market::Side::buy, 1, 1}}};
  const Update two{{.first = 2, .last = 2}, {{market::Side::buy, 2, 2}}};
  const Update three{{.first = 3, .last = 3}, {}};
  ASSERT_TRUE(add(buffer, queue, one, dropped));
  ASSERT_TRUE(add(buffer, queue, two, dropped));
  EXPECT_EQ(dropped, 0U);
  ASSERT_TRUE(add(buffer, queue, three, dropped));
  EXPECT_EQ(dropped, 1U);
  expect_front(buffer, queue, two);
  expect_front(buffer, queue, three);
}

TEST(UpdateBuffer, UpdateLargerThanTheBoundIsRefusedAndEmptiesItsQueue) {
  UpdateBuffer buffer{{.max_records = 100, .max_records_per_symbol = 4}};
  UpdateBuffer::Queue queue;
  std::uint64_t dropped = 0;
  ASSERT_TRUE(add(buffer, queue, {{.first = 1, .last = 1}, {}}, dropped));
  EXPECT_FALSE(buffer.begin_update(queue, {.first = 2, .last = 2}, 4, dropped));
  EXPECT_EQ(dropped, 1U);
  EXPECT_EQ(buffer.records_in_use(), 0U);
}

TEST(UpdateBuffer, OtherSymbolsKeepTheirsWhenMemoryIsFull) {
  UpdateBuffer buffer{{.max_records = 4, .max_records_per_symbol = 4}};
  UpdateBuffer::Queue first;
  UpdateBuffer::Queue second;
  std::uint64_t dropped = 0;
  for (std::uint64_t i = 1; i <= 4; ++i) {
    ASSERT_TRUE(add(buffer, first, {{.first = i, .last = i}, {}}, dropped));
  }
  EXPECT_FALSE(buffer.begin_update(second, {.first = 9, .last = 9}, 0, dropped));
  EXPECT_EQ(dropped, 0U);
  EXPECT_EQ(first.updates, 4U);
}

}  // namespace
}  // namespace tapeline::feed
