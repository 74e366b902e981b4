// The text of the health reader, for health_fallback.cpp and health_haswell.cpp alone: each
// compiles it with its own flags. Everything here has internal linkage, so that the linker can not
// put one copy in the place of the other.

#define SIMDJSON_EXCEPTIONS 0  // takes away every operation that could throw
#include <simdjson.h>

#include <cstddef>
#include <optional>
#include <string_view>
#include <typeinfo>

#include "codec/json/health_kernel.hpp"

namespace tapeline::codec::json::detail {

namespace {

static_assert(kPaddingBytes >= simdjson::SIMDJSON_PADDING);

constexpr int kMaxDepth = 32;

using simdjson::error_code;
using simdjson::SUCCESS;

// NOLINTBEGIN(misc-no-recursion): ends at kMaxDepth
error_code check_value(simdjson::ondemand::value value, int depth) noexcept;

error_code check_array(simdjson::ondemand::value value, int depth) noexcept {
  simdjson::ondemand::array array;
  if (const error_code error = value.get_array().get(array); error != SUCCESS) return error;
  for (auto element : array) {
    simdjson::ondemand::value item;
    if (const error_code error = element.get(item); error != SUCCESS) return error;
    if (const error_code error = check_value(item, depth + 1); error != SUCCESS) return error;
  }
  return SUCCESS;
}

error_code check_object(simdjson::ondemand::value value, int depth) noexcept {
  simdjson::ondemand::object object;
  if (const error_code error = value.get_object().get(object); error != SUCCESS) return error;
  for (auto member : object) {
    std::string_view key;
    if (const error_code error = member.unescaped_key().get(key); error != SUCCESS) return error;
    simdjson::ondemand::value item;
    if (const error_code error = member.value().get(item); error != SUCCESS) return error;
    if (const error_code error = check_value(item, depth + 1); error != SUCCESS) return error;
  }
  return SUCCESS;
}

// On-Demand looks only at what is asked for: a document is well-formed when every value was.
error_code check_value(simdjson::ondemand::value value, int depth) noexcept {
  using simdjson::ondemand::json_type;
  if (depth > kMaxDepth) return simdjson::DEPTH_ERROR;
  json_type type{};
  if (const error_code error = value.type().get(type); error != SUCCESS) return error;
  switch (type) {
    case json_type::array: return check_array(value, depth);
    case json_type::object: return check_object(value, depth);
    case json_type::number: return value.get_double().error();
    case json_type::string: return value.get_string().error();
    case json_type::boolean: return value.get_bool().error();
    case json_type::null: return value.is_null().error();
  }
  return simdjson::TAPE_ERROR;
}
// NOLINTEND(misc-no-recursion)

std::optional<bool> read_status(simdjson::ondemand::object object) noexcept {
  std::optional<bool> is_ok;
  for (auto member : object) {
    std::string_view key;
    simdjson::ondemand::value item;
    if (member.unescaped_key().get(key) != SUCCESS) return {};
    if (member.value().get(item) != SUCCESS) return {};
    if (key != "status") {
      if (check_value(item, 1) != SUCCESS) return {};
      continue;
    }
    std::string_view status;
    if (is_ok.has_value() || item.get_string().get(status) != SUCCESS) return {};
    is_ok = status == "ok";
  }
  return is_ok;
}

std::optional<bool> read_health(const char* text, std::size_t length) noexcept {
  simdjson::ondemand::parser parser;
  simdjson::ondemand::document document;
  simdjson::ondemand::object object;
  if (parser.iterate(text, length, length + kPaddingBytes).get(document) != SUCCESS) return {};
  if (document.get_object().get(object) != SUCCESS) return {};
  const std::optional<bool> is_ok = read_status(object);
  // Has a location only while there is something left to read.
  const char* rest = nullptr;
  if (document.current_location().get(rest) != simdjson::OUT_OF_BOUNDS) return {};
  return is_ok;
}

HealthKernel this_kernel() noexcept {
  return {&read_health, typeid(simdjson::ondemand::parser).name()};
}

}  // namespace

}  // namespace tapeline::codec::json::detail
