#include "net/line_digests.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <string_view>

namespace tapeline::net {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span{text});
}

TEST(LineDigests, TellsOtherBytesUnderTheSameNumber) {
  LineDigests digests{16};
  ASSERT_TRUE(digests.enabled());
  EXPECT_FALSE(digests.knows(7));
  digests.note(7, bytes_of("seven"));
  ASSERT_TRUE(digests.knows(7));
  EXPECT_FALSE(digests.differs(7, bytes_of("seven")));
  EXPECT_TRUE(digests.differs(7, bytes_of("Seven")));
  EXPECT_TRUE(digests.differs(7, bytes_of("seve")));
  EXPECT_TRUE(digests.differs(7, {}));
}

TEST(LineDigests, ForgetsANumberWhenAnotherTakesItsPlace) {
  LineDigests digests{10};  // 16
  digests.note(7, bytes_of("a"));
  digests.note(22, bytes_of("b"));
  EXPECT_TRUE(digests.knows(7));
  digests.note(23, bytes_of("c"));
  EXPECT_FALSE(digests.knows(7));
  EXPECT_TRUE(digests.knows(23));
  digests.clear();
  EXPECT_FALSE(digests.knows(23));
}

TEST(LineDigests, AWindowOfNoneIsOff) { EXPECT_FALSE(LineDigests{0}.enabled()); }

// Every length, and every byte of it, counts: one message and all that differ from it in one bit,
// or by zeros at its end, have digests of their own.
TEST(LineDigests, EveryBitAndTheLengthCount) {
  std::set<std::uint32_t> seen;
  std::size_t digests = 0;
  const auto add = [&](const std::string& text) {
    seen.insert(LineDigests::digest(bytes_of(text)));
    ++digests;
  };
  for (std::size_t length = 0; length <= 50; ++length) {
    const std::string text(length, '\0');
    add(text);
    for (std::size_t bit = 0; bit < 8 * length; ++bit) {
      std::string changed = text;
      changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << (bit % 8)));
      add(changed);
    }
  }
  EXPECT_EQ(seen.size(), digests);
}

}  // namespace
}  // namespace tapeline::net
