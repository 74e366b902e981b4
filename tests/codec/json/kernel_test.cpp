#include "codec/json/kernel.hpp"

#include <gtest/gtest.h>

#include <string_view>

#include "codec/json/decoder.hpp"

namespace tapeline::codec::json {
namespace {

// The type tells which code simdjson took; its own name for the implementation does not.
TEST(JsonKernel, IsHaswellWhereTheProcessorHasIt) {
  EXPECT_NE(detail::fallback_kernel().parser_type.find("8fallback8ondemand"),
            std::string_view::npos);
  EXPECT_NE(detail::haswell_kernel().parser_type.find("7haswell8ondemand"), std::string_view::npos);
  if (__builtin_cpu_supports("avx2") != 0) {
    EXPECT_TRUE(detail::can_run_haswell());
    EXPECT_EQ(&detail::chosen_kernel(), &detail::haswell_kernel());
    EXPECT_EQ(json_kernel(), "haswell");
  } else {
    EXPECT_EQ(&detail::chosen_kernel(), &detail::fallback_kernel());
    EXPECT_EQ(json_kernel(), "fallback");
  }
}

}  // namespace
}  // namespace tapeline::codec::json
