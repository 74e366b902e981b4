#include "app/simulate/message_store.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "codec/bytes.hpp"
#include "tests/app/simulate/generated_messages.hpp"

namespace tapeline::simulate {
namespace {

using testing::append;
using testing::as_message;
using testing::Message;
using testing::Messages;

// Its number, then filling that depends on it.
Message numbered(std::uint64_t number, std::size_t bytes = 40) {
  Message message(bytes, static_cast<std::byte>(number));
  codec::store_be(message.data(), number);
  return message;
}

TEST(MessageStore, GivesWhatWasPublishedByNumber) {
  MessageStore store{MessageStore::kMinHistoryBytes};
  Messages messages;
  for (std::uint64_t number = 1; number <= 1'000; ++number) messages.push_back(numbered(number));
  append(store, messages);
  EXPECT_EQ(store.marks().first, 1U);
  EXPECT_EQ(store.marks().next, 1'001U);
  const MessageRun run = store.read(17);
  ASSERT_EQ(run.size(), 984U);
  for (std::size_t at = 0; at < run.size(); ++at) {
    EXPECT_EQ(as_message(run[at]), messages[16 + at]) << at;
  }
}

TEST(MessageStore, HoldsNothingBelowTheFirstAndBeyondTheLast) {
  MessageStore store{MessageStore::kMinHistoryBytes};
  EXPECT_TRUE(store.read(1).empty());
  append(store, Messages{numbered(1)});
  EXPECT_TRUE(store.read(0).empty());
  EXPECT_EQ(store.read(1).size(), 1U);
  EXPECT_TRUE(store.read(2).empty());
  EXPECT_TRUE(store.read(~std::uint64_t{0}).empty());
}

TEST(MessageStore, ShowsNothingBeforeItIsPublished) {
  MessageStore store{MessageStore::kMinHistoryBytes};
  store.append(numbered(1));
  EXPECT_TRUE(store.read(1).empty());
  store.publish();
  store.append(numbered(2));
  EXPECT_EQ(store.read(1).size(), 1U);
  EXPECT_FALSE(store.marks().has_ended);
  store.end();
  EXPECT_EQ(store.read(1).size(), 2U);
  EXPECT_TRUE(store.marks().has_ended);
}

TEST(MessageStore, KeepsMessagesOfEveryLength) {
  MessageStore store{MessageStore::kMinHistoryBytes};
  const Messages messages{{}, Message(0xFFFF, std::byte{7}), {}, Message(1, std::byte{9})};
  append(store, messages);
  std::uint64_t next = 1;
  while (next <= messages.size()) {
    const MessageRun run = store.read(next);
    ASSERT_FALSE(run.empty());
    for (std::size_t at = 0; at < run.size(); ++at, ++next) {
      EXPECT_EQ(as_message(run[at]), messages[next - 1]);
    }
  }
}

TEST(MessageStore, DropsTheOldestAndKeepsTheBound) {
  MessageStore store{MessageStore::kMinHistoryBytes};
  for (std::uint64_t number = 1; number <= 200'000; ++number) store.append(numbered(number));
  store.publish();
  const MessageStore::Marks marks = store.marks();
  EXPECT_EQ(marks.next, 200'001U);
  EXPECT_GT(marks.first, 200'000 - MessageStore::kMinHistoryBytes / 40);
  EXPECT_LT(marks.first, 190'000U);  // and not more than is needed
  EXPECT_TRUE(store.read(marks.first - 1).empty());
  for (std::uint64_t next = marks.first; next < marks.next;) {
    const MessageRun run = store.read(next);
    ASSERT_FALSE(run.empty()) << next;
    EXPECT_EQ(as_message(run[0]), numbered(next));
    next += run.size();
  }
}

TEST(MessageStore, RunKeepsMessagesThatTheStoreDropped) {
  MessageStore store{MessageStore::kMinHistoryBytes};
  append(store, Messages{numbered(1)});
  const MessageRun run = store.read(1);
  for (std::uint64_t number = 2; number <= 200'000; ++number) store.append(numbered(number));
  store.publish();
  EXPECT_TRUE(store.read(1).empty());
  EXPECT_EQ(as_message(run[0]), numbered(1));
}

// Claim: a reader sees whole messages only, in order, while the writer appends and drops.
TEST(MessageStore, ReadersAndWriterDoNotMeet) {
  constexpr std::uint64_t kMessages = 150'000;
  MessageStore store{MessageStore::kMinHistoryBytes};
  std::thread writer{[&] {
    for (std::uint64_t number = 1; number <= kMessages; ++number) {
      store.append(numbered(number));
      if (number % 37 == 0) store.publish();
    }
    store.end();
  }};
  std::uint64_t wrong = 0;
  std::uint64_t next = 1;
  for (;;) {
    const MessageStore::Marks marks = store.marks();
    const MessageRun run = store.read(next);
    for (std::size_t at = 0; at < run.size(); ++at, ++next) {
      wrong += run[at].size() == 40 && codec::load_be<std::uint64_t>(run[at].data()) == next &&
                       run[at][39] == static_cast<std::byte>(next)
                   ? 0U
                   : 1U;
    }
    if (!run.empty()) continue;
    next = std::max(next, store.marks().first);
    if (marks.has_ended && next == marks.next) break;
  }
  writer.join();
  EXPECT_EQ(wrong, 0U);
  EXPECT_EQ(next, kMessages + 1);
}

}  // namespace
}  // namespace tapeline::simulate
