#define RAPIDJSON_SSE42
#define RAPIDJSON_HAS_STDSTRING 1
#include <rapidjson/document.h>
#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>

#include <array>
#include <cstring>
#include <stdexcept>
#include <vector>

#include "tests/bench/codec/contenders.hpp"

namespace tapeline::bench {

namespace {

using Value = rapidjson::Value;

std::string_view text_of(const Value& value) {
  return {value.GetString(), value.GetStringLength()};
}

const Value& member(const Value& object, const char* name) {
  const auto found = object.FindMember(name);
  if (found == object.MemberEnd()) throw std::runtime_error{"a field is missing"};
  return found->value;
}

TradeValue binance_trade(const Value& body) {
  const bool is_aggregate = text_of(member(body, "e")) == "aggTrade";
  const auto price = decimal_of(text_of(member(body, "p")));
  const auto size = decimal_of(text_of(member(body, "q")));
  return {.symbol = text_of(member(body, "s")),
          .id = member(body, is_aggregate ? "a" : "t").GetUint64(),
          .price = price.mantissa,
          .size = size.mantissa,
          .time_ns = member(body, "T").GetInt64() * 1'000'000,
          .price_decimals = price.decimals,
          .size_decimals = size.decimals,
          .is_buy = !member(body, "m").GetBool()};
}

TradeValue coinbase_trade(const Value& body) {
  const auto price = decimal_of(text_of(member(body, "price")));
  const auto size = decimal_of(text_of(member(body, "size")));
  return {.symbol = text_of(member(body, "product_id")),
          .id = member(body, "trade_id").GetUint64(),
          .price = price.mantissa,
          .size = size.mantissa,
          .time_ns = time_of(text_of(member(body, "time"))),
          .price_decimals = price.decimals,
          .size_decimals = size.decimals,
          .is_buy = text_of(member(body, "side")) == "sell"};
}

template <bool is_in_situ>
class Tree : public Contender {
 public:
  Tree() : memory_(std::size_t{4} << 20U), stack_(std::size_t{1} << 16U) {}

  TradeValue trade(const Message& message) override {
    start(message);
    if (message.venue == codec::json::Venue::coinbase) return coinbase_trade(*tree_);
    const auto data = tree_->FindMember("data");
    return binance_trade(data == tree_->MemberEnd() ? *tree_ : data->value);
  }

  UpdateValue update(const Message& message) override {
    start(message);
    const Value& body = member(*tree_, "data");
    UpdateValue value;
    for (const char* const side : {"b", "a"}) {
      for (const Value& level : member(body, side).GetArray()) {
        ++value.levels;
        value.sum += static_cast<std::uint64_t>(decimal_of(text_of(level[0])).mantissa) +
                     static_cast<std::uint64_t>(decimal_of(text_of(level[1])).mantissa);
      }
    }
    return value;
  }

 private:
  using Allocator = rapidjson::MemoryPoolAllocator<>;
  using Document = rapidjson::GenericDocument<rapidjson::UTF8<>, Allocator, Allocator>;

  void start(const Message& message) {
    tree_.reset();
    values_ = std::make_unique<Allocator>(memory_.data(), memory_.size());
    parsing_ = std::make_unique<Allocator>(stack_.data(), stack_.size());
    tree_ = std::make_unique<Document>(values_.get(), 1024, parsing_.get());
    if constexpr (is_in_situ) {
      copy_.assign(message.text.begin(), message.text.end());
      copy_.push_back('\0');
      tree_->ParseInsitu<rapidjson::kParseInsituFlag | rapidjson::kParseValidateEncodingFlag>(
          copy_.data());
    } else {
      tree_->Parse<rapidjson::kParseValidateEncodingFlag>(message.text.data(), message.text.size());
    }
    if (tree_->HasParseError()) throw std::runtime_error{"RapidJSON refuses a message"};
  }

  std::vector<char> memory_;
  std::vector<char> stack_;
  std::vector<char> copy_;
  std::unique_ptr<Allocator> values_;
  std::unique_ptr<Allocator> parsing_;
  std::unique_ptr<Document> tree_;
};

// What a trade's handler keeps: where each field that it wants lies.
class Events : public Contender {
 public:
  TradeValue trade(const Message& message) override {
    value_ = {};
    field_ = none;
    is_coinbase_ = message.venue == codec::json::Venue::coinbase;
    parse(message);
    value_.symbol = {symbol_.data(), symbol_bytes_};
    return value_;
  }

  UpdateValue update(const Message& message) override {
    update_ = {};
    field_ = none;
    is_coinbase_ = false;
    parse(message);
    return update_;
  }

  // The interface that RapidJSON calls.
  bool Null() { return true; }
  bool Bool(bool is_set) {
    if (field_ == maker) value_.is_buy = !is_set;
    return true;
  }
  bool Int(int number) { return Int64(number); }
  bool Uint(unsigned number) { return Uint64(number); }
  bool Int64(std::int64_t) { return true; }
  bool Uint64(std::uint64_t number) {
    if (field_ == id) value_.id = number;
    if (field_ == time) value_.time_ns = static_cast<std::int64_t>(number) * 1'000'000;
    return true;
  }
  bool Double(double) { return true; }
  bool RawNumber(const char*, rapidjson::SizeType, bool) { return true; }
  bool String(const char* text, rapidjson::SizeType length, bool) {
    const std::string_view view{text, length};
    switch (field_) {
      case symbol:
        symbol_bytes_ = std::min(view.size(), symbol_.size());
        std::memcpy(symbol_.data(), view.data(), symbol_bytes_);
        break;
      case price: {
        const auto decimal = decimal_of(view);
        value_.price = decimal.mantissa;
        value_.price_decimals = decimal.decimals;
        break;
      }
      case size: {
        const auto decimal = decimal_of(view);
        value_.size = decimal.mantissa;
        value_.size_decimals = decimal.decimals;
        break;
      }
      case time: value_.time_ns = time_of(view); break;
      case maker: value_.is_buy = view == "sell"; break;
      case event: is_aggregate_ = view == "aggTrade"; break;
      case levels: update_.sum += static_cast<std::uint64_t>(decimal_of(view).mantissa); break;
      default: break;
    }
    return true;
  }
  bool Key(const char* text, rapidjson::SizeType length, bool) {
    field_ = is_coinbase_ ? coinbase_field({text, length}) : binance_field({text, length});
    return true;
  }
  bool StartObject() { return true; }
  bool EndObject(rapidjson::SizeType) { return true; }
  bool StartArray() {
    ++arrays_open_;
    return true;
  }
  bool EndArray(rapidjson::SizeType) {
    if (field_ == levels && arrays_open_ == 2) ++update_.levels;
    --arrays_open_;
    return true;
  }

 private:
  enum Field : unsigned char { none, event, symbol, id, price, size, time, maker, levels };

  Field binance_field(std::string_view key) const {
    if (key.size() != 1) return none;
    switch (key.front()) {
      case 'e': return event;
      case 's': return symbol;
      case 't': return id;
      case 'p': return price;
      case 'q': return size;
      case 'T': return time;
      case 'm': return maker;
      case 'a': return is_aggregate_ ? id : levels;
      case 'b': return levels;
      default: return none;
    }
  }

  static Field coinbase_field(std::string_view key) {
    if (key == "trade_id") return id;
    if (key == "product_id") return symbol;
    if (key == "price") return price;
    if (key == "size") return size;
    if (key == "time") return time;
    if (key == "side") return maker;
    return none;
  }

  void parse(const Message& message) {
    is_aggregate_ = false;
    arrays_open_ = 0;
    rapidjson::MemoryStream stream{message.text.data(), message.text.size()};
    if (reader_.Parse<rapidjson::kParseValidateEncodingFlag>(stream, *this).IsError()) {
      throw std::runtime_error{"RapidJSON refuses a message"};
    }
  }

  rapidjson::Reader reader_;
  TradeValue value_;
  UpdateValue update_;
  std::array<char, 64> symbol_{};
  std::size_t symbol_bytes_ = 0;
  unsigned arrays_open_ = 0;
  Field field_ = none;
  bool is_coinbase_ = false;
  bool is_aggregate_ = false;
};

}  // namespace

std::unique_ptr<Contender> make_rapidjson() { return std::make_unique<Tree<false>>(); }
std::unique_ptr<Contender> make_rapidjson_in_situ() { return std::make_unique<Tree<true>>(); }
std::unique_ptr<Contender> make_rapidjson_events() { return std::make_unique<Events>(); }

}  // namespace tapeline::bench
