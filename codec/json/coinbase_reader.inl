// Coinbase Exchange: WebSocket feed, REST book and products, for kernel.inl.

namespace tapeline::codec::json::detail {

namespace {

namespace coinbase {

enum Member : unsigned {
  type,
  product_id,
  trade_id,
  side,
  size,
  price,
  sequence,
  time,
  changes,
  bids,
  asks,
  last_trade_id,
  best_bid,
  best_bid_size,
  best_ask,
  best_ask_size,
  last_size,
  channels,
  message,
  unused,
};

Member member_of(Key key) noexcept {
  switch (key.length) {
    case 4:
      return key.is("type")   ? type
             : key.is("side") ? side
             : key.is("size") ? size
             : key.is("time") ? time
             : key.is("bids") ? bids
             : key.is("asks") ? asks
                              : unused;
    case 5: return key.is("price") ? price : unused;
    case 7: return key.is("changes") ? changes : key.is("message") ? message : unused;
    case 8:
      return key.is("trade_id")   ? trade_id
             : key.is("sequence") ? sequence
             : key.is("best_bid") ? best_bid
             : key.is("best_ask") ? best_ask
             : key.is("channels") ? channels
                                  : unused;
    case 9: return key.is("last_size") ? last_size : unused;
    case 10: return key.is("product_id") ? product_id : unused;
    case 13:
      return key.is("last_trade_id")   ? last_trade_id
             : key.is("best_bid_size") ? best_bid_size
             : key.is("best_ask_size") ? best_ask_size
                                       : unused;
    default: return unused;
  }
}

DocumentStatus side_of(std::string_view text, Side& out) noexcept {
  if (text != "buy" && text != "sell") return DocumentStatus::unknown_shape;
  out = text == "buy" ? Side::buy : Side::sell;
  return kOk;
}

// [side, price, size]
DocumentStatus read_change(DecoderState& state, ondemand::value& entry) noexcept {
  Level level;
  unsigned index = 0;
  const DocumentStatus status = each_element_of(entry, [&level, &index](ondemand::value& item) {
    switch (index++) {
      case 0: {
        Slot slot;
        if (const DocumentStatus fault = read_slot(item, slot); fault != kOk) return fault;
        if (slot.type != Type::string) return DocumentStatus::wrong_type;
        return side_of(slot.view(), level.side);
      }
      case 1: return read_decimal(item, level.price);
      case 2: return read_decimal(item, level.size);
      default: return check_value(item, 4);
    }
  });
  if (status != kOk) return status;
  return index < 3 ? DocumentStatus::missing_field : add_level(state, level);
}

DocumentStatus collect(DecoderState& state, ondemand::object object, Members& members) noexcept {
  return each_member(object, [&state, &members](Key key, ondemand::value& value) {
    const Member member = member_of(key);
    if (member == unused) return check_value(value, 1);
    Slot* const found = members.add(member);
    if (found == nullptr) return DocumentStatus::duplicate_field;
    Slot& slot = *found;
    if (const DocumentStatus status = read_slot(value, slot); status != kOk) return status;
    if (slot.type == Type::array) {
      if (member == bids) return read_levels(state, value, Side::buy);
      if (member == asks) return read_levels(state, value, Side::sell);
      if (member == changes) {
        return each_element_of(
            value, [&state](ondemand::value& entry) { return read_change(state, entry); });
      }
    } else if (slot.type != Type::object) {
      return kOk;
    }
    return check_slot(value, slot, 1);
  });
}

void read_time(Members& members, Document& out) noexcept {
  std::string_view text;
  members.string(time, text);
  if (members.fault() == kOk) members.note(read_iso_time(text, out.exchange_time_ns));
}

void read_sequence(Members& members, Document& out) noexcept {
  members.number(sequence, out.sequence);
  out.has_sequence = true;
}

DocumentStatus read_match(DecoderState& state, Members& members, bool is_replayed,
                          Document& out) noexcept {
  Trade trade;
  std::string_view maker;
  Side maker_side = Side::buy;
  out.kind = Kind::trades;
  members.name(product_id, out.symbol);
  members.number(trade_id, trade.trade_id);
  members.decimal(price, trade.price);
  members.decimal(size, trade.size);
  members.string(side, maker);
  if (members.fault() == kOk) members.note(side_of(maker, maker_side));
  read_sequence(members, out);
  read_time(members, out);
  if (members.fault() != kOk) return members.fault();
  trade.symbol = out.symbol;
  trade.first_trade_id = trade.last_trade_id = trade.trade_id;
  trade.time_ns = out.exchange_time_ns;
  trade.aggressor = maker_side == Side::buy ? Side::sell : Side::buy;
  trade.has_id = true;
  trade.is_replayed = is_replayed;
  return add_trade(state, trade);
}

void read_ticker(Members& members, Document& out) noexcept {
  out.kind = Kind::quote;
  Quote& quote = out.quote;
  members.name(product_id, out.symbol);
  members.decimal(best_bid, quote.bid);
  members.decimal(best_ask, quote.ask);
  quote.has_sizes = members.has(best_bid_size) && members.has(best_ask_size);
  if (quote.has_sizes) {
    members.decimal(best_bid_size, quote.bid_size);
    members.decimal(best_ask_size, quote.ask_size);
  }
  members.decimal(price, quote.last_price);
  quote.has_last = true;
  if (members.has(last_size)) {
    members.decimal(last_size, quote.last_size);
    quote.has_last_size = true;
  }
  if (members.has(trade_id)) {
    members.number(trade_id, out.last_trade_id);
    out.has_last_trade_id = true;
  }
  if (members.has(sequence)) read_sequence(members, out);
  if (members.has(time)) read_time(members, out);
}

void read_book(Members& members, Kind kind, Document& out) noexcept {
  out.kind = kind;
  if (kind == Kind::book_snapshot) {
    members.require(bids, Type::array);
    members.require(asks, Type::array);
    members.refuse(changes);
  } else {
    members.require(changes, Type::array);
    members.refuse(bids);
    members.refuse(asks);
  }
  if (members.has(time)) read_time(members, out);
}

void read_heartbeat(Members& members, Document& out) noexcept {
  out.kind = Kind::heartbeat;
  members.name(product_id, out.symbol);
  read_sequence(members, out);
  members.number(last_trade_id, out.last_trade_id);
  out.has_last_trade_id = true;
  read_time(members, out);
}

// Messages of the channel "full", which follows single orders.
bool is_order_message(std::string_view type_name) noexcept {
  for (const std::string_view known :
       {"received", "open", "done", "change", "activate", "auction", "rfq_match"}) {
    if (type_name == known) return true;
  }
  return false;
}

DocumentStatus read_typed(DecoderState& state, Members& members, Document& out) noexcept {
  members.string(type, out.type);
  const std::string_view name = out.type;
  if (name == "match") return read_match(state, members, false, out);
  if (name == "last_match") return read_match(state, members, true, out);
  if (name == "l2update") {
    members.name(product_id, out.symbol);
    read_book(members, Kind::book_update, out);
  } else if (name == "snapshot") {
    members.name(product_id, out.symbol);
    read_book(members, Kind::book_snapshot, out);
  } else if (name == "ticker") {
    read_ticker(members, out);
  } else if (name == "heartbeat") {
    read_heartbeat(members, out);
  } else if (name == "subscriptions") {
    members.require(channels, Type::array);
    out.kind = Kind::acknowledgement;
  } else if (name == "error") {
    members.require(message, Type::string);
    out.kind = Kind::venue_error;
  } else if (name == "status") {
    out.kind = Kind::status;
  } else if ((name == "subscribe" || name == "unsubscribe") && members.has(channels)) {
    out.kind = Kind::request;
  } else if (is_order_message(name)) {
    out.kind = Kind::other_known;
    members.name(product_id, out.symbol);
    if (members.has(sequence)) read_sequence(members, out);
    if (members.has(time)) read_time(members, out);
  } else {
    return DocumentStatus::unknown_shape;
  }
  return kOk;
}

DocumentStatus read_object(DecoderState& state, ondemand::object object, Document& out) noexcept {
  Members members;
  if (const DocumentStatus status = collect(state, object, members); status != kOk) return status;
  if (members.has(type)) {
    if (const DocumentStatus status = read_typed(state, members, out); status != kOk) return status;
    return members.finish();
  }
  // The REST book: the product stands in the address that was asked.
  if (!members.has(sequence) || !members.has(bids)) return DocumentStatus::unknown_shape;
  out.type = "book";
  read_sequence(members, out);
  read_book(members, Kind::book_snapshot, out);
  return members.finish();
}

// The REST list of products.
DocumentStatus read_array(ondemand::array array, Document& out) noexcept {
  unsigned products = 0;
  const DocumentStatus status = each_element(array, [&products](ondemand::value& element) {
    bool has_currency = false;
    const DocumentStatus fault =
        each_member_of(element, [&has_currency](Key key, ondemand::value& value) {
          if (key.is("base_currency")) has_currency = true;
          return check_value(value, 2);
        });
    ++products;
    return fault == kOk && !has_currency ? DocumentStatus::unknown_shape : fault;
  });
  out.kind = Kind::instruments;
  return status == kOk && products == 0 ? DocumentStatus::unknown_shape : status;
}

}  // namespace coinbase

}  // namespace

}  // namespace tapeline::codec::json::detail
