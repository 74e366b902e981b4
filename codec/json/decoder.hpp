#pragma once

// JSON documents of crypto venues -> Document.
//
// Built on simdjson's On-Demand parser, compiled for two kinds of processor (kernel.hpp). A
// document is read once from front to back, in whatever order its fields come; a value that is not
// used is still checked to be JSON. Every number is read from its digits.
//
// A document is one text. What follows it in the same text is an error, so is a field that comes
// twice among those that are used; a key is compared byte for byte (Binance keys differ by case).
//
// Thread safety: one decoder per thread. Copies of a Document share the decoder's arrays.
// Memory:        parser and arrays grow to the longest document seen, within Limits; a document
//                no longer than one before it costs no allocation.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <type_traits>

#include "codec/json/document.hpp"

namespace tapeline::codec::json {

enum class DocumentStatus : std::uint8_t {
  ok,
  not_json,         // empty, cut off, or not JSON
  invalid_utf8,     // anywhere in the text
  too_deep,         // nests deeper than kMaxDepth
  too_long,         // longer than Limits::document_bytes
  trailing_text,    // something follows the document
  unknown_shape,    // JSON, but no message of this venue that we know
  missing_field,    // lacks a field that its kind must have
  duplicate_field,  // a field that is used comes twice
  wrong_type,       // a string, number, array, ... where the field has another type
  bad_number,       // a text where a number or a time should be
  out_of_range,     // a number or time that does not fit
  too_many_levels,  // more than Limits::levels
  too_many_trades,  // more than Limits::trades
  out_of_memory,
};

inline constexpr std::size_t kDocumentStatusCount = 15;

[[nodiscard]] std::string_view to_string(DocumentStatus status) noexcept;

// Bytes that must be readable behind a text. What they are does not matter, except that of several
// faults of a text another one may be told.
inline constexpr std::size_t kPaddingBytes = 64;

inline constexpr int kMaxDepth = 32;

struct Limits {
  std::size_t document_bytes = std::size_t{16} * 1024 * 1024;
  std::size_t levels = std::size_t{1} << 19U;
  std::size_t trades = std::size_t{1} << 16U;
};

// The kernel of simdjson that a Decoder runs on this processor: "haswell" or "fallback", as the
// type of the parser in use spells it.
[[nodiscard]] std::string_view json_kernel() noexcept;

// One member of a document: `text` is the content of a string (escapes as they are spelled), or
// the JSON text of any other value.
struct Field {
  std::string_view name;
  std::string_view text;
  bool is_string = false;
};

namespace detail {
struct DecoderState;
struct Kernel;
using FieldFunction = void (*)(void* context, const Field& field);
}  // namespace detail

class Decoder {
 public:
  // Throws std::bad_alloc. `limits` as above; document_bytes is capped at 1 GiB.
  explicit Decoder(Limits limits = {});
  // For tests: reads every document with this kernel, also those that have a shorter way.
  Decoder(Limits limits, const detail::Kernel& kernel);
  ~Decoder();
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;

  // Requires: kPaddingBytes readable bytes behind `text`.
  // On anything but ok, `out` is an empty document; the next one is not affected.
  [[nodiscard]] DocumentStatus decode(Venue venue, std::string_view text, Document& out) noexcept;

  // The same for a text without padding: copies it into a buffer of the decoder.
  [[nodiscard]] DocumentStatus decode_copy(Venue venue, std::string_view text,
                                           Document& out) noexcept;

  // The venue that writes documents of this shape, or nothing if none or more than one does.
  // Copies the text like decode_copy().
  [[nodiscard]] std::optional<Venue> guess_venue(std::string_view text) noexcept;

  // Calls fn(const Field&) for each member of the document in its order. The members of an
  // envelope's "data" object stand in place of "data"; the elements of an array are named "0",
  // "1", ... Copies the text like decode_copy(). On anything but ok, fn may have seen the members
  // in front of the fault. Nested values are given as they are spelled; only decode() checks them.
  template <typename Function>
  [[nodiscard]] DocumentStatus for_each_field(std::string_view text, Function&& fn) noexcept {
    using Target = std::remove_reference_t<Function>;
    return visit_fields(text, &fn, [](void* context, const Field& field) {
      (*static_cast<Target*>(context))(field);
    });
  }

 private:
  // Requires nothing of `text`. Null if there is no memory for a copy.
  [[nodiscard]] const char* padded_copy(std::string_view text) noexcept;
  [[nodiscard]] DocumentStatus visit_fields(std::string_view text, void* context,
                                            detail::FieldFunction function) noexcept;

  const detail::Kernel* kernel_;
  std::unique_ptr<detail::DecoderState> state_;
  bool reads_directly_ = false;
};

}  // namespace tapeline::codec::json
