// Kraken WebSocket v1: [channelID, payload..., channel name, pair], for kernel.inl.
//
// What a payload is can be seen from it alone; the name of the channel, which comes behind it, must
// agree.

namespace tapeline::codec::json::detail {

namespace {

namespace kraken {

struct Frame {
  static constexpr unsigned kMaxValues = 5;

  std::string_view name;
  std::string_view pair;
  unsigned names = 0;
  unsigned payloads = 0;
  bool has_snapshot = false;
  bool has_update = false;
  bool has_quote = false;
  Quote quote;              // of "ticker"
  Slot values[kMaxValues];  // NOLINT(modernize-avoid-c-arrays): of "spread"
  unsigned value_count = 0;
  std::int64_t last_time_ns = 0;  // of the levels
  std::uint32_t checksum = 0;
  bool has_checksum = false;
};

// [price, volume, time] or [price, volume, time, "r"]
DocumentStatus read_timed_level(DecoderState& state, ondemand::value& entry, Side of,
                                Frame& frame) noexcept {
  Level level;
  level.side = of;
  unsigned index = 0;
  const DocumentStatus fault =
      each_element_of(entry, [&level, &index, &frame](ondemand::value& item) {
        Slot slot;
        if (const DocumentStatus bad = read_slot(item, slot); bad != kOk) return bad;
        switch (index++) {
          case 0: return read_decimal(slot, level.price);
          case 1: return read_decimal(slot, level.size);
          case 2: {
            std::int64_t time_ns = 0;
            const DocumentStatus bad = read_seconds(slot, time_ns);
            if (time_ns > frame.last_time_ns) frame.last_time_ns = time_ns;
            return bad;
          }
          default: return check_slot(item, slot, 5);
        }
      });
  if (fault != kOk) return fault;
  return index < 3 ? DocumentStatus::missing_field : add_level(state, level);
}

// "a", "b" or "c" of a ticker: [price, ..., lot volume]
DocumentStatus read_side(DecoderState& state, ondemand::value& value, Side of, bool is_snapshot,
                         Frame& frame) noexcept {
  unsigned index = 0;
  bool is_book = true;
  const DocumentStatus fault =
      each_element_of(value, [&state, of, &frame, &index, &is_book](ondemand::value& item) {
        Slot slot;
        if (const DocumentStatus bad = read_slot(item, slot); bad != kOk) return bad;
        if (index == 0) is_book = slot.type == Type::array;
        ++index;
        if (is_book != (slot.type == Type::array)) return DocumentStatus::unknown_shape;
        if (is_book) return read_timed_level(state, item, of, frame);
        const bool is_bid = of == Side::buy;
        if (index == 1) return read_decimal(slot, is_bid ? frame.quote.bid : frame.quote.ask);
        if (index == 3) {
          return read_decimal(slot, is_bid ? frame.quote.bid_size : frame.quote.ask_size);
        }
        return check_slot(item, slot, 4);
      });
  if (fault != kOk) return fault;
  if (!is_book) {
    frame.has_quote = true;
    return index == 3 && !is_snapshot ? kOk : DocumentStatus::unknown_shape;
  }
  (is_snapshot ? frame.has_snapshot : frame.has_update) = true;
  return kOk;
}

// "c": the checksum of a book, or [last price, lot volume] of a ticker.
DocumentStatus read_c(ondemand::value& value, Frame& frame) noexcept {
  Slot slot;
  if (const DocumentStatus fault = read_slot(value, slot); fault != kOk) return fault;
  if (slot.type == Type::string) {
    std::uint64_t checksum = 0;
    const DocumentStatus fault = read_unsigned(slot, checksum);
    if (fault != kOk) return fault;
    frame.checksum = static_cast<std::uint32_t>(checksum);
    frame.has_checksum = true;
    return checksum > 0xFFFF'FFFFU ? DocumentStatus::out_of_range : kOk;
  }
  unsigned index = 0;
  const DocumentStatus fault = each_element_of(value, [&frame, &index](ondemand::value& item) {
    switch (index++) {
      case 0: return read_decimal(item, frame.quote.last_price);
      case 1: return read_decimal(item, frame.quote.last_size);
      default: return check_value(item, 4);
    }
  });
  frame.quote.has_last = index > 0;
  frame.quote.has_last_size = index > 1;
  return fault;
}

DocumentStatus read_object_payload(DecoderState& state, ondemand::value& value,
                                   Frame& frame) noexcept {
  unsigned seen = 0;
  return each_member_of(value, [&state, &frame, &seen](Key key, ondemand::value& item) {
    const unsigned bit = key.is("a")    ? 1U
                         : key.is("b")  ? 2U
                         : key.is("c")  ? 4U
                         : key.is("as") ? 8U
                         : key.is("bs") ? 16U
                                        : 0U;
    if (bit == 0) return check_value(item, 3);
    if ((seen & bit) != 0) return DocumentStatus::duplicate_field;
    seen |= bit;
    if (bit == 4U) return read_c(item, frame);
    const bool is_snapshot = bit >= 8U;
    const Side of = bit == 1U || bit == 8U ? Side::sell : Side::buy;
    return read_side(state, item, of, is_snapshot, frame);
  });
}

// [price, volume, time, side, order type, misc]
DocumentStatus read_listed_trade(DecoderState& state, ondemand::value& entry) noexcept {
  Trade trade;
  unsigned index = 0;
  const DocumentStatus fault = each_element_of(entry, [&trade, &index](ondemand::value& item) {
    Slot slot;
    if (const DocumentStatus bad = read_slot(item, slot); bad != kOk) return bad;
    switch (index++) {
      case 0: return read_decimal(slot, trade.price);
      case 1: return read_decimal(slot, trade.size);
      case 2: return read_seconds(slot, trade.time_ns);
      case 3:
        if (slot.type != Type::string) return DocumentStatus::wrong_type;
        if (!slot.is("b") && !slot.is("s")) return DocumentStatus::unknown_shape;
        trade.aggressor = slot.is("b") ? Side::buy : Side::sell;
        return kOk;
      default: return check_slot(item, slot, 4);
    }
  });
  if (fault != kOk) return fault;
  return index < 4 ? DocumentStatus::missing_field : detail::add_trade(state, trade);
}

// An array of trades, or the values of a spread or a candle.
DocumentStatus read_array_payload(DecoderState& state, ondemand::value& value,
                                  Frame& frame) noexcept {
  return each_element_of(value, [&state, &frame](ondemand::value& item) {
    Slot slot;
    if (const DocumentStatus fault = read_slot(item, slot); fault != kOk) return fault;
    if (slot.type == Type::array) return read_listed_trade(state, item);
    if (frame.value_count < Frame::kMaxValues) frame.values[frame.value_count] = slot;
    ++frame.value_count;
    return check_slot(item, slot, 3);
  });
}

DocumentStatus read_part(DecoderState& state, ondemand::value& value, unsigned index,
                         Frame& frame) noexcept {
  Slot slot;
  if (const DocumentStatus fault = read_slot(value, slot); fault != kOk) return fault;
  if (index == 0) {
    std::uint64_t id = 0;
    return slot.type == Type::number ? read_unsigned(slot, id) : DocumentStatus::unknown_shape;
  }
  if (slot.type == Type::string) {
    if (frame.names == 2) return DocumentStatus::unknown_shape;
    (frame.names == 0 ? frame.name : frame.pair) = slot.view();
    ++frame.names;
    return kOk;
  }
  if (frame.names != 0) return DocumentStatus::unknown_shape;
  ++frame.payloads;
  if (slot.type == Type::object) return read_object_payload(state, value, frame);
  if (slot.type == Type::array) return read_array_payload(state, value, frame);
  return DocumentStatus::unknown_shape;
}

// "book-1000" -> 1000; 0 if there is no number.
DocumentStatus read_depth(std::string_view name, std::uint32_t& out) noexcept {
  const std::size_t dash = name.find('-');
  if (dash == std::string_view::npos) return kOk;
  const std::string_view digits = name.substr(dash + 1);
  std::uint64_t value = 0;
  const Slot slot{digits.data(), static_cast<std::uint32_t>(digits.size()), Type::number};
  if (const DocumentStatus fault = read_unsigned(slot, value); fault != kOk) return fault;
  if (value > 0xFFFF'FFFFU) return DocumentStatus::out_of_range;
  out = static_cast<std::uint32_t>(value);
  return kOk;
}

// [bid, ask, time, bid volume, ask volume]
DocumentStatus read_spread(const Frame& frame, Document& out) noexcept {
  if (frame.value_count != 5) return DocumentStatus::missing_field;
  Quote& quote = out.quote;
  Decimal* const targets[] = {&quote.bid, &quote.ask, nullptr, &quote.bid_size, &quote.ask_size};
  for (unsigned i = 0; i < 5; ++i) {
    const DocumentStatus fault = targets[i] != nullptr
                                     ? read_decimal(frame.values[i], *targets[i])
                                     : read_seconds(frame.values[i], out.exchange_time_ns);
    if (fault != kOk) return fault;
  }
  quote.has_sizes = true;
  return kOk;
}

DocumentStatus read_book_frame(const Frame& frame, Document& out) noexcept {
  if (frame.has_snapshot == frame.has_update) return DocumentStatus::unknown_shape;
  out.kind = frame.has_snapshot ? Kind::book_snapshot : Kind::book_update;
  out.exchange_time_ns = frame.last_time_ns;
  out.checksum = frame.checksum;
  out.has_checksum = frame.has_checksum;
  return read_depth(frame.name, out.depth);
}

DocumentStatus interpret(DecoderState& state, const Frame& frame, Document& out) noexcept {
  if (frame.names != 2 || frame.payloads == 0 || frame.pair.empty()) {
    return DocumentStatus::unknown_shape;
  }
  const std::string_view name = frame.name;
  const bool has_levels = frame.has_snapshot || frame.has_update;
  out.type = name;
  out.symbol = frame.pair;
  if (name.starts_with("book")) {
    if (frame.has_quote || frame.value_count != 0 || state.trades.size != 0) {
      return DocumentStatus::unknown_shape;
    }
    return read_book_frame(frame, out);
  }
  if (has_levels || (name != "trade" && state.trades.size != 0)) {
    return DocumentStatus::unknown_shape;
  }
  if (name == "trade") {
    out.kind = Kind::trades;
    for (std::size_t i = 0; i < state.trades.size; ++i) {
      state.trades.items[i].symbol = frame.pair;
      out.exchange_time_ns = state.trades.items[i].time_ns;
    }
    return state.trades.size == 0 ? DocumentStatus::missing_field : kOk;
  }
  if (name == "spread") {
    out.kind = Kind::quote;
    return read_spread(frame, out);
  }
  if (name == "ticker" && frame.has_quote) {
    out.kind = Kind::quote;
    out.quote = frame.quote;
    out.quote.has_sizes = true;
    return kOk;
  }
  out.kind = Kind::other_known;
  return name.starts_with("ohlc") ? kOk : DocumentStatus::unknown_shape;
}

DocumentStatus read_array(DecoderState& state, ondemand::array array, Document& out) noexcept {
  Frame frame;
  unsigned index = 0;
  const DocumentStatus fault =
      each_element(array, [&state, &frame, &index](ondemand::value& value) {
        return read_part(state, value, index++, frame);
      });
  return fault == kOk ? interpret(state, frame, out) : fault;
}

}  // namespace kraken

}  // namespace

}  // namespace tapeline::codec::json::detail
