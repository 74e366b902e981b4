#include "codec/json/health_reader.inl"

namespace tapeline::codec::json::detail {

HealthKernel fallback_health_kernel() noexcept { return this_kernel(); }

}  // namespace tapeline::codec::json::detail
