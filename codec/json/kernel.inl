// The text of a kernel, for kernel_fallback.cpp and kernel_haswell.cpp alone: each compiles it with
// its own flags. Everything here and in the files it includes has internal linkage, so that the
// linker can not put one copy in the place of the other.

#define SIMDJSON_EXCEPTIONS 0  // takes away every operation that could throw
#include <emmintrin.h>
#include <simdjson.h>

#include <cstddef>
#include <cstdint>
#include <new>
#include <optional>
#include <string_view>
#include <typeinfo>

#include "codec/json/decoder_state.hpp"
#include "codec/json/kernel.hpp"
#include "codec/json/time.hpp"
// The order matters: each uses what stands in front of it.
// clang-format off
#include "codec/json/decimal_reader.inl"
#include "codec/json/value_reader.inl"
#include "codec/json/time_reader.inl"
#include "codec/json/health_reader.inl"
#include "codec/json/binance_reader.inl"
#include "codec/json/coinbase_reader.inl"
#include "codec/json/kraken_v2_reader.inl"
#include "codec/json/kraken_v1_reader.inl"
#include "codec/json/document_reader.inl"
// clang-format on

namespace tapeline::codec::json::detail {

namespace {

void* make_parser() noexcept { return new (std::nothrow) Parser; }

void free_parser(void* parser) noexcept { delete static_cast<Parser*>(parser); }

Kernel this_kernel() noexcept {
  return {&read_health,     &make_parser,           &free_parser,
          &decode_document, &visit_document_fields, typeid(Parser).name()};
}

}  // namespace

}  // namespace tapeline::codec::json::detail
