// The packet walk and the message decoder together against a slow decoder that shares nothing
// with them: a table of fields, one byte at a time, every position checked by itself.

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <random>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "codec/itch/decoder.hpp"
#include "codec/moldudp64/decoder.hpp"
#include "tests/codec/itch/vectors.hpp"

namespace tapeline::codec::itch {
namespace {

using Bytes = std::vector<std::byte>;

struct Event {
  std::uint64_t sequence;
  DecodeStatus status;
  std::vector<std::uint64_t> fields;  // type first, text as a big-endian number
  friend bool operator==(const Event&, const Event&) = default;
};

// Field widths in the order of the specification, after the prefix of 1, 2, 2 and 6 bytes.
const std::map<char, std::vector<std::size_t>>& layouts() {
  static const std::map<char, std::vector<std::size_t>> kLayouts{
      {'S', {1}},
      {'R', {8, 1, 1, 4, 1, 1, 2, 1, 1, 1, 1, 1, 4, 1}},
      {'H', {8, 1, 1, 4}},
      {'Y', {8, 1}},
      {'L', {4, 8, 1, 1, 1}},
      {'V', {8, 8, 8}},
      {'W', {1}},
      {'K', {8, 4, 1, 4}},
      {'J', {8, 4, 4, 4, 4}},
      {'h', {8, 1, 1}},
      {'A', {8, 1, 4, 8, 4}},
      {'F', {8, 1, 4, 8, 4, 4}},
      {'E', {8, 4, 8}},
      {'C', {8, 4, 8, 1, 4}},
      {'X', {8, 4}},
      {'D', {8}},
      {'U', {8, 8, 4, 4}},
      {'P', {8, 1, 4, 8, 4, 8}},
      {'Q', {8, 8, 4, 8, 1}},
      {'B', {8}},
      {'I', {8, 8, 1, 8, 4, 4, 4, 1, 1}},
      {'N', {8, 1}},
      {'O', {8, 1, 4, 4, 4, 8, 4, 4}},
  };
  return kLayouts;
}

std::uint64_t number_at(const Bytes& bytes, std::size_t from, std::size_t width) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < width; ++i) {
    value = value * 256 + std::to_integer<std::uint64_t>(bytes.at(from + i));
  }
  return value;
}

Event slow_decode(std::uint64_t sequence, const Bytes& message) {
  if (message.empty()) return {sequence, DecodeStatus::wrong_length, {}};
  const auto layout = layouts().find(static_cast<char>(message.front()));
  if (layout == layouts().end()) return {sequence, DecodeStatus::unknown_type, {}};
  std::vector<std::size_t> widths{1, 2, 2, 6};
  widths.insert(widths.end(), layout->second.begin(), layout->second.end());
  Event event{sequence, DecodeStatus::ok, {}};
  std::size_t at = 0;
  for (const std::size_t width : widths) {
    if (at + width > message.size()) return {sequence, DecodeStatus::wrong_length, {}};
    event.fields.push_back(number_at(message, at, width));
    at += width;
  }
  if (at < message.size()) event.status = DecodeStatus::ok_longer;
  return event;
}

struct Outcome {
  moldudp64::PacketStatus status = moldudp64::PacketStatus::ok;
  std::vector<Event> events;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

Outcome slow_walk(const Bytes& packet) {
  using moldudp64::PacketStatus;
  if (packet.size() < 20) return {PacketStatus::too_short, {}};
  const std::uint64_t sequence = number_at(packet, 10, 8);
  const std::uint64_t count = number_at(packet, 18, 2);
  const bool more = packet.size() > 20;
  if (count == 0) return {more ? PacketStatus::trailing_bytes : PacketStatus::heartbeat, {}};
  if (count == 65535) {
    return {more ? PacketStatus::end_of_session_with_payload : PacketStatus::end_of_session, {}};
  }
  if (std::numeric_limits<std::uint64_t>::max() - sequence < count) {
    return {PacketStatus::sequence_overflow, {}};
  }
  Outcome outcome;
  std::size_t at = 20;
  for (std::uint64_t i = 0; i < count; ++i) {
    if (at == packet.size()) outcome.status = PacketStatus::missing_blocks;
    if (at + 1 == packet.size()) outcome.status = PacketStatus::truncated_length;
    if (outcome.status != PacketStatus::ok) return outcome;
    const std::size_t length = number_at(packet, at, 2);
    if (at + 2 + length > packet.size()) {
      outcome.status = PacketStatus::truncated_block;
      return outcome;
    }
    Bytes message;
    for (std::size_t k = 0; k < length; ++k) message.push_back(packet.at(at + 2 + k));
    outcome.events.push_back(slow_decode(sequence + i, message));
    at += 2 + length;
  }
  if (at != packet.size()) outcome.status = PacketStatus::trailing_bytes;
  return outcome;
}

// Reads each view through its accessors into the same list of numbers.
class Flattener {
 public:
  [[nodiscard]] std::vector<std::uint64_t> take() { return std::exchange(fields_, {}); }

  void operator()(const SystemEvent& m) { add(m, m.event()); }
  void operator()(const StockDirectory& m) {
    add(m, m.stock(), m.market_category(), m.financial_status(), m.round_lot_size(),
        m.round_lots_only(), m.issue_classification(), m.issue_sub_type(), m.authenticity(),
        m.short_sale_threshold(), m.ipo_flag(), m.luld_tier(), m.etp_flag(),
        m.etp_leverage_factor(), m.inverse_indicator());
  }
  void operator()(const TradingAction& m) {
    add(m, m.stock(), m.trading_state(), m.reserved(), m.reason());
  }
  void operator()(const RegShoRestriction& m) { add(m, m.stock(), m.action()); }
  void operator()(const MarketParticipantPosition& m) {
    add(m, m.mpid(), m.stock(), m.primary_market_maker(), m.market_maker_mode(),
        m.participant_state());
  }
  void operator()(const MwcbDeclineLevel& m) { add(m, m.level_1(), m.level_2(), m.level_3()); }
  void operator()(const MwcbStatus& m) { add(m, m.breached_level()); }
  void operator()(const IpoQuotingPeriod& m) {
    add(m, m.stock(), m.release_time_s(), m.release_qualifier(), m.ipo_price());
  }
  void operator()(const LuldAuctionCollar& m) {
    add(m, m.stock(), m.reference_price(), m.upper_price(), m.lower_price(), m.extension_count());
  }
  void operator()(const OperationalHalt& m) { add(m, m.stock(), m.market_code(), m.action()); }
  void operator()(const AddOrder& m) {
    add(m, m.order_ref(), m.side(), m.shares(), m.stock(), m.price());
  }
  void operator()(const AddOrderMpid& m) {
    add(m, m.order_ref(), m.side(), m.shares(), m.stock(), m.price(), m.mpid());
  }
  void operator()(const OrderExecuted& m) { add(m, m.order_ref(), m.shares(), m.match_number()); }
  void operator()(const OrderExecutedWithPrice& m) {
    add(m, m.order_ref(), m.shares(), m.match_number(), m.printable(), m.price());
  }
  void operator()(const OrderCancel& m) { add(m, m.order_ref(), m.shares()); }
  void operator()(const OrderDelete& m) { add(m, m.order_ref()); }
  void operator()(const OrderReplace& m) {
    add(m, m.original_order_ref(), m.new_order_ref(), m.shares(), m.price());
  }
  void operator()(const Trade& m) {
    add(m, m.order_ref(), m.side(), m.shares(), m.stock(), m.price(), m.match_number());
  }
  void operator()(const CrossTrade& m) {
    add(m, m.shares(), m.stock(), m.price(), m.match_number(), m.cross_type());
  }
  void operator()(const BrokenTrade& m) { add(m, m.match_number()); }
  void operator()(const NetOrderImbalance& m) {
    add(m, m.paired_shares(), m.imbalance_shares(), m.imbalance_direction(), m.stock(),
        m.far_price(), m.near_price(), m.reference_price(), m.cross_type(), m.price_variation());
  }
  void operator()(const RetailInterest& m) { add(m, m.stock(), m.interest()); }
  void operator()(const DirectListing& m) {
    add(m, m.stock(), m.open_eligible(), m.minimum_price(), m.maximum_price(),
        m.near_execution_price(), m.near_execution_time_ns(), m.lower_collar(), m.upper_collar());
  }

 private:
  static std::uint64_t number(char c) { return static_cast<unsigned char>(c); }
  template <typename T>
  static std::uint64_t number(T value) {
    return static_cast<std::uint64_t>(value);
  }
  template <std::size_t Width>
  static std::uint64_t number(const Text<Width>& text) {
    std::uint64_t value = 0;
    for (const char c : text.chars) value = value * 256 + number(c);
    return value;
  }
  template <typename View, typename... Fields>
  void add(const View& view, const Fields&... fields) {
    fields_ = {number(View::kType), number(view.stock_locate()), number(view.tracking_number()),
               number(view.timestamp_ns()), number(fields)...};
  }

  std::vector<std::uint64_t> fields_;
};

Outcome fast_walk(const Bytes& packet) {
  Outcome outcome;
  Flattener flattener;
  outcome.status = moldudp64::for_each_message(
      packet, [&](std::uint64_t sequence, std::span<const std::byte> message) {
        const DecodeStatus status = decode(message, flattener);
        outcome.events.push_back({sequence, status, flattener.take()});
      });
  return outcome;
}

class PacketSource {
 public:
  explicit PacketSource(std::uint64_t seed) : random_{seed} {}

  Bytes next() {
    Bytes packet;
    for (std::size_t i = 0; i < 10; ++i) packet.push_back(static_cast<std::byte>('0' + i));
    append(packet,
           below(50) == 0 ? std::numeric_limits<std::uint64_t>::max() - below(20)
                          : random_() >> below(64),
           8);
    const std::uint64_t count = below(12);
    append(packet, below(50) == 0 ? 65535 : count, 2);
    for (std::uint64_t i = 0; i < count; ++i) append_block(packet);
    damage(packet);
    return packet;
  }

 private:
  std::uint64_t below(std::uint64_t bound) { return random_() % bound; }

  static void append(Bytes& packet, std::uint64_t value, std::size_t width) {
    for (std::size_t i = width; i > 0; --i) {
      packet.push_back(static_cast<std::byte>(value >> (8 * (i - 1))));
    }
  }

  void append_block(Bytes& packet) {
    Bytes message = test::from_hex(test::kVectors.at(below(test::kVectors.size())).hex);
    for (std::size_t i = 1; i < message.size(); ++i) {
      if (below(2) == 0) message[i] = static_cast<std::byte>(random_());
    }
    if (below(20) == 0) message.front() = static_cast<std::byte>(random_());
    if (below(20) == 0) message.resize(below(message.size() + 20));
    const std::uint64_t length = below(60) == 0 ? below(200) : message.size();
    append(packet, length, 2);
    packet.insert(packet.end(), message.begin(), message.end());
  }

  void damage(Bytes& packet) {
    if (below(20) == 0) packet.resize(below(packet.size() + 1));
    if (below(20) == 0) packet.resize(packet.size() + below(5));
    if (below(20) == 0 && !packet.empty()) packet[below(packet.size())] ^= std::byte{0x10};
  }

  std::mt19937_64 random_;
};

TEST(ItchDifferential, AgreesWithSlowDecoderOnRandomPackets) {
  PacketSource source{5};
  std::map<moldudp64::PacketStatus, std::size_t> packets;
  std::map<DecodeStatus, std::size_t> messages;
  for (int round = 0; round < 20'000; ++round) {
    const Bytes packet = source.next();
    const Outcome expected = slow_walk(packet);
    ASSERT_EQ(fast_walk(packet), expected) << round;
    ++packets[expected.status];
    for (const Event& event : expected.events) ++messages[event.status];
  }
  // The stream has reached every outcome, so that the agreement means something.
  constexpr std::size_t kStatusesOfMoldUdp64 = 10;
  EXPECT_EQ(packets.size(), kStatusesOfMoldUdp64);
  EXPECT_EQ(messages.size(), kDecodeStatusCount);
  EXPECT_GT(messages[DecodeStatus::ok], 50'000U);
}

}  // namespace
}  // namespace tapeline::codec::itch
