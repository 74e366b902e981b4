#pragma once

// A small market with its own pool, and a sink that keeps every bar.

#include <cstdint>
#include <vector>

#include "app/market/market.hpp"
#include "pool/buffer_pool.hpp"

namespace tapeline::market::testing {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kSanitized = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif
#else
inline constexpr bool kSanitized = false;
#endif

class RecordingSink : public BarSink {
 public:
  void on_bar(const Bar& bar) noexcept override { bars.push_back(bar); }

  std::vector<Bar> bars;
};

[[nodiscard]] inline pool::PoolConfig small_pool(std::uint32_t buffers = 256,
                                                 std::uint32_t overflow = 16) {
  return {.buffer_bytes = 2048,
          .buffer_count = buffers,
          .overflow_buffers = overflow,
          .huge_pages = false};
}

[[nodiscard]] inline MarketConfig small_market() {
  return {.max_orders_mib = 64,
          .preallocated_orders_mib = 2,
          .max_levels_mib = 16,
          .preallocated_levels_mib = 2,
          .print_history = 1U << 16U};
}

struct Fixture {
  explicit Fixture(const MarketConfig& config = small_market(),
                   const pool::PoolConfig& columns = small_pool())
      : pool{columns}, market{config, pool, &sink} {}

  pool::BufferPool<pool::SimdKind> pool;
  RecordingSink sink;
  Market market;
};

inline constexpr InstrumentId kInstrument{7};
inline constexpr InstrumentId kOther{8};

[[nodiscard]] constexpr OrderRef ref(std::uint64_t number) noexcept { return OrderRef{number}; }
[[nodiscard]] constexpr MatchNumber match(std::uint64_t number) noexcept {
  return MatchNumber{number};
}
[[nodiscard]] constexpr Price price(std::int64_t units) noexcept { return Price{units}; }
[[nodiscard]] constexpr ExchangeNanos seconds(std::uint64_t count) noexcept {
  return count * kNanosPerSecond;
}

}  // namespace tapeline::market::testing
