#pragma once

// The log of the process: lines on stderr, as text or as JSON. Never called from a feed thread.
//
// Thread safety: set_up_log() once, before threads start; log_*() by any thread but feed threads.

#include <string>

#include "app/channel_events.hpp"
#include "app/config.hpp"

namespace tapeline {

void set_up_log(const LogConfig& config);

void log_info(const std::string& text);
void log_warning(const std::string& text);

// Writes what the channel noted since the last call, at most a bounded number of lines; the rest
// is counted in one line. `config` is of the channel.
void log_channel_events(const std::string& channel, const ChannelConfig& config,
                        ChannelEvents& events);

}  // namespace tapeline
