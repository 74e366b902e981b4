#include "app/log.hpp"

#include <spdlog/fmt/fmt.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "app/channel_event_text.hpp"

namespace tapeline {

namespace {

constexpr int kLinesPerCall = 20;  // of what went well
constexpr int kWarningsPerCall = 200;

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

void log_channel_events(const std::string& channel, const ChannelConfig& config,
                        ChannelEvents& events) {
  ChannelEvent event;
  std::uint64_t left_out = 0;
  int lines = 0;
  int warnings = 0;
  while (events.take(event)) {
    const bool warns = is_warning(event);
    if (warns ? ++warnings > kWarningsPerCall : ++lines > kLinesPerCall) {
      ++left_out;
      continue;
    }
    const std::string text = channel + ": " + event_text(event, config);
    warns ? log_warning(text) : log_info(text);
  }
  if (left_out > 0) log_warning(fmt::format("{}: {} more events not shown", channel, left_out));
}

}  // namespace tapeline
