#include <nlohmann/json.hpp>

#include "tests/bench/codec/contenders.hpp"

namespace tapeline::bench {

namespace {

using nlohmann::json;

std::string_view text_of(const json& value) { return value.get_ref<const std::string&>(); }

class Nlohmann : public Contender {
 public:
  TradeValue trade(const Message& message) override {
    tree_ = json::parse(message.text);
    if (message.venue == codec::json::Venue::coinbase) return coinbase(tree_);
    const auto data = tree_.find("data");
    return binance(data == tree_.end() ? tree_ : *data);
  }

  UpdateValue update(const Message& message) override {
    tree_ = json::parse(message.text);
    const json& body = tree_.at("data");
    UpdateValue value;
    for (const char* const side : {"b", "a"}) {
      for (const json& level : body.at(side)) {
        ++value.levels;
        value.sum += static_cast<std::uint64_t>(decimal_of(text_of(level.at(0))).mantissa) +
                     static_cast<std::uint64_t>(decimal_of(text_of(level.at(1))).mantissa);
      }
    }
    return value;
  }

 private:
  static TradeValue binance(const json& body) {
    const bool is_aggregate = text_of(body.at("e")) == "aggTrade";
    const auto price = decimal_of(text_of(body.at("p")));
    const auto size = decimal_of(text_of(body.at("q")));
    return {.symbol = text_of(body.at("s")),
            .id = body.at(is_aggregate ? "a" : "t").get<std::uint64_t>(),
            .price = price.mantissa,
            .size = size.mantissa,
            .time_ns = body.at("T").get<std::int64_t>() * 1'000'000,
            .price_decimals = price.decimals,
            .size_decimals = size.decimals,
            .is_buy = !body.at("m").get<bool>()};
  }

  static TradeValue coinbase(const json& body) {
    const auto price = decimal_of(text_of(body.at("price")));
    const auto size = decimal_of(text_of(body.at("size")));
    return {.symbol = text_of(body.at("product_id")),
            .id = body.at("trade_id").get<std::uint64_t>(),
            .price = price.mantissa,
            .size = size.mantissa,
            .time_ns = time_of(text_of(body.at("time"))),
            .price_decimals = price.decimals,
            .size_decimals = size.decimals,
            .is_buy = text_of(body.at("side")) == "sell"};
  }

  json tree_;
};

}  // namespace

std::unique_ptr<Contender> make_nlohmann() { return std::make_unique<Nlohmann>(); }

}  // namespace tapeline::bench
