#include "pool/slab.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <system_error>

#include "pool_support.hpp"

namespace tapeline::pool {
namespace {

long minor_faults() {
  rusage usage{};
  ::getrusage(RUSAGE_THREAD, &usage);
  return usage.ru_minflt;
}

TEST(Slab, EveryPageIsPresentFromTheStart) {
  const Slab slab{std::size_t{6} << 20, false};
  const long before = minor_faults();
  for (std::size_t at = 0; at < slab.bytes(); at += 4096) slab.data()[at] = std::byte{1};
  // Room for a few: the kernel may move pages about. Without pre-faulting there are 1536.
  EXPECT_LT(minor_faults() - before, 100);
}

TEST(Slab, IsAlignedToAHugePageWhenAskedAndLargeEnough) {
  const Slab slab{(std::size_t{2} << 20) + 1, true};
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(slab.data()) % (std::size_t{2} << 20), 0U);
  EXPECT_EQ(slab.bytes(), (std::size_t{2} << 20) + 4096);
}

TEST(Slab, GivesBackAllItMapped) {
  const std::byte* first = nullptr;
  std::size_t bytes = 0;
  {
    const Slab slab{std::size_t{5} << 20, true};
    first = slab.data();
    bytes = slab.bytes();
    EXPECT_TRUE(is_mapped(first));
  }
  EXPECT_FALSE(is_mapped(first));
  EXPECT_FALSE(is_mapped(first + bytes - 1));
}

TEST(Slab, ThrowsWhenThereIsNoRoom) {
  EXPECT_THROW((Slab{std::size_t{1} << 50, false}), std::system_error);
  EXPECT_THROW((Slab{std::size_t{1} << 50, true}), std::system_error);
}

}  // namespace
}  // namespace tapeline::pool
