#include "pool/buffer_memory.hpp"

#include <gtest/gtest.h>
#include <linux/mempolicy.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include <cerrno>
#include <fstream>
#include <string>
#include <system_error>

#include "pool_support.hpp"

namespace tapeline::pool {
namespace {

constexpr std::size_t kPage = 4096;
constexpr std::size_t kHugePage = std::size_t{2} << 20;
using Stretch = BufferMemory::Stretch;

long minor_faults() {
  rusage usage{};
  ::getrusage(RUSAGE_THREAD, &usage);
  return usage.ru_minflt;
}

// Whether the page may be written to, as the kernel tells.
bool is_writable(const std::byte* address) {
  std::ifstream maps{"/proc/self/maps"};
  const auto at = reinterpret_cast<std::uintptr_t>(address);
  for (std::string line; std::getline(maps, line);) {
    std::size_t dash = 0;
    const std::uintptr_t begin = std::stoull(line, &dash, 16);
    std::size_t length = 0;
    const std::uintptr_t end = std::stoull(line.substr(dash + 1), &length, 16);
    if (begin <= at && at < end) return line.substr(dash + 1 + length, 3) == " rw";
  }
  return false;
}

bool is_present(std::byte* address) {
  unsigned char present = 0;
  return ::mincore(address, kPage, &present) == 0 && (present & 1) != 0;
}

TEST(BufferMemory, ReservesWithoutTakingMemory) {
  constexpr std::size_t kLarge = std::size_t{1} << 36;  // the thread sanitizer leaves no more
  const BufferMemory memory{kLarge, {}};
  EXPECT_EQ(memory.bytes_reserved(), kLarge);
  EXPECT_EQ(memory.bytes(), 0U);
  EXPECT_TRUE(is_mapped(memory.data()));
  EXPECT_FALSE(is_writable(memory.data()));
}

TEST(BufferMemory, EveryCommittedPageIsPresent) {
  BufferMemory memory{std::size_t{6} << 20, {}};
  ASSERT_EQ(memory.commit({0, std::size_t{6} << 20}), 0);
  for (std::size_t at = 0; at < memory.bytes(); at += kPage) {
    ASSERT_TRUE(is_present(memory.data() + at)) << at;
  }
  if (kSanitized) return;  // the sanitizer's own memory has faults
  const long before = minor_faults();
  for (std::size_t at = 0; at < memory.bytes(); at += kPage) memory.data()[at] = std::byte{1};
  // Room for a few: the kernel may move pages about. Without pre-faulting there are 1536.
  EXPECT_LT(minor_faults() - before, 100);
}

TEST(BufferMemory, IsAlignedToAHugePageWhenAskedAndLargeEnough) {
  const BufferMemory memory{kHugePage + 1, {.huge_pages = true}};
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(memory.data()) % kHugePage, 0U);
  EXPECT_EQ(memory.bytes_reserved(), kHugePage + kPage);
}

TEST(BufferMemory, GivesBackAllItReserved) {
  const std::byte* first = nullptr;
  std::size_t bytes = 0;
  {
    BufferMemory memory{std::size_t{5} << 20, {.huge_pages = true}};
    ASSERT_EQ(memory.commit({kPage, 3 * kPage}), 0);
    first = memory.data();
    bytes = memory.bytes_reserved();
    EXPECT_TRUE(is_mapped(first));
  }
  EXPECT_FALSE(is_mapped(first));
  EXPECT_FALSE(is_mapped(first + bytes - 1));
}

TEST(BufferMemory, ThrowsWhenThereIsNoRoom) {
  EXPECT_THROW((BufferMemory{std::size_t{1} << 50, {}}), std::system_error);
  EXPECT_THROW((BufferMemory{std::size_t{1} << 50, {.huge_pages = true}}), std::system_error);
}

TEST(BufferMemory, OnlyWhatIsCommittedMayBeWritten) {
  BufferMemory memory{8 * kPage, {}};
  ASSERT_EQ(memory.commit({2 * kPage, 4 * kPage}), 0);
  EXPECT_EQ(memory.bytes(), 2 * kPage);
  EXPECT_FALSE(is_writable(memory.data() + 2 * kPage - 1));
  EXPECT_TRUE(is_writable(memory.data() + 2 * kPage));
  EXPECT_TRUE(is_writable(memory.data() + 4 * kPage - 1));
  EXPECT_FALSE(is_writable(memory.data() + 4 * kPage));
}

TEST(BufferMemory, DecommitTakesTheBytesAndTheyComeBackAsZeros) {
  BufferMemory memory{8 * kPage, {}};
  const Stretch stretch{kPage, 5 * kPage};
  ASSERT_EQ(memory.commit(stretch), 0);
  memory.data()[kPage] = std::byte{7};
  EXPECT_TRUE(is_present(memory.data() + kPage));
  EXPECT_EQ(memory.decommit(stretch), 4 * kPage);
  EXPECT_EQ(memory.bytes(), 0U);
  EXPECT_FALSE(is_present(memory.data() + kPage));
  EXPECT_FALSE(is_writable(memory.data() + kPage));
  ASSERT_EQ(memory.commit(stretch), 0);
  EXPECT_EQ(memory.data()[kPage], std::byte{0});
}

TEST(BufferMemory, PageOfTwoStretchesStaysUntilBothAreGone) {
  BufferMemory memory{4 * kPage, {.max_stretches = 3}};
  const Stretch low{100, kPage + 100};
  const Stretch middle{kPage + 100, kPage + 200};
  const Stretch high{kPage + 200, 3 * kPage};
  ASSERT_EQ(memory.commit(low), 0);
  EXPECT_EQ(memory.bytes(), 2 * kPage);
  ASSERT_EQ(memory.commit(middle), 0);
  ASSERT_EQ(memory.commit(high), 0);
  EXPECT_EQ(memory.bytes(), 3 * kPage);
  memory.data()[kPage + 150] = std::byte{9};
  EXPECT_EQ(memory.decommit(low), kPage);
  EXPECT_EQ(memory.decommit(high), kPage);
  EXPECT_EQ(memory.data()[kPage + 150], std::byte{9});
  EXPECT_EQ(memory.decommit(middle), kPage);
  EXPECT_EQ(memory.bytes(), 0U);
}

TEST(BufferMemory, CommitThatFailsChangesNothing) {
#if defined(TAPELINE_POOL_TEST_SANITIZED)
  GTEST_SKIP() << "the sanitizer needs memory of its own";
#else
  BufferMemory memory{std::size_t{64} << 20, {}};
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_DATA, &before), 0);
  const rlimit none{.rlim_cur = kPage, .rlim_max = before.rlim_max};  // the kernel ignores 0
  ASSERT_EQ(::setrlimit(RLIMIT_DATA, &none), 0);
  const int error = memory.commit({0, std::size_t{64} << 20});
  ASSERT_EQ(::setrlimit(RLIMIT_DATA, &before), 0);
  EXPECT_EQ(error, ENOMEM);
  EXPECT_EQ(memory.bytes(), 0U);
  EXPECT_FALSE(is_writable(memory.data()));
  EXPECT_EQ(memory.commit({0, kPage}), 0);
#endif
}

// The node that the page of an address lies on, or -1 when the kernel does not tell.
int node_of(const std::byte* address) {
  int node = -1;
  ::syscall(SYS_get_mempolicy, &node, nullptr, 0UL, address, MPOL_F_NODE | MPOL_F_ADDR);
  return node;
}

int policy_of(const std::byte* address) {
  int policy = -1;
  ::syscall(SYS_get_mempolicy, &policy, nullptr, 0UL, address, MPOL_F_ADDR);
  return policy;
}

TEST(BufferMemory, IsBoundToItsNode) {
  BufferMemory memory{8 * kPage, {.max_stretches = 2, .numa_node = 0}};
  if (policy_of(memory.data()) < 0) GTEST_SKIP() << "no NUMA in this kernel, or not allowed";
  ASSERT_EQ(memory.commit({0, 2 * kPage}), 0);
  EXPECT_EQ(policy_of(memory.data()), MPOL_BIND);
  EXPECT_EQ(node_of(memory.data()), 0);
  // A stretch that comes later, and one that comes again.
  ASSERT_EQ(memory.commit({4 * kPage, 6 * kPage}), 0);
  EXPECT_EQ(policy_of(memory.data() + 4 * kPage), MPOL_BIND);
  memory.decommit({0, 2 * kPage});
  ASSERT_EQ(memory.commit({0, 2 * kPage}), 0);
  EXPECT_EQ(policy_of(memory.data()), MPOL_BIND);
}

TEST(BufferMemory, IsNotBoundUnlessAsked) {
  BufferMemory memory{8 * kPage, {}};
  ASSERT_EQ(memory.commit({0, kPage}), 0);
  EXPECT_NE(policy_of(memory.data()), MPOL_BIND);
}

TEST(BufferMemory, LiesOnTheSecondNodeWhenThereIsOne) {
  if (!std::ifstream{"/sys/devices/system/node/node1/meminfo"}) {
    GTEST_SKIP() << "this machine has one NUMA node";
  }
  BufferMemory memory{8 * kPage, {.numa_node = 1}};
  ASSERT_EQ(memory.commit({0, 8 * kPage}), 0);
  for (std::size_t at = 0; at < 8 * kPage; at += kPage) EXPECT_EQ(node_of(memory.data() + at), 1);
}

TEST(BufferMemory, NodeThatDoesNotExistIsAnError) {
  BufferMemory memory{kPage, {.numa_node = 1023}};
  EXPECT_NE(memory.commit({0, kPage}), 0);
  EXPECT_EQ(memory.bytes(), 0U);
}

}  // namespace
}  // namespace tapeline::pool
