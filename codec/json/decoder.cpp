#include "codec/json/decoder.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <new>

#include "codec/json/decoder_state.hpp"
#include "codec/json/direct_reader.hpp"
#include "codec/json/kernel.hpp"

namespace tapeline::codec::json {

namespace detail {

namespace {

constexpr std::size_t kFirstLevels = 256;
constexpr std::size_t kFirstTrades = 64;

// Room for `wanted` items, by doubling from `first`. The old items are moved.
template <typename Item>
bool reserve(FlatArray<Item>& array, std::size_t wanted, std::size_t first) noexcept {
  if (wanted <= array.capacity) return true;
  std::size_t capacity = std::max(array.capacity, first);
  while (capacity < wanted) capacity *= 2;
  auto* const items = new (std::nothrow) Item[capacity];
  if (items == nullptr) return false;
  std::copy_n(array.items, array.size, items);
  delete[] array.items;
  array.items = items;
  array.capacity = capacity;
  return true;
}

}  // namespace

bool grow(FlatArray<Level>& levels, std::size_t limit) noexcept {
  return levels.size < limit && reserve(levels, levels.size + 1, kFirstLevels);
}

bool grow(FlatArray<Trade>& trades, std::size_t limit) noexcept {
  return trades.size < limit && reserve(trades, trades.size + 1, kFirstTrades);
}

}  // namespace detail

namespace {

constexpr std::size_t kFirstCopyBytes = std::size_t{64} * 1024;

}  // namespace

Decoder::Decoder(Limits limits) : Decoder{limits, detail::chosen_kernel()} {
  reads_directly_ = true;
}

Decoder::Decoder(Limits limits, const detail::Kernel& kernel)
    : kernel_{&kernel}, state_{std::make_unique<detail::DecoderState>()} {
  state_->limits = limits;
  state_->limits.document_bytes = std::min(limits.document_bytes, detail::kMaxDocumentBytes);
  state_->parser = kernel_->make_parser();
  if (state_->parser == nullptr) throw std::bad_alloc{};
}

Decoder::~Decoder() {
  kernel_->free_parser(state_->parser);
  delete[] state_->levels.items;
  delete[] state_->trades.items;
  delete[] state_->copy.items;
}

DocumentStatus Decoder::decode(Venue venue, std::string_view text, Document& out) noexcept {
  if (text.size() > state_->limits.document_bytes) {
    out = {};
    return DocumentStatus::too_long;
  }
  if (reads_directly_ && detail::read_directly(*state_, venue, text, out)) {
    return DocumentStatus::ok;
  }
  return kernel_->decode(*state_, venue, text.data(), text.size(), out);
}

DocumentStatus Decoder::decode_copy(Venue venue, std::string_view text, Document& out) noexcept {
  out = {};
  if (text.size() > state_->limits.document_bytes) return DocumentStatus::too_long;
  const char* const copy = padded_copy(text);
  if (copy == nullptr) return DocumentStatus::out_of_memory;
  return decode(venue, {copy, text.size()}, out);
}

std::optional<Venue> Decoder::guess_venue(std::string_view text) noexcept {
  std::optional<Venue> found;
  for (const Venue venue : {Venue::coinbase, Venue::binance, Venue::kraken}) {
    Document document;
    if (decode_copy(venue, text, document) != DocumentStatus::ok) continue;
    if (found.has_value()) return {};
    found = venue;
  }
  return found;
}

DocumentStatus Decoder::visit_fields(std::string_view text, void* context,
                                     detail::FieldFunction function) noexcept {
  if (text.size() > state_->limits.document_bytes) return DocumentStatus::too_long;
  const char* const copy = padded_copy(text);
  if (copy == nullptr) return DocumentStatus::out_of_memory;
  return kernel_->visit_fields(*state_, copy, text.size(), context, function);
}

const char* Decoder::padded_copy(std::string_view text) noexcept {
  auto& copy = state_->copy;
  copy.size = 0;  // nothing to keep
  if (!detail::reserve(copy, text.size() + kPaddingBytes, kFirstCopyBytes)) return nullptr;
  if (!text.empty()) std::memcpy(copy.items, text.data(), text.size());
  std::memset(copy.items + text.size(), 0, kPaddingBytes);
  return copy.items;
}

std::string_view to_string(DocumentStatus status) noexcept {
  switch (status) {
    case DocumentStatus::ok: return "ok";
    case DocumentStatus::not_json: return "not_json";
    case DocumentStatus::invalid_utf8: return "invalid_utf8";
    case DocumentStatus::too_deep: return "too_deep";
    case DocumentStatus::too_long: return "too_long";
    case DocumentStatus::trailing_text: return "trailing_text";
    case DocumentStatus::unknown_shape: return "unknown_shape";
    case DocumentStatus::missing_field: return "missing_field";
    case DocumentStatus::duplicate_field: return "duplicate_field";
    case DocumentStatus::wrong_type: return "wrong_type";
    case DocumentStatus::bad_number: return "bad_number";
    case DocumentStatus::out_of_range: return "out_of_range";
    case DocumentStatus::too_many_levels: return "too_many_levels";
    case DocumentStatus::too_many_trades: return "too_many_trades";
    case DocumentStatus::out_of_memory: return "out_of_memory";
  }
  return "invalid";
}

std::string_view json_kernel() noexcept {
  const std::string_view type = detail::chosen_kernel().parser_type;
  for (const std::string_view name : {"haswell", "fallback", "westmere", "icelake"}) {
    if (type.find(name) != std::string_view::npos) return name;
  }
  return "unknown";
}

}  // namespace tapeline::codec::json
