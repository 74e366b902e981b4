#pragma once

#include <cstdint>

namespace tapeline::net::testing {

// Calls of the plain operator new so far, by any thread. The definition replaces that of the
// whole test program.
[[nodiscard]] std::uint64_t allocations() noexcept;

// False under a sanitizer that brings its own operator new.
[[nodiscard]] bool counts_allocations() noexcept;

}  // namespace tapeline::net::testing
