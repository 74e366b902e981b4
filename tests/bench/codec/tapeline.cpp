#include <stdexcept>

#include "codec/json/decoder.hpp"
#include "codec/json/kernel.hpp"
#include "tests/bench/codec/contenders.hpp"

namespace tapeline::bench {

namespace {

class Tapeline : public Contender {
 public:
  Tapeline() = default;
  // Every message by this kernel.
  explicit Tapeline(const codec::json::detail::Kernel& kernel)
      : decoder_{codec::json::Limits{}, kernel} {}

  TradeValue trade(const Message& message) override {
    decode(message);
    const codec::json::Trade& trade = document_.trades.front();
    return {.symbol = trade.symbol,
            .id = trade.trade_id,
            .price = trade.price.mantissa,
            .size = trade.size.mantissa,
            .time_ns = trade.time_ns,
            .price_decimals = trade.price.decimals,
            .size_decimals = trade.size.decimals,
            .is_buy = trade.aggressor == codec::json::Side::buy};
  }

  UpdateValue update(const Message& message) override {
    decode(message);
    UpdateValue value{document_.levels.size(), 0};
    for (const codec::json::Level& level : document_.levels) {
      value.sum += static_cast<std::uint64_t>(level.price.mantissa) +
                   static_cast<std::uint64_t>(level.size.mantissa);
    }
    return value;
  }

 private:
  void decode(const Message& message) {
    if (decoder_.decode(message.venue, message.text, document_) !=
        codec::json::DocumentStatus::ok) {
      throw std::runtime_error{"tapeline refuses a message"};
    }
  }

  codec::json::Decoder decoder_;
  codec::json::Document document_;
};

}  // namespace

std::unique_ptr<Contender> make_tapeline() { return std::make_unique<Tapeline>(); }
std::unique_ptr<Contender> make_kernel() {
  return std::make_unique<Tapeline>(codec::json::detail::chosen_kernel());
}

}  // namespace tapeline::bench
