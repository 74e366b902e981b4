#pragma once

// Which feed reads the messages of a channel.
//
// Thread safety: values.

#include <cstdint>
#include <string_view>

namespace tapeline::feed {

enum class FeedKind : std::uint8_t {
  unknown,  // what comes first decides
  itch,     // Nasdaq TotalView-ITCH 5.0, in MoldUDP64 packets or a SoupBinTCP session
  iex,      // IEX TOPS, DEEP or DEEP+, in IEX-TP segments
  json,     // documents of a crypto venue
};

[[nodiscard]] constexpr std::string_view to_string(FeedKind kind) noexcept {
  switch (kind) {
    case FeedKind::unknown: return "unknown";
    case FeedKind::itch: return "itch50";
    case FeedKind::iex: return "iex";
    case FeedKind::json: return "json";
  }
  return "invalid";
}

}  // namespace tapeline::feed
