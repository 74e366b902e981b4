#pragma once

// SoupBinTCP packets spelled out by hand, for the tests: no encoder of ours is used.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace tapeline::codec::soupbintcp::test {

using Bytes = std::vector<std::byte>;

inline Bytes bytes_of(std::string_view text) {
  Bytes bytes;
  for (const char c : text) bytes.push_back(static_cast<std::byte>(c));
  return bytes;
}

// Two bytes of length, then type and payload as one text.
inline Bytes packet(std::string_view type_and_payload) {
  const std::size_t length = type_and_payload.size();
  Bytes bytes{static_cast<std::byte>(length >> 8U), static_cast<std::byte>(length & 0xFFU)};
  for (const char c : type_and_payload) bytes.push_back(static_cast<std::byte>(c));
  return bytes;
}

// clang-format off
inline constexpr std::string_view kLoginRequest =
    "L" "ABC   " "secret    " "0000010059" "                  42";
inline constexpr std::string_view kLoginAccepted =
    "A" " 000010059" "            14757721";
// clang-format on
static_assert(kLoginRequest.size() == 47 && kLoginAccepted.size() == 31);

}  // namespace tapeline::codec::soupbintcp::test
