#pragma once

// Writes what channels noted, each as a line of the log: so many of a kind and channel per second,
// then one line that says how many more there were.
//
// Thread safety: one thread, not a feed thread: channels hand their events over in a ring.

#include <cstdint>
#include <functional>
#include <string>

#include "app/channel_events.hpp"
#include "app/config.hpp"
#include "app/log_limit.hpp"

namespace tapeline {

class EventLog {
 public:
  using Write = std::function<void(bool is_warning, const std::string& line)>;

  EventLog(std::uint64_t lines_per_second, Write write);

  // Takes all events of a channel, whose name and configuration are given. `now_ns` of a steady
  // clock.
  void take(const std::string& channel, const ChannelConfig& config, ChannelEvents& events,
            std::int64_t now_ns);

  // Tells what was suppressed: call it now and then, and with `all` at the end.
  void tell_suppressed(std::int64_t now_ns, bool all = false);

 private:
  LogLimit limit_;
  Write write_;
};

}  // namespace tapeline
