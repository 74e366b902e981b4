// Binance spot and futures: raw and combined streams, REST depth and exchangeInfo, for kernel.inl.

namespace tapeline::codec::json::detail {

namespace {

namespace binance {

// A letter has the number of its place behind 'A' (A-Z 0 to 25, a-z 32 to 57); names of more than
// one letter have what is left.
constexpr unsigned letter(char c) noexcept { return static_cast<unsigned>(c - 'A'); }

constexpr unsigned kUpdateIdBefore = 26;  // "pu"
constexpr unsigned kLastUpdateId = 27;
constexpr unsigned kBids = 28;
constexpr unsigned kAsks = 29;
constexpr unsigned kStream = 30;
constexpr unsigned kPayload = 31;  // "data"
constexpr unsigned kResult = 58;
constexpr unsigned kId = 59;
constexpr unsigned kMethod = 60;
constexpr unsigned kError = 61;
constexpr unsigned kCode = 62;
constexpr unsigned kSymbols = 63;
constexpr unsigned kUnused = Members::kCount;

unsigned index_of(Key key) noexcept {
  if (key.length == 1) {
    const char c = *key.text;
    const bool is_letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    return is_letter ? letter(c) : kUnused;
  }
  switch (key.length) {
    case 2: return key.is("pu") ? kUpdateIdBefore : key.is("id") ? kId : kUnused;
    case 4:
      return key.is("data")   ? kPayload
             : key.is("bids") ? kBids
             : key.is("asks") ? kAsks
             : key.is("code") ? kCode
                              : kUnused;
    case 5: return key.is("error") ? kError : kUnused;
    case 6:
      return key.is("stream")   ? kStream
             : key.is("result") ? kResult
             : key.is("method") ? kMethod
                                : kUnused;
    case 7: return key.is("symbols") ? kSymbols : kUnused;
    case 12: return key.is("lastUpdateId") ? kLastUpdateId : kUnused;
    default: return kUnused;
  }
}

// The members of an envelope's "data" go among its own.
// NOLINTBEGIN(misc-no-recursion): "data" can come once
DocumentStatus collect(DecoderState& state, ondemand::object object, int depth,
                       Members& members) noexcept {
  return each_member(object, [&state, depth, &members](Key key, ondemand::value& value) {
    const unsigned index = index_of(key);
    if (index == kUnused) return check_value(value, depth);
    Slot* const found = members.add(index);
    if (found == nullptr) return DocumentStatus::duplicate_field;
    Slot& slot = *found;
    if (const DocumentStatus status = read_slot(value, slot); status != kOk) return status;
    if (slot.type == Type::array) {
      if (index == letter('b') || index == kBids) return read_levels(state, value, Side::buy);
      if (index == letter('a') || index == kAsks) return read_levels(state, value, Side::sell);
    } else if (slot.type == Type::object && index == kPayload) {
      ondemand::object payload;
      if (const error_code error = value.get_object().get(payload); error != SUCCESS) {
        return status_of(error);
      }
      return collect(state, payload, depth + 1, members);
    } else if (slot.type != Type::object) {
      return kOk;
    }
    return check_slot(value, slot, depth);
  });
}

// NOLINTEND(misc-no-recursion)

void read_time(Members& members, char name, std::int64_t& out) noexcept {
  std::uint64_t value = 0;
  members.number(letter(name), value);
  if (members.fault() == kOk) members.note(read_binance_time(value, out));
}

// "T" is when it happened, "E" when it was sent.
void read_times(Members& members, Document& out) noexcept {
  if (members.has(letter('E'))) read_time(members, 'E', out.sent_time_ns);
  out.exchange_time_ns = out.sent_time_ns;
  if (members.has(letter('T'))) read_time(members, 'T', out.exchange_time_ns);
}

DocumentStatus read_trade(DecoderState& state, Members& members, bool is_aggregate,
                          Document& out) noexcept {
  Trade trade;
  bool buyer_is_maker = false;
  members.name(letter('s'), trade.symbol);
  members.number(letter(is_aggregate ? 'a' : 't'), trade.trade_id);
  members.decimal(letter('p'), trade.price);
  members.decimal(letter('q'), trade.size);
  members.boolean(letter('m'), buyer_is_maker);
  read_times(members, out);
  if (!members.has(letter('T'))) members.note(DocumentStatus::missing_field);
  trade.first_trade_id = trade.last_trade_id = trade.trade_id;
  if (is_aggregate) {
    members.number(letter('f'), trade.first_trade_id);
    members.number(letter('l'), trade.last_trade_id);
  }
  trade.time_ns = out.exchange_time_ns;
  trade.aggressor = buyer_is_maker ? Side::sell : Side::buy;
  trade.has_id = true;
  trade.is_aggregate = is_aggregate;
  out.kind = Kind::trades;
  out.symbol = trade.symbol;
  if (members.fault() != kOk) return members.fault();
  return add_trade(state, trade);
}

void read_quote(Members& members, Document& out) noexcept {
  out.kind = Kind::quote;
  members.name(letter('s'), out.symbol);
  members.number(letter('u'), out.last_update_id);
  out.first_update_id = out.last_update_id;
  out.has_update_ids = true;
  members.decimal(letter('b'), out.quote.bid);
  members.decimal(letter('B'), out.quote.bid_size);
  members.decimal(letter('a'), out.quote.ask);
  members.decimal(letter('A'), out.quote.ask_size);
  out.quote.has_sizes = true;
  read_times(members, out);
}

void read_update(Members& members, Document& out) noexcept {
  out.kind = Kind::book_update;
  members.name(letter('s'), out.symbol);
  members.number(letter('U'), out.first_update_id);
  members.number(letter('u'), out.last_update_id);
  out.has_update_ids = true;
  if (members.has(kUpdateIdBefore)) {
    members.number(kUpdateIdBefore, out.previous_update_id);
    out.has_previous_update_id = true;
  }
  members.require(letter('b'), Type::array);
  members.require(letter('a'), Type::array);
  members.refuse(kBids);
  members.refuse(kAsks);
  read_times(members, out);
}

// A stream is called "btcusdt@depth20"; the book in it names no symbol.
void symbol_of_stream(DecoderState& state, std::string_view stream, Document& out) noexcept {
  const std::size_t length = stream.find('@');
  if (length > kMaxSymbolBytes) return;  // also if there is none
  for (std::size_t i = 0; i < length; ++i) {
    const char c = stream[i];
    state.symbol[i] = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  }
  out.symbol = {state.symbol.data(), length};
}

void read_snapshot(DecoderState& state, Members& members, Document& out) noexcept {
  out.kind = Kind::book_snapshot;
  out.type = "depth";
  members.number(kLastUpdateId, out.last_update_id);
  out.first_update_id = out.last_update_id;
  out.has_update_ids = true;
  members.require(kBids, Type::array);
  members.require(kAsks, Type::array);
  members.refuse(letter('b'));
  members.refuse(letter('a'));
  read_times(members, out);
  if (members.has(kStream, Type::string)) symbol_of_stream(state, members.text(kStream), out);
}

// Messages that tell nothing of trades, quotes or books.
bool is_other_event(std::string_view event) noexcept {
  for (const std::string_view known :
       {"kline", "continuous_kline", "indexPrice_kline", "markPrice_kline", "24hrTicker",
        "24hrMiniTicker", "1hTicker", "4hTicker", "1dTicker", "avgPrice", "markPriceUpdate",
        "forceOrder", "openInterest", "compositeIndex", "contractInfo", "assetIndexUpdate",
        "indexPriceUpdate", "referencePrice"}) {
    if (event == known) return true;
  }
  return false;
}

DocumentStatus read_event(DecoderState& state, Members& members, Document& out) noexcept {
  std::string_view event;
  members.string(letter('e'), event);
  out.type = event;
  if (event == "trade") return read_trade(state, members, false, out);
  if (event == "aggTrade") return read_trade(state, members, true, out);
  if (event == "depthUpdate") {
    read_update(members, out);
  } else if (event == "bookTicker") {
    read_quote(members, out);
  } else if (event == "serverShutdown") {
    out.kind = Kind::status;
    read_times(members, out);
  } else if (is_other_event(event)) {
    out.kind = Kind::other_known;
    out.symbol = members.text(letter('s'));
    if (members.has(letter('E'))) read_time(members, 'E', out.exchange_time_ns);
    out.sent_time_ns = out.exchange_time_ns;
  } else {
    members.note(DocumentStatus::unknown_shape);
  }
  return kOk;
}

DocumentStatus interpret(DecoderState& state, Members& members, Document& out) noexcept {
  if (members.has(letter('e'))) return read_event(state, members, out);
  if (members.has(kLastUpdateId)) {
    read_snapshot(state, members, out);
  } else if (members.has(letter('u')) && members.has(letter('B'))) {
    out.type = "bookTicker";
    read_quote(members, out);
  } else if (members.has(kSymbols, Type::array)) {
    out.kind = Kind::instruments;
  } else if (members.has(kError, Type::object) || members.has(kCode, Type::number)) {
    out.kind = Kind::venue_error;
  } else if (members.has(kMethod, Type::string) && members.has(kId)) {
    out.kind = Kind::request;
    out.type = members.text(kMethod);
  } else if (members.has(kResult) && members.has(kId)) {
    out.kind = Kind::acknowledgement;
  } else if (members.has(kStream, Type::string) && members.has(kPayload, Type::array)) {
    out.type = members.text(kStream);  // "!miniTicker@arr": summaries of many symbols
    out.kind = Kind::other_known;
  } else {
    return DocumentStatus::unknown_shape;
  }
  return kOk;
}

// "!miniTicker@arr" without an envelope: an array of events.
DocumentStatus read_array(ondemand::array array, Document& out) noexcept {
  bool has_event = false;
  const DocumentStatus status = each_element(array, [&has_event](ondemand::value& element) {
    return each_member_of(element, [&has_event](Key key, ondemand::value& value) {
      if (!key.is("e")) return check_value(value, 2);
      Slot slot;
      if (const DocumentStatus fault = read_slot(value, slot); fault != kOk) return fault;
      has_event = true;
      return slot.type == Type::string && is_other_event(slot.view())
                 ? kOk
                 : DocumentStatus::unknown_shape;
    });
  });
  out.kind = Kind::other_known;
  return status == kOk && !has_event ? DocumentStatus::unknown_shape : status;
}

DocumentStatus read_object(DecoderState& state, ondemand::object object, Document& out) noexcept {
  Members members;
  if (const DocumentStatus status = collect(state, object, 1, members); status != kOk) {
    return status;
  }
  if (const DocumentStatus status = interpret(state, members, out); status != kOk) return status;
  return members.finish();
}

}  // namespace binance

}  // namespace

}  // namespace tapeline::codec::json::detail
