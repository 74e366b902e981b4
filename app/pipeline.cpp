#include "app/pipeline.hpp"

#include <algorithm>

namespace tapeline {

namespace {

constexpr std::int64_t kNanosPerMilli = 1'000'000;
constexpr std::size_t kHoldBytes = std::size_t{8} * 1024 * 1024;  // in pooled buffers

[[nodiscard]] market::MarketConfig market_config(const MarketConfig& config) {
  market::MarketConfig result;
  result.max_orders_mib = config.max_orders_mib;
  result.preallocated_orders_mib = config.preallocated_orders_mib;
  result.print_history = config.print_history;
  result.scalar_kernels = config.scalar_kernels;
  return result;
}

[[nodiscard]] net::SequencerConfig sequencer_config(const PipelineConfig& config) {
  net::SequencerConfig result;
  result.lines = config.lines;
  result.hold_packets = config.channel.hold_packets;
  result.hold_bytes = kHoldBytes;
  result.accept_unsequenced = config.accept_unsequenced;
  result.hold_ns = std::int64_t{config.channel.hold_ms} * kNanosPerMilli;
  return result;
}

[[nodiscard]] double price_of(const market::Level* level, std::uint8_t decimals) noexcept {
  return level == nullptr ? std::numeric_limits<double>::quiet_NaN()
                          : market::to_double(level->price, decimals);
}

[[nodiscard]] status::TopInstrument top_instrument(const market::Market& market,
                                                   market::InstrumentId id) noexcept {
  const market::Instrument& instrument = market.instrument(id);
  const market::SessionTotals totals = market.totals(id);
  const std::uint8_t decimals = instrument.price_decimals;
  status::TopInstrument top;
  std::string_view symbol{instrument.symbol.data(), instrument.symbol.size()};
  symbol = symbol.substr(0, symbol.find_last_not_of(std::string_view{" \0", 2}) + 1);
  top.set_symbol(symbol);
  top.volume = totals.volume;
  top.trades = totals.trades;
  if (totals.volume > 0) top.vwap = totals.vwap() / market::units_per_one(decimals);
  if (totals.traded) top.last = market::to_double(totals.last, decimals);
  top.bid = price_of(instrument.book.best(market::Side::buy), decimals);
  top.ask = price_of(instrument.book.best(market::Side::sell), decimals);
  return top;
}

}  // namespace

Pipeline::Pipeline(const PipelineConfig& config, pool::LockFreeBufferPool& pools,
                   archive::ArchiveWriter* archive, market::BarSink* bars)
    : archive_{archive},
      market_{market_config(config.market), pools.simd(), bars},
      feed_{market_},
      sequencer_{sequencer_config(config), pools.serialization()} {}

void Pipeline::finish(std::int64_t now_ns) {
  Handler handler{*this};
  sequencer_.finish(now_ns, handler);
  market_.close_all();
  publish();
}

void Pipeline::publish() {
  std::array<market::VolumeRank, status::TopSnapshot::kMaxInstruments> ranks;
  std::array<status::TopInstrument, status::TopSnapshot::kMaxInstruments> top;
  const std::size_t count = market_.top_by_volume(ranks);
  std::transform(
      ranks.begin(), ranks.begin() + static_cast<std::ptrdiff_t>(count), top.begin(),
      [this](const market::VolumeRank& rank) { return top_instrument(market_, rank.instrument); });
  top_.publish({top.data(), count});
  std::uint64_t instruments = 0;
  std::uint64_t levels = 0;
  for (std::size_t i = 0; i < market_.instrument_bound(); ++i) {
    const market::Instrument& instrument = market_.instrument(market::InstrumentId(i));
    if (!instrument.seen) continue;
    ++instruments;
    levels += instrument.book.depth(market::Side::buy) + instrument.book.depth(market::Side::sell);
  }
  instruments_.set(instruments);
  levels_.set(levels);
}

}  // namespace tapeline
