#include "app/feed/json_feed.hpp"

#include <algorithm>

#include "codec/json/recorded_line.hpp"

namespace tapeline::feed {

namespace {

namespace json = codec::json;

using json::Kind;
using json::Venue;

// Prices that are spelled with more decimals than this would leave no room before the point.
constexpr std::uint8_t kMaxSpelledDecimals = 12;

[[nodiscard]] std::uint64_t hash(std::string_view text) noexcept {
  std::uint64_t mixed = 0xCBF2'9CE4'8422'2325;
  for (const char c : text) {
    mixed = (mixed ^ static_cast<unsigned char>(c)) * 0x0000'0100'0000'01B3;
  }
  return mixed;
}

template <typename Enum, std::size_t kCount>
[[nodiscard]] Counter& at(std::array<Counter, kCount>& counters, Enum value) noexcept {
  return counters[static_cast<std::size_t>(value)];
}

}  // namespace

JsonFeed::JsonFeed(market::Market& market, const JsonFeedConfig& config)
    : market_{market},
      config_{config},
      venue_{config.venue},
      decoder_{config.limits},
      symbols_{std::clamp<std::size_t>(config.max_symbols, 1, market::kMaxInstruments)},
      states_{std::clamp<std::size_t>(config.max_symbols, 1, market::kMaxInstruments)},
      scaled_{std::max<std::size_t>(config.limits.levels, 1)},
      buffer_{config.buffer} {
  config_.price_decimals = std::min(config.price_decimals, kMaxSpelledDecimals);
  config_.size_decimals = std::min(config.size_decimals, market::kMaxSizeDecimals);
}

void JsonFeed::on_line(std::string_view line, std::int64_t receive_ns) noexcept {
  const json::RecordedLine recorded = json::parse_recorded_line(line);
  if (!venue_ && !recorded.url.empty()) venue_ = json::venue_of_url(recorded.url);
  if (recorded.receive_time_ns != 0) receive_ns = recorded.receive_time_ns;
  switch (recorded.kind) {
    case json::LineKind::empty: return;
    case json::LineKind::connected: return note_connection(recorded.url);
    case json::LineKind::sent: counts_.sent.add(); return decode(recorded.document, {}, receive_ns);
    case json::LineKind::answer:
      counts_.answers.add();
      return decode(recorded.document, json::symbol_of_url(recorded.url), receive_ns);
    case json::LineKind::received: return decode(recorded.document, {}, receive_ns);
    case json::LineKind::unknown: return counts_.unknown_lines.add();
  }
}

void JsonFeed::on_document(std::string_view text, std::int64_t receive_ns) noexcept {
  decode(text, {}, receive_ns);
}

void JsonFeed::decode(std::string_view text, std::string_view symbol,
                      std::int64_t receive_ns) noexcept {
  last_met_.reset();
  if (!venue_) [[unlikely]] {
    venue_ = decoder_.guess_venue(text);
    if (!venue_) return counts_.no_venue.add();
  }
  json::Document document;
  const json::DocumentStatus status = decoder_.decode(*venue_, text, document);
  if (status != json::DocumentStatus::ok) [[unlikely]] {
    at(counts_.by_refusal, status).add();
    if (status != json::DocumentStatus::unknown_shape) doubt_unnumbered();
    return;
  }
  at(counts_.by_kind, document.kind).add();
  receive_ns_ = std::max<std::int64_t>(receive_ns, 0);
  apply(document, document.symbol.empty() ? symbol : document.symbol);
}

void JsonFeed::apply(const json::Document& document, std::string_view symbol) noexcept {
  switch (document.kind) {
    case Kind::trades:
      for (const json::Trade& trade : document.trades) apply_trade(trade);
      return;
    case Kind::quote:
    case Kind::book_snapshot:
    case Kind::book_update: break;
    case Kind::heartbeat:
      if (!document.has_last_trade_id) return;
      break;
    case Kind::acknowledgement:
    case Kind::status:
    case Kind::venue_error:
    case Kind::instruments:
    case Kind::request:
    case Kind::other_known: return;
  }
  const std::optional<market::InstrumentId> id = meet(symbol);
  if (!id) return;
  // The time of a Coinbase ticker is that of the last trade, which may be long past.
  if (document.kind != Kind::quote || document.venue != Venue::coinbase) {
    reach(document.exchange_time_ns != 0 ? document.exchange_time_ns : document.sent_time_ns);
  }
  switch (document.kind) {
    case Kind::quote: return apply_quote(*id, document);
    case Kind::book_snapshot: return apply_snapshot(*id, document);
    case Kind::book_update: return apply_update(*id, document);
    default: {
      const TradeStep lost = state_of(*id).trades.on_promise(document.last_trade_id);
      if (lost.lost != 0) counts_.missing_tails.add();
      return lose_trades(*id, lost);
    }
  }
}

void JsonFeed::apply_trade(const json::Trade& trade) noexcept {
  const std::optional<market::InstrumentId> id = meet(trade.symbol);
  if (!id) return;
  SymbolState& state = state_of(*id);
  if (!trade.has_id) {
    state.has_unnumbered_trades = true;
    all_doubted_ = false;
  }
  const TradeStep step = state.trades.on_trade(trade);
  if (step.lost != 0) [[unlikely]]
    lose_trades(*id, step);
  switch (step.verdict) {
    case TradeVerdict::counts: break;
    case TradeVerdict::replayed: return counts_.replayed_trades.add();
    case TradeVerdict::duplicate: return counts_.duplicate_trades.add();
    case TradeVerdict::parallel: return counts_.parallel_trades.add();
  }
  reach(trade.time_ns);
  const std::optional<market::Price> price = scaled_price(*id, trade.price);
  const std::optional<std::uint64_t> size = scaled_size(trade.size);
  if (!price || !size) [[unlikely]]
    return market_.on_missed_print(*id);
  market_.report_trade(*id, *size, *price, market::MatchNumber{trade.trade_id});
  counts_.trades.add();
}

void JsonFeed::apply_quote(market::InstrumentId id, const json::Document& document) noexcept {
  SymbolState& state = state_of(id);
  const std::uint64_t number =
      document.has_update_ids ? document.last_update_id : document.sequence;
  if (number < state.quote_id) return counts_.old_quotes.add();
  state.quote_id = number;
  bool good = true;
  // Where nobody is, Binance quotes price and size 0.
  const auto side = [&](json::Decimal price, json::Decimal size) noexcept {
    market::QuoteSide quote;
    if (price.mantissa == 0 && size.mantissa == 0) return quote;
    const std::optional<market::Price> scaled = scaled_price(id, price);
    const std::optional<std::uint64_t> shares = scaled_size(size);
    good = good && scaled && shares;
    if (scaled) quote = {.price = *scaled, .size = shares.value_or(0), .is_there = true};
    return quote;
  };
  const market::QuoteSide bid = side(document.quote.bid, document.quote.bid_size);
  const market::QuoteSide ask = side(document.quote.ask, document.quote.ask_size);
  market_.set_quote(id, bid, ask);
  if (!good) market_.mark_doubtful(id);
  counts_.quotes.add();
}

void JsonFeed::doubt_unnumbered() noexcept {
  if (all_doubted_) return;
  all_doubted_ = true;
  if (venue_ == Venue::coinbase) market_.mark_all_stale();
  for (std::size_t i = 0; i < symbols_.size(); ++i) {
    const auto id = market::InstrumentId{static_cast<std::uint16_t>(i)};
    if (state_of(id).has_unnumbered_trades) market_.on_missed_print(id);
  }
}

void JsonFeed::on_loss() noexcept {
  for (std::size_t i = 0; i < symbols_.size(); ++i) {
    const auto id = market::InstrumentId{static_cast<std::uint16_t>(i)};
    SymbolState& state = state_of(id);
    counts_.buffer_drops.add(state.held.updates);
    buffer_.clear(state.held);
    state.depth.lose();
    state.has_book = false;
    state.quote_id = 0;
    if (state.has_unnumbered_trades) market_.on_missed_print(id);
  }
  market_.mark_all_stale();
}

void JsonFeed::finish() noexcept {
  for (std::size_t i = 0; i < symbols_.size(); ++i) {
    const auto id = market::InstrumentId{static_cast<std::uint16_t>(i)};
    const TradeStep lost = state_of(id).trades.settle();
    if (lost.lost != 0) counts_.missing_tails.add();
    lose_trades(id, lost);
  }
  market_.close_all();
}

std::optional<market::InstrumentId> JsonFeed::meet(std::string_view symbol) noexcept {
  const std::optional<market::SymbolDirectory::Found> found = symbols_.find_or_add(symbol);
  if (!found) [[unlikely]] {
    counts_.no_symbol.add();
    return std::nullopt;
  }
  if (found->is_new) [[unlikely]] {
    state_of(found->id).price_decimals = config_.price_decimals;
    list(found->id);
  }
  last_met_ = found->id;
  return found->id;
}

void JsonFeed::list(market::InstrumentId id) noexcept {
  market_.list(id, {.symbol = symbols_.symbol(id),
                    .price_decimals = state_of(id).price_decimals,
                    .size_decimals = config_.size_decimals});
}

std::optional<market::Price> JsonFeed::scaled_price(market::InstrumentId id,
                                                    json::Decimal price) noexcept {
  SymbolState& state = state_of(id);
  if (!state.is_scaled) [[unlikely]] {
    state.is_scaled = true;
    if (price.decimals > state.price_decimals) {
      state.price_decimals = std::min(price.decimals, kMaxSpelledDecimals);
      list(id);
    }
  }
  const std::optional<std::int64_t> units = json::rescale(price, state.price_decimals);
  if (!units || *units <= 0) [[unlikely]] {
    counts_.bad_prices.add();
    return std::nullopt;
  }
  return market::Price{*units};
}

std::optional<std::uint64_t> JsonFeed::scaled_size(json::Decimal size) noexcept {
  const std::optional<std::int64_t> units = json::rescale(size, config_.size_decimals);
  if (!units || *units < 0) [[unlikely]] {
    counts_.bad_sizes.add();
    return std::nullopt;
  }
  return static_cast<std::uint64_t>(*units);
}

void JsonFeed::reach(std::int64_t time_ns) noexcept {
  if (time_ns <= 0) return;
  if (!clock_.believes(time_ns, receive_ns_)) [[unlikely]]
    return counts_.bad_times.add();
  // Documents of different symbols overtake each other; that is no fault.
  const auto time = static_cast<market::ExchangeNanos>(time_ns);
  if (time > market_.now()) market_.advance(time);
}

void JsonFeed::lose_trades(market::InstrumentId id, const TradeStep& step) noexcept {
  if (step.lost == 0) return;
  counts_.lost_trades.add(step.lost);
  market_.on_missed_print(id);
  if (step.hole_goes_on) {
    JsonGap* const noted = gap_count_ == 0 ? nullptr : &gaps_[gap_count_ - 1];
    if (noted != nullptr && noted->instrument == id && noted->of == JsonGap::Of::trades) {
      noted->count += step.lost;
    }
    return;
  }
  counts_.trade_gaps.add();
  note_gap(
      {.instrument = id, .of = JsonGap::Of::trades, .first = step.first_lost, .count = step.lost});
}

void JsonFeed::note_gap(const JsonGap& gap) noexcept {
  if (gap_count_ == kMaxGaps) return counts_.unnoted_gaps.add();
  gaps_[gap_count_++] = gap;
}

// A recording may hold several connections; one that is made a second time was lost.
void JsonFeed::note_connection(std::string_view url) noexcept {
  counts_.connections.add();
  const std::uint64_t made = hash(url);
  const auto* const end = urls_.begin() + url_count_;
  if (url_count_ == kMaxUrls || std::find(urls_.cbegin(), end, made) != end) return on_loss();
  urls_[url_count_++] = made;
}

}  // namespace tapeline::feed
