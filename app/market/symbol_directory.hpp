#pragma once

// Which instrument a symbol is, for venues that name instruments by text: numbers them in the
// order in which they are met.
//
// Bounded: a full directory refuses new symbols, as do symbols that are empty or too long, and
// counts them. Known symbols go on to be found.
//
// Thread safety: none; one thread. The counts may be read by any.
// Memory:        mapped when it is made, touched as symbols come; no call allocates.
// Progress:      a lookup compares at most kMaxProbes names, whatever the names are.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "app/market/identifiers.hpp"
#include "app/market/mapped_region.hpp"
#include "app/market/symbol_text.hpp"
#include "pool/counter.hpp"

namespace tapeline::market {

struct alignas(64) SymbolDirectoryCounts {
  pool::Counter symbols;        // known now
  pool::Counter refused_full;   // new symbols without room
  pool::Counter refused_names;  // empty, or longer than SymbolText::kMaxBytes
};

class SymbolDirectory {
 public:
  static constexpr std::size_t kMaxProbes = 64;

  struct Found {
    InstrumentId id{};
    bool is_new = false;
  };

  // Knows at most `capacity` symbols. Throws std::system_error when memory can not be had.
  // Requires: 0 < capacity <= kMaxInstruments.
  explicit SymbolDirectory(std::size_t capacity = kMaxInstruments);

  // Gives a symbol that was never met the next number. Returns nullopt, counted, when it is
  // refused.
  [[nodiscard]] std::optional<Found> find_or_add(std::string_view symbol) noexcept;
  // Returns nullopt when it was never met.
  [[nodiscard]] std::optional<InstrumentId> find(std::string_view symbol) const noexcept;

  // Requires: id was given by this directory.
  [[nodiscard]] std::string_view symbol(InstrumentId id) const noexcept {
    return names_[index_of(id)].view();
  }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }

  // Forgets all symbols; numbers begin anew. Takes page faults.
  void clear() noexcept;

  [[nodiscard]] const SymbolDirectoryCounts& counts() const noexcept { return counts_; }

 private:
  using Slot = std::uint32_t;  // 1 + number of the instrument, 0 = free

  // The slot of `symbol`, or the free one where it belongs; nullopt after kMaxProbes.
  [[nodiscard]] std::optional<std::size_t> slot_of(const SymbolText& symbol) const noexcept;

  SymbolDirectoryCounts counts_;
  std::size_t capacity_;
  std::size_t size_ = 0;
  std::size_t mask_;
  MappedArray<Slot> slots_;
  MappedArray<SymbolText> names_;
};

}  // namespace tapeline::market
