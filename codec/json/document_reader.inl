// One text -> one Document, and the walk over the fields of one, for kernel.inl.

namespace tapeline::codec::json::detail {

namespace {

using Parser = ondemand::parser;

constexpr std::size_t kFirstParserBytes = std::size_t{128} * 1024;

// By doubling, so that a run of ever longer documents does not cost an allocation each.
DocumentStatus reserve(DecoderState& state, Parser& parser, std::size_t length) noexcept {
  if (length <= state.parser_bytes) return kOk;
  std::size_t bytes = state.parser_bytes > 0 ? state.parser_bytes : kFirstParserBytes;
  while (bytes < length) bytes *= 2;
  if (const error_code error = parser.allocate(bytes); error != SUCCESS) return status_of(error);
  state.parser_bytes = bytes;
  return kOk;
}

// Whether the document was the whole of the text.
DocumentStatus check_end(ondemand::document& document) noexcept {
  // Has a location only while there is something left to read.
  const char* rest = nullptr;
  return document.current_location().get(rest) == simdjson::OUT_OF_BOUNDS
             ? kOk
             : DocumentStatus::trailing_text;
}

DocumentStatus read_root_object(DecoderState& state, Venue venue, ondemand::object object,
                                kraken::Channel& channel, bool& is_deferred,
                                Document& out) noexcept {
  switch (venue) {
    case Venue::coinbase: return coinbase::read_object(state, object, out);
    case Venue::binance: return binance::read_object(state, object, out);
    case Venue::kraken: return kraken::read_object(state, object, channel, is_deferred, out);
  }
  return DocumentStatus::unknown_shape;
}

DocumentStatus read_root_array(DecoderState& state, Venue venue, ondemand::array array,
                               Document& out) noexcept {
  switch (venue) {
    case Venue::coinbase: return coinbase::read_array(array, out);
    case Venue::binance: return binance::read_array(array, out);
    case Venue::kraken: return kraken::read_array(state, array, out);
  }
  return DocumentStatus::unknown_shape;
}

DocumentStatus read_once(DecoderState& state, Venue venue, const char* text, std::size_t length,
                         kraken::Channel& channel, bool& is_deferred, Document& out) noexcept {
  state.levels.size = 0;
  state.trades.size = 0;
  ondemand::document document;
  auto& parser = *static_cast<Parser*>(state.parser);
  if (const error_code error = parser.iterate(text, length, length + kPaddingBytes).get(document);
      error != SUCCESS) {
    return status_of(error);
  }
  ondemand::json_type type{};
  if (const error_code error = document.type().get(type); error != SUCCESS) {
    return status_of(error);
  }
  DocumentStatus status = DocumentStatus::unknown_shape;
  if (type == ondemand::json_type::object) {
    ondemand::object object;
    if (const error_code error = document.get_object().get(object); error != SUCCESS) {
      return status_of(error);
    }
    status = read_root_object(state, venue, object, channel, is_deferred, out);
  } else if (type == ondemand::json_type::array) {
    ondemand::array array;
    if (const error_code error = document.get_array().get(array); error != SUCCESS) {
      return status_of(error);
    }
    status = read_root_array(state, venue, array, out);
  }
  return status == kOk ? check_end(document) : status;
}

DocumentStatus decode_document(DecoderState& state, Venue venue, const char* text,
                               std::size_t length, Document& out) noexcept {
  out = {};
  out.venue = venue;
  auto& parser = *static_cast<Parser*>(state.parser);
  DocumentStatus status = reserve(state, parser, length);
  kraken::Channel channel = kraken::Channel::none;
  bool is_deferred = false;
  if (status == kOk) {
    status = read_once(state, venue, text, length, channel, is_deferred, out);
    if (status == kOk && is_deferred) {
      status = read_once(state, venue, text, length, channel, is_deferred, out);
    }
  }
  if (status != kOk) {
    out = {};
    return status;
  }
  if (out.kind == Kind::book_snapshot || out.kind == Kind::book_update) {
    out.levels = {state.levels.items, state.levels.size};
  } else if (out.kind == Kind::trades) {
    out.trades = {state.trades.items, state.trades.size};
  }
  return kOk;
}

// The walk over the fields.

struct Visitor {
  void* context;
  FieldFunction function;
};

DocumentStatus visit_value(const Visitor& visitor, std::string_view name,
                           ondemand::value& value) noexcept {
  std::string_view text = token_of(value);
  if (text.empty()) return DocumentStatus::not_json;
  bool is_string = false;
  if (text.front() == '{') {
    ondemand::object object;
    if (value.get_object().get(object) != SUCCESS || object.raw_json().get(text) != SUCCESS) {
      return DocumentStatus::not_json;
    }
  } else if (text.front() == '[') {
    ondemand::array array;
    if (value.get_array().get(array) != SUCCESS || array.raw_json().get(text) != SUCCESS) {
      return DocumentStatus::not_json;
    }
  } else if (text.front() == '"') {
    if (text.size() < 2 || value.get_raw_json_string().error() != SUCCESS) {
      return DocumentStatus::not_json;
    }
    text = text.substr(1, text.size() - 2);
    is_string = true;
  }
  visitor.function(visitor.context, Field{name, text, is_string});
  return kOk;
}

DocumentStatus visit_members(const Visitor& visitor, ondemand::object object) noexcept {
  bool is_inside = false;
  return each_member(object, [&visitor, &is_inside](Key key, ondemand::value& value) {
    const std::string_view token = token_of(value);
    if (is_inside || !key.is("data") || token.empty() || token.front() != '{') {
      return visit_value(visitor, key.view(), value);
    }
    is_inside = true;
    return each_member_of(value, [&visitor](Key inner, ondemand::value& item) {
      return visit_value(visitor, inner.view(), item);
    });
  });
}

DocumentStatus visit_elements(const Visitor& visitor, ondemand::array array) noexcept {
  unsigned index = 0;
  return each_element(array, [&visitor, &index](ondemand::value& value) {
    char digits[10];
    unsigned left = index++;
    char* at = digits + sizeof digits;
    do {
      *--at = static_cast<char>('0' + left % 10);
      left /= 10;
    } while (left != 0);
    const auto length = static_cast<std::size_t>(digits + sizeof digits - at);
    return visit_value(visitor, {at, length}, value);
  });
}

DocumentStatus visit_document_fields(DecoderState& state, const char* text, std::size_t length,
                                     void* context, FieldFunction function) noexcept {
  auto& parser = *static_cast<Parser*>(state.parser);
  if (const DocumentStatus status = reserve(state, parser, length); status != kOk) return status;
  ondemand::document document;
  if (const error_code error = parser.iterate(text, length, length + kPaddingBytes).get(document);
      error != SUCCESS) {
    return status_of(error);
  }
  ondemand::json_type type{};
  if (document.type().get(type) != SUCCESS) return DocumentStatus::not_json;
  const Visitor visitor{context, function};
  DocumentStatus status = DocumentStatus::unknown_shape;
  ondemand::object object;
  ondemand::array array;
  if (type == ondemand::json_type::object) {
    if (const error_code error = document.get_object().get(object); error != SUCCESS) {
      return status_of(error);
    }
    status = visit_members(visitor, object);
  } else if (type == ondemand::json_type::array) {
    if (const error_code error = document.get_array().get(array); error != SUCCESS) {
      return status_of(error);
    }
    status = visit_elements(visitor, array);
  }
  return status == kOk ? check_end(document) : status;
}

}  // namespace

}  // namespace tapeline::codec::json::detail
