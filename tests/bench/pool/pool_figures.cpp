#include "pool_figures.hpp"

#include <malloc.h>

#include <cstdlib>
#include <stdexcept>

#include "contenders_tapeline.hpp"
#include "latency.hpp"
#include "workloads.hpp"

namespace tapeline::bench {
namespace {

constexpr std::uint32_t kReserve = 256;
constexpr std::uint32_t kRounds = 40;
constexpr std::size_t kPageBytes = 4096;

// One write to each page: what a fresh buffer has to be good for.
void touch_all(std::byte* data) noexcept {
  for (std::size_t at = 0; at < kBufferBytes; at += kPageBytes) {
    *static_cast<volatile std::byte*>(data + at) = std::byte{1};
  }
}

void add_summary(std::vector<Figure>& figures, const std::string& measure,
                 const std::string& contender, Latencies& latencies) {
  const LatencySummary summary = latencies.summary();
  figures.push_back({measure + "_p50", contender, summary.p50_ns});
  figures.push_back({measure + "_p99", contender, summary.p99_ns});
  figures.push_back({measure + "_p999", contender, summary.p999_ns});
}

// Acquires all of the reserve, again and again, while the ordinary buffers are held.
void time_reserve(Pool& pool, bool touched, Latencies& latencies) {
  std::vector<pool::SerializationGuard> held(kReserve);
  for (std::uint32_t round = 0; round < kRounds; ++round) {
    for (auto& buffer : held) {
      const std::uint64_t before = ticks_before();
      buffer = pool.try_acquire();
      if (touched && buffer) touch_all(buffer.data());
      latencies.add(ticks_after() - before);
    }
    for (auto& buffer : held) buffer.release();
  }
}

void time_fresh_malloc(Latencies& latencies) {
  std::vector<std::byte*> held(kReserve);
  for (auto& buffer : held) {
    const std::uint64_t before = ticks_before();
    buffer = static_cast<std::byte*>(std::malloc(kBufferBytes));
    if (buffer != nullptr) touch_all(buffer);
    latencies.add(ticks_after() - before);
  }
  for (std::byte* const buffer : held) std::free(buffer);
  ::malloc_trim(0);  // back to the system, so that the next time is a first time again
}

void add_swaps(std::vector<Figure>& figures, const std::string& measure, const Pool& pool,
               const pool::BufferCounts& before) {
  const pool::BufferCounts after = pool.counts();
  const auto per_1000 = [&](std::uint64_t many) {
    return 1000 * static_cast<double>(many) / static_cast<double>(after.acquires - before.acquires);
  };
  figures.push_back(
      {measure + "_takes", "tapeline pool", per_1000(after.stack_hits - before.stack_hits)});
  figures.push_back({measure + "_lost_races", "tapeline pool",
                     per_1000(after.cas_retries_pop - before.cas_retries_pop +
                              after.cas_retries_push - before.cas_retries_push)});
}

}  // namespace

std::vector<Figure> reserve_figures() {
  constexpr std::uint32_t kOrdinary = 64;
  Pool pool{{.buffer_bytes = kBufferBytes,
             .buffer_count = kOrdinary,
             .overflow_buffers = kReserve,
             .threads = 1}};
  std::vector<pool::SerializationGuard> ordinary(kOrdinary);
  for (auto& buffer : ordinary) buffer = pool.try_acquire();

  std::vector<Figure> figures;
  Latencies acquires{kReserve * kRounds};
  Latencies touched{kReserve * kRounds};
  Latencies fresh{kReserve};
  time_reserve(pool, false, acquires);
  time_reserve(pool, true, touched);
  time_fresh_malloc(fresh);
  const pool::BufferCounts counts = pool.counts();
  if (counts.fallback_allocations != 2ULL * kReserve * kRounds || counts.refusals != 0) {
    throw std::runtime_error{"the reserve did not serve what was measured"};
  }
  add_summary(figures, "exhausted_acquire", "tapeline pool", acquires);
  add_summary(figures, "exhausted_acquire_touch", "tapeline pool", touched);
  add_summary(figures, "exhausted_acquire_touch", "malloc (glibc), fresh memory", fresh);
  return figures;
}

std::vector<Figure> head_swap_figures(Partner* partner) {
  constexpr std::uint64_t kPairs = std::uint64_t{31} * kBurst * 1000;
  static const auto kPool = std::make_shared<Pool>(
      pool::PoolConfig{.buffer_bytes = 4096, .buffer_count = kBuffers, .threads = 2});
  static ContenderOf<PoolSource> contender{"tapeline pool", kPool};
  std::vector<Figure> figures;
  const auto measure = [&](const std::string& name, Loop loop) {
    static_cast<void>(contender.run(loop, partner, kPairs / 10));  // fills the caches
    const pool::BufferCounts before = kPool->counts();
    static_cast<void>(contender.run(loop, partner, kPairs));
    add_swaps(figures, name, *kPool, before);
  };
  measure("pair", Loop::pair);
  if (partner != nullptr) {
    measure("two_threads", Loop::two_threads);
    measure("hand_off", Loop::hand_off);
  }
  return figures;
}

}  // namespace tapeline::bench
