#include "app/market/mapped_region.hpp"

#include <sys/mman.h>

#include <cassert>
#include <cerrno>
#include <cstdint>
#include <system_error>

namespace tapeline::market {

namespace {

constexpr std::size_t kPageBytes = 4096;

[[nodiscard]] std::size_t round_up(std::size_t bytes, std::size_t step) noexcept {
  return (bytes + step - 1) / step * step;
}

}  // namespace

void throw_out_of_memory() {
  throw std::system_error{ENOMEM, std::generic_category(), "memory of the market"};
}

MappedRegion::MappedRegion(std::size_t reserved_bytes)
    : mapping_bytes_{round_up(reserved_bytes, kStepBytes) + kStepBytes},
      reserved_bytes_{round_up(reserved_bytes, kStepBytes)} {
  mapping_ = ::mmap(nullptr, mapping_bytes_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                    -1, 0);
  if (mapping_ == MAP_FAILED) {
    throw std::system_error{errno, std::generic_category(), "address space of the market"};
  }
  auto* first = static_cast<std::byte*>(mapping_);
  const std::size_t past_step = reinterpret_cast<std::uintptr_t>(first) % kStepBytes;
  data_ = first + (past_step == 0 ? 0 : kStepBytes - past_step);
  // A hint: without huge pages everything works, with more misses in the TLB.
  static_cast<void>(::madvise(data_, reserved_bytes_, MADV_HUGEPAGE));
}

MappedRegion::~MappedRegion() { ::munmap(mapping_, mapping_bytes_); }

bool MappedRegion::commit(std::size_t bytes) noexcept {
  if (bytes <= committed_bytes_) return true;
  if (bytes > reserved_bytes_) return false;
  const std::size_t wanted = round_up(bytes, kStepBytes);
  if (::mprotect(data_ + committed_bytes_, wanted - committed_bytes_, PROT_READ | PROT_WRITE) !=
      0) {
    return false;
  }
  committed_bytes_ = wanted;
  return true;
}

void MappedRegion::clear() noexcept {
  if (committed_bytes_ == 0) return;
  // Private anonymous memory reads as zero after this; the kernel can only refuse bad arguments.
  [[maybe_unused]] const int refused = ::madvise(data_, committed_bytes_, MADV_DONTNEED);
  assert(refused == 0);
}

void MappedRegion::populate(std::size_t bytes) noexcept {
  assert(bytes <= committed_bytes_);
  for (std::size_t offset = 0; offset < bytes; offset += kPageBytes) {
    // Volatile: the write must happen although it changes nothing.
    auto* touched = const_cast<volatile std::byte*>(data_ + offset);
    *touched = *touched;
  }
}

}  // namespace tapeline::market
