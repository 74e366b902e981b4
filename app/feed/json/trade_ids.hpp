#pragma once

// The numbers of one symbol's trades: what is missing, what comes again, what does not count.
//
// Coinbase, Kraken v2: trade_id rises by 1. Binance trade: "t" rises by 1; aggTrade: "a" rises by
// 1 and "f" follows the "l" of the one before. A symbol that is told both as trades and as
// aggregates is counted by that of them which came first.
//
// A trade that the venue tells again (Coinbase last_match, the snapshot of Kraken trades) is no
// trade of ours. Before the first of ours it sets the start of the count; later it shows what has
// passed us by, itself included, and that is lost.
//
// A number far ahead of the last one is followed, and what lies between is lost; but if the numbers
// then go on where they were, it was that one number that was wrong, and the count goes back.
//
// A heartbeat that knows a later trade promises it. It is lost when the next heartbeat, or the end,
// comes without it: the two kinds of message may overtake each other.
//
// All bits zero is a symbol without trades.
//
// Thread safety: none; a value.

#include <algorithm>
#include <cstdint>

#include "codec/json/document.hpp"

namespace tapeline::feed {

enum class TradeVerdict : std::uint8_t {
  counts,
  replayed,   // told again for those who join
  duplicate,  // was here before, or is older than what was
  parallel,   // the same trades are counted from another stream
};

struct TradeStep {
  TradeVerdict verdict = TradeVerdict::counts;
  std::uint64_t first_lost = 0;
  std::uint64_t lost = 0;     // trades that are missing in front of this one
  bool hole_goes_on = false;  // they follow right behind those that were lost before
};

class TradeIds {
 public:
  [[nodiscard]] TradeStep on_trade(const codec::json::Trade& trade) noexcept {
    const TradeVerdict good = trade.is_replayed ? TradeVerdict::replayed : TradeVerdict::counts;
    if (!trade.has_id) return {good};
    const Stream stream = trade.is_aggregate ? Stream::aggregates : Stream::trades;
    if (stream_ != stream) {
      if (stream_ != Stream::none) return {TradeVerdict::parallel};
      stream_ = stream;
      follow(trade);
      return {good};
    }
    if (goes_on_before_jump(trade)) {
      last_trade_ = before_jump_.trade;
      last_aggregate_ = before_jump_.aggregate;
      jump_ = 0;
    }
    if (trade.last_trade_id <= last_trade_ ||
        (trade.is_aggregate && trade.trade_id <= last_aggregate_)) {
      return {trade.is_replayed ? good : TradeVerdict::duplicate};
    }
    const bool only_joins = trade.is_replayed && !has_begun_;
    const TradeStep step = only_joins ? TradeStep{good} : lose(good, missing_before(trade));
    jump_ = 0;
    if (step.lost > kSureHole && !trade.is_replayed) {
      jump_ = trade.first_trade_id;
      before_jump_ = {last_trade_, last_aggregate_};
    }
    follow(trade);
    return step;
  }

  // Returns the trades that are lost for good: those that an earlier call promised.
  [[nodiscard]] TradeStep on_promise(std::uint64_t last_trade_id) noexcept {
    const TradeStep lost = settle();
    promised_ = last_trade_id;
    return lost;
  }

  // The same, without a new promise.
  [[nodiscard]] TradeStep settle() noexcept {
    if (stream_ != Stream::trades || promised_ <= last_trade_) return {};
    const TradeStep step = lose(TradeVerdict::counts, promised_ - last_trade_);
    last_trade_ = promised_;
    return step;
  }

 private:
  enum class Stream : std::uint8_t { none, trades, aggregates };

  // More trades than these are not lost between two messages without a reason to doubt it.
  static constexpr std::uint64_t kSureHole = 1'000;
  // A count of lost trades is at most this, so that sums of them hold.
  static constexpr std::uint64_t kMostLost = std::uint64_t{1} << 40U;

  struct Place {
    std::uint64_t trade = 0;
    std::uint64_t aggregate = 0;
  };

  [[nodiscard]] bool goes_on_before_jump(const codec::json::Trade& trade) const noexcept {
    return jump_ != 0 && !trade.is_replayed && trade.first_trade_id > before_jump_.trade &&
           trade.last_trade_id < jump_;
  }
  // Requires: trade.last_trade_id > last_trade_.
  [[nodiscard]] std::uint64_t missing_before(const codec::json::Trade& trade) const noexcept {
    if (trade.is_replayed) return trade.last_trade_id - last_trade_;
    const std::uint64_t next = last_trade_ + 1;
    const std::uint64_t trades = trade.first_trade_id > next ? trade.first_trade_id - next : 0;
    if (!trade.is_aggregate) return trades;
    return std::max(trades, trade.trade_id - last_aggregate_ - 1);
  }
  // `count` trades behind the last one.
  [[nodiscard]] TradeStep lose(TradeVerdict verdict, std::uint64_t count) noexcept {
    if (count == 0) return {verdict};
    const std::uint64_t first = last_trade_ + 1;
    const bool goes_on = first == behind_lost_;
    behind_lost_ = first + count;
    return {verdict, first, std::min(count, kMostLost), goes_on};
  }
  void follow(const codec::json::Trade& trade) noexcept {
    last_trade_ = trade.last_trade_id;
    if (trade.is_aggregate) last_aggregate_ = trade.trade_id;
    has_begun_ = has_begun_ || !trade.is_replayed;
  }

  std::uint64_t last_trade_ = 0;
  std::uint64_t last_aggregate_ = 0;
  std::uint64_t promised_ = 0;
  std::uint64_t behind_lost_ = 0;  // the number behind the last one that was lost
  std::uint64_t jump_ = 0;         // the first number behind a hole that is doubted, 0: none
  Place before_jump_;              // the last ones in front of it
  Stream stream_ = Stream::none;
  bool has_begun_ = false;  // a trade of ours was told
};

}  // namespace tapeline::feed
