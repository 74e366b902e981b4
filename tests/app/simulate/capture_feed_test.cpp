#include "app/simulate/capture_feed.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

#include "app/simulate/capture_writer.hpp"
#include "app/simulate/iex_session.hpp"
#include "codec/bytes.hpp"
#include "tests/app/simulate/generated_messages.hpp"
#include "tests/net/temporary_file.hpp"

namespace tapeline::simulate {
namespace {

using net::test::TemporaryFile;
using testing::Message;
using testing::Messages;

const SessionConfig kSession{.seed = 9, .messages = 6'000, .instruments = 50};

// Two lines, cut differently, the second one late.
std::string write_capture(const std::string& path) {
  OutputFile file{path, true};
  CaptureOptions options;
  options.session = codec::moldudp64::Session::from_text("DAY");
  options.midnight_ns = 1'700'000'000'000'000'000;
  options.lines = {{.group = {codec::capture::Address::from_ipv4(0xEF010101), 26400}, .cut = {}},
                   {.group = {codec::capture::Address::from_ipv4(0xEF010102), 26400},
                    .cut = {.packet_bytes = 300},
                    .delay_ns = 4'000,
                    .jitter_ns = 20'000}};
  CaptureWriter writer{options, file};
  Session session{kSession};
  std::array<std::byte, codec::itch::kMaxMessageBytes> message;
  while (const std::size_t bytes = session.next(message)) {
    writer.add(std::span{message}.first(bytes), session.time_ns());
  }
  writer.finish();
  file.close();
  return path;
}

std::vector<std::byte> itch_file(const Messages& messages) {
  std::vector<std::byte> content;
  for (const Message& message : messages) {
    std::array<std::byte, 2> length;
    codec::store_be(length.data(), static_cast<std::uint16_t>(message.size()));
    content.insert(content.end(), length.begin(), length.end());
    content.insert(content.end(), message.begin(), message.end());
  }
  return content;
}

Messages all_of(CaptureFeed& feed) {
  Messages messages;
  std::uint64_t last_ns = 0;
  while (const auto message = feed.next()) {
    EXPECT_GE(message->time_ns, last_ns);
    last_ns = message->time_ns;
    messages.push_back(testing::as_message(message->bytes));
  }
  return messages;
}

TEST(CaptureFeed, GivesTheMessagesOfTwoLinesOnceAndInOrder) {
  const TemporaryFile file{{}};
  CaptureFeed feed{write_capture(file.path()), {}};
  EXPECT_EQ(all_of(feed), testing::generate(kSession));
  EXPECT_EQ(feed.missing(), 0U);
  EXPECT_EQ(feed.error(), "");
  EXPECT_FALSE(feed.next().has_value());
}

TEST(CaptureFeed, GivesTheMessagesOfIexAndTellsWhoseTheyAre) {
  const TemporaryFile file{{}};
  const auto session_of_capture =
      codec::iextp::Session::from(codec::iextp::Protocol::deep_plus, 3, 77);
  Messages expected;
  {
    OutputFile output{file.path(), true};
    CaptureOptions options;
    options.session = session_of_capture;
    options.lines = {{.group = {codec::capture::Address::from_ipv4(0xEF010101), 26400}, .cut = {}},
                     {.group = {codec::capture::Address::from_ipv4(0xEF010102), 26400},
                      .cut = {.packet_bytes = 300},
                      .delay_ns = 4'000}};
    CaptureWriter writer{options, output};
    Session session{kSession};
    IexSession day{session, codec::iextp::Protocol::deep_plus, 0};
    while (day.next()) {
      for (const IexSession::Message& message : day.messages()) {
        writer.add(message.bytes(), day.time_ns());
        expected.push_back(testing::as_message(message.bytes()));
      }
    }
    writer.finish();
    output.close();
  }
  CaptureFeed feed{file.path(), {}};
  EXPECT_TRUE(feed.iex_session() == session_of_capture);
  EXPECT_EQ(all_of(feed), expected);
  EXPECT_EQ(feed.missing(), 0U);
  EXPECT_FALSE((CaptureFeed{write_capture(file.path()), {}}).iex_session().has_value());
}

TEST(CaptureFeed, GivesTheMessagesOfAnItchFile) {
  const Messages messages = testing::generate(kSession);
  const TemporaryFile file{itch_file(messages)};
  CaptureFeed feed{file.path(), {}};
  EXPECT_EQ(all_of(feed), messages);
}

TEST(CaptureFeed, TimesAreThoseOfTheFile) {
  const TemporaryFile file{itch_file(testing::generate(kSession))};
  CaptureFeed feed{file.path(), {}};
  Session session{kSession};
  std::array<std::byte, codec::itch::kMaxMessageBytes> out;
  while (const auto message = feed.next()) {
    ASSERT_GT(session.next(out), 0U);
    EXPECT_LE(message->time_ns, session.time_ns());
    EXPECT_GE(message->time_ns + 1'000'000, session.time_ns());
  }
}

TEST(CaptureFeed, EndsAfterTheMostMessagesWanted) {
  const Messages messages = testing::generate(kSession);
  const TemporaryFile file{itch_file(messages)};
  CaptureFeed feed{file.path(), {.max_messages = 100}};
  EXPECT_EQ(all_of(feed), Messages(messages.begin(), messages.begin() + 100));
}

TEST(CaptureFeed, GivesAllInFrontOfDamageAndTellsOfIt) {
  const Messages messages = testing::generate(kSession);
  std::vector<std::byte> content = itch_file(messages);
  content.resize(content.size() - 1);
  const TemporaryFile file{content};
  CaptureFeed feed{file.path(), {}};
  EXPECT_EQ(all_of(feed), Messages(messages.begin(), messages.end() - 1));
  EXPECT_NE(feed.error().find(file.path()), std::string::npos);
}

TEST(CaptureFeed, RefusesMessagesThatFitIntoNoPacket) {
  const TemporaryFile file{itch_file({Message(12, std::byte{'S'}), Message(300, std::byte{'S'})})};
  CaptureFeed feed{file.path(), {.packet_bytes = 20 + 2 + 299}};
  EXPECT_THROW(static_cast<void>(all_of(feed)), std::runtime_error);
}

TEST(CaptureFeed, MissingFileIsNamed) {
  EXPECT_THROW((CaptureFeed{"/nonexistent/capture.pcap", {}}), std::runtime_error);
}

}  // namespace
}  // namespace tapeline::simulate
