#include "pool/pool_numbers.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <deque>
#include <optional>
#include <set>
#include <stdexcept>
#include <utility>

#include "pool_support.hpp"

namespace tapeline::pool {
namespace {

using Pool = BufferPool<SerializationKind>;

PoolCore* some_pool() {
  static std::byte place{};
  return reinterpret_cast<PoolCore*>(&place);  // never looked into
}

// All numbers that are free.
std::deque<PoolNumber> take_all_numbers() {
  std::deque<PoolNumber> numbers;
  try {
    for (;;) numbers.emplace_back(some_pool());
  } catch (const std::length_error&) {
    return numbers;
  }
}

TEST(PoolNumbers, NameTellsPoolAndSlot) {
  const PoolNumber number{some_pool()};
  const BufferName name = number.buffer_name(kNoSlot - 1);
  EXPECT_NE(name, 0U);
  EXPECT_EQ(pool_number(name), number.get());
  EXPECT_EQ(slot_of(name), kNoSlot - 1);
  EXPECT_EQ(pool_of(name), some_pool());
  EXPECT_NE(number.buffer_name(0), 0U);
}

TEST(PoolNumbers, NameLeadsToTheBytesOfItsBuffer) {
  Pool pool{small_pool(4, 0, 1)};
  const auto one = pool.try_acquire();
  const auto other = pool.try_acquire();
  EXPECT_EQ(std::abs(one.data() - other.data()), 256 + 256);  // the buffer and the gap behind it
  EXPECT_EQ(one.capacity(), 256U);
  std::array<std::byte, 8> bytes{};
  const PoolNumber number{some_pool()};
  number.set_buffers(bytes.data(), 2, 1);
  EXPECT_EQ(buffer_of(number.buffer_name(3)), bytes.data() + 6);
}

TEST(PoolNumbers, EachPoolHasANumberOfItsOwn) {
  const std::deque<PoolNumber> numbers = take_all_numbers();
  std::set<std::uint32_t> seen;
  for (const PoolNumber& number : numbers) seen.insert(number.get());
  EXPECT_EQ(seen.size(), numbers.size());
  EXPECT_EQ(numbers.size(), kMaxPools);
  EXPECT_EQ(seen.count(0), 0U);
}

TEST(PoolNumbers, NumberComesFreeWithItsPool) {
  std::deque<PoolNumber> numbers = take_all_numbers();
  const std::uint32_t freed = numbers.front().get();
  numbers.pop_front();
  EXPECT_EQ(pool_of(freed << kSlotBits), nullptr);
  const PoolNumber again{some_pool()};
  EXPECT_EQ(again.get(), freed);
}

TEST(PoolNumbers, NumbersGoRoundBeforeOneIsUsedAgain) {
  std::optional<PoolNumber> first{std::in_place, some_pool()};
  const std::uint32_t number = first->get();
  first.reset();
  for (std::uint32_t i = 1; i < kMaxPools; ++i) {
    ASSERT_NE(PoolNumber{some_pool()}.get(), number);
  }
  EXPECT_EQ(PoolNumber{some_pool()}.get(), number);
}

TEST(PoolNumbers, OnePoolTooManyIsRefused) {
  std::deque<PoolNumber> numbers = take_all_numbers();
  EXPECT_THROW(Pool{small_pool(4, 0, 1)}, std::length_error);
  numbers.pop_back();
  Pool pool{small_pool(4, 0, 1)};
  EXPECT_TRUE(pool.try_acquire());
}

TEST(PoolNumbers, PoolThatFailsToBeMadeLeavesNoNumberBehind) {
  const auto all_but_one = [] {
    std::deque<PoolNumber> numbers = take_all_numbers();
    numbers.pop_back();
    return numbers;
  }();
  PoolConfig impossible = small_pool(4, 0, 1);
  impossible.numa_node = 1023;
  EXPECT_ANY_THROW(Pool{impossible});
  EXPECT_NO_THROW(Pool{small_pool(4, 0, 1)});
}

}  // namespace
}  // namespace tapeline::pool
