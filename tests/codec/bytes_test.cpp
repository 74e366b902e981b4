#include "codec/bytes.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace tapeline::codec {
namespace {

constexpr std::array<std::byte, 9> kBytes{std::byte{0xF1}, std::byte{0x02}, std::byte{0x03},
                                          std::byte{0x04}, std::byte{0x05}, std::byte{0x06},
                                          std::byte{0x07}, std::byte{0x08}, std::byte{0x09}};

TEST(Bytes, LoadsBigEndianAtAnyAlignment) {
  EXPECT_EQ(load_be<std::uint8_t>(kBytes.data()), 0xF1U);
  EXPECT_EQ(load_be<std::uint16_t>(kBytes.data()), 0xF102U);
  EXPECT_EQ(load_be<std::uint32_t>(kBytes.data()), 0xF1020304U);
  EXPECT_EQ(load_be48(kBytes.data()), 0xF10203040506U);
  EXPECT_EQ(load_be<std::uint64_t>(kBytes.data()), 0xF102030405060708U);
  EXPECT_EQ(load_be<std::uint64_t>(kBytes.data() + 1), 0x0203040506070809U);
}

TEST(Bytes, LoadsLittleEndianAtAnyAlignment) {
  EXPECT_EQ(load_le<std::uint8_t>(kBytes.data()), 0xF1U);
  EXPECT_EQ(load_le<std::uint16_t>(kBytes.data()), 0x02F1U);
  EXPECT_EQ(load_le<std::uint32_t>(kBytes.data() + 1), 0x05040302U);
  EXPECT_EQ(load_le<std::uint64_t>(kBytes.data() + 1), 0x0908070605040302U);
}

TEST(Bytes, LoadsAtCompileTimeOffsets) {
  const std::span<const std::byte, 9> bytes{kBytes};
  EXPECT_EQ((load_be<7, std::uint16_t>(bytes)), 0x0809U);
  EXPECT_EQ((load_be<1, std::uint64_t>(bytes)), 0x0203040506070809U);
  EXPECT_EQ((load_le<5, std::uint32_t>(bytes)), 0x09080706U);
  EXPECT_EQ(load_be48<3>(bytes), 0x040506070809U);
}

TEST(Bytes, StoresWhatItLoads) {
  std::array<std::byte, 10> out{};
  store_be(out.data() + 1, std::uint64_t{0xF102030405060708U});
  EXPECT_EQ(load_be<std::uint64_t>(out.data() + 1), 0xF102030405060708U);
  EXPECT_EQ(out[1], std::byte{0xF1});
  store_le(out.data() + 3, std::uint32_t{0xA1B2C3D4U});
  EXPECT_EQ(load_le<std::uint32_t>(out.data() + 3), 0xA1B2C3D4U);
  EXPECT_EQ(out[3], std::byte{0xD4});
  store_be<8>(std::span<std::byte, 10>{out}, std::uint16_t{0x1234});
  EXPECT_EQ(out[9], std::byte{0x34});
}

TEST(Bytes, StoresExactlySixBytesOfA48BitNumber) {
  std::array<std::byte, 8> out{};
  out.fill(std::byte{0xEE});
  store_be48<1>(std::span<std::byte, 8>{out}, 0xFFFF'0102'0304'0506U);
  EXPECT_EQ(load_be<std::uint64_t>(out.data()), 0xEE010203040506EEU);
}

}  // namespace
}  // namespace tapeline::codec
