#include "codec/glimpse/end_of_snapshot.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "codec/itch/messages.hpp"

namespace tapeline::codec::glimpse {
namespace {

using Bytes = std::vector<std::byte>;

Bytes bytes_of(std::string_view text) {
  const auto bytes = std::as_bytes(std::span{text});
  return {bytes.begin(), bytes.end()};
}

constexpr std::string_view kEnd = "G            14757721";

TEST(GlimpseEndOfSnapshot, ReadsTheNumberToGoOnWith) {
  const auto end = parse_end_of_snapshot(bytes_of(kEnd));
  ASSERT_TRUE(end.has_value());
  EXPECT_EQ(end->next_sequence, 14'757'721U);
  EXPECT_EQ(parse_end_of_snapshot(bytes_of("G00000000000000000007"))->next_sequence, 7U);
}

TEST(GlimpseEndOfSnapshot, IsWrittenAsItIsRead) {
  std::array<std::byte, EndOfSnapshot::kBytes + 1> out{};
  out.back() = std::byte{0xEE};
  EXPECT_EQ(write_end_of_snapshot(out, {14'757'721}), EndOfSnapshot::kBytes);
  EXPECT_TRUE(std::ranges::equal(std::span{out}.first(EndOfSnapshot::kBytes), bytes_of(kEnd)));
  EXPECT_EQ(out.back(), std::byte{0xEE});
}

TEST(GlimpseEndOfSnapshot, RejectsEveryTruncationAndWhatIsLonger) {
  const Bytes whole = bytes_of(kEnd);
  for (std::size_t length = 0; length < whole.size(); ++length) {
    const Bytes exact(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
    EXPECT_FALSE(parse_end_of_snapshot(exact)) << length;
    EXPECT_EQ(is_end_of_snapshot(exact), length > 0);
  }
  EXPECT_FALSE(parse_end_of_snapshot(bytes_of(std::string{kEnd} + "0")));
}

TEST(GlimpseEndOfSnapshot, RejectsOtherTypesAndNumbersThatAreNone) {
  EXPECT_FALSE(parse_end_of_snapshot(bytes_of("S            14757721")));
  EXPECT_FALSE(parse_end_of_snapshot(bytes_of("G14757721            ")));
  EXPECT_FALSE(parse_end_of_snapshot(bytes_of("G                    ")));
  EXPECT_FALSE(parse_end_of_snapshot(bytes_of("G99999999999999999999")));
}

TEST(GlimpseEndOfSnapshot, HasATypeThatNoItchMessageHas) {
  EXPECT_TRUE(std::ranges::none_of(itch::kMessageTypes, [](const itch::MessageType& type) {
    return type.type == EndOfSnapshot::kType;
  }));
}

}  // namespace
}  // namespace tapeline::codec::glimpse
