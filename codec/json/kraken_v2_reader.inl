// Kraken WebSocket v2 and the control messages of v1 (both are objects), for kernel.inl.

namespace tapeline::codec::json::detail {

namespace {

namespace kraken {

enum Member : unsigned {
  // Of an envelope or a control message.
  channel,
  type,
  payload,  // "data"
  method,
  success,
  result,
  event,
  status,
  pair,
  channel_name,
  subscription,
  error_text,
  // Of an element of "data".
  symbol,
  side,
  price,
  quantity,
  trade_id,
  timestamp,
  bids,
  asks,
  checksum,
  bid,
  bid_quantity,
  ask,
  ask_quantity,
  last,
  depth,
  unused,
};

Member envelope_member(Key key) noexcept {
  switch (key.length) {
    case 4:
      return key.is("type") ? type : key.is("data") ? payload : key.is("pair") ? pair : unused;
    case 5: return key.is("event") ? event : key.is("error") ? error_text : unused;
    case 6:
      return key.is("method")   ? method
             : key.is("result") ? result
             : key.is("status") ? status
                                : unused;
    case 7: return key.is("channel") ? channel : key.is("success") ? success : unused;
    case 11: return key.is("channelName") ? channel_name : unused;
    case 12:
      return key.is("subscription") ? subscription : key.is("errorMessage") ? error_text : unused;
    default: return unused;
  }
}

Member element_member(Key key) noexcept {
  switch (key.length) {
    case 3: return key.is("qty") ? quantity : key.is("bid") ? bid : key.is("ask") ? ask : unused;
    case 4:
      return key.is("side")   ? side
             : key.is("bids") ? bids
             : key.is("asks") ? asks
             : key.is("last") ? last
                              : unused;
    case 5: return key.is("price") ? price : key.is("depth") ? depth : unused;
    case 6: return key.is("symbol") ? symbol : unused;
    case 7: return key.is("bid_qty") ? bid_quantity : key.is("ask_qty") ? ask_quantity : unused;
    case 8: return key.is("trade_id") ? trade_id : key.is("checksum") ? checksum : unused;
    case 9: return key.is("timestamp") ? timestamp : unused;
    default: return unused;
  }
}

enum class Channel : std::uint8_t { none, trade, book, ticker, other };

// [{"price":45283.5,"qty":0.1}, ...]
DocumentStatus read_priced_levels(DecoderState& state, ondemand::value& value, Side of) noexcept {
  return each_element_of(value, [&state, of](ondemand::value& entry) {
    Level level;
    level.side = of;
    bool has_price = false;
    bool has_size = false;
    const DocumentStatus fault =
        each_member_of(entry, [&level, &has_price, &has_size](Key key, ondemand::value& item) {
          const bool is_price = key.is("price");
          if (!is_price && !key.is("qty")) return check_value(item, 5);
          bool& has = is_price ? has_price : has_size;
          if (has) return DocumentStatus::duplicate_field;
          has = true;
          return read_decimal(item, is_price ? level.price : level.size);
        });
    if (fault != kOk) return fault;
    return has_price && has_size ? add_level(state, level) : DocumentStatus::missing_field;
  });
}

DocumentStatus collect_element(DecoderState& state, ondemand::value& element, Channel of, int at,
                               Members& members) noexcept {
  return each_member_of(element, [&state, of, at, &members](Key key, ondemand::value& value) {
    const Member member = element_member(key);
    if (member == unused) return check_value(value, at);
    Slot* const found = members.add(member);
    if (found == nullptr) return DocumentStatus::duplicate_field;
    Slot& slot = *found;
    if (const DocumentStatus fault = read_slot(value, slot); fault != kOk) return fault;
    if (of == Channel::book && slot.type == Type::array && (member == bids || member == asks)) {
      return read_priced_levels(state, value, member == bids ? Side::buy : Side::sell);
    }
    return check_slot(value, slot, at);
  });
}

void read_timestamp(Members& members, std::int64_t& out) noexcept {
  std::string_view text;
  members.string(timestamp, text);
  if (members.fault() == kOk) members.note(read_iso_time(text, out));
}

DocumentStatus add_trade(DecoderState& state, Members& members, Document& out) noexcept {
  Trade trade;
  std::string_view taker;
  members.name(symbol, trade.symbol);
  members.string(side, taker);
  members.decimal(price, trade.price);
  members.decimal(quantity, trade.size);
  members.number(trade_id, trade.trade_id);
  read_timestamp(members, trade.time_ns);
  if (members.fault() != kOk) return members.fault();
  if (taker != "buy" && taker != "sell") return DocumentStatus::unknown_shape;
  trade.aggressor = taker == "buy" ? Side::buy : Side::sell;
  trade.first_trade_id = trade.last_trade_id = trade.trade_id;
  trade.has_id = true;
  out.exchange_time_ns = trade.time_ns;
  return detail::add_trade(state, trade);
}

void read_book(Members& members, Document& out) noexcept {
  members.name(symbol, out.symbol);
  members.require(bids, Type::array);
  members.require(asks, Type::array);
  std::uint64_t value = 0;
  members.number(checksum, value);
  if (value > 0xFFFF'FFFFU) members.note(DocumentStatus::out_of_range);
  out.checksum = static_cast<std::uint32_t>(value);
  out.has_checksum = true;
  if (members.has(timestamp)) read_timestamp(members, out.exchange_time_ns);
}

void read_ticker(Members& members, Document& out) noexcept {
  members.name(symbol, out.symbol);
  members.decimal(bid, out.quote.bid);
  members.decimal(bid_quantity, out.quote.bid_size);
  members.decimal(ask, out.quote.ask);
  members.decimal(ask_quantity, out.quote.ask_size);
  out.quote.has_sizes = true;
  if (members.has(last)) {
    members.decimal(last, out.quote.last_price);
    out.quote.has_last = true;
  }
  if (members.has(timestamp)) read_timestamp(members, out.exchange_time_ns);
}

DocumentStatus read_element(DecoderState& state, ondemand::value& element, Channel of,
                            Document& out) noexcept {
  Members members;
  if (const DocumentStatus fault = collect_element(state, element, of, 2, members); fault != kOk) {
    return fault;
  }
  if (of == Channel::trade) {
    if (const DocumentStatus fault = add_trade(state, members, out); fault != kOk) return fault;
  } else if (of == Channel::book) {
    read_book(members, out);
  } else {
    read_ticker(members, out);
  }
  return members.finish();
}

// The elements of "data"; only trades come several at a time.
DocumentStatus read_payload(DecoderState& state, ondemand::value& value, const Slot& slot,
                            Channel of, Document& out) noexcept {
  if (of == Channel::other) return check_slot(value, slot, 1);
  unsigned elements = 0;
  const DocumentStatus fault =
      each_element_of(value, [&state, of, &out, &elements](ondemand::value& element) {
        if (++elements > 1 && of != Channel::trade) return DocumentStatus::unknown_shape;
        return read_element(state, element, of, out);
      });
  return fault == kOk && elements == 0 ? DocumentStatus::missing_field : fault;
}

Channel channel_of(std::string_view name) noexcept {
  if (name == "trade") return Channel::trade;
  if (name == "book") return Channel::book;
  if (name == "ticker") return Channel::ticker;
  return Channel::other;
}

struct Envelope {
  Members members;
  Members details;  // of "result" and "subscription"
  Channel channel = Channel::none;
  bool is_deferred = false;  // "data" came in front of "channel" and was not read
};

DocumentStatus collect(DecoderState& state, ondemand::object object, Envelope& envelope,
                       Document& out) noexcept {
  return each_member(object, [&state, &envelope, &out](Key key, ondemand::value& value) {
    const Member member = envelope_member(key);
    if (member == unused) return check_value(value, 1);
    Slot* const found = envelope.members.add(member);
    if (found == nullptr) return DocumentStatus::duplicate_field;
    Slot& slot = *found;
    if (const DocumentStatus fault = read_slot(value, slot); fault != kOk) return fault;
    if (member == channel && slot.type == Type::string && envelope.channel == Channel::none) {
      envelope.channel = channel_of(slot.view());
    }
    if (member == payload) {
      if (envelope.channel != Channel::none) {
        return read_payload(state, value, slot, envelope.channel, out);
      }
      envelope.is_deferred = true;
    }
    if ((member == result || member == subscription) && slot.type == Type::object) {
      return collect_element(state, value, Channel::other, 2, envelope.details);
    }
    return check_slot(value, slot, 1);
  });
}

void read_depth(Members& details, Document& out) noexcept {
  std::uint64_t value = 0;
  if (details.has(depth)) details.number(depth, value);
  if (value > 0xFFFF'FFFFU) details.note(DocumentStatus::out_of_range);
  out.depth = static_cast<std::uint32_t>(value);
}

// {"method":"subscribe","result":{...},"success":true}
DocumentStatus read_method(Envelope& envelope, Document& out) noexcept {
  Members& members = envelope.members;
  members.string(method, out.type);
  if (!members.has(success)) {
    const std::string_view name = out.type;
    out.kind = name == "pong" ? Kind::acknowledgement : Kind::request;
    return name == "subscribe" || name == "unsubscribe" || name == "ping" || name == "pong"
               ? kOk
               : DocumentStatus::unknown_shape;
  }
  bool is_success = false;
  members.boolean(success, is_success);
  out.kind = is_success ? Kind::acknowledgement : Kind::venue_error;
  out.symbol = envelope.details.text(symbol);
  read_depth(envelope.details, out);
  return kOk;
}

// Control messages of v1.
DocumentStatus read_event(Envelope& envelope, Document& out) noexcept {
  Members& members = envelope.members;
  members.string(event, out.type);
  const std::string_view name = out.type;
  if (name == "heartbeat") {
    out.kind = Kind::heartbeat;
  } else if (name == "systemStatus") {
    members.require(status, Type::string);
    out.kind = Kind::status;
  } else if (name == "subscriptionStatus") {
    members.require(status, Type::string);
    out.kind = members.text(status) == "error" ? Kind::venue_error : Kind::acknowledgement;
    out.symbol = members.text(pair);
    if (members.has(channel_name)) members.string(channel_name, out.type);
    read_depth(envelope.details, out);
  } else if (name == "pong") {
    out.kind = Kind::acknowledgement;
  } else if (name == "error") {
    out.kind = Kind::venue_error;
  } else if (name == "subscribe" || name == "unsubscribe" || name == "ping") {
    out.kind = Kind::request;
  } else {
    return DocumentStatus::unknown_shape;
  }
  return kOk;
}

bool is_other_channel(std::string_view name) noexcept {
  return name == "ohlc" || name == "level3" || name == "executions" || name == "balances";
}

DocumentStatus read_channel(DecoderState& state, Envelope& envelope, Document& out) noexcept {
  Members& members = envelope.members;
  members.string(channel, out.type);
  if (envelope.channel == Channel::other) {
    if (out.type == "heartbeat") {
      out.kind = Kind::heartbeat;
    } else if (out.type == "status") {
      out.kind = Kind::status;
    } else if (out.type == "instrument") {
      out.kind = Kind::instruments;
    } else if (is_other_channel(out.type)) {
      out.kind = Kind::other_known;
    } else {
      return DocumentStatus::unknown_shape;
    }
    return kOk;
  }
  std::string_view how;
  members.string(type, how);
  members.require(payload, Type::array);
  if (members.fault() != kOk) return members.fault();
  const bool is_snapshot = how == "snapshot";
  if (!is_snapshot && how != "update") return DocumentStatus::unknown_shape;
  if (envelope.channel == Channel::ticker) {
    out.kind = Kind::quote;
  } else if (envelope.channel == Channel::book) {
    out.kind = is_snapshot ? Kind::book_snapshot : Kind::book_update;
  } else {
    out.kind = Kind::trades;
    bool is_one_symbol = true;
    for (std::size_t i = 0; i < state.trades.size; ++i) {
      state.trades.items[i].is_replayed = is_snapshot;
      is_one_symbol = is_one_symbol && state.trades.items[i].symbol == state.trades.items[0].symbol;
    }
    if (is_one_symbol) out.symbol = state.trades.items[0].symbol;
  }
  return kOk;
}

// Sets `is_deferred` if the document has to be read again with what this call has found.
DocumentStatus read_object(DecoderState& state, ondemand::object object, Channel& known,
                           bool& is_deferred, Document& out) noexcept {
  Envelope envelope;
  envelope.channel = known;
  if (const DocumentStatus fault = collect(state, object, envelope, out); fault != kOk) {
    return fault;
  }
  is_deferred = envelope.is_deferred && envelope.channel != Channel::none;
  known = envelope.channel;
  if (is_deferred) return kOk;
  DocumentStatus fault = DocumentStatus::unknown_shape;
  if (envelope.members.has(channel)) {
    fault = read_channel(state, envelope, out);
  } else if (envelope.members.has(event)) {
    fault = read_event(envelope, out);
  } else if (envelope.members.has(method)) {
    fault = read_method(envelope, out);
  }
  if (fault != kOk) return fault;
  if (const DocumentStatus details = envelope.details.finish(); details != kOk) return details;
  return envelope.members.finish();
}

}  // namespace kraken

}  // namespace

}  // namespace tapeline::codec::json::detail
