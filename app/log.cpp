#include "app/log.hpp"

#include <spdlog/fmt/fmt.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "app/commands/usage.hpp"

namespace tapeline {

namespace {

constexpr int kLinesPerCall = 20;

// One JSON object per line; the text is escaped by the JSON library.
class JsonLine final : public spdlog::formatter {
 public:
  void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& out) override {
    const auto since_epoch = message.time.time_since_epoch();
    nlohmann::ordered_json line;
    line["time_ns"] = std::chrono::duration_cast<std::chrono::nanoseconds>(since_epoch).count();
    line["level"] = std::string{spdlog::level::to_string_view(message.level).data()};
    line["message"] = std::string{message.payload.data(), message.payload.size()};
    fmt::format_to(std::back_inserter(out), "{}\n",
                   line.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace));
  }
  [[nodiscard]] std::unique_ptr<spdlog::formatter> clone() const override {
    return std::make_unique<JsonLine>();
  }
};

[[nodiscard]] std::string text_of(const ChannelEvent& event) {
  const std::string session = commands::one_line(std::string{event.session.text()});
  switch (event.kind) {
    case ChannelEventKind::gap:
      return fmt::format("gap: messages {} to {} lost ({})", event.first, event.last_exclusive - 1,
                         event.last_exclusive - event.first);
    case ChannelEventKind::session:
      return fmt::format("session '{}' begins for us at message {}", session, event.first);
    case ChannelEventKind::end_of_session:
      return fmt::format("session '{}' ended before message {}", session, event.first);
    case ChannelEventKind::resync:
      return fmt::format("position was forged or wrong: back to message {}", event.first);
  }
  return "unknown event";
}

[[nodiscard]] bool is_warning(ChannelEventKind kind) noexcept {
  return kind == ChannelEventKind::gap || kind == ChannelEventKind::resync;
}

}  // namespace

void set_up_log(const LogConfig& config) {
  auto logger = spdlog::get("tapeline");
  if (!logger) logger = spdlog::stderr_color_mt("tapeline");
  logger->set_level(spdlog::level::from_str(config.level));
  if (config.format == LogFormat::json) {
    logger->set_formatter(std::make_unique<JsonLine>());
  } else {
    logger->set_pattern("%Y-%m-%dT%H:%M:%S.%fZ %^%l%$ %v", spdlog::pattern_time_type::utc);
  }
  logger->flush_on(spdlog::level::trace);
  spdlog::set_default_logger(std::move(logger));
}

void log_info(const std::string& text) { spdlog::info("{}", text); }
void log_warning(const std::string& text) { spdlog::warn("{}", text); }

void log_channel_events(const std::string& channel, ChannelEvents& events) {
  ChannelEvent event;
  std::uint64_t left_out = 0;
  for (int lines = 0; events.take(event); ++lines) {
    if (lines >= kLinesPerCall) {
      ++left_out;
      continue;
    }
    const std::string text = channel + ": " + text_of(event);
    is_warning(event.kind) ? log_warning(text) : log_info(text);
  }
  if (left_out > 0) log_warning(fmt::format("{}: {} more events not shown", channel, left_out));
}

}  // namespace tapeline
