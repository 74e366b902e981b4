#include "codec/json/health.hpp"

#include <array>
#include <cstring>

#include "codec/json/kernel.hpp"

namespace tapeline::codec::json {

std::optional<bool> health_is_ok(std::string_view json) noexcept {
  if (json.empty() || json.size() > kMaxHealthBytes) return {};
  // simdjson reads in steps that may reach behind the text.
  std::array<char, kMaxHealthBytes + kPaddingBytes> padded;
  std::memcpy(padded.data(), json.data(), json.size());
  std::memset(padded.data() + json.size(), 0, kPaddingBytes);
  return detail::chosen_kernel().health_is_ok(padded.data(), json.size());
}

}  // namespace tapeline::codec::json
