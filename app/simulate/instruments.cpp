#include "app/simulate/instruments.hpp"

#include <algorithm>
#include <array>
#include <numeric>
#include <string_view>
#include <utility>

namespace tapeline::simulate {

namespace {

using codec::itch::Mpid;
using codec::itch::Symbol;

constexpr std::array<std::string_view, 16> kMpids{"ALTO", "BRYX", "CRUZ", "DOVE", "ELMQ", "FJRD",
                                                  "GLEN", "HZEL", "IVRY", "JUNO", "KITE", "LARK",
                                                  "MOSS", "NOVQ", "OPAL", "PINE"};

[[nodiscard]] char letter(Random& random, std::string_view letters) noexcept {
  return letters[random.below(static_cast<std::uint32_t>(letters.size()))];
}

// Three to five letters, now and then with the suffix of a preferred share.
[[nodiscard]] Symbol make_symbol(Random& random) noexcept {
  constexpr std::string_view kConsonants = "BCDFGHJKLMNPQRSTVWXYZ";
  constexpr std::string_view kVowels = "AEIOU";
  Symbol symbol = Symbol::from("");
  const std::uint32_t length = 3 + random.below(2) + (random.one_in(8) ? 1 : 0);
  for (std::uint32_t i = 0; i < length; ++i) {
    symbol.chars[i] = letter(random, random.percent(30) ? kVowels : kConsonants);
  }
  if (length < 5 && random.one_in(25)) {
    symbol.chars[length] = '-';
    symbol.chars[length + 1] = letter(random, "ABCD");
  }
  return symbol;
}

[[nodiscard]] std::vector<Symbol> make_symbols(std::size_t count, Random& random) {
  std::vector<Symbol> symbols;
  while (symbols.size() < count) {
    while (symbols.size() < count) symbols.push_back(make_symbol(random));
    std::sort(symbols.begin(), symbols.end());
    symbols.erase(std::unique(symbols.begin(), symbols.end()), symbols.end());
  }
  return symbols;
}

[[nodiscard]] std::uint32_t make_price(Random& random) noexcept {
  const std::uint32_t kind = random.below(100);
  if (kind < 10) return random.between(100, 500);
  if (kind < 40) return random.between(500, 2'500);
  if (kind < 80) return random.between(2'500, 10'000);
  if (kind < 95) return random.between(10'000, 40'000);
  return random.between(40'000, 300'000);
}

[[nodiscard]] char make_market(Random& random) noexcept {
  const std::uint32_t kind = random.below(100);
  if (kind < 40) return "QGS"[random.below(3)];
  if (kind < 70) return 'N';
  if (kind < 90) return 'P';
  return "AZ"[random.below(2)];
}

}  // namespace

std::vector<Instrument> make_instruments(std::size_t count, Random& random) {
  const std::vector<Symbol> symbols = make_symbols(count, random);
  std::vector<std::uint32_t> ranks(count);
  std::iota(ranks.begin(), ranks.end(), 0U);
  for (std::size_t i = count; i > 1; --i) {
    std::swap(ranks[i - 1], ranks[random.below(static_cast<std::uint32_t>(i))]);
  }
  std::vector<Instrument> instruments(count);
  for (std::size_t i = 0; i < count; ++i) {
    Instrument& instrument = instruments[i];
    const std::uint32_t rank = ranks[i];
    instrument.symbol = symbols[i];
    instrument.price_ticks = make_price(random);
    instrument.weight = (1U << 23U) / (rank + 8);  // as in Zipf's law, flattened at the top
    instrument.half_spread_ticks = 1 + instrument.price_ticks / 20'000 +
                                   (rank > count / 8 ? 1U : 0U) + (rank > count / 2 ? 3U : 0U);
    instrument.market_category = make_market(random);
    instrument.market_makers = static_cast<std::uint8_t>(random.below(4));
    instrument.is_fund = instrument.market_category == 'P' && random.percent(70);
  }
  return instruments;
}

Mpid mpid(std::uint32_t number) noexcept { return Mpid::from(kMpids[number % kMpids.size()]); }

}  // namespace tapeline::simulate
