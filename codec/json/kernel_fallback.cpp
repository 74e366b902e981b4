#include "codec/json/kernel.inl"

namespace tapeline::codec::json::detail {

const Kernel& fallback_kernel() noexcept {
  static const Kernel kKernel = this_kernel();
  return kKernel;
}

}  // namespace tapeline::codec::json::detail
