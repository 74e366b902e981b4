#include "app/decode/json_decoder.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "codec/json/recorded_line.hpp"

namespace tapeline::decode {

namespace {

namespace json = codec::json;

constexpr std::string_view kUnknownVenue = "json";

[[nodiscard]] std::string_view name_of(const std::optional<json::Venue>& venue) noexcept {
  return venue ? json::to_string(*venue) : kUnknownVenue;
}

// Since 1970; 0 if it was never told.
[[nodiscard]] Moment unix_moment(std::int64_t ns) noexcept {
  return {ns > 0 ? static_cast<std::uint64_t>(ns) : 0U, 0};
}

[[nodiscard]] market::MarketConfig market_config() {
  market::MarketConfig config;
  config.preallocated_orders_mib = 1;
  config.preallocated_levels_mib = 1;
  return config;
}

void note(std::vector<std::string>& notes, std::uint64_t count, std::string_view what) {
  if (count != 0) notes.push_back(std::to_string(count) + " " + std::string{what});
}

}  // namespace

std::vector<std::string_view> json_type_names() {
  std::vector<std::string_view> names;
  for (std::size_t kind = 0; kind < json::kKindCount; ++kind) {
    names.push_back(json::to_string(static_cast<json::Kind>(kind)));
  }
  return names;
}

std::vector<std::string_view> json_fields() { return {"type", "kind", "document"}; }

// Rows of documents as they are.
class JsonDecoder::Messages {
 public:
  Messages(std::span<const std::string_view> types, const Schema& schema, Table& table)
      : table_{table},
        type_{schema.column("type")},
        kind_{schema.column("kind")},
        document_{schema.column("document")} {
    for (std::size_t kind = 0; kind < json::kKindCount; ++kind) {
      const std::string_view name = json::to_string(static_cast<json::Kind>(kind));
      wanted_[kind] = types.empty() || std::find(types.begin(), types.end(), name) != types.end();
    }
  }

  void on_line(std::string_view line, MessageHead& head) {
    const json::RecordedLine recorded = json::parse_recorded_line(line);
    if (!venue_ && !recorded.url.empty()) venue_ = json::venue_of_url(recorded.url);
    if (recorded.receive_time_ns != 0) head.receive_ns = recorded.receive_time_ns;
    switch (recorded.kind) {
      case json::LineKind::empty:
      case json::LineKind::connected: return;
      case json::LineKind::unknown: ++unknown_lines_; return;
      default: break;
    }
    if (!venue_) venue_ = decoder_.guess_venue(recorded.document);
    head.feed = name_of(venue_);
    json::Document document;
    if (!venue_ ||
        decoder_.decode(*venue_, recorded.document, document) != json::DocumentStatus::ok) {
      ++refused_;
      return;
    }
    write(recorded, document, head);
  }

  void add_notes(std::vector<std::string>& notes) const {
    note(notes, refused_, "documents that are no message of a known venue left out");
    note(notes, unknown_lines_, "lines of no known form left out");
  }

 private:
  void write(const json::RecordedLine& recorded, const json::Document& document,
             MessageHead& head) {
    std::string_view symbol = document.symbol;
    if (symbol.empty() && !document.trades.empty()) symbol = document.trades.front().symbol;
    if (symbol.empty()) symbol = json::symbol_of_url(recorded.url);
    std::int64_t time = document.exchange_time_ns;
    if (time == 0 && !document.trades.empty()) time = document.trades.front().time_ns;
    head.exchange = unix_moment(time != 0 ? time : document.sent_time_ns);
    const Moment asked =
        head.exchange.is_told() ? head.exchange : unix_moment(head.receive_ns.value_or(0));
    if (!wanted_[static_cast<std::size_t>(document.kind)] || !table_.wants_time(asked) ||
        !table_.wants_symbol(symbol)) {
      return;
    }
    Row& row = table_.begin_row();
    set_head(row, head, head.exchange, symbol);
    row.text(type_, document.type);
    row.text(kind_, json::to_string(document.kind));
    row.json(document_, recorded.document);
    table_.end_row();
  }

  Table& table_;
  Column type_, kind_, document_;
  std::array<bool, json::kKindCount> wanted_{};
  std::optional<json::Venue> venue_;
  json::Decoder decoder_;
  std::uint64_t refused_ = 0;
  std::uint64_t unknown_lines_ = 0;
};

// Rows of the market behind the documents.
class JsonDecoder::Books final : public SymbolNames {
 public:
  Books(const Schema& schema, Table& table, pool::LockFreeBufferPool& pools)
      : rows_{schema, table, *this},
        market_{market_config(), pools.simd(), &rows_},
        feed_{market_, {}} {
    rows_.attach(market_);
  }

  [[nodiscard]] std::string_view symbol(market::InstrumentId id) const noexcept override {
    return feed_.symbols().symbol(id);
  }

  void on_line(std::string_view line, MessageHead& head) {
    const json::RecordedLine recorded = json::parse_recorded_line(line);
    if (recorded.receive_time_ns != 0) head.receive_ns = recorded.receive_time_ns;
    head.feed = name_of(feed_.venue());
    if (!feed_.venue() && !recorded.url.empty()) {
      head.feed = name_of(json::venue_of_url(recorded.url));
    }
    head.exchange = unix_now();
    rows_.before(head);
    feed_.on_line(line, head.receive_ns.value_or(0));
    head.feed = name_of(feed_.venue());
    head.exchange = unix_now();
    if (const auto met = feed_.last_met()) rows_.on_book(*met, head);
  }

  void finish() {
    feed_.finish();
    rows_.finish();
  }

  void add_notes(std::vector<std::string>& notes) const {
    const feed::JsonFeedCounts& seen = feed_.counts();
    note(notes, seen.refused() + seen.no_venue.get(),
         "documents that are no message of a known venue left out");
    note(notes, seen.unknown_lines.get(), "lines of no known form left out");
    note(notes, seen.bad_prices.get() + seen.bad_sizes.get(), "prices and sizes refused");
    note(notes, seen.lost_trades.get(), "trades missing");
    note(notes, seen.update_gaps.get(), "gaps in the updates of books");
    note(notes, seen.bad_checksums.get(), "checksums of books that do not match");
  }

 private:
  [[nodiscard]] Moment unix_now() const noexcept { return {market_.now(), 0}; }

  MarketRows rows_;
  market::Market market_;
  feed::JsonFeed feed_;
};

JsonDecoder::JsonDecoder(std::string channel, std::span<const std::string_view> types,
                         const Schema& schema, Table& table, pool::LockFreeBufferPool& pools)
    : channel_{std::move(channel)}, table_{table} {
  head_.feed = kUnknownVenue;
  head_.channel = channel_;
  if (schema.name().needs_market()) {
    books_ = std::make_unique<Books>(schema, table, pools);
  } else {
    messages_ = std::make_unique<Messages>(types, schema, table);
  }
}

JsonDecoder::~JsonDecoder() = default;

void JsonDecoder::on_packets(std::span<const net::Packet> packets) {
  for (const net::Packet& packet : packets) {
    if (table_.is_done()) return;
    ++head_.sequence;
    head_.receive_ns.reset();
    if (packet.rx_time != 0) head_.receive_ns = packet.rx_time;
    const auto payload = packet.payload();
    const std::string_view line{reinterpret_cast<const char*>(payload.data()), payload.size()};
    if (messages_ != nullptr) {
      messages_->on_line(line, head_);
    } else {
      books_->on_line(line, head_);
    }
  }
}

void JsonDecoder::finish() {
  if (books_ != nullptr) books_->finish();
}

std::vector<std::string> JsonDecoder::notes() const {
  std::vector<std::string> notes;
  if (books_ != nullptr) {
    books_->add_notes(notes);
  } else {
    messages_->add_notes(notes);
  }
  const std::string front = std::string{head_.feed} + "/" + channel_ + ": ";
  for (std::string& text : notes) text.insert(0, front);
  return notes;
}

}  // namespace tapeline::decode
