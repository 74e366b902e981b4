#pragma once

// The decoder and its rivals. Each makes the same values of the same texts; codec_bench.cpp checks
// that before it measures. Trades are those of Binance (trade, aggTrade) and Coinbase (match,
// last_match), updates those of Binance.

#include <memory>

#include "tests/bench/codec/messages.hpp"

namespace tapeline::bench {

class Contender {
 public:
  Contender() = default;
  Contender(const Contender&) = delete;
  Contender& operator=(const Contender&) = delete;
  virtual ~Contender() = default;

  // Throw std::exception on what they can not read. The value lives until the next call.
  [[nodiscard]] virtual TradeValue trade(const Message& message) = 0;
  [[nodiscard]] virtual UpdateValue update(const Message& message) = 0;
};

[[nodiscard]] std::unique_ptr<Contender> make_tapeline();
// Without the shorter way that the commonest messages have.
[[nodiscard]] std::unique_ptr<Contender> make_kernel();
[[nodiscard]] std::unique_ptr<Contender> make_nlohmann();
// The document tree in memory that is used again and again; "in situ" first copies the text and
// lets the strings stay in the copy; "events" is the handler interface, without a tree.
[[nodiscard]] std::unique_ptr<Contender> make_rapidjson();
[[nodiscard]] std::unique_ptr<Contender> make_rapidjson_in_situ();
[[nodiscard]] std::unique_ptr<Contender> make_rapidjson_events();

}  // namespace tapeline::bench
