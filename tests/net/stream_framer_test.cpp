#include "net/stream_framer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "tests/net/source_reading.hpp"
#include "tests/net/stream_text.hpp"

namespace tapeline::net {
namespace {

using ::testing::ElementsAre;
using testing::feed_by_byte;
using testing::feed_cut;
using testing::Framed;
using ::testing::IsEmpty;
using testing::with_length;

constexpr std::size_t kBufferBytes = std::size_t{128} * 1024;

class StreamFramerTest : public ::testing::Test {
 protected:
  test::SerializationPool pool{test::small_pool(kBufferBytes, 2)};
};

using Length16 = LengthFramer<std::uint16_t>;
using Length32 = LengthFramer<std::uint32_t>;

TEST_F(StreamFramerTest, CutsManyMessagesOutOfOneStretchInPlace) {
  Length16 framer{{}, pool};
  const std::string stream = with_length<std::uint16_t>("one") + with_length<std::uint16_t>("") +
                             with_length<std::uint16_t>("three");
  const auto bytes = std::as_bytes(std::span{stream});
  std::vector<std::size_t> offsets;
  EXPECT_EQ(
      framer.feed(bytes,
                  [&](std::span<const std::byte> message) {
                    offsets.push_back(static_cast<std::size_t>(message.data() - bytes.data()));
                    return true;
                  }),
      FramerStatus::ok);
  EXPECT_THAT(offsets, ElementsAre(2, 7, 9));
  EXPECT_EQ(framer.counters().carried.get(), 0U);
  EXPECT_EQ(framer.carried_bytes(), 0U);
}

TEST_F(StreamFramerTest, EveryCutInTwoGivesTheSameMessages) {
  const std::string stream = with_length<std::uint32_t>("one") + with_length<std::uint32_t>("") +
                             with_length<std::uint32_t>("three");
  for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
    Length32 framer{{}, pool};
    const Framed framed = feed_cut(framer, stream, {cut});
    EXPECT_EQ(framed.status, FramerStatus::ok);
    EXPECT_THAT(framed.messages, ElementsAre("one", "", "three")) << cut;
    const bool between = cut == 0 || cut == 7 || cut == 11 || cut == stream.size();
    EXPECT_EQ(framer.counters().carried.get(), between ? 0U : 1U) << cut;
  }
}

TEST_F(StreamFramerTest, OneByteAtATimeGivesTheSameMessages) {
  Length16 framer{{}, pool};
  const std::string stream = with_length<std::uint16_t>("one") + with_length<std::uint16_t>("") +
                             with_length<std::uint16_t>("three");
  EXPECT_THAT(feed_by_byte(framer, stream).messages, ElementsAre("one", "", "three"));
  EXPECT_EQ(framer.carried_bytes(), 0U);
}

TEST_F(StreamFramerTest, HoldsTheLongestMessageOf16BitsInPieces) {
  Length16 framer{{}, pool};
  const std::string longest(0xFFFF, 'x');
  const std::string stream =
      with_length<std::uint16_t>(longest) + with_length<std::uint16_t>(longest);
  EXPECT_THAT(feed_cut(framer, stream, {1, 2, 30'000, 65'536, 65'537, 65'538}).messages,
              ElementsAre(longest, longest));
  EXPECT_THAT(feed_cut(framer, stream, {}).messages, ElementsAre(longest, longest));
}

TEST_F(StreamFramerTest, LengthOutOfBoundsEndsTheStreamBehindWholeMessages) {
  const LengthFraming framing{.min_bytes = 1, .max_bytes = 5};
  for (const std::string_view bad :
       {std::string_view{"\0\0\0\0", 4}, std::string_view{"\0\0\0\6", 4},
        std::string_view{"\xFF\xFF\xFF\xFF", 4}}) {
    const std::string stream = with_length<std::uint32_t>("whole") + std::string{bad} + "never";
    Length32 in_place{framing, pool};
    EXPECT_EQ(feed_cut(in_place, stream, {}), (Framed{{"whole"}, FramerStatus::malformed}));
    EXPECT_EQ(in_place.counters().malformed.get(), 1U);
  }
  for (const std::string_view bad :
       {std::string_view{"\0\0\0\0", 4}, std::string_view{"\0\0\0\6", 4}}) {
    const std::string stream = with_length<std::uint32_t>("whole") + std::string{bad} + "never";
    Length32 carried{framing, pool};
    EXPECT_EQ(feed_by_byte(carried, stream), (Framed{{"whole"}, FramerStatus::malformed}));
    EXPECT_EQ(carried.counters().malformed.get(), 1U);
    EXPECT_EQ(carried.carried_bytes(), 0U);
  }
}

TEST_F(StreamFramerTest, StopsWhereTheCalleeSays) {
  Length16 framer{{}, pool};
  const std::string stream = with_length<std::uint16_t>("a") + with_length<std::uint16_t>("b");
  int calls = 0;
  const auto once = [&](std::span<const std::byte>) { return ++calls < 1; };
  EXPECT_EQ(framer.feed(std::as_bytes(std::span{stream}), once), FramerStatus::stopped);
  EXPECT_EQ(calls, 1);
  // Also where the message was carried.
  framer.reset();
  calls = 0;
  EXPECT_EQ(framer.feed(std::as_bytes(std::span{stream}).first(1), once), FramerStatus::ok);
  EXPECT_EQ(framer.feed(std::as_bytes(std::span{stream}).subspan(1), once), FramerStatus::stopped);
  EXPECT_EQ(calls, 1);
}

TEST_F(StreamFramerTest, ResetForgetsTheUnfinishedMessage) {
  Length16 framer{{}, pool};
  EXPECT_THAT(feed_cut(framer, std::string_view{"\0\5ab", 4}, {}).messages, IsEmpty());
  EXPECT_EQ(framer.carried_bytes(), 4U);
  framer.reset();
  EXPECT_EQ(framer.counters().cut_short.get(), 1U);
  EXPECT_THAT(feed_cut(framer, with_length<std::uint16_t>("new"), {}).messages, ElementsAre("new"));
  framer.reset();
  EXPECT_EQ(framer.counters().cut_short.get(), 1U);
}

TEST_F(StreamFramerTest, LinesEndWithNewlineOrCarriageReturnAndNewline) {
  LineFramer framer{{}, pool};
  const std::string stream = "one\ntwo\r\n\n\r\nth\rree\nunfinished";
  EXPECT_THAT(feed_cut(framer, stream, {}).messages, ElementsAre("one", "two", "th\rree"));
  EXPECT_EQ(framer.carried_bytes(), 10U);
  framer.reset();
  EXPECT_EQ(framer.counters().cut_short.get(), 1U);
  EXPECT_THAT(feed_by_byte(framer, stream).messages, ElementsAre("one", "two", "th\rree"));
}

TEST_F(StreamFramerTest, LineThatIsTooLongIsPassedOverAndCountedOnce) {
  const std::string stream = "12345\n123456\n12345\n" + std::string(100, 'x') + "\nend\n";
  LineFramer in_place{{.max_bytes = 5}, pool};
  EXPECT_THAT(feed_cut(in_place, stream, {}).messages, ElementsAre("12345", "12345", "end"));
  EXPECT_EQ(in_place.counters().malformed.get(), 2U);
  LineFramer carried{{.max_bytes = 5}, pool};
  EXPECT_THAT(feed_by_byte(carried, stream).messages, ElementsAre("12345", "12345", "end"));
  EXPECT_EQ(carried.counters().malformed.get(), 2U);
}

TEST_F(StreamFramerTest, NewlineThatNeverComesTakesNoMoreMemory) {
  LineFramer framer{{.max_bytes = 1000}, pool};
  const std::string part(777, 'x');
  for (int i = 0; i < 1000; ++i) {
    EXPECT_THAT(feed_cut(framer, part, {}).messages, IsEmpty());
    EXPECT_LE(framer.carried_bytes(), 1000U);
  }
  EXPECT_EQ(framer.counters().malformed.get(), 1U);
  EXPECT_THAT(feed_cut(framer, "\nback\n", {}).messages, ElementsAre("back"));
}

TEST_F(StreamFramerTest, LargeLinesArePutTogetherOutsideOfThePool) {
  const std::string large(50'000, 'L');
  const std::string stream = "one\n" + large + "\ntwo\n" + large + large + "\n" + large + "\nend\n";
  LineFramer framer{{.max_bytes = 5, .max_large_bytes = 60'000}, pool};
  EXPECT_THAT(feed_by_byte(framer, stream).messages,
              ElementsAre("one", large, "two", large, "end"));
  EXPECT_EQ(framer.counters().large.get(), 2U);
  EXPECT_EQ(framer.counters().malformed.get(), 1U);
  EXPECT_THAT(feed_cut(framer, stream, {60'000}).messages,
              ElementsAre("one", large, "two", large, "end"));
  EXPECT_EQ(framer.counters().malformed.get(), 2U);
}

TEST_F(StreamFramerTest, RefusesMessagesThatDoNotFitIntoABuffer) {
  const std::size_t most = kBufferBytes - kReadablePastEnd;
  EXPECT_THROW(LineFramer({.max_bytes = most + 1}, pool), std::invalid_argument);
  EXPECT_THROW(Length32({.min_bytes = 0, .max_bytes = most - 3}, pool), std::invalid_argument);
  EXPECT_THROW(Length32({.min_bytes = 0, .max_bytes = ~std::size_t{0} - 4}, pool),
               std::invalid_argument);
  const LineFramer largest{{.max_bytes = most}, pool};
  const Length32 also{{.min_bytes = 0, .max_bytes = most - 4}, pool};
  EXPECT_THROW(LineFramer({}, pool), std::runtime_error);  // the pool is empty now
}

}  // namespace
}  // namespace tapeline::net
