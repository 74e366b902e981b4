#include "app/nearest.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>

namespace tapeline {
namespace {

using Name = std::string_view;
constexpr std::array kNames{Name{"archive"}, Name{"port"}, Name{"receive_buffer_bytes"},
                            Name{"simd"}, Name{"--format"}};

TEST(NearestName, FindsOneSlip) {
  EXPECT_EQ(nearest_name("arhive", kNames), "archive");
  EXPECT_EQ(nearest_name("prot", kNames), "port");
  EXPECT_EQ(nearest_name("ports", kNames), "port");
  EXPECT_EQ(nearest_name("Port", kNames), "port");
  EXPECT_EQ(nearest_name("receive-buffer-bytes", kNames), "receive_buffer_bytes");
  EXPECT_EQ(nearest_name("recv_buffer_bytes", kNames), "receive_buffer_bytes");
  EXPECT_EQ(nearest_name("--fromat", kNames), "--format");
}

TEST(NearestName, FindsNothingFar) {
  EXPECT_EQ(nearest_name("zookeeper", kNames), "");
  EXPECT_EQ(nearest_name("", kNames), "");
  EXPECT_EQ(nearest_name("x", kNames), "");
  EXPECT_EQ(nearest_name("--frat", kNames), "") << "four letters, two slips";
  EXPECT_EQ(nearest_name(std::string(100000, 'a'), kNames), "");
}

TEST(DidYouMean, IsEmptyWithoutSuggestion) {
  EXPECT_EQ(did_you_mean("smid", kNames), "; did you mean 'simd'?");
  EXPECT_EQ(did_you_mean("zookeeper", kNames), "");
}

}  // namespace
}  // namespace tapeline
