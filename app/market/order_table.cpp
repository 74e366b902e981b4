#include "app/market/order_table.hpp"

#include <algorithm>
#include <bit>

namespace tapeline::market {

namespace {

// Four entries of the directory for every page that can be: sets fill up late.
[[nodiscard]] unsigned choose_set_bits(std::size_t max_bytes, std::size_t min_sets) noexcept {
  const std::size_t pages = max_bytes / OrderTable::kPageBytes;
  const std::size_t sets = std::bit_ceil(std::max(pages * 4 / OrderTable::kWays, min_sets));
  return static_cast<unsigned>(std::countr_zero(sets)) % 64;
}

[[nodiscard]] std::size_t clamp_bytes(std::size_t max_bytes) noexcept {
  const std::size_t bytes = std::clamp(max_bytes, std::size_t{1}, OrderTable::kMaxBytes);
  return (bytes + MappedRegion::kStepBytes - 1) / MappedRegion::kStepBytes *
         MappedRegion::kStepBytes;
}

}  // namespace

OrderTable::OrderTable(std::size_t preallocated_bytes, std::size_t max_bytes)
    : set_bits_{choose_set_bits(clamp_bytes(max_bytes), kMinSets)},
      directory_{std::size_t{1} << set_bits_},
      pages_{clamp_bytes(max_bytes) / kPageBytes + 1},
      memory_{clamp_bytes(max_bytes)},
      page_limit_{static_cast<std::uint32_t>(memory_.reserved_bytes() / kPageBytes)} {
  const std::size_t first = std::min(preallocated_bytes, memory_.reserved_bytes());
  if (!memory_.commit(first)) throw_out_of_memory();
  populated_bytes_ = memory_.committed_bytes();
  memory_.populate(populated_bytes_);
  counts_.committed_bytes.set(memory_.committed_bytes());
}

void OrderTable::clear() noexcept {
  directory_.clear();
  pages_.clear();
  memory_.clear();
  memory_.populate(populated_bytes_);
  next_unused_ = kNoPage + 1;
  first_free_ = kNoPage;
  counts_.orders.set(0);
  counts_.pages.set(0);
}

std::uint32_t OrderTable::add_page(OrderRef ref) noexcept {
  const std::uint64_t number = page_number(ref);
  for (std::uint64_t& entry : directory_[set_of(number)].entries) {
    if (entry != 0) continue;
    const std::uint32_t page = take_page();
    if (page == kNoPage) {
      counts_.refused_by_memory.add();
      return kNoPage;
    }
    entry = (tag_of(number) << kPageIndexBits) | page;
    counts_.pages.add();
    return page;
  }
  counts_.refused_by_set.add();
  return kNoPage;
}

std::uint32_t OrderTable::take_page() noexcept {
  if (first_free_ != kNoPage) {
    const std::uint32_t page = first_free_;
    first_free_ = pages_[page];
    pages_[page] = 0;
    return page;
  }
  if (next_unused_ >= page_limit_) return kNoPage;
  const std::size_t needed = (std::size_t{next_unused_} + 1) * kPageBytes;
  if (needed > memory_.committed_bytes()) {
    if (!memory_.commit(needed)) return kNoPage;
    counts_.growths.add();
    counts_.committed_bytes.set(memory_.committed_bytes());
  }
  return next_unused_++;
}

// All orders of the page are gone, so its memory is fit for the next user as it is.
void OrderTable::free_page(OrderRef ref, std::uint32_t page) noexcept {
  const std::uint64_t number = page_number(ref);
  const std::uint64_t wanted = (tag_of(number) << kPageIndexBits) | page;
  for (std::uint64_t& entry : directory_[set_of(number)].entries) {
    if (entry == wanted) entry = 0;
  }
  pages_[page] = first_free_;
  first_free_ = page;
  counts_.pages.set(counts_.pages.get() - 1);
}

}  // namespace tapeline::market
