#include "codec/itch/encoder.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

#include "codec/itch/decoder.hpp"
#include "tests/codec/itch/reencode.hpp"
#include "tests/codec/itch/vectors.hpp"

namespace tapeline::codec::itch {
namespace {

using Message = std::vector<std::byte>;

// Encodes into memory of exactly the length of the message: a byte too many is a sanitizer error.
Message reencoded(const Message& message) {
  Message out(message.size(), std::byte{0xA5});
  test::Reencoder reencoder{out};
  EXPECT_EQ(decode(message, reencoder), DecodeStatus::ok);
  EXPECT_EQ(reencoder.written().size(), message.size());
  return out;
}

TEST(ItchEncoder, WritesGoldenMessages) {
  for (const test::Vector& vector : test::kVectors) {
    const Message message = test::from_hex(vector.hex);
    EXPECT_EQ(reencoded(message), message) << vector.name;
  }
}

TEST(ItchEncoder, WritesEveryFieldOfRandomMessages) {
  std::mt19937_64 random{20230822};
  for (const MessageType& type : kMessageTypes) {
    for (int round = 0; round < 200; ++round) {
      Message message(type.bytes);
      std::ranges::generate(message, [&] { return static_cast<std::byte>(random()); });
      message.front() = static_cast<std::byte>(type.type);
      ASSERT_EQ(reencoded(message), message) << type.name;
    }
  }
}

TEST(ItchEncoder, LeavesTheRestOfTheBufferAlone) {
  std::array<std::byte, kMaxMessageBytes> out{};
  out.fill(std::byte{0xA5});
  const std::size_t bytes = encode_order_delete(out, Prefix{Locate{1}, 2, 3}, OrderRef{4});
  EXPECT_EQ(bytes, OrderDelete::kBytes);
  EXPECT_EQ(std::count(out.begin() + OrderDelete::kBytes, out.end(), std::byte{0xA5}),
            static_cast<std::ptrdiff_t>(out.size() - bytes));
}

TEST(ItchEncoder, CutsTimeStampTo48Bits) {
  std::array<std::byte, kMaxMessageBytes> out{};
  const std::size_t bytes =
      encode_system_event(out, Prefix{Locate{0x1234}, 0x5678, 0xFFFF'0102'0304'0506U}, 'O');
  const Message message(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(bytes));
  EXPECT_EQ(message, test::from_hex("53123456780102030405064f"));
}

TEST(ItchEncoder, PadsTextGivenAsString) {
  std::array<std::byte, kMaxMessageBytes> out{};
  const std::size_t bytes =
      encode_trading_action(out, Prefix{}, Symbol::from("ZXZZT"), 'T', Reason::from(""));
  const Message message(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(bytes));
  EXPECT_EQ(message, test::from_hex("48000000000000000000005a585a5a54202020542020202020"));
}

}  // namespace
}  // namespace tapeline::codec::itch
