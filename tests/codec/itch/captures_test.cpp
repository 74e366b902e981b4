// Messages of a real day, where the captures are at hand (TAPELINE_CAPTURES names their folder).

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "codec/bytes.hpp"
#include "codec/itch/decoder.hpp"
#include "tests/codec/itch/reencode.hpp"

namespace tapeline::codec::itch {
namespace {

TEST(ItchCaptures, DecodesTheHeadOfARealDay) {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): the tests have one thread
  const char* const folder = std::getenv("TAPELINE_CAPTURES");
  if (folder == nullptr) GTEST_SKIP() << "TAPELINE_CAPTURES is not set";
  std::ifstream file{std::filesystem::path{folder} / "nasdaq" / "head.itch", std::ios::binary};
  if (!file) GTEST_SKIP() << "no nasdaq/head.itch";
  const std::string content{std::istreambuf_iterator<char>{file}, {}};
  const std::span<const std::byte> bytes = std::as_bytes(std::span{content});

  std::map<char, std::size_t> types;
  std::vector<std::byte> out(kMaxMessageBytes);
  for (std::size_t at = 0; at < bytes.size();) {
    ASSERT_LE(at + 2, bytes.size());
    const std::size_t length = load_be<std::uint16_t>(bytes.data() + at);
    ASSERT_LE(at + 2 + length, bytes.size());
    const auto message = bytes.subspan(at + 2, length);
    test::Reencoder reencoder{out};
    ASSERT_EQ(decode(message, reencoder), DecodeStatus::ok) << at;
    ASSERT_TRUE(std::ranges::equal(reencoder.written(), message)) << at;
    ++types[static_cast<char>(message.front())];
    at += 2 + length;
  }
  EXPECT_EQ(types, (std::map<char, std::size_t>{{'R', 993}, {'H', 3}, {'Y', 3}, {'S', 1}}));
}

}  // namespace
}  // namespace tapeline::codec::itch
