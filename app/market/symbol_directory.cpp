#include "app/market/symbol_directory.hpp"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstring>

namespace tapeline::market {

namespace {

// A quarter of the slots is used at most, so runs of taken slots are far shorter than kMaxProbes.
constexpr std::size_t kSlotsPerSymbol = 4;

[[nodiscard]] std::size_t hash(const SymbolText& symbol) noexcept {
  constexpr std::uint64_t kOdd = 0x9E37'79B9'7F4A'7C15;
  std::uint64_t words[sizeof(SymbolText) / sizeof(std::uint64_t)];
  std::memcpy(words, &symbol, sizeof symbol);
  std::uint64_t mixed = 0;
  for (const std::uint64_t word : words) {
    mixed = (mixed ^ word) * kOdd;
    mixed ^= mixed >> 32U;
  }
  return mixed;
}

[[nodiscard]] bool is_name(std::string_view symbol) noexcept {
  return !symbol.empty() && symbol.size() <= SymbolText::kMaxBytes;
}

}  // namespace

SymbolDirectory::SymbolDirectory(std::size_t capacity)
    : capacity_{std::clamp(capacity, std::size_t{1}, kMaxInstruments)},
      mask_{std::bit_ceil(capacity_ * kSlotsPerSymbol) - 1},
      slots_{mask_ + 1},
      names_{capacity_} {
  assert(capacity == capacity_);
}

std::optional<std::size_t> SymbolDirectory::slot_of(const SymbolText& symbol) const noexcept {
  const std::size_t first = hash(symbol);
  for (std::size_t probe = 0; probe < kMaxProbes; ++probe) {
    const std::size_t slot = (first + probe) & mask_;
    if (slots_[slot] == 0 || names_[slots_[slot] - 1] == symbol) return slot;
  }
  return std::nullopt;
}

std::optional<InstrumentId> SymbolDirectory::find(std::string_view symbol) const noexcept {
  if (!is_name(symbol)) return std::nullopt;
  const std::optional<std::size_t> slot = slot_of(SymbolText::from(symbol));
  if (!slot || slots_[*slot] == 0) return std::nullopt;
  return InstrumentId{static_cast<std::uint16_t>(slots_[*slot] - 1)};
}

std::optional<SymbolDirectory::Found> SymbolDirectory::find_or_add(
    std::string_view symbol) noexcept {
  const SymbolText name = is_name(symbol) ? SymbolText::from(symbol) : SymbolText{};
  if (name.size == 0) [[unlikely]] {
    counts_.refused_names.add();
    return std::nullopt;
  }
  const std::optional<std::size_t> slot = slot_of(name);
  if (slot && slots_[*slot] != 0) [[likely]] {
    return Found{InstrumentId{static_cast<std::uint16_t>(slots_[*slot] - 1)}, false};
  }
  if (!slot || size_ == capacity_) {
    counts_.refused_full.add();
    return std::nullopt;
  }
  const auto id = InstrumentId{static_cast<std::uint16_t>(size_)};
  names_[size_++] = name;
  slots_[*slot] = static_cast<Slot>(size_);
  counts_.symbols.set(size_);
  return Found{id, true};
}

void SymbolDirectory::clear() noexcept {
  slots_.clear();
  names_.clear();
  size_ = 0;
  counts_.symbols.set(0);
}

}  // namespace tapeline::market
