#pragma once

// Bytes from outside as text that can do nothing to a terminal, a log or the line it stands in.
//
// Thread safety: a pure function.

#include <string>
#include <string_view>

namespace tapeline {

// `text` with everything that is not printable ASCII as \xNN. What is escaped already stays as it
// is, so text may pass here more than once.
[[nodiscard]] std::string escaped_text(std::string_view text);

}  // namespace tapeline
