#pragma once

// Reads the health document of a running process: {"status": "ok", ...}.
//
// Thread safety: pure functions.

#include <cstddef>
#include <optional>
#include <string_view>

namespace tapeline::codec::json {

// Longer documents are not read.
inline constexpr std::size_t kMaxHealthBytes = std::size_t{16} * 1024;

// True if the member "status" of the object is the string "ok", false if it is another string.
// Nothing if `json` is not one well-formed JSON object, is longer than kMaxHealthBytes, nests
// deeper than 32 levels, or does not have exactly one "status" that is a string.
[[nodiscard]] std::optional<bool> health_is_ok(std::string_view json) noexcept;

}  // namespace tapeline::codec::json
