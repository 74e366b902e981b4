#pragma once

// Reads the health document of a running process: {"status": "ok", ...}.
//
// simdjson chooses the code of its On-Demand parser when a source is compiled, not when it runs,
// and without the right flags that is its slow fallback. The reader is therefore compiled twice,
// and the copy for this processor is taken at run time.
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

// The kernel of simdjson that health_is_ok() runs on this processor: "haswell" or "fallback",
// as the type of the parser in use spells it.
[[nodiscard]] std::string_view json_kernel() noexcept;

}  // namespace tapeline::codec::json
