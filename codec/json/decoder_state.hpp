#pragma once

// What a Decoder owns, in the form in which both kernels share it: no templates of the standard
// library whose code a linker could take from the copy for the newer processor.

#include <array>
#include <cstddef>

#include "codec/json/decoder.hpp"

namespace tapeline::codec::json::detail {

template <typename Item>
struct FlatArray {
  Item* items = nullptr;
  std::size_t size = 0;
  std::size_t capacity = 0;
};

// No Limits go beyond this.
inline constexpr std::size_t kMaxDocumentBytes = std::size_t{1} << 30U;

inline constexpr std::size_t kMaxSymbolBytes = 64;

struct DecoderState {
  void* parser = nullptr;  // of the kernel
  Limits limits;
  FlatArray<Level> levels;
  FlatArray<Trade> trades;
  FlatArray<char> copy;                        // of a text that came without padding
  std::array<char, kMaxSymbolBytes> symbol{};  // of a symbol that had to be written in capitals
  std::size_t parser_bytes = 0;                // the longest text the parser is ready for
};

// Make room for one more, by doubling; false if that passes the limit or there is no memory.
// Items are kept.
[[nodiscard]] bool grow(FlatArray<Level>& levels, std::size_t limit) noexcept;
[[nodiscard]] bool grow(FlatArray<Trade>& trades, std::size_t limit) noexcept;

}  // namespace tapeline::codec::json::detail
