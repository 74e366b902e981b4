#pragma once

// Apart from terminal.cpp, because <term.h> defines macros such as `columns`.
//
// Thread safety: the main thread only; not while a Terminal lives.

namespace tapeline::watch {

// Whether TERM names a terminal of standard output whose cursor can be moved.
[[nodiscard]] bool can_show_screens();

}  // namespace tapeline::watch
