#include "pool/buffer_memory.hpp"

#include <linux/mempolicy.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <climits>
#include <cstdint>
#include <string>
#include <system_error>

#include "pool/memory_checks.hpp"

namespace tapeline::pool {
namespace {

constexpr std::size_t kHugePageBytes = std::size_t{2} << 20;

std::size_t round_down(std::size_t value, std::size_t step) { return value / step * step; }
std::size_t round_up(std::size_t value, std::size_t step) {
  return round_down(value + step - 1, step);
}

std::byte* reserve(std::size_t bytes) {
  void* const mapped =
      ::mmap(nullptr, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapped == MAP_FAILED) {
    throw std::system_error(errno, std::generic_category(),
                            "cannot reserve " + std::to_string(bytes) + " bytes for buffers");
  }
  return static_cast<std::byte*>(mapped);
}

// Reserves `bytes` at a multiple of kHugePageBytes: takes more, and gives back what sticks out.
std::byte* reserve_for_huge_pages(std::size_t bytes) {
  std::byte* const mapped = reserve(bytes + kHugePageBytes);
  const std::size_t before = round_up(reinterpret_cast<std::uintptr_t>(mapped), kHugePageBytes) -
                             reinterpret_cast<std::uintptr_t>(mapped);
  if (before != 0) ::munmap(mapped, before);
  if (before != kHugePageBytes) ::munmap(mapped + before + bytes, kHugePageBytes - before);
  return mapped + before;
}

// Called directly: libnuma's wrapper adds nothing, and the pool has no dependencies.
long bind_to_node(std::byte* data, std::size_t bytes, int node) noexcept {
  constexpr std::size_t kWordBits = sizeof(unsigned long) * CHAR_BIT;
  constexpr std::size_t kWords = 1024 / kWordBits;
  std::array<unsigned long, kWords> nodes{};
  const auto bit = static_cast<std::size_t>(node);
  nodes[bit / kWordBits] = 1UL << bit % kWordBits;
  // One more than there are bits: the kernel looks at one less than it is told.
  return ::syscall(SYS_mbind, data, bytes, MPOL_BIND, nodes.data(), kWords * kWordBits + 1, 0U);
}

}  // namespace

BufferMemory::BufferMemory(std::size_t bytes, const Options& options)
    : options_{options},
      page_bytes_{static_cast<std::size_t>(::sysconf(_SC_PAGESIZE))},
      reserved_{round_up(bytes, page_bytes_)} {
  committed_.reserve(options.max_stretches);
  if (reserved_ < kHugePageBytes) options_.huge_pages = false;
  data_ = options_.huge_pages ? reserve_for_huge_pages(reserved_) : reserve(reserved_);
}

// Whoever gets these addresses next may use them.
BufferMemory::~BufferMemory() {
  for (const Stretch& stretch : committed_) unpoison_all(stretch);
  ::munmap(data_, reserved_);
}

void BufferMemory::unpoison_all(Stretch stretch) const noexcept {
  unpoison(data_ + stretch.begin, stretch.end - stretch.begin);
}

int BufferMemory::commit(Stretch stretch) noexcept {
  assert(stretch.begin < stretch.end && stretch.end <= reserved_);
  assert(committed_.size() < committed_.capacity());
  const Stretch pages = own_pages(stretch);
  if (pages.begin != pages.end) {
    if (const int error = make_present(pages); error != 0) {
      take_away(pages);
      return error;
    }
  }
  committed_.push_back(stretch);
  committed_bytes_ += pages.end - pages.begin;
  return 0;
}

std::size_t BufferMemory::decommit(Stretch stretch) noexcept {
  const auto found = std::find(committed_.begin(), committed_.end(), stretch);
  assert(found != committed_.end());
  *found = committed_.back();
  committed_.pop_back();
  unpoison_all(stretch);
  const Stretch pages = own_pages(stretch);
  if (pages.begin != pages.end) take_away(pages);
  committed_bytes_ -= pages.end - pages.begin;
  return pages.end - pages.begin;
}

bool BufferMemory::page_in_use(std::size_t page) const noexcept {
  return std::any_of(committed_.begin(), committed_.end(), [&](const Stretch& other) {
    return other.begin < page + page_bytes_ && page < other.end;
  });
}

// The pages of a stretch that is not committed, without those at its ends that others use.
BufferMemory::Stretch BufferMemory::own_pages(Stretch stretch) const noexcept {
  Stretch pages{round_down(stretch.begin, page_bytes_), round_up(stretch.end, page_bytes_)};
  if (page_in_use(pages.begin)) pages.begin += page_bytes_;
  if (pages.begin != pages.end && page_in_use(pages.end - page_bytes_)) pages.end -= page_bytes_;
  return pages;
}

// mprotect, not a new mapping: when it fails the address space is still ours.
int BufferMemory::make_present(Stretch pages) const noexcept {
  std::byte* const data = data_ + pages.begin;
  const std::size_t bytes = pages.end - pages.begin;
  if (::mprotect(data, bytes, PROT_READ | PROT_WRITE) != 0) return errno;
  // May fail where the kernel has no huge pages; there are small ones then.
  if (options_.huge_pages) static_cast<void>(::madvise(data, bytes, MADV_HUGEPAGE));
  if (options_.numa_node >= 0 && bind_to_node(data, bytes, options_.numa_node) != 0) return errno;
  if (::madvise(data, bytes, MADV_POPULATE_WRITE) == 0) return 0;
  if (errno != EINVAL) return errno;
  // An older kernel. Written, not read: reading would map the shared page of zeros.
  for (std::size_t at = 0; at < bytes; at += page_bytes_) {
    *static_cast<volatile std::byte*>(data + at) = std::byte{0};
  }
  return 0;
}

// A new mapping, not mprotect: it also gives back what the kernel has set aside for us.
void BufferMemory::take_away(Stretch pages) const noexcept {
  std::byte* const data = data_ + pages.begin;
  const std::size_t bytes = pages.end - pages.begin;
  void* const mapped = ::mmap(data, bytes, PROT_NONE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
  // It fails when the process has too many mappings; the pages go nevertheless.
  if (mapped == MAP_FAILED) static_cast<void>(::madvise(data, bytes, MADV_DONTNEED));
}

}  // namespace tapeline::pool
