// Mistakes that test builds must catch.

#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <new>
#include <type_traits>

#include "pool/memory_checks.hpp"
#include "pool_support.hpp"

namespace tapeline::pool {
namespace {

using Pool = BufferPool<SerializationKind>;

class MisuseDeathTest : public testing::Test {
 protected:
  MisuseDeathTest() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};

#if defined(TAPELINE_CHECKS)
// As a system call writes: AddressSanitizer does not see it.
__attribute__((no_sanitize("address", "thread"), noinline)) void write_unseen(std::byte* at) {
  *static_cast<volatile std::byte*>(at) = std::byte{1};
}

TEST_F(MisuseDeathTest, OverrunIsFoundWhenTheBufferComesBack) {
  EXPECT_DEATH(
      {
        Pool pool{small_pool(4, 0, 1)};
        auto guard = pool.try_acquire();
        write_unseen(guard.data() + guard.capacity() + 3);
        guard.release();
      },
      "serialization pool: buffer 0 was written to behind its end, at byte 3");
}

TEST_F(MisuseDeathTest, OverrunOfAnOddSizeIsFoundAtItsFirstByte) {
  EXPECT_DEATH(
      {
        PoolConfig config = small_pool(4, 0, 1);
        config.buffer_bytes = 100;
        Pool pool{config};
        auto guard = pool.try_acquire();
        write_unseen(guard.data() + 100);
        guard.release();
      },
      "serialization pool: buffer 0 was written to behind its end, at byte 0");
}

TEST_F(MisuseDeathTest, OverrunOfAnOverflowBufferIsFound) {
  EXPECT_DEATH(
      {
        Pool pool{small_pool(1, 1, 1)};
        const auto regular = pool.try_acquire();
        auto guard = pool.try_acquire();
        write_unseen(guard.data() + guard.capacity() + PoolCore::kGapBytes - 1);
        guard.release();
      },
      "serialization pool: buffer 1 was written to behind its end, at byte 255");
}

TEST_F(MisuseDeathTest, UsedLengthBeyondCapacityIsRefused) {
  EXPECT_DEATH(
      {
        Pool pool{small_pool(4, 0, 1)};
        auto guard = pool.try_acquire();
        guard.set_used(guard.capacity() + 1);
      },
      "used <= capacity");
}

// Through the bytes of the guard, copied past its type, as a bug elsewhere may do.
void release_twice(SerializationGuard& guard) {
  alignas(SerializationGuard) std::array<std::byte, sizeof(SerializationGuard)> copy;
  std::memcpy(copy.data(), &guard, copy.size());
  guard.release();
  std::launder(reinterpret_cast<SerializationGuard*>(copy.data()))->release();
}

TEST_F(MisuseDeathTest, SecondReleaseOfABufferIsFound) {
  EXPECT_DEATH(
      {
        Pool pool{small_pool(4, 0, 1)};
        auto guard = pool.try_acquire();
        release_twice(guard);
      },
      "serialization pool: buffer 0 was released but is not in use");
}

TEST_F(MisuseDeathTest, SecondReleaseOfAnOverflowBufferIsFound) {
  EXPECT_DEATH(
      {
        Pool pool{small_pool(1, 1, 1)};
        const auto regular = pool.try_acquire();
        auto guard = pool.try_acquire();
        release_twice(guard);
      },
      "serialization pool: buffer 1 was released but is not in use");
}

TEST_F(MisuseDeathTest, SlotWithTwoOwnersOrOfNoPoolIsFound) {
  SlotOwners owners;
  owners.track(2);
  owners.hand_out(1, "test");
  EXPECT_DEATH(owners.hand_out(1, "test"), "test pool: buffer 1 was handed out twice");
  EXPECT_DEATH(owners.take_back(0, "test"), "test pool: buffer 0 was released but is not in use");
  EXPECT_DEATH(owners.take_back(2, "test"), "test pool: buffer 2 was released but is not in use");
}

TEST_F(MisuseDeathTest, HandleRefusesABufferOfAnotherPoolOfItsKind) {
  EXPECT_DEATH(
      {
        Pool one{small_pool(4, 0, 1)};
        Pool other{small_pool(4, 0, 1)};
        auto guard = one.try_acquire();
        other.this_thread().release(guard);
      },
      "== core_");
}
#endif

#if defined(TAPELINE_POOL_ASAN)
TEST_F(MisuseDeathTest, AddressSanitizerSeesUseAfterRelease) {
  Pool pool{small_pool(4, 0, 1)};
  auto guard = pool.try_acquire();
  volatile std::byte* const data = guard.data();
  guard.release();
  EXPECT_DEATH(static_cast<void>(data[0]), "use-after-poison");
}

TEST_F(MisuseDeathTest, AddressSanitizerSeesOverrun) {
  Pool pool{small_pool(4, 0, 1)};
  const auto guard = pool.try_acquire();
  volatile std::byte* const end = guard.data() + guard.capacity();
  EXPECT_DEATH(*end = std::byte{1}, "use-after-poison");
}

TEST_F(MisuseDeathTest, AddressSanitizerSeesABufferThatWasNeverAcquired) {
  Pool pool{small_pool(4, 0, 1)};
  const auto guard = pool.try_acquire();
  volatile std::byte* const next = guard.data() + guard.capacity() + PoolCore::kGapBytes;
  EXPECT_DEATH(static_cast<void>(*next), "use-after-poison");
}
#endif

// Pointers are not taken back at all, whether they are the pool's own or foreign.
template <typename Giver>
concept TakesPointers = requires(Giver giver, std::byte* data) {
  giver.release(data);
};
static_assert(!TakesPointers<Pool>);
static_assert(!TakesPointers<Pool::ThreadHandle>);
static_assert(!std::is_constructible_v<SerializationGuard, std::byte*>);
static_assert(!std::is_assignable_v<SerializationGuard&, CompressionGuard>);

TEST(Misuse, WriteToTheLastByteIsNoMistake) {
  Pool pool{small_pool(4, 1, 1)};
  for (auto& guard : drain(pool)) {
    for (std::byte& byte : guard.bytes()) byte = std::byte{0xFF};
    guard.release();
  }
  EXPECT_EQ(pool.counts().in_use, 0U);
}

}  // namespace
}  // namespace tapeline::pool
