#pragma once

// The version of the program, as CMake's project() states it.
//
// Thread safety: a constant.

#include <string_view>

namespace tapeline {

inline constexpr std::string_view kVersion = TAPELINE_VERSION;

}  // namespace tapeline
