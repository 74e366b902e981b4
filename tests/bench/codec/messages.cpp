#include "tests/bench/codec/messages.hpp"

#include <zlib.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <stdexcept>

#include "codec/json/recorded_line.hpp"

namespace tapeline::bench {

namespace {

namespace json = codec::json;
namespace fs = std::filesystem;

constexpr std::array kFiles{"BINANCE.ws.1.0", "BINANCE_FUTURES.ws.1.0", "COINBASE.ws.28.0",
                            "spot_btcusdt_20240809.gz"};
constexpr unsigned kGenerated = 10'000;

fs::path folder() {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): before any thread starts
  const char* const captures = std::getenv("TAPELINE_CAPTURES");
  return captures == nullptr ? fs::path{} : fs::path{captures} / "json";
}

std::string content_of(const fs::path& path) {
  gzFile file = gzopen(path.c_str(), "rb");
  if (file == nullptr) throw std::runtime_error{"can not read " + path.string()};
  std::string out;
  std::array<char, 65536> block{};
  for (int bytes = 1; bytes > 0;) {
    bytes = gzread(file, block.data(), static_cast<unsigned>(block.size()));
    if (bytes > 0) out.append(block.data(), static_cast<std::size_t>(bytes));
  }
  gzclose(file);
  return out;
}

void add_recorded(json::Kind kind, const fs::path& path, Messages& out) {
  const std::string content = content_of(path);
  json::Decoder decoder;
  std::string_view rest = content;
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(line.size() < rest.size() ? line.size() + 1 : rest.size());
    const json::RecordedLine recorded = json::parse_recorded_line(line);
    if (recorded.kind != json::LineKind::received) continue;
    const auto venue = decoder.guess_venue(recorded.document);
    json::Document document;
    if (venue.has_value() &&
        decoder.decode_copy(*venue, recorded.document, document) == json::DocumentStatus::ok &&
        document.kind == kind) {
      out.add(*venue, recorded.document);
    }
  }
}

class Generator {
 public:
  std::string binance_trade() {
    return "{\"stream\":\"btcusdt@trade\",\"data\":{\"e\":\"trade\",\"E\":" + time() +
           ",\"s\":\"BTCUSDT\",\"t\":" + next_id() + ",\"p\":\"" + price() + "\",\"q\":\"" +
           size() + "\",\"T\":" + time() + ",\"m\":" + flag() + ",\"M\":true}}";
  }

  std::string coinbase_match() {
    return "{\"type\":\"match\",\"trade_id\":" + next_id() +
           ",\"maker_order_id\":\"2a0da34e-61f7-4c36-88e5-c9dd15927b16\",\"taker_order_id\":"
           "\"3c82abaa-c01e-4608-be59-6a1e69742891\",\"side\":\"" +
           (flag() == "true" ? "buy" : "sell") + "\",\"size\":\"" + size() + "\",\"price\":\"" +
           price() + "\",\"product_id\":\"BTC-USD\",\"sequence\":" + next_id() +
           ",\"time\":\"2021-04-17T16:43:37." + std::to_string(100'000 + random_() % 900'000) +
           "Z\"}";
  }

  std::string binance_update() {
    const std::string first = next_id();
    return "{\"stream\":\"btcusdt@depth@100ms\",\"data\":{\"e\":\"depthUpdate\",\"E\":" + time() +
           ",\"s\":\"BTCUSDT\",\"U\":" + first + ",\"u\":" + first + ",\"b\":" + side() +
           ",\"a\":" + side() + "}}";
  }

 private:
  std::string side() {
    std::string out = "[";
    for (auto left = random_() % 60; left > 0; --left) {
      out += "[\"" + price() + "\",\"" + size() + "\"]" + (left > 1 ? "," : "");
    }
    return out + "]";
  }
  std::string next_id() { return std::to_string(++id_); }
  std::string price() { return std::to_string(random_() % 90'000 + 10'000) + "." + digits(); }
  std::string size() { return std::to_string(random_() % 3) + "." + digits(); }
  std::string digits() { return std::to_string(random_() % 90'000 + 10'000) + "000"; }
  std::string time() { return std::to_string(1'782'030'435'506 + random_() % 1'000'000); }
  std::string flag() { return random_() % 2 == 0 ? "true" : "false"; }

  std::mt19937_64 random_{5};
  std::uint64_t id_ = 6'427'631'900;
};

}  // namespace

void Messages::add(json::Venue venue, std::string_view text) {
  rows_.push_back({venue, content_.size(), text.size()});
  content_ += text;
  content_.append(json::kPaddingBytes, '\0');
}

std::vector<Message> Messages::views() const {
  std::vector<Message> out;
  for (const Row& row : rows_) {
    out.push_back({row.venue, std::string_view{content_}.substr(row.offset, row.length)});
  }
  return out;
}

bool has_captures() { return !folder().empty(); }

Messages trade_messages() {
  Messages out;
  if (has_captures()) {
    for (const char* const file : kFiles) add_recorded(json::Kind::trades, folder() / file, out);
    return out;
  }
  Generator generator;
  for (unsigned i = 0; i < kGenerated; ++i) {
    if (i % 100 == 0) {
      out.add(json::Venue::coinbase, generator.coinbase_match());
    } else {
      out.add(json::Venue::binance, generator.binance_trade());
    }
  }
  return out;
}

Messages update_messages() {
  Messages out;
  if (has_captures()) {
    add_recorded(json::Kind::book_update, folder() / kFiles.back(), out);
    return out;
  }
  Generator generator;
  for (unsigned i = 0; i < kGenerated; ++i) {
    out.add(json::Venue::binance, generator.binance_update());
  }
  return out;
}

json::Decimal decimal_of(std::string_view text) {
  json::Decimal out;
  if (json::parse_decimal(text, out) != json::DecimalStatus::ok) {
    throw std::runtime_error{"no number"};
  }
  return out;
}

std::int64_t time_of(std::string_view text) {
  const auto number = [text](std::size_t at, std::size_t count) {
    std::int64_t value = 0;
    for (const char c : text.substr(at, count)) value = value * 10 + (c - '0');
    return value;
  };
  const std::int64_t month = number(5, 2);
  const std::int64_t year = number(0, 4) - (month <= 2 ? 1 : 0);
  const std::int64_t day_of_year =
      (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + number(8, 2);
  const std::int64_t days = year * 365 + year / 4 - year / 100 + year / 400 + day_of_year - 719'469;
  const std::int64_t seconds =
      days * 86'400 + number(11, 2) * 3'600 + number(14, 2) * 60 + number(17, 2);
  return seconds * 1'000'000'000 + number(20, 6) * 1'000;
}

}  // namespace tapeline::bench
