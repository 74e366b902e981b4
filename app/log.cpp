#include "app/log.hpp"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <ctime>
#include <memory>
#include <string_view>
#include <utility>

#include "app/escaped_text.hpp"
#include "app/log_line.hpp"

namespace tapeline {

namespace {

void append(spdlog::memory_buf_t& out, std::string_view text) {
  out.append(text.data(), text.data() + text.size());
}

class JsonLine final : public spdlog::formatter {
 public:
  void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& out) override {
    using std::chrono::duration_cast;
    const auto time = duration_cast<std::chrono::nanoseconds>(message.time.time_since_epoch());
    const auto level = spdlog::level::to_string_view(message.level);
    append(out, json_log_line(time.count(), {level.data(), level.size()},
                              {message.payload.data(), message.payload.size()}));
    append(out, "\n");
  }
  [[nodiscard]] std::unique_ptr<spdlog::formatter> clone() const override {
    return std::make_unique<JsonLine>();
  }
};

// The message in a line of text.
class TextMessage final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm& /*time*/,
              spdlog::memory_buf_t& out) override {
    append(out, escaped_text({message.payload.data(), message.payload.size()}));
  }
  [[nodiscard]] std::unique_ptr<spdlog::custom_flag_formatter> clone() const override {
    return std::make_unique<TextMessage>();
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
    auto text = std::make_unique<spdlog::pattern_formatter>(spdlog::pattern_time_type::utc);
    text->add_flag<TextMessage>('*').set_pattern("%Y-%m-%dT%H:%M:%S.%fZ %^%l%$ %*");
    logger->set_formatter(std::move(text));
  }
  logger->flush_on(spdlog::level::trace);
  spdlog::set_default_logger(std::move(logger));
}

void log_info(const std::string& text) { spdlog::info("{}", text); }
void log_warning(const std::string& text) { spdlog::warn("{}", text); }

}  // namespace tapeline
