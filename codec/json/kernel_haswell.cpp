// Compiled with the flags that make simdjson take its haswell kernel (CMakeLists.txt).

#include <type_traits>

#include "codec/json/kernel.inl"

namespace tapeline::codec::json::detail {

static_assert(std::is_same_v<simdjson::ondemand::parser, simdjson::haswell::ondemand::parser>);

const Kernel& haswell_kernel() noexcept {
  static const Kernel kKernel = this_kernel();
  return kKernel;
}

}  // namespace tapeline::codec::json::detail
