#include "codec/json/kernel.hpp"

#include <cpuid.h>

namespace tapeline::codec::json::detail {

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

const Kernel& chosen_kernel() noexcept {
  static const Kernel& chosen = can_run_haswell() ? haswell_kernel() : fallback_kernel();
  return chosen;
}

}  // namespace tapeline::codec::json::detail
