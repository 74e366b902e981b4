// Compiled with the flags that make simdjson take its haswell kernel (CMakeLists.txt).

#include <type_traits>

#include "codec/json/health_reader.inl"

namespace tapeline::codec::json::detail {

static_assert(std::is_same_v<simdjson::ondemand::parser, simdjson::haswell::ondemand::parser>);

HealthKernel haswell_health_kernel() noexcept { return this_kernel(); }

}  // namespace tapeline::codec::json::detail
