#include "app/decode/json_decoder.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "codec/json/field_table.hpp"
#include "codec/json/recorded_line.hpp"

namespace tapeline::decode {

namespace {

namespace json = codec::json;

constexpr std::string_view kUnknownVenue = "json";
constexpr std::string_view kType = "type";
constexpr std::string_view kKind = "kind";
constexpr std::string_view kOtherFields = "other_fields";

// The column of a member: every row has some of these names already, with another meaning.
[[nodiscard]] std::string_view column_of(std::string_view member) noexcept {
  if (member == "channel") return "venue_channel";
  if (member == "sequence") return "venue_sequence";
  if (member == "type") return "venue_type";
  return member;
}

[[nodiscard]] std::string_view line_of(const net::Packet& packet) noexcept {
  const auto payload = packet.payload();
  return {reinterpret_cast<const char*>(payload.data()), payload.size()};
}

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

std::vector<std::string_view> json_fields(const JsonVenues& venues) {
  std::vector<std::string_view> names{kType, kKind};
  for (std::size_t venue = 0; venue < venues.size(); ++venue) {
    if (!venues[venue]) continue;
    for (const std::string_view name : json::field_names(static_cast<json::Venue>(venue))) {
      names.push_back(column_of(name));
    }
  }
  names.push_back(kOtherFields);
  return names;
}

std::optional<json::Venue> venue_of_lines(std::span<const net::Packet> packets) {
  json::Decoder decoder;
  for (const net::Packet& packet : packets) {
    const json::RecordedLine recorded = json::parse_recorded_line(line_of(packet));
    std::optional<json::Venue> venue;
    if (!recorded.url.empty()) venue = json::venue_of_url(recorded.url);
    if (!venue && !recorded.document.empty()) venue = decoder.guess_venue(recorded.document);
    if (venue) return venue;
  }
  return std::nullopt;
}

// Where the members of documents go.
class JsonFieldRows {
 public:
  JsonFieldRows(const Schema& schema, Table& table) : other_{schema.column(kOtherFields)} {
    wants_any_ = table.begin_row().wants(other_);
    const std::span<const std::string> columns = schema.columns();
    for (std::size_t venue = 0; venue < json::kVenueCount; ++venue) {
      for (const std::string_view name : json::field_names(static_cast<json::Venue>(venue))) {
        const bool is_there =
            std::find(columns.begin(), columns.end(), column_of(name)) != columns.end();
        if (!is_there) continue;  // nor does any file have documents of this venue
        const Column column = schema.column(column_of(name));
        places_[venue].push_back({name, column});
        wants_any_ = wants_any_ || table.begin_row().wants(column);
      }
    }
  }

  // Fills the cells of the document's members, valid until the next call. Returns false if they can
  // not be read.
  [[nodiscard]] bool fill(json::Venue venue, std::string_view document, Row& row) {
    if (!wants_any_) return true;
    others_.clear();
    const std::vector<Place>& places = places_[static_cast<std::size_t>(venue)];
    std::size_t next = 0;  // members mostly come in one order
    const json::DocumentStatus status =
        decoder_.for_each_field(document, [&](const json::Field& field) {
          for (std::size_t tried = 0; tried < places.size(); ++tried) {
            const Place& place = places[(next + tried) % places.size()];
            if (place.name != field.name) continue;
            next = (next + tried + 1) % places.size();
            return put(row, place.column, field);
          }
          keep(field);
        });
    if (!others_.empty()) {
      others_ += '}';
      row.json(other_, others_);
    }
    return status == json::DocumentStatus::ok;
  }

 private:
  struct Place {
    std::string_view name;
    Column column{};
  };

  [[nodiscard]] static std::string_view trimmed(std::string_view text) noexcept {
    const std::size_t last = text.find_last_not_of(" \t\r\n");
    return text.substr(0, last == std::string_view::npos ? 0 : last + 1);
  }
  // A string with its quotes, everything else as it is. The text of a string lies between them.
  [[nodiscard]] static std::string_view spelled(const json::Field& field) noexcept {
    if (!field.is_string) return trimmed(field.text);
    return {field.text.data() - 1, field.text.size() + 2};
  }
  static void put(Row& row, Column column, const json::Field& field) noexcept {
    const bool is_plain = field.is_string && field.text.find('\\') == std::string_view::npos;
    if (is_plain) return row.text(column, field.text);
    row.json(column, spelled(field));
  }
  void keep(const json::Field& field) {
    others_ += others_.empty() ? '{' : ',';
    others_.append("\"").append(field.name).append("\":").append(spelled(field));
  }

  Column other_;
  bool wants_any_ = false;
  std::array<std::vector<Place>, json::kVenueCount> places_;
  json::Decoder decoder_;
  std::string others_;
};

// Rows of documents as they are.
class JsonDecoder::Messages {
 public:
  Messages(std::span<const std::string_view> types, const Schema& schema, Table& table)
      : table_{table},
        type_{schema.column(kType)},
        kind_{schema.column(kKind)},
        document_{schema.column(kJsonDocument)},
        fields_{schema, table} {
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
    if (!fields_.fill(document.venue, recorded.document, row)) {
      ++refused_;
      return;
    }
    table_.end_row();
  }

  Table& table_;
  Column type_, kind_, document_;
  JsonFieldRows fields_;
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
    const std::string_view line = line_of(packet);
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
