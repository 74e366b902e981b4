#include "net/framing.hpp"

#include <array>
#include <cstdio>

namespace tapeline::net {

std::string session_name(const Session& session) {
  const auto segment = std::bit_cast<codec::iextp::Session>(session.bytes);
  const std::string_view protocol = to_string(segment.protocol());
  // The high bit of the protocol's number is in no name of a MoldUDP64 session.
  if (!codec::iextp::is_known(segment.protocol())) return std::string{session.text()};
  std::array<char, 32> text{};
  const int length =
      std::snprintf(text.data(), text.size(), "%.*s %u/%08x", static_cast<int>(protocol.size()),
                    protocol.data(), segment.channel(), segment.number());
  return {text.data(), static_cast<std::size_t>(length)};
}

}  // namespace tapeline::net
