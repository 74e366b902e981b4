#include "codec/iex/encoder.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <vector>

#include "codec/iex/decoder.hpp"
#include "tests/codec/iex/reencode.hpp"
#include "tests/codec/iex/vectors.hpp"

namespace tapeline::codec::iex {
namespace {

TEST(IexEncoder, WritesEachVectorFromItsFields) {
  for (const test::Vector& vector : test::kVectors) {
    const std::vector<std::byte> message = test::from_hex(vector.hex);
    std::array<std::byte, kMaxMessageBytes> out{};
    out.fill(std::byte{0xEE});
    test::Reencoder reencoder{out};
    ASSERT_EQ(decode(message, reencoder), DecodeStatus::ok) << vector.name;
    const auto written = reencoder.written();
    EXPECT_EQ(std::vector<std::byte>(written.begin(), written.end()), message) << vector.name;
    if (written.size() < out.size()) {
      EXPECT_EQ(out.at(written.size()), std::byte{0xEE});
    }
  }
}

TEST(IexEncoder, WritesLittleEndian) {
  std::array<std::byte, kMaxMessageBytes> out{};
  const std::size_t bytes = encode_level_update<SellLevelUpdate>(
      out, kEventComplete, 0x0102030405060708, Symbol::from("ZVZZT"), 0x0A0B0C0D, -2);
  const std::vector<std::byte> message(out.begin(),
                                       out.begin() + static_cast<std::ptrdiff_t>(bytes));
  EXPECT_EQ(message, test::from_hex("350108070605040302015a565a5a54202020"
                                    "0d0c0b0afeffffffffffffff"));
}

}  // namespace
}  // namespace tapeline::codec::iex
