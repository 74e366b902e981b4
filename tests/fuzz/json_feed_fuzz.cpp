// Any bytes as lines of a recording told to a JSON feed: books stay sorted, every document is
// accounted for, and the same lines give the same market again. The first byte chooses the venue,
// or none.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string_view>

#include "app/feed/json_feed.hpp"
#include "codec/json/recorded_line.hpp"

namespace {

using namespace tapeline;
using feed::JsonFeed;
using market::Side;

void require(bool condition) {
  if (!condition) std::abort();
}

market::Market::ColumnPool& columns() {
  static market::Market::ColumnPool pool{{.buffer_bytes = 1024,
                                          .buffer_count = 64,
                                          .overflow_buffers = 0,
                                          .threads = 1,
                                          .huge_pages = false}};
  return pool;
}

feed::JsonFeedConfig config_of(std::uint8_t choice) {
  feed::JsonFeedConfig config;
  if (choice % 4 < codec::json::kVenueCount) {
    config.venue = static_cast<codec::json::Venue>(choice % 4);
  }
  config.max_symbols = 8;
  config.buffer = {.max_records = 64, .max_records_per_symbol = 32};
  config.limits = {.document_bytes = 1U << 16U, .levels = 256, .trades = 64};
  return config;
}

// Markets are dear to make: one for each of two feeds, begun anew for each input.
market::Market& market_of(std::size_t index) {
  static const market::MarketConfig config{.max_orders_mib = 1,
                                           .preallocated_orders_mib = 0,
                                           .max_levels_mib = 16,
                                           .preallocated_levels_mib = 0,
                                           .print_history = 16};
  static market::Market markets[]{{config, columns()}, {config, columns()}};
  markets[index].start_session();
  return markets[index];
}

struct Told {
  Told(std::size_t index, std::uint8_t choice)
      : market{market_of(index)},
        feed{market, config_of(choice)},
        prints_before{market.counts().prints.get()} {}

  void tell(std::string_view lines) {
    while (!lines.empty()) {
      const std::string_view line = lines.substr(0, lines.find('\n'));
      lines.remove_prefix(std::min(line.size() + 1, lines.size()));
      // Memory of exactly its size and the padding, so that the sanitizer sees a read past it.
      const auto padded = std::make_unique<char[]>(line.size() + codec::json::kPaddingBytes);
      if (!line.empty()) std::memcpy(padded.get(), line.data(), line.size());
      const std::string_view text{padded.get(), line.size()};
      using codec::json::LineKind;
      const LineKind kind = codec::json::parse_recorded_line(text).kind;
      documents += kind == LineKind::sent || kind == LineKind::answer || kind == LineKind::received;
      feed.on_line(text, 0);
    }
    feed.finish();
  }

  market::Market& market;
  JsonFeed feed;
  std::uint64_t prints_before;
  std::uint64_t documents = 0;
};

void check_side(const market::Instrument& instrument, Side side) {
  const auto levels = instrument.book.levels(side);
  if (instrument.book_kind != market::BookKind::levels) return require(levels.size() <= 1);
  for (std::size_t i = 0; i < levels.size(); ++i) {
    require(levels[i].shares > 0 && levels[i].arrival == 0 && market::raw(levels[i].price) > 0);
    if (i == 0) continue;
    require(side == Side::buy ? levels[i - 1].price < levels[i].price
                              : levels[i - 1].price > levels[i].price);
  }
}

void check(const Told& told) {
  require(told.feed.counts().documents() == told.documents);
  std::uint64_t stale = 0;
  std::uint64_t trades = 0;
  for (std::size_t i = 0; i < told.market.instrument_bound(); ++i) {
    const market::InstrumentId id{static_cast<std::uint16_t>(i)};
    const market::Instrument& instrument = told.market.instrument(id);
    check_side(instrument, Side::buy);
    check_side(instrument, Side::sell);
    stale += instrument.stale ? 1 : 0;
    trades += told.market.totals(id).trades;
  }
  require(stale == told.market.counts().stale_books.get());
  require(trades == told.market.counts().prints.get() - told.prints_before);
  require(told.feed.symbols().size() <= 8);
}

void check_same(const Told& one, const Told& other) {
  require(one.market.instrument_bound() == other.market.instrument_bound());
  for (std::size_t i = 0; i < one.market.instrument_bound(); ++i) {
    const market::InstrumentId id{static_cast<std::uint16_t>(i)};
    require(one.market.totals(id).volume == other.market.totals(id).volume);
    require(one.market.is_book_whole(id) == other.market.is_book_whole(id));
    for (const Side side : {Side::buy, Side::sell}) {
      const auto levels = one.market.book(id).levels(side);
      const auto others = other.market.book(id).levels(side);
      require(std::equal(levels.begin(), levels.end(), others.begin(), others.end()));
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view lines{reinterpret_cast<const char*>(data + 1), size - 1};
  Told told{0, data[0]};
  told.tell(lines);
  check(told);
  Told again{1, data[0]};
  again.tell(lines);
  check_same(told, again);
  return 0;
}
