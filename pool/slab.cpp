#include "pool/slab.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <string>
#include <system_error>

namespace tapeline::pool {
namespace {

constexpr std::size_t kHugePageBytes = std::size_t{2} << 20;

std::size_t page_bytes() { return static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)); }

std::size_t round_up(std::size_t value, std::size_t step) {
  return (value + step - 1) / step * step;
}

std::byte* map(std::size_t bytes) {
  void* const mapped =
      ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) {
    throw std::system_error(errno, std::generic_category(),
                            "cannot map " + std::to_string(bytes) + " bytes for buffers");
  }
  return static_cast<std::byte*>(mapped);
}

// Maps `bytes` at a multiple of kHugePageBytes: maps more, and gives back what sticks out.
std::byte* map_for_huge_pages(std::size_t bytes) {
  std::byte* const mapped = map(bytes + kHugePageBytes);
  const std::size_t before = round_up(reinterpret_cast<std::uintptr_t>(mapped), kHugePageBytes) -
                             reinterpret_cast<std::uintptr_t>(mapped);
  if (before != 0) ::munmap(mapped, before);
  if (before != kHugePageBytes) ::munmap(mapped + before + bytes, kHugePageBytes - before);
  // May fail where the kernel has no huge pages; the slab then has small ones.
  static_cast<void>(::madvise(mapped + before, bytes, MADV_HUGEPAGE));
  return mapped + before;
}

}  // namespace

Slab::Slab(std::size_t bytes, bool huge_pages)
    : data_{nullptr}, bytes_{round_up(bytes, page_bytes())} {
  const bool large_enough = bytes_ >= kHugePageBytes;
  data_ = huge_pages && large_enough ? map_for_huge_pages(bytes_) : map(bytes_);
  // Written, not read: reading would map the shared page of zeros.
  const std::size_t step = page_bytes();
  for (std::size_t at = 0; at < bytes_; at += step) {
    *static_cast<volatile std::byte*>(data_ + at) = std::byte{0};
  }
}

Slab::~Slab() { ::munmap(data_, bytes_); }

}  // namespace tapeline::pool
