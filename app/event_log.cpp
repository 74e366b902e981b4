#include "app/event_log.hpp"

#include <utility>

#include "app/channel_event_text.hpp"
#include "app/summary.hpp"

namespace tapeline {

EventLog::EventLog(std::uint64_t lines_per_second, Write write)
    : limit_{lines_per_second}, write_{std::move(write)} {}

void EventLog::take(const std::string& channel, const ChannelConfig& config, ChannelEvents& events,
                    std::int64_t now_ns) {
  ChannelEvent event;
  while (events.take(event)) {
    if (limit_.allow(channel + ": " + kind_text(event.kind), now_ns)) {
      write_(is_warning(event), channel + ": " + event_text(event, config));
    }
  }
}

void EventLog::tell_suppressed(std::int64_t now_ns, bool all) {
  limit_.tell_suppressed(now_ns, all, [this](const std::string& kind, std::uint64_t count) {
    write_(true, kind + ": " + grouped(count) + " more of this kind suppressed");
  });
}

}  // namespace tapeline
