#pragma once

// Plays one seed from the exchange to the receiver and judges what it says.
//
// Thread safety: none; the pool may be shared by seeds that follow each other.

#include <cstdint>
#include <string>

#include "pool/buffer_pool.hpp"
#include "tests/chaos/oracle.hpp"
#include "tests/chaos/scenario.hpp"

namespace tapeline::chaos {

struct Verdict {
  std::string failure{};  // empty: all is as it must be
  Oracle::Totals totals{};
  std::string details{};  // what the faults and servers did, if wanted
};

// A pool that holds what the largest scenario may hold.
[[nodiscard]] pool::LockFreeBufferPoolConfig pool_config();

[[nodiscard]] Verdict run_seed(const Scenario& scenario, pool::LockFreeBufferPool& pools,
                               bool with_details);

}  // namespace tapeline::chaos
