#pragma once

// Starts to load the cache line of an address that need not be valid.
//
// Written as an instruction and not as __builtin_prefetch: GCC takes a function that does nothing
// but prefetch for one without effect and drops the call.
//
// Thread safety: pure function.

namespace tapeline::market {

inline void prefetch_line(const void* address) noexcept {
  asm volatile("prefetcht0 %0" : : "m"(*static_cast<const char*>(address)));
}

}  // namespace tapeline::market
