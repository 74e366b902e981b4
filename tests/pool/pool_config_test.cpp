#include "pool/pool_config.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <system_error>

#include "pool_support.hpp"

namespace tapeline::pool {
namespace {

template <typename Kind>
std::string refusal(const PoolConfig& config) {
  try {
    const BufferPool<Kind> pool{config};
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "accepted";
}

std::uint32_t chosen_batch(std::uint32_t buffers, std::uint32_t threads) {
  return BufferPool<SimdKind>{
      {.buffer_bytes = 64, .buffer_count = buffers, .overflow_buffers = 0, .threads = threads}}
      .batch();
}

TEST(PoolConfig, BatchIsTheShareOfAThreadWithinItsLimits) {
  EXPECT_EQ(chosen_batch(1, 4), 1U);
  EXPECT_EQ(chosen_batch(32, 4), 1U);
  EXPECT_EQ(chosen_batch(256, 4), 8U);
  EXPECT_EQ(chosen_batch(1024, 4), 31U);
  EXPECT_EQ(chosen_batch(1024, 64), 2U);
  EXPECT_EQ(chosen_batch(64, 0xFFFFFFFF), 1U);
}

TEST(PoolConfig, ConfiguredBatchWins) {
  EXPECT_EQ(BufferPool<SimdKind>{small_pool(256, 0, 31)}.batch(), 31U);
  EXPECT_EQ(BufferPool<SimdKind>{small_pool(256, 0, 127)}.batch(), 127U);
}

TEST(PoolConfig, RefusesSizesThatCanNotWorkAndNamesThePool) {
  PoolConfig config = small_pool(4, 0, 1);
  config.buffer_bytes = 0;
  EXPECT_EQ(refusal<SerializationKind>(config),
            "serialization pool: buffer_bytes must be at least 1 and less than 4 GiB");
  config.buffer_bytes = std::size_t{1} << 32;
  EXPECT_EQ(refusal<CompressionKind>(config),
            "compression pool: buffer_bytes must be at least 1 and less than 4 GiB");
  config = small_pool(0, 4, 1);
  EXPECT_EQ(refusal<SimdKind>(config), "simd pool: buffer_count must be at least 1");
  config = small_pool(4, 0, 128);
  EXPECT_EQ(refusal<SimdKind>(config), "simd pool: batch must be at most 127");
  config = small_pool(4, 0, 0);
  config.threads = 0;
  EXPECT_EQ(refusal<SimdKind>(config), "simd pool: threads must be at least 1");
}

TEST(PoolConfig, RefusesMoreBuffersThanASlotNumberCanName) {
  const std::string expected =
      "simd pool: buffer_count and overflow_buffers must not exceed 1048575 together";
  EXPECT_EQ(refusal<SimdKind>(small_pool(kNoSlot, 1, 1)), expected);
  EXPECT_EQ(refusal<SimdKind>(small_pool(0xFFFFFFFF, 0xFFFFFFFF, 1)), expected);
}

TEST(PoolConfig, BoundIsAtLeastWhatIsThereFromTheStart) {
  PoolConfig config = small_pool(4, 2, 1);
  config.max_buffers = 5;
  EXPECT_EQ(refusal<SimdKind>(config),
            "simd pool: max_buffers must be 0, or at least buffer_count and overflow_buffers "
            "together");
  config.max_buffers = 6;
  EXPECT_EQ(refusal<SimdKind>(config), "accepted");
  config.max_buffers = kNoSlot + 1;
  EXPECT_EQ(refusal<SimdKind>(config), "simd pool: max_buffers must not exceed 1048575");
}

TEST(PoolConfig, WatermarkAndNodeHaveLimits) {
  PoolConfig config = small_pool(4, 2, 1);
  config.low_watermark = 5;
  EXPECT_EQ(refusal<SimdKind>(config), "simd pool: low_watermark must not exceed buffer_count");
  config.low_watermark = 4;
  config.numa_node = -2;
  EXPECT_EQ(refusal<SimdKind>(config), "simd pool: numa_node must be -1 or a node from 0 to 1023");
}

TEST(PoolConfig, NodeThatDoesNotExistIsNamed) {
  PoolConfig config = small_pool(4, 2, 1);
  config.numa_node = 1023;
  try {
    const BufferPool<SimdKind> pool{config};
    FAIL() << "this machine has 1024 NUMA nodes";
  } catch (const std::system_error& error) {
    EXPECT_EQ(std::string{error.what()}.rfind(
                  "simd pool: cannot get memory for 4 buffers on NUMA node 1023: ", 0),
              0U)
        << error.what();
  }
}

TEST(PoolConfig, SimdBuffersAreWholeLines) {
  PoolConfig config = small_pool(4, 0, 1);
  config.buffer_bytes = 100;
  EXPECT_EQ(refusal<SimdKind>(config), "simd pool: buffer_bytes must be a multiple of 64");
  EXPECT_EQ(refusal<SerializationKind>(config), "accepted");
}

}  // namespace
}  // namespace tapeline::pool
