#pragma once

// What `tapeline replay` says while it runs, and of packets that it sent.
//
// Thread safety: the main thread only.

#include <string>
#include <string_view>

#include "app/replay_progress.hpp"
#include "app/resend.hpp"

namespace tapeline::commands {

// The line on stderr, over the one before it: "[###...]  10 %  1,000 messages, 2.50 M/s, 30.1x".
// `what` are messages or packets.
void show_progress(const ReplayProgress& progress, std::string_view what);
void clear_progress();

[[nodiscard]] std::string resend_text(const Resend& resend);
[[nodiscard]] std::string resend_json(const Resend& resend);

}  // namespace tapeline::commands
