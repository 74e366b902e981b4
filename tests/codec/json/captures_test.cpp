// Every line of the recordings, where they are at hand (TAPELINE_CAPTURES names their folder). The
// counts were taken by a program of another language that knows nothing of this decoder.

#include <gtest/gtest.h>
#include <zlib.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <iostream>
#include <iterator>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "codec/json/checksum.hpp"
#include "codec/json/decoder.hpp"
#include "codec/json/recorded_line.hpp"
#include "tests/codec/json/decoder_fixture.hpp"

namespace tapeline::codec::json {
namespace {

namespace fs = std::filesystem;

using Counts = std::map<std::string, std::uint64_t>;

// Sums over a recording, modulo 2^64. Prices and sizes are those of levels and trades without their
// points: "1.50" is 150.
struct Sums {
  std::uint64_t levels = 0;
  std::uint64_t trades = 0;
  std::uint64_t buys = 0;  // trades whose taker bought
  std::uint64_t prices = 0;
  std::uint64_t sizes = 0;
  std::uint64_t ids = 0;     // of trades, and first and last of updates and snapshots
  std::uint64_t quotes = 0;  // bid and ask, prices and sizes
  std::uint64_t checksums = 0;
  std::uint64_t times = 0;  // when the documents were received, in nanoseconds
};

struct Recording {
  std::string_view file;
  Venue venue;
  Counts expected;  // "trades match", "line connected", ...
  Sums sums;
};

const std::array kRecordings{
    Recording{"BINANCE.http.0.0",
              Venue::binance,
              {{"line empty", 1}, {"line answer", 4}, {"book_snapshot depth", 4}},
              Sums{.levels = 4648,
                   .prices = 645314066127U,
                   .sizes = 1599915700000000U,
                   .ids = 2113468866,
                   .times = 6535994066554517700U}},
    Recording{"BINANCE.ws.1.0",
              Venue::binance,
              {{"line empty", 1},
               {"line connected", 1},
               {"line received", 265},
               {"book_update depthUpdate", 177},
               {"quote bookTicker", 84},
               {"trades aggTrade", 2},
               {"other_known kline", 2}},
              Sums{.levels = 422,
                   .trades = 2,
                   .buys = 2,
                   .prices = 15845876520U,
                   .sizes = 340473770000000U,
                   .ids = 242679803266U,
                   .quotes = 52670117994582U,
                   .times = 8734496000178356332U}},
    Recording{"BINANCE_FUTURES.http.0.0",
              Venue::binance,
              {{"line empty", 1}, {"line answer", 4}, {"book_snapshot depth", 4}},
              Sums{.levels = 5613,
                   .prices = 508965350,
                   .sizes = 1427497148,
                   .ids = 4806876899364U,
                   .times = 6507970967170633000U}},
    Recording{"BINANCE_FUTURES.ws.1.0",
              Venue::binance,
              {{"line connected", 1},
               {"line received", 1535},
               {"book_update depthUpdate", 764},
               {"quote bookTicker", 613},
               {"trades aggTrade", 91},
               {"other_known kline", 67}},
              Sums{.levels = 6297,
                   .trades = 91,
                   .buys = 47,
                   .prices = 389146667,
                   .sizes = 521203978,
                   .ids = 1654772702160453U,
                   .quotes = 94205489,
                   .times = 7123433313006174440U}},
    Recording{"COINBASE.ws.28.0",
              Venue::coinbase,
              {{"line empty", 2},
               {"line connected", 1},
               {"line sent", 3},
               {"line received", 9946},
               {"book_update l2update", 9719},
               {"trades match", 97},
               {"trades last_match", 10},
               {"quote ticker", 107},
               {"book_snapshot snapshot", 10},
               {"acknowledgement subscriptions", 3},
               {"request subscribe", 3}},
              Sums{.levels = 18081,
                   .trades = 107,
                   .buys = 53,
                   .prices = 8921408753820U,
                   .sizes = 28034717238312U,
                   .ids = 126510331,
                   .quotes = 35077575,
                   .times = 218179393348099832U}},
    Recording{"KRAKEN.ws.50.0",
              Venue::kraken,
              {{"line empty", 2},
               {"line connected", 1},
               {"line sent", 1},
               {"line received", 4321},
               {"book_update book-1000", 4269},
               {"book_snapshot book-1000", 10},
               {"heartbeat heartbeat", 31},
               {"acknowledgement book-1000", 10},
               {"status systemStatus", 1},
               {"request subscribe", 1}},
              Sums{.levels = 11745,
                   .prices = 12286548016902560U,
                   .sizes = 41713429958084667U,
                   .checksums = 9141269489039U,
                   .times = 4610961997036038036U}},
    Recording{"spot_btcusdt_20240809.gz",
              Venue::binance,
              {{"line received", 58325},
               {"quote bookTicker", 45134},
               {"trades trade", 10147},
               {"book_update depthUpdate", 3044}},
              Sums{.levels = 174021,
                   .trades = 10147,
                   .buys = 4990,
                   .prices = 1131176730099000000U,
                   .sizes = 8549845415100U,
                   .ids = 4864721043943219U,
                   .quotes = 556483956903230000U,
                   .times = 5547037885398668991U}},
};

fs::path folder() {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): the tests have one thread
  const char* const captures = std::getenv("TAPELINE_CAPTURES");
  return captures == nullptr ? fs::path{} : fs::path{captures} / "json";
}

// All of a file; zlib reads a plain one as it is.
std::string content_of(const fs::path& path) {
  std::string out;
  gzFile file = gzopen(path.c_str(), "rb");
  if (file == nullptr) return out;
  std::array<char, 65536> block{};
  for (int bytes = 1; bytes > 0;) {
    bytes = gzread(file, block.data(), static_cast<unsigned>(block.size()));
    if (bytes > 0) out.append(block.data(), static_cast<std::size_t>(bytes));
  }
  gzclose(file);
  return out;
}

std::string_view name_of(LineKind kind) {
  switch (kind) {
    case LineKind::empty: return "empty";
    case LineKind::connected: return "connected";
    case LineKind::sent: return "sent";
    case LineKind::answer: return "answer";
    case LineKind::received: return "received";
    case LineKind::unknown: return "unknown";
  }
  return "invalid";
}

template <typename OnLine>
void each_line(std::string_view content, OnLine on_line) {
  while (!content.empty()) {
    const std::size_t end = content.find('\n');
    on_line(content.substr(0, end));
    if (end == std::string_view::npos) return;
    content.remove_prefix(end + 1);
  }
}

class Reader {
 public:
  explicit Reader(Venue venue) : venue_{venue} {
    for (const detail::Kernel* const kernel : test::kernels()) {
      decoders_.push_back(std::make_unique<Decoder>(Limits{}, *kernel));
    }
  }

  void read(std::string_view text) {
    const RecordedLine line = parse_recorded_line(text);
    ++counts_["line " + std::string{name_of(line.kind)}];
    if (line.kind == LineKind::unknown) ADD_FAILURE() << "no known line: " << text.substr(0, 200);
    if (!line.url.empty()) {
      EXPECT_EQ(venue_of_url(line.url), venue_) << line.url;
    }
    if (line.kind == LineKind::answer) {
      EXPECT_FALSE(symbol_of_url(line.url).empty()) << line.url;
    }
    if (line.kind == LineKind::empty || line.document.empty()) return;
    EXPECT_GT(line.receive_time_ns, 1'600'000'000'000'000'000);
    Document document;
    if (const DocumentStatus status = usual_.decode_copy(venue_, line.document, document);
        status != DocumentStatus::ok) {
      ADD_FAILURE() << to_string(status) << ": " << line.document.substr(0, 300);
      return;
    }
    for (const auto& decoder : decoders_) {
      Document other;
      EXPECT_EQ(decoder->decode_copy(venue_, line.document, other), DocumentStatus::ok);
      EXPECT_TRUE(test::equal(document, other)) << line.document.substr(0, 300);
    }
    count(document, line.receive_time_ns);
  }

  [[nodiscard]] const Counts& counts() const { return counts_; }
  [[nodiscard]] const Sums& sums() const { return sums_; }

 private:
  void count(const Document& document, std::int64_t receive_time_ns) {
    ++counts_[std::string{to_string(document.kind)} + ' ' + std::string{document.type}];
    sums_.times += static_cast<std::uint64_t>(receive_time_ns);
    sums_.ids += document.first_update_id + document.last_update_id;
    sums_.checksums += document.checksum;
    sums_.levels += document.levels.size();
    sums_.trades += document.trades.size();
    for (const Level& level : document.levels) add(level.price, level.size);
    for (const Trade& trade : document.trades) {
      add(trade.price, trade.size);
      sums_.ids += trade.trade_id;
      sums_.buys += trade.aggressor == Side::buy ? 1 : 0;
    }
    const Quote& quote = document.quote;
    for (const Decimal value : {quote.bid, quote.bid_size, quote.ask, quote.ask_size}) {
      sums_.quotes += static_cast<std::uint64_t>(value.mantissa);
    }
  }

  void add(Decimal price, Decimal size) {
    sums_.prices += static_cast<std::uint64_t>(price.mantissa);
    sums_.sizes += static_cast<std::uint64_t>(size.mantissa);
  }

  Venue venue_;
  Decoder usual_;
  std::vector<std::unique_ptr<Decoder>> decoders_;  // one for each kernel
  Counts counts_;
  Sums sums_;
};

void expect_sums(const Sums& sums, const Sums& expected, std::string_view file) {
  EXPECT_EQ(sums.levels, expected.levels) << file;
  EXPECT_EQ(sums.trades, expected.trades) << file;
  EXPECT_EQ(sums.buys, expected.buys) << file;
  EXPECT_EQ(sums.prices, expected.prices) << file;
  EXPECT_EQ(sums.sizes, expected.sizes) << file;
  EXPECT_EQ(sums.ids, expected.ids) << file;
  EXPECT_EQ(sums.quotes, expected.quotes) << file;
  EXPECT_EQ(sums.checksums, expected.checksums) << file;
  EXPECT_EQ(sums.times, expected.times) << file;
}

TEST(JsonCaptures, EveryDocumentIsKnown) {
  if (folder().empty()) GTEST_SKIP() << "TAPELINE_CAPTURES is not set";
  std::set<std::string> files;
  for (const auto& entry : fs::directory_iterator{folder()}) {
    files.insert(entry.path().filename().string());
  }
  for (const Recording& recording : kRecordings) {
    EXPECT_EQ(files.erase(std::string{recording.file}), 1U) << recording.file;
    Reader reader{recording.venue};
    each_line(content_of(folder() / recording.file),
              [&reader](std::string_view line) { reader.read(line); });
    std::cout << recording.file << " (" << to_string(recording.venue) << ")\n";
    for (const auto& [what, count] : reader.counts()) {
      std::cout << "  " << what << ": " << count << '\n';
    }
    EXPECT_EQ(reader.counts(), recording.expected) << recording.file;
    expect_sums(reader.sums(), recording.sums, recording.file);
  }
  EXPECT_TRUE(files.empty()) << "not in the table: " << *files.begin();
}

// A book as plain as can be: prices of a pair have the same number of decimals.
class ModelBook {
 public:
  void apply(const Document& document) {
    if (document.kind == Kind::book_snapshot) sides_ = {};
    for (const Level& level : document.levels) {
      auto& side = sides_[level.side == Side::buy ? 1 : 0];
      const std::int64_t rank =
          level.side == Side::buy ? -level.price.mantissa : level.price.mantissa;
      if (level.size.mantissa == 0) {
        side.erase(rank);
      } else {
        side[rank] = level;
      }
    }
    for (auto& side : sides_) {
      while (side.size() > kDepth) side.erase(std::prev(side.end()));
    }
  }

  [[nodiscard]] std::uint32_t checksum() const { return kraken_checksum(top(0), top(1)); }

 private:
  static constexpr std::size_t kDepth = 1000;

  [[nodiscard]] std::vector<Level> top(std::size_t side) const {
    std::vector<Level> out;
    for (const auto& [rank, level] : sides_[side]) {
      if (out.size() == kChecksumLevels) break;
      out.push_back(level);
    }
    return out;
  }

  std::array<std::map<std::int64_t, Level>, 2> sides_;
};

TEST(JsonCaptures, EveryChecksumOfTheKrakenBooksMatches) {
  if (folder().empty()) GTEST_SKIP() << "TAPELINE_CAPTURES is not set";
  Decoder decoder;
  std::map<std::string, ModelBook, std::less<>> books;
  unsigned checksums = 0;
  each_line(content_of(folder() / "KRAKEN.ws.50.0"), [&](std::string_view text) {
    const RecordedLine line = parse_recorded_line(text);
    Document document;
    if (line.kind != LineKind::received ||
        decoder.decode_copy(Venue::kraken, line.document, document) != DocumentStatus::ok ||
        document.levels.empty()) {
      return;
    }
    ModelBook& book = books[std::string{document.symbol}];
    book.apply(document);
    if (!document.has_checksum) return;
    ++checksums;
    ASSERT_EQ(book.checksum(), document.checksum) << line.document;
  });
  EXPECT_EQ(checksums, 4269U);
  EXPECT_EQ(books.size(), 10U);
}

}  // namespace
}  // namespace tapeline::codec::json
