// What happens at a fixed time of a session: halts, new listings, breaks.

#include "app/simulate/session.hpp"

namespace tapeline::simulate {

namespace {

namespace itch = codec::itch;
using Out = std::span<std::byte>;
using itch::Prefix;

}  // namespace

void Session::trading_action(std::uint16_t instrument, char state, std::string_view reason) {
  tape_.put('H', locate(instrument), [&](Out out, const Prefix& prefix) {
    return itch::encode_trading_action(out, prefix, instruments_[instrument].symbol, state,
                                       itch::Reason::from(reason));
  });
}

void Session::resume_with_cross(std::uint16_t instrument, char cross_type,
                                std::string_view reason) {
  flow_.cross(instrument, cross_type, true, budget() / 2 + 1);
  tape_.advance(20'000 + random_.below(50'000));
  trading_action(instrument, 'T', reason);
  flow_.set_state(instrument, TradingState::trading);
}

void Session::collar(std::uint16_t instrument) {
  const std::uint32_t reference = flow_.price(instrument);
  const std::uint32_t width = reference / 20 / 100 * 100 + 100;
  tape_.put('J', locate(instrument), [&](Out out, const Prefix& prefix) {
    return itch::encode_luld_auction_collar(out, prefix, instruments_[instrument].symbol, reference,
                                            reference + width,
                                            reference > width ? reference - width : 100, 0);
  });
}

void Session::keep(const Appointment& appointment) {
  const std::uint16_t instrument = appointment.instrument;
  tape_.advance(random_.below(1'000'000));
  switch (appointment.occasion) {
    case Occasion::short_sale_restriction:
      tape_.put('Y', locate(instrument), [&](Out out, const Prefix& prefix) {
        return itch::encode_reg_sho_restriction(out, prefix, instruments_[instrument].symbol, '1');
      });
      return;
    case Occasion::market_wide_breach:
      tape_.put('W', 0, [](Out out, const Prefix& prefix) {
        return itch::encode_mwcb_status(out, prefix, '1');
      });
      return;
    case Occasion::broken_trade: flow_.break_trade(); return;
    case Occasion::ipo_notice:
    case Occasion::ipo_quote:
    case Occasion::ipo_release:
    case Occasion::direct_listing_news:
    case Occasion::direct_listing_release: return keep_listing(appointment);
    default: return keep_halt(appointment);
  }
}

void Session::keep_halt(const Appointment& appointment) {
  const std::uint16_t instrument = appointment.instrument;
  const auto operational = [&](char action) {
    tape_.put('h', locate(instrument), [&](Out out, const Prefix& prefix) {
      return itch::encode_operational_halt(out, prefix, instruments_[instrument].symbol, 'Q',
                                           action);
    });
  };
  switch (appointment.occasion) {
    case Occasion::volatility_pause:
      trading_action(instrument, 'P', "LUDP");
      flow_.set_state(instrument, TradingState::halted);
      return;
    case Occasion::volatility_collar: return collar(instrument);
    case Occasion::volatility_quote: return trading_action(instrument, 'Q', "LUDP");
    case Occasion::volatility_resume:
      collar(instrument);
      tape_.advance(1'000'000);
      return resume_with_cross(instrument, 'H', "LUDP");
    case Occasion::news_halt:
      trading_action(instrument, 'H', "T1");
      flow_.set_state(instrument, TradingState::halted);
      return;
    case Occasion::news_quote: return trading_action(instrument, 'Q', "T3");
    case Occasion::news_resume: return resume_with_cross(instrument, 'H', "T3");
    case Occasion::operational_halt:
      operational('H');
      flow_.set_state(instrument, TradingState::halted);
      return;
    case Occasion::operational_resume:
      operational('T');
      flow_.set_state(instrument, TradingState::trading);
      return;
    default: return;
  }
}

void Session::keep_listing(const Appointment& appointment) {
  const std::uint16_t instrument = appointment.instrument;
  const itch::Symbol& symbol = instruments_[instrument].symbol;
  const std::uint32_t price = flow_.price(instrument);
  switch (appointment.occasion) {
    case Occasion::ipo_notice: {
      const std::uint32_t release = appointment.second + kIpoNoticeSeconds;
      tape_.put('K', locate(instrument), [&](Out out, const Prefix& prefix) {
        return itch::encode_ipo_quoting_period(out, prefix, symbol, release, 'A', price);
      });
      return;
    }
    case Occasion::ipo_quote:
      trading_action(instrument, 'Q', "IPOQ");
      flow_.set_state(instrument, TradingState::halted);
      return;
    case Occasion::ipo_release: return resume_with_cross(instrument, 'I', "IPOD");
    case Occasion::direct_listing_news: {
      itch::DirectListingFields fields;
      fields.stock = symbol;
      fields.open_eligible = 'Y';
      fields.minimum_price = price - price / 5;
      fields.maximum_price = price + price / 5;
      fields.near_execution_price = price;
      fields.near_execution_time_ns = tape_.now_ns() + 30 * kNanosPerSecond;
      fields.lower_collar = price - price / 10;
      fields.upper_collar = price + price / 10;
      tape_.put('O', locate(instrument), [&](Out out, const Prefix& prefix) {
        return itch::encode_direct_listing(out, prefix, fields);
      });
      return;
    }
    case Occasion::direct_listing_release: return resume_with_cross(instrument, 'I', "IPOD");
    default: return;
  }
}

}  // namespace tapeline::simulate
