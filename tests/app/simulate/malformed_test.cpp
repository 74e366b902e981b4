#include "app/simulate/malformed.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <vector>

#include "codec/moldudp64/decoder.hpp"
#include "codec/moldudp64/encoder.hpp"

namespace tapeline::simulate {
namespace {

namespace moldudp64 = codec::moldudp64;
using moldudp64::PacketStatus;

std::vector<std::byte> good_packet(std::uint64_t sequence,
                                   const std::vector<std::string>& messages) {
  std::vector<std::byte> memory(2'000);
  moldudp64::PacketBuilder builder{memory};
  builder.start(moldudp64::Session::from_text("GOOD"), sequence);
  for (const std::string& message : messages) {
    EXPECT_TRUE(builder.try_add(std::as_bytes(std::span{message})));
  }
  memory.resize(builder.finish().size());
  return memory;
}

// What a decoder makes of it: status and the messages that it gives.
struct Decoded {
  PacketStatus status;
  moldudp64::Header header;
  std::map<std::uint64_t, std::string> messages;
};

Decoded decode(std::span<const std::byte> packet) {
  Decoded decoded{};
  decoded.header = moldudp64::parse_header(packet).header;
  decoded.status = moldudp64::for_each_message(packet, [&](std::uint64_t sequence,
                                                           std::span<const std::byte> message) {
    decoded.messages[sequence] = {reinterpret_cast<const char*>(message.data()), message.size()};
  });
  return decoded;
}

constexpr auto kKinds = [] {
  std::array<MalformedKind, kMalformedKinds> kinds{};
  for (std::size_t i = 0; i < kinds.size(); ++i) kinds[i] = static_cast<MalformedKind>(i);
  return kinds;
}();

TEST(Malformed, EveryKindIsFoundAndLeavesNoForgedMessage) {
  Random random{1};
  for (int round = 0; round < 500; ++round) {
    std::vector<std::string> messages(1 + random.below(8));
    for (std::string& message : messages) {
      message.assign(random.below(40), static_cast<char>('a' + random.below(26)));
    }
    messages[random.below(static_cast<std::uint32_t>(messages.size()))] = "never empty";
    const auto good = good_packet(1'000 + random.below(1'000), messages);
    const Decoded before = decode(good);
    ASSERT_EQ(before.status, PacketStatus::ok);
    std::vector<std::byte> out(good.size() + kMaxTrailingBytes);
    for (const MalformedKind kind : kKinds) {
      SCOPED_TRACE(to_string(kind));
      const auto bytes = write_malformed(kind, good, random, out);
      ASSERT_TRUE(bytes.has_value());
      ASSERT_LE(*bytes, out.size());
      const auto malformed = std::span{out}.first(*bytes);
      const Decoded after = decode(malformed);
      EXPECT_EQ(after.status, decoder_status(kind));
      EXPECT_FALSE(std::ranges::equal(malformed, good));
      if (kind == MalformedKind::zero_sequence || kind == MalformedKind::conflict) continue;
      for (const auto& [sequence, message] : after.messages) {
        EXPECT_EQ(before.messages.at(sequence), message);
      }
    }
  }
}

TEST(Malformed, KindsThatOnlyASequencerTellsHaveTheirMark) {
  Random random{2};
  const auto good = good_packet(7, {"first", "second"});
  std::vector<std::byte> out(good.size() + kMaxTrailingBytes);

  ASSERT_EQ(write_malformed(MalformedKind::zero_sequence, good, random, out), good.size());
  EXPECT_TRUE(decode(std::span{out}.first(good.size())).header.is_unsequenced());

  ASSERT_EQ(write_malformed(MalformedKind::odd_session, good, random, out), good.size());
  EXPECT_FALSE(decode(std::span{out}.first(good.size())).header.session ==
               moldudp64::Session::from_text("GOOD"));

  ASSERT_EQ(write_malformed(MalformedKind::conflict, good, random, out), good.size());
  std::size_t differing = 0;
  for (std::size_t i = 0; i < good.size(); ++i) differing += out[i] != good[i] ? 1U : 0U;
  EXPECT_EQ(differing, 1U);
  EXPECT_NE(decode(std::span{out}.first(good.size())).messages, decode(good).messages);
}

TEST(Malformed, OddSessionDiffersFromASessionOfZeros) {
  Random random{3};
  auto good = good_packet(7, {"message"});
  std::fill_n(good.begin(), moldudp64::kSessionBytes, std::byte{0});
  std::vector<std::byte> out(good.size() + kMaxTrailingBytes);
  for (int round = 0; round < 20; ++round) {
    ASSERT_TRUE(write_malformed(MalformedKind::odd_session, good, random, out));
    EXPECT_FALSE(std::ranges::equal(std::span{out}.first(10), std::span{good}.first(10)));
  }
}

TEST(Malformed, EmptyMessagesCanNotBeCutOrConflict) {
  Random random{4};
  const auto good = good_packet(7, {"", ""});
  std::vector<std::byte> out(good.size() + kMaxTrailingBytes);
  EXPECT_FALSE(write_malformed(MalformedKind::conflict, good, random, out));
  EXPECT_FALSE(write_malformed(MalformedKind::truncated_block, good, random, out));
  EXPECT_TRUE(write_malformed(MalformedKind::truncated_length, good, random, out));
}

}  // namespace
}  // namespace tapeline::simulate
