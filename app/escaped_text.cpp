#include "app/escaped_text.hpp"

namespace tapeline {

std::string escaped_text(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string escaped;
  escaped.reserve(text.size());
  for (const char letter : text) {
    const auto byte = static_cast<unsigned char>(letter);
    if (byte >= 0x20 && byte < 0x7F) {
      escaped += letter;
    } else {
      escaped += "\\x";
      escaped += kDigits[byte >> 4U];
      escaped += kDigits[byte & 0xFU];
    }
  }
  return escaped;
}

}  // namespace tapeline
