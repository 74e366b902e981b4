#include "codec/json/health.hpp"

#include <cpuid.h>

#include <array>
#include <cstring>

#include "codec/json/health_kernel.hpp"

namespace tapeline::codec::json {

namespace detail {

bool can_run_haswell() noexcept {
  unsigned eax = 0;
  unsigned ebx = 0;
  unsigned ecx = 0;
  unsigned edx = 0;
  // Not every supported compiler can be asked for LZCNT by name.
  const bool has_lzcnt =
      __get_cpuid(0x80000001, &eax, &ebx, &ecx, &edx) != 0 && (ecx & (1U << 5U)) != 0;
  return has_lzcnt && __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("bmi") != 0 &&
         __builtin_cpu_supports("bmi2") != 0 && __builtin_cpu_supports("pclmul") != 0;
}

}  // namespace detail

namespace {

const detail::HealthKernel& kernel() noexcept {
  static const detail::HealthKernel kChosen = detail::can_run_haswell()
                                                  ? detail::haswell_health_kernel()
                                                  : detail::fallback_health_kernel();
  return kChosen;
}

}  // namespace

std::optional<bool> health_is_ok(std::string_view json) noexcept {
  if (json.empty() || json.size() > kMaxHealthBytes) return {};
  // simdjson reads in steps that may reach behind the text.
  std::array<char, kMaxHealthBytes + detail::kPaddingBytes> padded;
  std::memcpy(padded.data(), json.data(), json.size());
  std::memset(padded.data() + json.size(), 0, detail::kPaddingBytes);
  return kernel().health_is_ok(padded.data(), json.size());
}

std::string_view json_kernel() noexcept {
  const std::string_view type = kernel().parser_type;
  for (const std::string_view name : {"haswell", "fallback", "westmere", "icelake"}) {
    if (type.find(name) != std::string_view::npos) return name;
  }
  return "unknown";
}

}  // namespace tapeline::codec::json
