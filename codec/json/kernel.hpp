#pragma once

// The two compiled copies of everything that is written in simdjson's On-Demand interface, for
// decoder.cpp, health.cpp and the tests.
//
// simdjson chooses the code of its On-Demand parser when a source is compiled, not when it runs,
// and without the right flags that is its slow fallback. kernel.inl is therefore compiled twice,
// and the copy for this processor is taken at run time.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "codec/json/decoder.hpp"
#include "codec/json/decoder_state.hpp"

namespace tapeline::codec::json::detail {

struct Kernel {
  // Every text: kPaddingBytes readable bytes behind it.
  // Requires: length <= kMaxHealthBytes.
  std::optional<bool> (*health_is_ok)(const char* text, std::size_t length) noexcept;

  // Null if there is no memory. A parser goes back to the kernel that made it.
  void* (*make_parser)() noexcept;
  void (*free_parser)(void* parser) noexcept;

  // Require: state.parser was made by this kernel, and length <= state.limits.document_bytes.
  DocumentStatus (*decode)(DecoderState& state, Venue venue, const char* text, std::size_t length,
                           Document& out) noexcept;
  DocumentStatus (*visit_fields)(DecoderState& state, const char* text, std::size_t length,
                                 void* context, FieldFunction function) noexcept;

  std::string_view parser_type;  // mangled name of the type of the parser
};

[[nodiscard]] const Kernel& fallback_kernel() noexcept;

// Requires of a caller of its functions: can_run_haswell().
[[nodiscard]] const Kernel& haswell_kernel() noexcept;

// True if the processor and the operating system can run haswell_kernel(): AVX2, BMI1, BMI2, LZCNT
// and PCLMUL.
[[nodiscard]] bool can_run_haswell() noexcept;

// The kernel for this processor.
[[nodiscard]] const Kernel& chosen_kernel() noexcept;

}  // namespace tapeline::codec::json::detail
