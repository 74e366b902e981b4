#pragma once

// The state of a channel as a GLIMPSE 5.0 snapshot tells it, kept up with its ITCH 5.0 messages.
//
// It is made of the plainest parts (hash map of orders, copies of messages) and shares nothing with
// app/market, so that each can be held against the other.
//
// A snapshot is, in this order: the system events ('S', the last one of each kind, in the order in
// which they came), the directory ('R'), trading states ('H') and short sale restrictions ('Y') as
// they were last told, by locate; then the open orders ('A', or 'F' if attributed) in the order in
// which they entered the book, under their references and with the shares that remain, with the
// time of their entry. That other types are absent, and the order of the orders, are not confirmed
// by a public text.
//
// Thread safety: none.
// Memory:        grows with open orders, up to a bound.

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <unordered_map>
#include <vector>

#include "codec/itch/messages.hpp"

namespace tapeline::simulate {

// The messages one after the other, each behind its length in two bytes.
struct Snapshot {
  std::uint64_t next = 1;  // number of the first message that it does not contain
  std::uint64_t messages = 0;
  std::vector<std::byte> blocks;
};

struct SnapshotCounts {
  std::uint64_t unknown_orders = 0;   // changes of orders that are not open
  std::uint64_t repeated_orders = 0;  // entered while open; the later one counts
  std::uint64_t unreadable = 0;       // no message of ITCH 5.0
};

class SnapshotBuilder {
 public:
  static constexpr std::size_t kMaxOrders = 50'000'000;

  explicit SnapshotBuilder(std::size_t max_orders = kMaxOrders) : max_orders_{max_orders} {}

  // Takes message number next().
  void apply(std::span<const std::byte> message);

  [[nodiscard]] std::uint64_t next() const noexcept { return next_; }
  // False for good once there were more orders than it may keep.
  [[nodiscard]] bool is_whole() const noexcept { return is_whole_; }
  [[nodiscard]] std::size_t open_orders() const noexcept { return orders_.size(); }
  [[nodiscard]] const SnapshotCounts& counts() const noexcept { return counts_; }

  // Of all messages below next().
  [[nodiscard]] Snapshot make() const;

 private:
  struct Order {
    codec::itch::Prefix entry;
    codec::itch::Symbol stock;
    codec::itch::Price4 price = 0;
    std::uint32_t shares = 0;
    codec::itch::Mpid mpid;
    char side = ' ';
    bool attributed = false;
    std::uint64_t entered = 0;  // number of the message
  };
  using Orders = std::unordered_map<std::uint64_t, Order>;
  using Locate = std::uint16_t;

  struct Event {
    std::uint64_t entered = 0;
    std::array<std::byte, codec::itch::SystemEvent::kBytes> message{};
  };
  template <typename View>
  using LastOf = std::map<Locate, std::array<std::byte, View::kBytes>>;

  struct Applier;

  void enter(std::uint64_t ref, const Order& order);
  void reduce(std::uint64_t ref, std::uint32_t shares);
  void replace(const codec::itch::OrderReplace& view);
  [[nodiscard]] std::vector<Orders::const_pointer> by_entry() const;

  std::size_t max_orders_;
  std::uint64_t next_ = 1;
  bool is_whole_ = true;
  SnapshotCounts counts_;
  std::map<char, Event> events_;
  LastOf<codec::itch::StockDirectory> directory_;
  LastOf<codec::itch::TradingAction> trading_;
  LastOf<codec::itch::RegShoRestriction> restrictions_;
  Orders orders_;
};

}  // namespace tapeline::simulate
