#pragma once

// What reading a table at the end of an archive came to: a seek table or a frame index.

#include <cstdint>
#include <string_view>

namespace tapeline::codec::archive {

enum class TableStatus : std::uint8_t {
  ok,
  truncated,    // the bytes end inside the frame
  foreign,      // a frame of something else, or none
  unsupported,  // of a version, or with a feature, that is not known
  corrupt,      // lengths or values that contradict each other, or a wrong checksum
};

[[nodiscard]] constexpr std::string_view to_string(TableStatus status) noexcept {
  switch (status) {
    case TableStatus::ok: return "ok";
    case TableStatus::truncated: return "truncated";
    case TableStatus::foreign: return "foreign";
    case TableStatus::unsupported: return "unsupported";
    case TableStatus::corrupt: return "corrupt";
  }
  return "invalid";
}

}  // namespace tapeline::codec::archive
