// Any bytes as a document of every venue: the usual decoder and both kernels alone agree, also when
// other bytes stand behind the text; what they accept is JSON by another parser's judgement; and
// the decoder reads the next document as if nothing had been.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "codec/json/decoder.hpp"
#include "codec/json/kernel.hpp"
#include "tests/codec/json/decoder_fixture.hpp"
#include "tests/codec/json/golden.hpp"

namespace {

using namespace tapeline::codec;

void require(bool condition) {
  if (!condition) std::abort();
}

// By another parser, which refuses numbers that are good but do not fit a double.
bool is_json(std::string_view text) {
  if (nlohmann::json::accept(text)) return true;
  try {
    const auto tree = nlohmann::json::parse(text);
    return !tree.is_discarded();
  } catch (const nlohmann::json::out_of_range&) {
    return true;
  } catch (const nlohmann::json::exception&) {
    return false;
  }
}

struct Decoders {
  json::Decoder usual;
  json::Decoder fallback{json::Limits{}, json::detail::fallback_kernel()};
  json::Decoder chosen{json::Limits{}, json::detail::chosen_kernel()};
};

void expect_good(json::Decoder& decoder) {
  json::Document document;
  require(decoder.decode_copy(json::Venue::kraken, json::test::kKrakenTrades, document) ==
          json::DocumentStatus::ok);
  require(document.trades.size() == 2);
}

void expect_consistent(const json::Document& document) {
  using json::Kind;
  require(document.trades.empty() || document.kind == Kind::trades);
  require(document.levels.empty() || document.kind == Kind::book_snapshot ||
          document.kind == Kind::book_update);
  for (const json::Level& level : document.levels) {
    require(level.price.decimals <= json::kMaxDecimals);
  }
  for (const json::Trade& trade : document.trades) {
    require(trade.size.decimals <= json::kMaxDecimals);
  }
}

// The fields that a walk gives add up to no more than the text.
void walk(json::Decoder& decoder, std::string_view text, bool is_good) {
  std::size_t bytes = 0;
  const auto status = decoder.for_each_field(
      text, [&bytes](const json::Field& field) { bytes += field.text.size(); });
  require(bytes <= text.size());
  if (is_good) require(status == json::DocumentStatus::ok);
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): the name that libFuzzer calls
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Decoders decoders;
  const std::string text(data, data + size);
  const char behind = size == 0 ? '\0' : static_cast<char>(data[size / 2]);
  const std::string padded = text + std::string(json::kPaddingBytes, behind);
  const std::string_view view = std::string_view{padded}.substr(0, size);
  bool is_good = false;
  for (const json::Venue venue : json::test::kVenues) {
    json::Document usual;
    json::Document other;
    const auto status = decoders.usual.decode(venue, view, usual);
    require(decoders.chosen.decode(venue, view, other) == status);
    require(json::test::equal(usual, other));
    // Of several faults, another may be told when other bytes stand behind the text.
    const auto copied = decoders.chosen.decode_copy(venue, text, other);
    require((copied == json::DocumentStatus::ok) == (status == json::DocumentStatus::ok));
    require(json::test::equal(usual, other));
    require(decoders.fallback.decode(venue, view, other) == status);
    require(json::test::equal(usual, other));
    expect_consistent(usual);
    is_good = is_good || status == json::DocumentStatus::ok;
  }
  if (is_good) require(is_json(text));
  walk(decoders.usual, text, is_good);
  expect_good(decoders.usual);
  expect_good(decoders.fallback);
  return 0;
}
