#include "contenders_tapeline.hpp"

#include "workloads.hpp"

namespace tapeline::bench {

void add_tapeline(Contenders& contenders) {
  // A thread keeps up to two batches, about as many as rte_mempool's cache of 128, which is emptied
  // at 192.
  const auto pool = std::make_shared<Pool>(pool::PoolConfig{
      .buffer_bytes = kBufferBytes, .buffer_count = kBuffers, .batch = 95, .threads = 2});
  contenders.taking_part.push_back(
      std::make_unique<ContenderOf<PoolSource>>("tapeline pool", pool));
  contenders.taking_part.push_back(
      std::make_unique<ContenderOf<HandleSource>>("tapeline pool, thread handle", pool));
  contenders.taking_part.push_back(
      std::make_unique<ContenderOf<BulkHandleSource>>("tapeline pool, thread handle, bulk", pool));
}

}  // namespace tapeline::bench
