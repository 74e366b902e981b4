#pragma once

// What a channel noted, in words for the log. Bytes from outside are escaped.
//
// Thread safety: pure functions.

#include <string>

#include "app/channel_events.hpp"
#include "app/config.hpp"

namespace tapeline {

// One line; `config` is of the channel that noted it and gives the names of lines and servers.
[[nodiscard]] std::string event_text(const ChannelEvent& event, const ChannelConfig& config);

// What the event is of, in a few words: "gap", "line dead".
[[nodiscard]] std::string kind_text(ChannelEventKind kind);

// Whether an operator should look at it.
[[nodiscard]] bool is_warning(const ChannelEvent& event) noexcept;

}  // namespace tapeline
