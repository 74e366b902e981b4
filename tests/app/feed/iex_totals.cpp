// Plays a capture of an IEX feed into a market and prints totals, best prices and bars as JSON
// lines, for iex_totals.py to hold against integers.
//
//   iex_totals CAPTURE

#include <cstdio>
#include <string>

#include "app/feed/iex_feed.hpp"
#include "codec/iextp/decoder.hpp"
#include "net/open_capture.hpp"

namespace {

using namespace tapeline;

struct Nothing {};

std::string decimal(market::Int128 value) {
  if (value == 0) return "0";
  const bool negative = value < 0;
  std::string digits;
  for (; value != 0; value /= 10) {
    const auto digit = static_cast<int>(value % 10);
    digits.insert(digits.begin(), static_cast<char>('0' + (negative ? -digit : digit)));
  }
  return negative ? "-" + digits : digits;
}

class BarPrinter final : public market::BarSink {
 public:
  void on_bar(const market::Bar& bar) noexcept override {
    std::printf(
        "{\"bar\": %d, \"start\": %llu, \"symbol\": \"%s\", \"priced\": %s, "
        "\"prices\": [%lld, %lld, %lld, %lld], \"volume\": %llu, \"trades\": %llu, "
        "\"vwap\": %.17g, \"complete\": %s}\n",
        bar.period == market::BarPeriod::second ? 1 : 60,
        static_cast<unsigned long long>(bar.start_ns / market::kNanosPerSecond),
        std::string{market->symbol(bar.instrument)}.c_str(), bar.priced ? "true" : "false",
        static_cast<long long>(raw(bar.open)), static_cast<long long>(raw(bar.high)),
        static_cast<long long>(raw(bar.low)), static_cast<long long>(raw(bar.close)),
        static_cast<unsigned long long>(bar.volume), static_cast<unsigned long long>(bar.trades),
        bar.vwap, bar.complete ? "true" : "false");
  }
  const market::Market* market = nullptr;
};

void print_side(const char* name, const market::Level* best) {
  if (best == nullptr) {
    std::printf(", \"%s\": null", name);
    return;
  }
  std::printf(", \"%s\": [%lld, %llu]", name, static_cast<long long>(raw(best->price)),
              static_cast<unsigned long long>(best->shares));
}

void print_totals(const market::Market& market, market::InstrumentId id) {
  const market::SessionTotals totals = market.totals(id);
  std::printf(
      "{\"symbol\": \"%s\", \"volume\": %llu, \"trades\": %llu, \"notional\": %s, "
      "\"vwap\": %.17g, \"broken\": %u, \"incomplete\": %s, \"prices\": ",
      std::string{market.symbol(id)}.c_str(), static_cast<unsigned long long>(totals.volume),
      static_cast<unsigned long long>(totals.trades), decimal(totals.notional.exact()).c_str(),
      totals.vwap(), totals.broken_trades, totals.incomplete ? "true" : "false");
  if (totals.traded) {
    std::printf("[%lld, %lld, %lld, %lld]", static_cast<long long>(raw(totals.open)),
                static_cast<long long>(raw(totals.high)), static_cast<long long>(raw(totals.low)),
                static_cast<long long>(raw(totals.last)));
  } else {
    std::printf("null");
  }
  print_side("bid", market.book(id).best(market::Side::buy));
  print_side("ask", market.book(id).best(market::Side::sell));
  const market::Instrument& instrument = market.instrument(id);
  std::printf(", \"state\": %d, \"short_sale\": %d, \"halted\": %d, \"whole\": %s}\n",
              static_cast<int>(instrument.trading_state),
              static_cast<int>(instrument.short_sale_test), instrument.halted_markets,
              market.is_book_whole(id) ? "true" : "false");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: iex_totals CAPTURE\n", stderr);
    return 2;
  }
  pool::BufferPool<pool::SerializationKind> buffers{{.buffer_count = 8}};
  pool::BufferPool<pool::SimdKind> columns{{.buffer_count = 1024}};
  const net::OpenedCapture opened = net::open_capture(argv[1], buffers);
  if (!opened.source) {
    std::fprintf(stderr, "iex_totals: %s\n", opened.error.c_str());
    return 1;
  }
  BarPrinter bars;
  market::Market market{{.max_orders_mib = 64, .preallocated_orders_mib = 2}, columns, &bars};
  bars.market = &market;
  feed::IexFeed feed{market};
  for (;;) {
    const net::PacketBatch batch = opened.source->next();
    for (const net::Packet& packet : batch.packets()) {
      static_cast<void>(codec::iextp::for_each_message(
          packet.payload(),
          [&](auto sequence, auto message) { feed.on_message(sequence, message, Nothing{}); }));
    }
    if (batch.empty() && opened.source->state() != net::SourceState::would_block) break;
  }
  market.close_all();
  for (std::size_t i = 0; i < market.instrument_bound(); ++i) {
    print_totals(market, market::InstrumentId{static_cast<std::uint16_t>(i)});
  }
  return opened.source->state() == net::SourceState::ended ? 0 : 1;
}
