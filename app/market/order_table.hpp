#pragma once

// Open orders by reference: a dense table in pages.
//
// References of a venue rise through the day and lie close together, so orders sit in pages of 256
// consecutive references and a page is found through a set-associative directory: low bits of the
// page number choose a set, which is one cache line of eight entries. Four neighbouring pages use
// the same set, the next four the next set. There is no hash, no tombstone and no rebuilding. A
// page whose last order goes returns to a free list.
//
// Hostile references can not make it grow or search: an order is refused when memory has reached
// its bound or when eight live pages already share the set. Any 64-bit reference is legal.
//
// Thread safety: none; one thread. The counters may be read by any thread.
// Units:         prices in the instrument's units, shares.

#include <cassert>
#include <cstddef>
#include <cstdint>

#include "app/market/identifiers.hpp"
#include "app/market/mapped_region.hpp"
#include "app/market/prefetch.hpp"
#include "app/market/price.hpp"
#include "pool/counter.hpp"

namespace tapeline::market {

using pool::Counter;

// shares is 0 where there is no order.
struct Order {
  Price price;
  std::uint32_t shares;
  InstrumentId instrument;
  Side side;
  std::uint8_t epoch;  // of the instrument's book when it came; see Instrument::epoch
};
static_assert(sizeof(Order) == 16);

struct alignas(64) OrderTableCounts {
  Counter orders;             // live
  Counter pages;              // that hold at least one order
  Counter committed_bytes;    // memory of pages
  Counter growths;            // times memory was added after the start
  Counter refused_by_memory;  // orders refused because the bound on memory was reached
  Counter refused_by_set;     // orders refused because eight pages share their set
};

class OrderTable {
 public:
  static constexpr std::size_t kOrdersPerPage = 256;
  static constexpr std::size_t kPageBytes = kOrdersPerPage * sizeof(Order);
  static constexpr std::size_t kWays = 8;
  static constexpr std::size_t kMaxBytes = std::size_t{1} << 36U;  // what 24-bit page indexes reach

  enum class Insertion : std::uint8_t { inserted, duplicate, refused };

  // The first `preallocated_bytes` are faulted in now. Both are rounded up to whole steps of
  // MappedRegion; max_bytes above kMaxBytes counts as kMaxBytes. Throws std::system_error when
  // memory can not be had.
  OrderTable(std::size_t preallocated_bytes, std::size_t max_bytes);

  // Returns the open order, valid until it is erased, or nullptr.
  [[nodiscard]] Order* find(OrderRef ref) noexcept {
    const std::uint32_t page = find_page(ref);
    if (page == kNoPage) return nullptr;
    Order* order = slot(page, ref);
    return order->shares == 0 ? nullptr : order;
  }

  // An order that is there already stays as it is. Requires: order.shares > 0.
  [[nodiscard]] Insertion insert(OrderRef ref, const Order& order) noexcept {
    assert(order.shares > 0);
    std::uint32_t page = find_page(ref);
    if (page == kNoPage) [[unlikely]] {
      page = add_page(ref);
      if (page == kNoPage) return Insertion::refused;
    }
    Order* place = slot(page, ref);
    if (place->shares != 0) return Insertion::duplicate;
    *place = order;
    ++pages_[page];
    counts_.orders.add();
    return Insertion::inserted;
  }

  // Requires: `order` is what find(ref) returned.
  void erase(OrderRef ref, Order* order) noexcept {
    order->shares = 0;
    const auto page =
        static_cast<std::uint32_t>(static_cast<std::size_t>(order - orders()) / kOrdersPerPage);
    counts_.orders.set(counts_.orders.get() - 1);
    if (--pages_[page] == 0) free_page(ref, page);
  }

  // Takes all orders out. What was faulted in at the start is so again.
  void clear() noexcept;

  // Starts to load what find(ref) will need. Changes nothing.
  void prefetch(OrderRef ref) const noexcept {
    const std::uint32_t page = find_page(ref);
    if (page != kNoPage) prefetch_line(slot(page, ref));
  }

  [[nodiscard]] const OrderTableCounts& counts() const noexcept { return counts_; }

 private:
  static constexpr std::uint32_t kNoPage = 0;  // so that an entry of zeros is an empty one
  static constexpr unsigned kOrderBits = 8;
  static constexpr unsigned kPageIndexBits = 24;
  static constexpr unsigned kNeighbourBits = 2;  // four neighbouring pages share a set
  static constexpr std::size_t kMinSets = std::size_t{1} << 16U;  // leaves 40 bits for the tag

  // An entry is {tag:40, page index:24}; the tag is what the set does not say of the page number.
  struct alignas(64) Set {
    std::uint64_t entries[kWays];
  };

  [[nodiscard]] static std::uint64_t page_number(OrderRef ref) noexcept {
    return static_cast<std::uint64_t>(ref) >> kOrderBits;
  }
  [[nodiscard]] std::uint64_t tag_of(std::uint64_t page_number) const noexcept {
    return (page_number >> (set_bits_ + kNeighbourBits) << kNeighbourBits) |
           (page_number & ((1U << kNeighbourBits) - 1));
  }
  [[nodiscard]] std::size_t set_of(std::uint64_t page_number) const noexcept {
    return (page_number >> kNeighbourBits) & ((std::size_t{1} << set_bits_) - 1);
  }
  [[nodiscard]] Order* orders() const noexcept { return reinterpret_cast<Order*>(memory_.data()); }
  [[nodiscard]] Order* slot(std::uint32_t page, OrderRef ref) const noexcept {
    return orders() + std::size_t{page} * kOrdersPerPage +
           static_cast<std::uint64_t>(ref) % kOrdersPerPage;
  }

  [[nodiscard]] std::uint32_t find_page(OrderRef ref) const noexcept {
    const std::uint64_t number = page_number(ref);
    const std::uint64_t tag = tag_of(number);
    for (const std::uint64_t entry : directory_[set_of(number)].entries) {
      if (entry >> kPageIndexBits == tag && entry != 0) {
        return static_cast<std::uint32_t>(entry & ((1U << kPageIndexBits) - 1));
      }
    }
    return kNoPage;
  }

  // Returns the new page of `ref`, or kNoPage when it is refused.
  [[nodiscard]] std::uint32_t add_page(OrderRef ref) noexcept;
  [[nodiscard]] std::uint32_t take_page() noexcept;
  void free_page(OrderRef ref, std::uint32_t page) noexcept;

  OrderTableCounts counts_;
  unsigned set_bits_;
  MappedArray<Set> directory_;
  // Of each page: how many orders it holds; when it is free, the next free page.
  MappedArray<std::uint32_t> pages_;
  MappedRegion memory_;
  std::uint32_t page_limit_;
  std::size_t populated_bytes_;
  std::uint32_t next_unused_ = kNoPage + 1;
  std::uint32_t first_free_ = kNoPage;
};

}  // namespace tapeline::market
