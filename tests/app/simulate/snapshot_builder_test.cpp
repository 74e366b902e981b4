#include "app/simulate/snapshot_builder.hpp"

#include <gtest/gtest.h>

#include <string>

#include "codec/itch/encoder.hpp"
#include "tests/app/simulate/generated_messages.hpp"
#include "tests/app/simulate/market_oracle.hpp"

namespace tapeline::simulate {
namespace {

namespace itch = codec::itch;
using testing::Message;
using testing::Messages;

Messages messages_of(const Snapshot& snapshot) {
  Messages messages;
  const std::span<const std::byte> blocks{snapshot.blocks};
  for (std::size_t at = 0; at < blocks.size();) {
    const std::size_t bytes = codec::load_be<std::uint16_t>(blocks.data() + at);
    messages.push_back(testing::as_message(blocks.subspan(at + 2, bytes)));
    at += 2 + bytes;
  }
  EXPECT_EQ(messages.size(), snapshot.messages);
  return messages;
}

std::string types_of(const Messages& messages) {
  std::string types;
  for (const Message& message : messages) types += std::to_integer<char>(message.front());
  return types;
}

class SnapshotBuilderTest : public ::testing::Test {
 protected:
  template <typename Encode>
  void give(Encode&& encode) {
    std::array<std::byte, itch::kMaxMessageBytes> out;
    const std::size_t bytes = encode(std::span<std::byte>{out});
    builder_.apply(std::span{out}.first(bytes));
  }
  void add(std::uint64_t ref, std::uint32_t shares, std::uint32_t price = 10'000) {
    give([&](auto out) {
      return itch::encode_add_order(out, prefix(), itch::OrderRef{ref}, 'B', shares,
                                    itch::Symbol::from("ABC"), price);
    });
  }
  [[nodiscard]] itch::Prefix prefix() const {
    return {itch::Locate{3}, 9, 1'000 + builder_.next()};
  }
  // The only order of the snapshot.
  [[nodiscard]] Message only() const {
    const Messages messages = messages_of(builder_.make());
    EXPECT_EQ(messages.size(), 1U);
    return messages.at(0);
  }

  SnapshotBuilder builder_;
};

TEST_F(SnapshotBuilderTest, EmptyStateIsAnEmptySnapshot) {
  const Snapshot snapshot = builder_.make();
  EXPECT_EQ(snapshot.next, 1U);
  EXPECT_EQ(snapshot.messages, 0U);
  EXPECT_TRUE(snapshot.blocks.empty());
}

TEST_F(SnapshotBuilderTest, OpenOrderComesWithWhatIsLeftOfItAndItsOwnPrefix) {
  add(77, 500);
  give([&](auto out) {
    return itch::encode_order_executed(out, prefix(), itch::OrderRef{77}, 100,
                                       itch::MatchNumber{1});
  });
  give([&](auto out) { return itch::encode_order_cancel(out, prefix(), itch::OrderRef{77}, 50); });
  const Message message = only();
  const itch::AddOrder order{std::span{message}.first<itch::AddOrder::kBytes>()};
  EXPECT_EQ(order.order_ref(), itch::OrderRef{77});
  EXPECT_EQ(order.shares(), 350U);
  EXPECT_EQ(order.price(), 10'000U);
  EXPECT_EQ(order.side(), 'B');
  EXPECT_EQ(order.timestamp_ns(), 1'001U);
  EXPECT_EQ(builder_.make().next, 4U);
}

TEST_F(SnapshotBuilderTest, AttributedOrderKeepsItsParticipantThroughReplace) {
  give([&](auto out) {
    return itch::encode_add_order_mpid(out, prefix(), itch::OrderRef{5}, 'S', 10,
                                       itch::Symbol::from("ABC"), 9'000, itch::Mpid::from("GSCO"));
  });
  give([&](auto out) {
    return itch::encode_order_replace(out, prefix(), itch::OrderRef{5}, itch::OrderRef{6}, 30,
                                      9'100);
  });
  const Message message = only();
  ASSERT_EQ(message.size(), itch::AddOrderMpid::kBytes);
  const itch::AddOrderMpid order{std::span{message}.first<itch::AddOrderMpid::kBytes>()};
  EXPECT_EQ(order.order_ref(), itch::OrderRef{6});
  EXPECT_EQ(order.shares(), 30U);
  EXPECT_EQ(order.price(), 9'100U);
  EXPECT_EQ(order.side(), 'S');
  EXPECT_EQ(order.mpid(), itch::Mpid::from("GSCO"));
  EXPECT_EQ(order.timestamp_ns(), 1'002U);
}

TEST_F(SnapshotBuilderTest, OrdersThatAreGoneAreNotToldOf) {
  add(1, 10);
  add(2, 10);
  add(3, 10);
  give([&](auto out) { return itch::encode_order_delete(out, prefix(), itch::OrderRef{1}); });
  give([&](auto out) {
    return itch::encode_order_executed(out, prefix(), itch::OrderRef{2}, 10, itch::MatchNumber{1});
  });
  give([&](auto out) {
    return itch::encode_order_executed_with_price(out, prefix(), itch::OrderRef{3}, 10,
                                                  itch::MatchNumber{2}, 'Y', 1);
  });
  EXPECT_EQ(builder_.make().messages, 0U);
  EXPECT_EQ(builder_.open_orders(), 0U);
}

TEST_F(SnapshotBuilderTest, OrdersComeAsTheyEnteredTheBook) {
  add(30, 1);
  add(10, 1);
  add(20, 1);
  std::vector<std::uint64_t> refs;
  for (const Message& message : messages_of(builder_.make())) {
    refs.push_back(codec::load_be<std::uint64_t>(message.data() + 11));
  }
  EXPECT_EQ(refs, (std::vector<std::uint64_t>{30, 10, 20}));
}

TEST_F(SnapshotBuilderTest, WhatMakesNoSenseIsCounted) {
  give([&](auto out) { return itch::encode_order_delete(out, prefix(), itch::OrderRef{1}); });
  give([&](auto out) {
    return itch::encode_order_replace(out, prefix(), itch::OrderRef{5}, itch::OrderRef{6}, 30, 1);
  });
  add(7, 1);
  add(7, 2);
  builder_.apply({});
  builder_.apply(Message(3, std::byte{'A'}));
  EXPECT_EQ(builder_.counts().unknown_orders, 2U);
  EXPECT_EQ(builder_.counts().repeated_orders, 1U);
  EXPECT_EQ(builder_.counts().unreadable, 2U);
  EXPECT_EQ(builder_.next(), 7U);
  EXPECT_EQ(builder_.open_orders(), 1U);
}

TEST_F(SnapshotBuilderTest, TooManyOrdersEndIt) {
  builder_ = SnapshotBuilder{2};
  add(1, 1);
  add(2, 1);
  EXPECT_TRUE(builder_.is_whole());
  add(3, 1);
  EXPECT_FALSE(builder_.is_whole());
  add(4, 1);
  EXPECT_FALSE(builder_.is_whole());
  EXPECT_EQ(builder_.open_orders(), 0U);
}

// The oracle is app/market, which shares no code with the builder.
TEST_F(SnapshotBuilderTest, SnapshotMakesTheSameMarketAsTheMessages) {
  const Messages messages = testing::generate({.seed = 3, .messages = 60'000, .instruments = 100});
  testing::MarketOracle live;
  std::size_t next = 0;
  for (const std::size_t until : {std::size_t{0}, std::size_t{500}, std::size_t{9'001},
                                  std::size_t{31'415}, std::size_t{55'555}, messages.size()}) {
    for (; next < until; ++next) {
      live.apply(messages[next]);
      builder_.apply(messages[next]);
    }
    testing::MarketOracle joined;
    const Snapshot snapshot = builder_.make();
    EXPECT_EQ(snapshot.next, until + 1);
    const Messages told = messages_of(snapshot);
    for (const Message& message : told) joined.apply(message);
    EXPECT_EQ(testing::expect_same_books(live.market(), joined.market()), builder_.open_orders());
    EXPECT_EQ(types_of(told).find_first_not_of("SRHYAF"), std::string::npos);
  }
  EXPECT_EQ(builder_.counts().unknown_orders + builder_.counts().repeated_orders, 0U);
}

}  // namespace
}  // namespace tapeline::simulate
