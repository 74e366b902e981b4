#pragma once

// The two compiled copies of the health reader, for health.cpp and the tests.

#include <cstddef>
#include <optional>
#include <string_view>

namespace tapeline::codec::json::detail {

// Bytes that must be readable behind a document; their values do not matter.
inline constexpr std::size_t kPaddingBytes = 64;

struct HealthKernel {
  // Requires: length <= kMaxHealthBytes and kPaddingBytes readable bytes behind the text.
  std::optional<bool> (*health_is_ok)(const char* text, std::size_t length) noexcept;
  std::string_view parser_type;  // mangled name of the type of the parser
};

[[nodiscard]] HealthKernel fallback_health_kernel() noexcept;

// Requires: the processor has AVX2, BMI1, BMI2, LZCNT and PCLMUL.
[[nodiscard]] HealthKernel haswell_health_kernel() noexcept;

// True if the processor and the operating system can run haswell_health_kernel().
[[nodiscard]] bool can_run_haswell() noexcept;

}  // namespace tapeline::codec::json::detail
