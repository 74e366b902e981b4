#pragma once

// A JSON feed with a small market of its own, told documents as literals.

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "app/feed/json_feed.hpp"
#include "codec/json/decoder.hpp"
#include "tests/app/market/market_fixture.hpp"

namespace tapeline::feed::testing {

// A text with the bytes behind it that a parser may read.
class Padded {
 public:
  explicit Padded(std::string_view text)
      : bytes_(text.size() + codec::json::kPaddingBytes, '\0'), size_{text.size()} {
    std::copy(text.begin(), text.end(), bytes_.begin());
  }
  [[nodiscard]] std::string_view view() const noexcept { return {bytes_.data(), size_}; }

 private:
  std::vector<char> bytes_;
  std::size_t size_;
};

struct JsonFixture : market::testing::Fixture {
  explicit JsonFixture(const JsonFeedConfig& config) : feed{market, config} {}

  void tell(std::string_view text, std::int64_t receive_ns = 0) {
    feed.on_document(Padded{text}.view(), receive_ns);
  }
  void tell_line(std::string_view line) { feed.on_line(Padded{line}.view(), 0); }

  [[nodiscard]] market::InstrumentId id(std::string_view symbol) const {
    return feed.symbols().find(symbol).value_or(market::InstrumentId{0xFFFF});
  }
  [[nodiscard]] bool is_whole(std::string_view symbol) const {
    return market.is_book_whole(id(symbol));
  }
  [[nodiscard]] market::SessionTotals totals(std::string_view symbol) const {
    return market.totals(id(symbol));
  }
  // Price and size of the best level in units of 10^-8; {0, 0} without one.
  [[nodiscard]] std::pair<std::int64_t, std::uint64_t> best(std::string_view symbol,
                                                            market::Side side) const {
    const market::Level* level = market.book(id(symbol)).best(side);
    if (level == nullptr) return {0, 0};
    return {market::raw(level->price), level->shares};
  }
  [[nodiscard]] std::vector<JsonGap> gaps() {
    std::vector<JsonGap> gaps;
    feed.take_gaps([&gaps](const JsonGap& gap) { gaps.push_back(gap); });
    return gaps;
  }
  [[nodiscard]] const JsonFeedCounts& counts() const { return feed.counts(); }

  JsonFeed feed;
};

}  // namespace tapeline::feed::testing
