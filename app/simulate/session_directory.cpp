// What a session says before the system hours begin.

#include "app/simulate/session.hpp"

namespace tapeline::simulate {

namespace {

namespace itch = codec::itch;
using Out = std::span<std::byte>;
using itch::Prefix;

}  // namespace

void Session::give_start() {
  tape_.set_limit(kStartOfSystemHours * kNanosPerSecond - 1);
  tape_.set_time(kStartOfMessages * kNanosPerSecond + random_.below(1'000'000));
  announce('O');
  tape_.set_time(clock_time(3, 5) * kNanosPerSecond);
  enter(Phase::directory);
}

// A few microseconds between messages, a longer pause after every 64.
void Session::directory_pause() noexcept {
  tape_.start_burst();
  tape_.advance(cursor_ % 64 == 63 ? 1'000'000 : 1'000 + random_.below(2'000));
}

void Session::give_directory() {
  const Instrument& instrument = instruments_[cursor_];
  itch::StockDirectoryFields fields;
  fields.stock = instrument.symbol;
  fields.market_category = instrument.market_category;
  fields.financial_status = instrument.has_cross() ? 'N' : ' ';
  fields.round_lot_size = instrument.price_ticks >= 100'000 ? 10 : 100;
  fields.issue_classification = instrument.is_fund ? 'Q' : 'C';
  fields.short_sale_threshold = random_.one_in(200) ? 'Y' : 'N';
  fields.ipo_flag = cursor_ == listings_.ipo ? 'Y' : 'N';
  fields.luld_tier = random_.percent(20) ? '1' : '2';
  fields.etp_flag = instrument.is_fund ? 'Y' : 'N';
  fields.etp_leverage_factor = instrument.is_fund ? 1 : 0;
  directory_pause();
  tape_.put('R', locate(cursor_), [&](Out out, const Prefix& prefix) {
    return itch::encode_stock_directory(out, prefix, fields);
  });
  if (++cursor_ < instruments_.size()) return;
  tape_.put('V', 0, [](Out out, const Prefix& prefix) {
    // 7, 13 and 20 % below a made-up close of 5,000 points, with 8 decimals.
    return itch::encode_mwcb_decline_level(out, prefix, 465'000'000'000U, 435'000'000'000U,
                                           400'000'000'000U);
  });
  tape_.set_time(clock_time(3, 10) * kNanosPerSecond);
  enter(Phase::trading_states);
}

void Session::give_trading_state() {
  directory_pause();
  const bool is_new = flow_.state(cursor_) == TradingState::closed;
  trading_action(cursor_, is_new ? 'H' : 'T', is_new ? "IPO1" : "");
  if (++cursor_ < instruments_.size()) return;
  tape_.set_time(clock_time(3, 12) * kNanosPerSecond);
  enter(Phase::short_sale_states);
}

void Session::give_short_sale_state() {
  directory_pause();
  const char action = random_.percent(3) ? '2' : '0';
  tape_.put('Y', locate(cursor_), [&](Out out, const Prefix& prefix) {
    return itch::encode_reg_sho_restriction(out, prefix, instruments_[cursor_].symbol, action);
  });
  if (++cursor_ < instruments_.size()) return;
  tape_.set_time(clock_time(3, 15) * kNanosPerSecond);
  enter(Phase::participants);
}

void Session::give_participants() {
  directory_pause();
  const Instrument& instrument = instruments_[cursor_];
  const std::uint32_t first = random_.below(16);
  for (std::uint32_t i = 0; i < instrument.market_makers; ++i) {
    tape_.put('L', locate(cursor_), [&](Out out, const Prefix& prefix) {
      return itch::encode_market_participant_position(out, prefix, mpid(first + i),
                                                      instrument.symbol, 'Y', 'N', 'A');
    });
  }
  if (++cursor_ < instruments_.size()) return;
  tape_.set_time(kStartOfSystemHours * kNanosPerSecond);
  tape_.set_limit((kStartOfSystemHours + 1) * kNanosPerSecond - 1);
  announce('S');
  left_in_second_ = activity_.take(second_, budget(), random_);
  enter(Phase::day);
}

}  // namespace tapeline::simulate
