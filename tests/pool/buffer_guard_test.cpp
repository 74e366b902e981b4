#include "pool/buffer_guard.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <type_traits>
#include <utility>

#include "pool_support.hpp"

namespace tapeline::pool {
namespace {

// A buffer can not come back to a pool of another kind: there is no such expression.
template <typename Pool, typename Guard>
concept CanRelease = requires(Pool pool, Guard guard) {
  pool.this_thread().release(guard);
};
static_assert(CanRelease<BufferPool<SimdKind>&, SimdGuard&>);
static_assert(!CanRelease<BufferPool<SimdKind>&, SerializationGuard&>);
static_assert(!CanRelease<BufferPool<SerializationKind>&, CompressionGuard&>);
static_assert(!CanRelease<BufferPool<CompressionKind>&, SimdGuard&>);
static_assert(!std::is_assignable_v<SerializationGuard&, CompressionGuard&&>);
static_assert(!std::is_constructible_v<SerializationGuard, SimdGuard&&>);
static_assert(!std::is_swappable_with_v<SerializationGuard&, CompressionGuard&>);

// Nor can it have two owners, or be made from nothing.
static_assert(!std::is_copy_constructible_v<SerializationGuard>);
static_assert(!std::is_copy_assignable_v<SerializationGuard>);
static_assert(!std::is_constructible_v<SerializationGuard, BufferName>);
static_assert(std::is_nothrow_move_constructible_v<SerializationGuard>);
static_assert(std::is_nothrow_move_assignable_v<SerializationGuard>);

// A view does not outlive the guard by accident.
template <typename Guard>
concept GivesView = requires(Guard&& guard) {
  std::forward<Guard>(guard).bytes();
};
static_assert(GivesView<SerializationGuard&>);
static_assert(!GivesView<SerializationGuard&&>);

class BufferGuardTest : public testing::Test {
 protected:
  [[nodiscard]] std::uint64_t in_use() const { return pool_.counts().in_use; }

  BufferPool<SerializationKind> pool_{small_pool(4, 0, 1)};
};

TEST_F(BufferGuardTest, EmptyGuardHasNothing) {
  SerializationGuard guard;
  EXPECT_FALSE(guard);
  EXPECT_EQ(guard.data(), nullptr);
  EXPECT_EQ(guard.capacity(), 0U);
  EXPECT_TRUE(guard.bytes().empty());
  EXPECT_TRUE(guard.filled().empty());
  guard.release();
  EXPECT_FALSE(guard);
}

TEST_F(BufferGuardTest, HoldsAlignedBufferOfConfiguredSize) {
  const SerializationGuard guard = pool_.try_acquire();
  ASSERT_TRUE(guard);
  EXPECT_EQ(guard.capacity(), 256U);
  EXPECT_EQ(guard.bytes().size(), 256U);
  EXPECT_EQ(guard.bytes().data(), guard.data());
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(guard.data()) % kCacheLineBytes, 0U);
}

TEST_F(BufferGuardTest, ReturnsBufferWhenItGoesOutOfScope) {
  {
    const SerializationGuard guard = pool_.try_acquire();
    EXPECT_EQ(in_use(), 1U);
  }
  EXPECT_EQ(in_use(), 0U);
}

TEST_F(BufferGuardTest, CarriesUsedLength) {
  SerializationGuard guard = pool_.try_acquire();
  EXPECT_EQ(guard.used(), 0U);
  guard.bytes()[0] = std::byte{42};
  guard.set_used(1);
  SerializationGuard moved = std::move(guard);
  EXPECT_EQ(moved.used(), 1U);
  ASSERT_EQ(moved.filled().size(), 1U);
  EXPECT_EQ(moved.filled()[0], std::byte{42});
}

TEST_F(BufferGuardTest, FreshGuardOfARecycledBufferHasNothingUsed) {
  SerializationGuard guard = pool_.try_acquire();
  guard.set_used(200);
  const std::byte* const data = guard.data();
  guard.release();
  guard = pool_.try_acquire();
  EXPECT_EQ(guard.data(), data);
  EXPECT_EQ(guard.used(), 0U);
}

TEST_F(BufferGuardTest, MoveConstructionLeavesSourceEmpty) {
  SerializationGuard source = pool_.try_acquire();
  const std::byte* const data = source.data();
  const SerializationGuard target{std::move(source)};
  EXPECT_FALSE(source);  // NOLINT(bugprone-use-after-move): that is the claim
  // NOLINTNEXTLINE(clang-analyzer-cplusplus.Move): that is the claim
  EXPECT_EQ(source.used(), 0U);
  EXPECT_EQ(target.data(), data);
  EXPECT_EQ(in_use(), 1U);
}

TEST_F(BufferGuardTest, MoveAssignmentReleasesWhatTargetHeld) {
  SerializationGuard target = pool_.try_acquire();
  SerializationGuard source = pool_.try_acquire();
  const std::byte* const data = source.data();
  EXPECT_EQ(in_use(), 2U);
  target = std::move(source);
  EXPECT_EQ(in_use(), 1U);
  EXPECT_EQ(target.data(), data);
  EXPECT_FALSE(source);  // NOLINT(bugprone-use-after-move): that is the claim
}

TEST_F(BufferGuardTest, MoveToItselfKeepsTheBuffer) {
  SerializationGuard guard = pool_.try_acquire();
  guard.set_used(7);
  const std::byte* const data = guard.data();
  SerializationGuard& same = guard;
  guard = std::move(same);
  EXPECT_TRUE(guard);
  EXPECT_EQ(guard.data(), data);
  EXPECT_EQ(guard.used(), 7U);
  EXPECT_EQ(in_use(), 1U);
}

TEST_F(BufferGuardTest, MovingAnEmptyGuardInReleases) {
  SerializationGuard guard = pool_.try_acquire();
  guard = SerializationGuard{};
  EXPECT_FALSE(guard);
  EXPECT_EQ(in_use(), 0U);
}

TEST_F(BufferGuardTest, SwapsBuffersAndLengths) {
  SerializationGuard a = pool_.try_acquire();
  SerializationGuard b;
  a.set_used(5);
  const std::byte* const data = a.data();
  swap(a, b);
  EXPECT_FALSE(a);
  EXPECT_EQ(b.data(), data);
  EXPECT_EQ(b.used(), 5U);
  b.swap(b);
  EXPECT_EQ(b.data(), data);
  EXPECT_EQ(in_use(), 1U);
}

TEST_F(BufferGuardTest, ReleasingTwiceReturnsOneBuffer) {
  SerializationGuard guard = pool_.try_acquire();
  guard.release();
  guard.release();
  EXPECT_FALSE(guard);
  EXPECT_EQ(pool_.counts().releases, 1U);
}

TEST_F(BufferGuardTest, AnotherThreadMayReleaseIt) {
  SerializationGuard guard = pool_.try_acquire();
  write_word(guard.data(), 99);
  std::thread other{[moved = std::move(guard)]() mutable {
    EXPECT_EQ(read_word(moved.data()), 99U);
    moved.release();
  }};
  other.join();
  EXPECT_EQ(in_use(), 0U);
  EXPECT_EQ(drain(pool_).size(), 4U);
}

}  // namespace
}  // namespace tapeline::pool
