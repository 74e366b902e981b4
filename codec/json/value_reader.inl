// Members, scalars and unread values of a document, for kernel.inl.

namespace tapeline::codec::json::detail {

namespace {

namespace ondemand = simdjson::ondemand;
using simdjson::error_code;
using simdjson::SUCCESS;

static_assert(kPaddingBytes >= simdjson::SIMDJSON_PADDING);

constexpr auto kOk = DocumentStatus::ok;

DocumentStatus status_of(error_code error) noexcept {
  switch (error) {
    case SUCCESS: return DocumentStatus::ok;
    case simdjson::UTF8_ERROR: return DocumentStatus::invalid_utf8;
    case simdjson::DEPTH_ERROR: return DocumentStatus::too_deep;
    case simdjson::CAPACITY: return DocumentStatus::too_long;
    case simdjson::MEMALLOC: return DocumentStatus::out_of_memory;
    case simdjson::INCORRECT_TYPE: return DocumentStatus::wrong_type;
    default: return DocumentStatus::not_json;
  }
}

DocumentStatus status_of(DecimalStatus status) noexcept {
  switch (status) {
    case DecimalStatus::ok: return DocumentStatus::ok;
    case DecimalStatus::bad_number: return DocumentStatus::bad_number;
    case DecimalStatus::out_of_range: return DocumentStatus::out_of_range;
  }
  return DocumentStatus::bad_number;
}

// The first of sixteen bytes that is `wanted`, or 16. Requires: 16 readable bytes.
unsigned find_in_16(const char* text, char wanted) noexcept {
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text));
  const int mask = _mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(wanted)));
  return static_cast<unsigned>(__builtin_ctz(static_cast<unsigned>(mask) | 0x10000U));
}

// Requires: the padding of a document behind the text.
bool has_escape(const char* text, std::size_t length) noexcept {
  for (std::size_t at = 0; at < length; at += 16) {
    const unsigned found = find_in_16(text + at, '\\');
    if (found < 16) return at + found < length;
  }
  return false;
}

enum class Type : std::uint8_t { string, number, boolean, null, array, object };

// A value as it stands in the text: the content of a string without its escapes, the token of
// anything else that is no array or object.
struct Slot {
  const char* text;
  std::uint32_t length;
  Type type;
  [[nodiscard]] std::string_view view() const noexcept { return {text, length}; }
  [[nodiscard]] bool is(std::string_view wanted) const noexcept { return view() == wanted; }
};

bool is_number(const char* at, const char* end) noexcept {
  if (at != end && *at == '-') ++at;
  const auto skip = [&at, end] {
    const char* const first = at;
    while (at != end && is_digit(*at)) ++at;
    return at - first;
  };
  const bool is_zero = at != end && *at == '0';
  const auto digits = skip();
  if (digits == 0 || (is_zero && digits > 1)) return false;
  if (at != end && *at == '.') {
    ++at;
    if (skip() == 0) return false;
  }
  if (at != end && (*at == 'e' || *at == 'E')) {
    ++at;
    if (at != end && (*at == '+' || *at == '-')) ++at;
    if (skip() == 0) return false;
  }
  return at == end;
}

bool is_space(char c) noexcept { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// The text of a scalar, or the first character of an array or object and perhaps white space. Empty
// if there is none: where a text is cut off and what stands behind it looks like its continuation,
// On-Demand walks on, two steps at most. It takes a length of nothing there, or one that wrapped.
std::string_view token_of(ondemand::value& value) noexcept {
  std::string_view token = value.raw_json_token();
  if (token.size() > kMaxDocumentBytes) return {};
  while (!token.empty() && is_space(token.back())) token.remove_suffix(1);
  return token;
}

// Looks at a value and takes it if it is a string. Numbers are not checked, arrays and objects not
// entered. A string with escapes is written anew into the memory of the parser.
DocumentStatus read_slot(ondemand::value& value, Slot& slot) noexcept {
  const std::string_view token = token_of(value);
  if (token.empty()) return DocumentStatus::not_json;
  slot.text = token.data();
  slot.length = static_cast<std::uint32_t>(token.size());
  switch (token.front()) {
    case '"': {
      slot.type = Type::string;
      if (token.size() < 2 || token.back() != '"') return DocumentStatus::not_json;
      if (has_escape(token.data(), token.size())) {
        std::string_view content;
        if (value.get_string().get(content) != SUCCESS) return DocumentStatus::not_json;
        slot.text = content.data();
        slot.length = static_cast<std::uint32_t>(content.size());
        return kOk;
      }
      ++slot.text;
      slot.length -= 2;
      return status_of(value.get_raw_json_string().error());
    }
    case '{': slot.type = Type::object; return kOk;
    case '[': slot.type = Type::array; return kOk;
    case 't':
    case 'f':
      slot.type = Type::boolean;
      return token == "true" || token == "false" ? kOk : DocumentStatus::not_json;
    case 'n': slot.type = Type::null; return token == "null" ? kOk : DocumentStatus::not_json;
    default: slot.type = Type::number; return kOk;
  }
}

struct Key {
  const char* text = nullptr;
  std::size_t length = 0;
  [[nodiscard]] std::string_view view() const noexcept { return {text, length}; }
  [[nodiscard]] bool is(std::string_view wanted) const noexcept { return view() == wanted; }
};

// NOLINTBEGIN(misc-no-recursion): check_value() ends at kMaxDepth

// Calls on_member(Key, ondemand::value) until it returns an error.
template <typename OnMember>
DocumentStatus each_member(ondemand::object object, OnMember on_member) noexcept {
  for (auto member : object) {
    if (const error_code error = member.error(); error != SUCCESS) return status_of(error);
    ondemand::field& field = member.value_unsafe();  // copies would stall on what was just written
    Key key{field.key().raw(), 0};
    key.length = find_in_16(key.text, '"');
    if (key.length == 16 || find_in_16(key.text, '\\') < key.length) {
      std::string_view name;
      if (field.unescaped_key().get(name) != SUCCESS) return DocumentStatus::not_json;
      key = {name.data(), name.size()};
    }
    if (const DocumentStatus status = on_member(key, field.value()); status != kOk) return status;
  }
  return kOk;
}

// Calls on_element(ondemand::value) until it returns an error.
template <typename OnElement>
DocumentStatus each_element(ondemand::array array, OnElement on_element) noexcept {
  for (auto element : array) {
    if (const error_code error = element.error(); error != SUCCESS) return status_of(error);
    if (const DocumentStatus status = on_element(element.value_unsafe()); status != kOk) {
      return status;
    }
  }
  return kOk;
}

template <typename OnMember>
DocumentStatus each_member_of(ondemand::value& value, OnMember on_member) noexcept {
  ondemand::object object;
  if (const error_code error = value.get_object().get(object); error != SUCCESS) {
    return status_of(error);
  }
  return each_member(object, on_member);
}

template <typename OnElement>
DocumentStatus each_element_of(ondemand::value& value, OnElement on_element) noexcept {
  ondemand::array array;
  if (const error_code error = value.get_array().get(array); error != SUCCESS) {
    return status_of(error);
  }
  return each_element(array, on_element);
}

// On-Demand looks only at what is asked for. This makes sure that the rest is JSON, too; `slot` is
// what read_slot() found. The members of a document are at depth 1.
DocumentStatus check_value(ondemand::value& value, int depth) noexcept;

DocumentStatus check_slot(ondemand::value& value, const Slot& slot, int depth) noexcept {
  if (depth > kMaxDepth) return DocumentStatus::too_deep;
  switch (slot.type) {
    case Type::number:
      return is_number(slot.text, slot.text + slot.length) ? kOk : DocumentStatus::not_json;
    case Type::array:
      return each_element_of(
          value, [depth](ondemand::value& item) { return check_value(item, depth + 1); });
    case Type::object:
      return each_member_of(
          value, [depth](Key, ondemand::value& item) { return check_value(item, depth + 1); });
    default: return kOk;  // read_slot() has looked at all of it
  }
}

DocumentStatus check_value(ondemand::value& value, int depth) noexcept {
  Slot slot;
  if (const DocumentStatus status = read_slot(value, slot); status != kOk) return status;
  return check_slot(value, slot, depth);
}
// NOLINTEND(misc-no-recursion)

// Scalars and arrays in their types. Each sets `out` only when it returns ok.

DocumentStatus read_decimal(const Slot& slot, Decimal& out) noexcept {
  if (slot.type != Type::string && slot.type != Type::number) return DocumentStatus::wrong_type;
  return status_of(read_decimal(slot.text, slot.text + slot.length, out));
}

// A whole number; its sign is an error.
DocumentStatus read_unsigned(const Slot& slot, std::uint64_t& out) noexcept {
  const char* at = slot.text;
  const char* const end = at + slot.length;
  if (at == end) return DocumentStatus::bad_number;
  if (*at == '-') {
    return is_number(at, end) ? DocumentStatus::out_of_range : DocumentStatus::bad_number;
  }
  std::uint64_t value = 0;
  at = read_digits(at, end, value);
  constexpr std::uint32_t kDigits = 19;  // always fit
  if (at != end || (slot.length > 1 && *slot.text == '0')) return DocumentStatus::bad_number;
  if (slot.length > kDigits) {
    value = 0;
    for (at = slot.text; at != end; ++at) {
      if (__builtin_mul_overflow(value, std::uint64_t{10}, &value) ||
          __builtin_add_overflow(value, static_cast<std::uint64_t>(*at - '0'), &value)) {
        return DocumentStatus::out_of_range;
      }
    }
  }
  out = value;
  return kOk;
}

DocumentStatus read_decimal(ondemand::value& value, Decimal& out) noexcept {
  Slot slot;
  if (const DocumentStatus status = read_slot(value, slot); status != kOk) return status;
  return read_decimal(slot, out);
}

// The members that a venue's documents use, by number. Reading one that is missing or of another
// type, or that says what does not fit, is remembered: the first such fault is what finish() tells.
class Members {
 public:
  static constexpr unsigned kCount = 64;

  // Where to put what was found of a member; null if it was there before.
  [[nodiscard]] Slot* add(unsigned index) noexcept {
    const std::uint64_t bit = std::uint64_t{1} << index;
    if ((seen_ & bit) != 0) return nullptr;
    seen_ |= bit;
    return &slots_[index];
  }

  [[nodiscard]] bool has(unsigned index) const noexcept { return ((seen_ >> index) & 1U) != 0; }
  [[nodiscard]] bool has(unsigned index, Type type) const noexcept {
    return has(index) && slots_[index].type == type;
  }
  [[nodiscard]] bool has_value(unsigned index) const noexcept {
    return has(index) && slots_[index].type != Type::null;
  }

  // The content of a string, or nothing if the member is missing or no string.
  [[nodiscard]] std::string_view text(unsigned index) const noexcept {
    return has(index, Type::string) ? slots_[index].view() : std::string_view{};
  }

  // The member, or null after noting what is wrong.
  [[nodiscard]] const Slot* find(unsigned index, Type type) noexcept {
    if (!has(index)) {
      note(DocumentStatus::missing_field);
    } else if (slots_[index].type != type) {
      note(DocumentStatus::wrong_type);
    } else {
      read_ |= std::uint64_t{1} << index;
      return &slots_[index];
    }
    return nullptr;
  }

  void require(unsigned index, Type type) noexcept { static_cast<void>(find(index, type)); }

  void refuse(unsigned index) noexcept {
    if (has(index)) note(DocumentStatus::unknown_shape);
  }

  void string(unsigned index, std::string_view& out) noexcept {
    if (const Slot* const slot = find(index, Type::string)) out = slot->view();
  }

  // A name that can not be empty.
  void name(unsigned index, std::string_view& out) noexcept {
    string(index, out);
    if (has(index, Type::string) && out.empty()) note(DocumentStatus::missing_field);
  }

  // A string or a number.
  void decimal(unsigned index, Decimal& out) noexcept {
    if (!has(index)) return note(DocumentStatus::missing_field);
    read_ |= std::uint64_t{1} << index;
    note(read_decimal(slots_[index], out));
  }

  void number(unsigned index, std::uint64_t& out) noexcept {
    if (const Slot* const slot = find(index, Type::number)) note(read_unsigned(*slot, out));
  }

  void boolean(unsigned index, bool& out) noexcept {
    if (const Slot* const slot = find(index, Type::boolean)) out = *slot->text == 't';
  }

  void note(DocumentStatus status) noexcept {
    if (fault_ == kOk) fault_ = status;
  }

  [[nodiscard]] DocumentStatus fault() const noexcept { return fault_; }

  // The first fault, or whether the numbers that nobody read are JSON.
  [[nodiscard]] DocumentStatus finish() const noexcept {
    if (fault_ != kOk) return fault_;
    for (std::uint64_t left = seen_ & ~read_; left != 0; left &= left - 1) {
      const Slot& slot = slots_[static_cast<unsigned>(__builtin_ctzll(left))];
      if (slot.type == Type::number && !is_number(slot.text, slot.text + slot.length)) {
        return DocumentStatus::not_json;
      }
    }
    return kOk;
  }

 private:
  std::uint64_t seen_ = 0;
  std::uint64_t read_ = 0;
  DocumentStatus fault_ = kOk;
  // Only those that were seen are set: a document has a few of them.
  Slot slots_[kCount];  // NOLINT(modernize-avoid-c-arrays): see decoder_state.hpp
};

DocumentStatus add_level(DecoderState& state, const Level& level) noexcept {
  if (state.levels.size == state.levels.capacity && !grow(state.levels, state.limits.levels)) {
    return state.levels.size >= state.limits.levels ? DocumentStatus::too_many_levels
                                                    : DocumentStatus::out_of_memory;
  }
  if (state.levels.size >= state.limits.levels) return DocumentStatus::too_many_levels;
  state.levels.items[state.levels.size++] = level;
  return kOk;
}

DocumentStatus add_trade(DecoderState& state, const Trade& trade) noexcept {
  if (state.trades.size == state.trades.capacity && !grow(state.trades, state.limits.trades)) {
    return state.trades.size >= state.limits.trades ? DocumentStatus::too_many_trades
                                                    : DocumentStatus::out_of_memory;
  }
  if (state.trades.size >= state.limits.trades) return DocumentStatus::too_many_trades;
  state.trades.items[state.trades.size++] = trade;
  return kOk;
}

// An array of [price, size, ...]; what follows the size is checked and dropped.
DocumentStatus read_levels(DecoderState& state, ondemand::value& value, Side side) noexcept {
  return each_element_of(value, [&state, side](ondemand::value& entry) {
    Level level;
    level.side = side;
    unsigned index = 0;
    const DocumentStatus status = each_element_of(entry, [&level, &index](ondemand::value& item) {
      switch (index++) {
        case 0: return read_decimal(item, level.price);
        case 1: return read_decimal(item, level.size);
        default: return check_value(item, 4);
      }
    });
    if (status != kOk) return status;
    return index < 2 ? DocumentStatus::missing_field : add_level(state, level);
  });
}

}  // namespace

}  // namespace tapeline::codec::json::detail
