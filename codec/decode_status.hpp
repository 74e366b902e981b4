#pragma once

// What became of one message. Bytes from outside never throw and never end the process: they are
// told by one of these values and counted by the caller.

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tapeline::codec {

enum class DecodeStatus : std::uint8_t {
  ok,            // delivered
  ok_longer,     // delivered; the message is longer than the known layout and the rest was ignored
  wrong_length,  // not delivered: shorter than its type needs, or empty
  unknown_type,  // not delivered: no such type in this version of the protocol
};

inline constexpr std::size_t kDecodeStatusCount = 4;

// True if the handler has seen the message.
[[nodiscard]] constexpr bool is_delivered(DecodeStatus status) noexcept {
  return status <= DecodeStatus::ok_longer;
}

[[nodiscard]] constexpr std::string_view to_string(DecodeStatus status) noexcept {
  switch (status) {
    case DecodeStatus::ok: return "ok";
    case DecodeStatus::ok_longer: return "ok_longer";
    case DecodeStatus::wrong_length: return "wrong_length";
    case DecodeStatus::unknown_type: return "unknown_type";
  }
  return "invalid";
}

}  // namespace tapeline::codec
