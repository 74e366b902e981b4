#pragma once

// What a user chooses about a market. Plain values.
//
// Units: mebibytes where the name ends in _mib.

#include <cstdint>

namespace tapeline::market {

struct MarketConfig {
  std::uint64_t max_orders_mib = 4096;  // bound on memory for orders
  std::uint32_t preallocated_orders_mib = 64;
  std::uint32_t max_levels_mib = 1024;  // bound on memory for price levels
  std::uint32_t preallocated_levels_mib = 16;
  std::uint32_t print_history = 1U << 22U;  // prints kept for breaks; rounded up to a power of 2
  std::uint8_t price_decimals = 4;          // of every instrument that says nothing else
  bool scalar_kernels = false;              // use the scalar twin of the AVX2 kernel
};

}  // namespace tapeline::market
