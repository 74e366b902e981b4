#pragma once

// Text as it stands in messages.
//
// Thread safety: pure function.

#include <cstddef>
#include <string_view>

namespace tapeline::decode {

// Without the spaces behind it. A view of the bytes.
[[nodiscard]] inline std::string_view trimmed(const std::byte* from, std::size_t bytes) noexcept {
  const auto* const text = reinterpret_cast<const char*>(from);
  while (bytes > 0 && text[bytes - 1] == ' ') --bytes;
  return {text, bytes};
}

}  // namespace tapeline::decode
