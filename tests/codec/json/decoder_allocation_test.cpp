// Counts every allocation of the process while a decoder works.

#include <gtest/gtest.h>

#include <cstdint>
#include <string_view>
#include <vector>

#include "codec/json/decoder.hpp"
#include "codec/json/kernel.hpp"
#include "tests/codec/json/golden.hpp"
#include "tests/support/counting_new.hpp"

namespace tapeline::codec::json {
namespace {

TEST(JsonAllocation, CounterSeesAllocations) {
  const std::uint64_t before = support::allocations.load();
  const std::vector<int> memory(100);
  EXPECT_EQ(support::allocations.load(), before + 1);
  EXPECT_EQ(memory.size(), 100U);
}

std::uint64_t allocations_of(Decoder& decoder) {
  const std::uint64_t before = support::allocations.load();
  unsigned good = 0;
  for (int round = 0; round < 100; ++round) {
    for (const test::Golden& golden : test::kGolden) {
      Document document;
      good +=
          decoder.decode_copy(golden.venue, golden.text, document) == DocumentStatus::ok ? 1U : 0U;
      const std::string_view cut = golden.text.substr(0, golden.text.size() / 2);
      good += decoder.decode_copy(golden.venue, cut, document) == DocumentStatus::ok ? 1U : 0U;
    }
  }
  const std::uint64_t after = support::allocations.load();
  EXPECT_EQ(good, 100U * test::kGolden.size());
  return after - before;
}

TEST(JsonAllocation, NoneAfterTheFirstDocuments) {
  Decoder usual;
  Decoder kernel{Limits{}, detail::chosen_kernel()};
  for (Decoder* const decoder : {&usual, &kernel}) {
    static_cast<void>(allocations_of(*decoder));
    EXPECT_EQ(allocations_of(*decoder), 0U);
  }
}

}  // namespace
}  // namespace tapeline::codec::json
