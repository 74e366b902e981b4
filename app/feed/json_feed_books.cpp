// The part of JsonFeed that keeps books: snapshots, updates, and what they are held against.

#include <algorithm>

#include "app/feed/json_feed.hpp"
#include "codec/json/checksum.hpp"

namespace tapeline::feed {

namespace {

namespace json = codec::json;

using json::Venue;

[[nodiscard]] market::Side side_of(json::Side side) noexcept {
  return side == json::Side::buy ? market::Side::buy : market::Side::sell;
}

// Kraken v2 does not say in a snapshot what depth it is of: a full side shows it. Without one, as
// deep as it gets: nothing was cut off yet.
[[nodiscard]] std::uint32_t guess_depth(std::span<const json::Level> levels) noexcept {
  const auto bids = static_cast<std::size_t>(
      std::count_if(levels.begin(), levels.end(),
                    [](const json::Level& level) { return level.side == json::Side::buy; }));
  const std::size_t deepest = std::max(bids, levels.size() - bids);
  for (const std::uint32_t depth : {10U, 25U, 100U, 500U}) {
    if (deepest == depth) return depth;
  }
  return 1000;
}

}  // namespace

std::span<const JsonFeed::ScaledLevel> JsonFeed::scale(
    market::InstrumentId id, std::span<const json::Level> levels) noexcept {
  SymbolState& state = state_of(id);
  std::size_t count = 0;
  for (const json::Level& level : levels.first(std::min(levels.size(), config_.limits.levels))) {
    const std::optional<market::Price> price = scaled_price(id, level.price);
    const std::optional<std::uint64_t> size = scaled_size(level.size);
    if (!price || !size) [[unlikely]] {
      market_.mark_doubtful(id);
      continue;
    }
    state.spelled_price_decimals = std::max(state.spelled_price_decimals, level.price.decimals);
    state.spelled_size_decimals = std::max(state.spelled_size_decimals, level.size.decimals);
    scaled_[count++] = {.price = *price, .size = *size, .side = side_of(level.side)};
  }
  return {&scaled_[0], count};
}

void JsonFeed::apply_snapshot(market::InstrumentId id, const json::Document& document) noexcept {
  SymbolState& state = state_of(id);
  if (document.has_update_ids && !state.depth.on_snapshot(document.last_update_id)) {
    return counts_.old_snapshots.add();
  }
  state.spelled_price_decimals = 0;
  state.spelled_size_decimals = 0;
  market_.begin_book(id);
  for (const ScaledLevel& level : scale(id, document.levels)) {
    market_.load_level(id, level.side, level.price, level.size);
  }
  market_.end_book(id);
  all_doubted_ = false;
  counts_.snapshots.add();
  if (state.had_book && !state.has_book) counts_.resyncs.add();
  state.has_book = true;
  state.had_book = true;
  if (document.venue == Venue::kraken) {
    state.cut_depth = document.depth != 0         ? document.depth
                      : config_.kraken_depth != 0 ? config_.kraken_depth
                                                  : guess_depth(document.levels);
    check_kraken(id, document);
  }
  apply_held(id);
  note_crossed(id);
}

void JsonFeed::apply_update(market::InstrumentId id, const json::Document& document) noexcept {
  if (document.has_update_ids) {
    const UpdateIds ids{.first = document.first_update_id,
                        .last = document.last_update_id,
                        .previous = document.previous_update_id,
                        .has_previous = document.has_previous_update_id};
    return apply_numbered(id, ids, document.levels);
  }
  if (!state_of(id).has_book) {
    counts_.early_updates.add();
    return market_.mark_stale(id);
  }
  put(id, scale(id, document.levels));
  if (document.venue == Venue::kraken) check_kraken(id, document);
  note_crossed(id);
}

void JsonFeed::put(market::InstrumentId id, std::span<const ScaledLevel> levels) noexcept {
  for (const ScaledLevel& level : levels) {
    market_.set_level(id, level.side, level.price, level.size);
  }
  counts_.updates.add();
}

void JsonFeed::apply_numbered(market::InstrumentId id, const UpdateIds& ids,
                              std::span<const json::Level> levels) noexcept {
  switch (state_of(id).depth.on_update(ids)) {
    case UpdateVerdict::apply: put(id, scale(id, levels)); return note_crossed(id);
    case UpdateVerdict::old: return counts_.old_updates.add();
    case UpdateVerdict::bad: counts_.bad_updates.add(); return market_.mark_doubtful(id);
    case UpdateVerdict::gap: lose_updates(id); [[fallthrough]];
    case UpdateVerdict::hold: return hold(id, ids, scale(id, levels));
  }
}

// Those that came before the snapshot, and those that did not fit to it, wait no longer.
void JsonFeed::apply_held(market::InstrumentId id) noexcept {
  SymbolState& state = state_of(id);
  while (state.held.updates > 0) {
    switch (state.depth.on_update(buffer_.front(state.held))) {
      case UpdateVerdict::apply:
        buffer_.pop(state.held, [&](market::Side side, market::Price price, std::uint64_t size) {
          market_.set_level(id, side, price, size);
        });
        counts_.updates.add();
        break;
      case UpdateVerdict::old:
      case UpdateVerdict::bad:
        buffer_.pop(state.held);
        counts_.old_updates.add();
        break;
      case UpdateVerdict::gap: lose_updates(id); return;
      case UpdateVerdict::hold: return;
    }
  }
}

void JsonFeed::hold(market::InstrumentId id, const UpdateIds& ids,
                    std::span<const ScaledLevel> levels) noexcept {
  SymbolState& state = state_of(id);
  if (market_.instrument(id).book_kind != market::BookKind::quotes) market_.mark_stale(id);
  std::uint64_t dropped = 0;
  if (!buffer_.begin_update(state.held, ids, levels.size(), dropped)) {
    return counts_.buffer_drops.add(dropped + 1);
  }
  for (const ScaledLevel& level : levels) {
    buffer_.add_level(state.held, level.side, level.price, level.size);
  }
  counts_.buffered_updates.add();
  counts_.buffer_drops.add(dropped);
}

void JsonFeed::lose_updates(market::InstrumentId id) noexcept {
  const DepthSync& depth = state_of(id).depth;
  counts_.update_gaps.add();
  counts_.lost_updates.add(depth.missing());
  if (depth.snapshot_was_too_old()) counts_.stale_snapshots.add();
  note_gap({.instrument = id,
            .of = JsonGap::Of::updates,
            .first = depth.last() + 1,
            .count = depth.missing()});
  lose_book(id);
}

void JsonFeed::lose_book(market::InstrumentId id) noexcept {
  state_of(id).has_book = false;
  market_.mark_stale(id);
}

void JsonFeed::check_kraken(market::InstrumentId id, const json::Document& document) noexcept {
  const SymbolState& state = state_of(id);
  market_.cut_book(id, state.cut_depth);
  if (!document.has_checksum) return;
  const market::OrderBook& book = market_.book(id);
  std::array<json::Level, json::kChecksumLevels> best[2];
  std::size_t counts[2]{};
  for (const market::Side side : {market::Side::buy, market::Side::sell}) {
    const auto index = static_cast<std::size_t>(side);
    const std::span<const market::Level> levels = book.levels(side);
    counts[index] = std::min(levels.size(), json::kChecksumLevels);
    for (std::size_t i = 0; i < counts[index]; ++i) {
      const market::Level& level = levels[levels.size() - 1 - i];
      // As they were spelled, so that the digits are the same.
      best[index][i].price = {
          .mantissa = json::rescale({market::raw(level.price), state.price_decimals},
                                    state.spelled_price_decimals)
                          .value_or(0),
          .decimals = state.spelled_price_decimals};
      best[index][i].size = {.mantissa = json::rescale({static_cast<std::int64_t>(level.shares),
                                                        config_.size_decimals},
                                                       state.spelled_size_decimals)
                                             .value_or(0),
                             .decimals = state.spelled_size_decimals};
    }
  }
  const std::uint32_t checksum =
      json::kraken_checksum({best[1].data(), counts[1]}, {best[0].data(), counts[0]});
  if (checksum == document.checksum) return counts_.good_checksums.add();
  counts_.bad_checksums.add();
  note_gap({.instrument = id, .of = JsonGap::Of::checksum});
  lose_book(id);
}

void JsonFeed::note_crossed(market::InstrumentId id) noexcept {
  if (market_.book(id).is_crossed() && market_.is_book_whole(id)) [[unlikely]]
    counts_.crossed_books.add();
}

}  // namespace tapeline::feed
