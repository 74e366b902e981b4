#include "app/watch/number_text.hpp"

#include <spdlog/fmt/fmt.h>

#include <array>
#include <cmath>
#include <utility>

namespace tapeline::watch {
namespace {

constexpr double kMost = 1e18;  // that is written; what a hostile process sends may be anything
constexpr std::uint64_t kMinute = 60;
constexpr std::uint64_t kHour = 3600;
constexpr std::uint64_t kDay = 86400;

[[nodiscard]] bool can_be_written(double number) {
  return std::isfinite(number) && std::abs(number) < kMost;
}

}  // namespace

std::string count_text(std::uint64_t count) {
  std::string digits = std::to_string(count);
  for (std::size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, 1, ',');
  return digits;
}

std::string count_text(double count) {
  if (!can_be_written(count) || count < 0) return "-";
  return count_text(static_cast<std::uint64_t>(std::llround(count)));
}

std::string bytes_text(std::uint64_t bytes) {
  constexpr std::array kUnits{"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; value >= 1024.0 && unit + 1 < kUnits.size(); ++unit) value /= 1024.0;
  return fmt::format("{:.{}f} {}", value, unit > 0 && value < 100.0 ? 1 : 0, kUnits.at(unit));
}

std::string mega_text(double number) {
  return can_be_written(number) ? fmt::format("{:.2f}", number / 1e6) : "-";
}

std::string share_text(double share) {
  return can_be_written(share) ? fmt::format("{:.1f}%", share * 100.0) : "-";
}

std::string seconds_text(double seconds) {
  if (!can_be_written(seconds)) return "-";
  const auto [value, unit] = seconds < 1e-3  ? std::pair{seconds * 1e6, "us"}
                             : seconds < 1.0 ? std::pair{seconds * 1e3, "ms"}
                                             : std::pair{seconds, "s"};
  return fmt::format("{:.{}f} {}", value, value >= 99.95 ? 0 : 1, unit);
}

std::string age_text(double seconds) {
  return can_be_written(seconds) ? fmt::format("{:.1f} s ago", seconds) : "-";
}

std::string price_text(double price) {
  if (!can_be_written(price)) return "-";
  const std::string text = fmt::format("{:.4f}", std::abs(price));
  const std::size_t point = text.find('.');
  return (price < 0 ? "-" : "") + count_text(std::uint64_t{std::stoull(text.substr(0, point))}) +
         text.substr(point);
}

std::string uptime_text(double seconds) {
  if (!can_be_written(seconds) || seconds < 0) return "-";
  const auto whole = static_cast<std::uint64_t>(seconds);
  const std::string days = whole >= kDay ? std::to_string(whole / kDay) + "d " : "";
  return fmt::format("{}{:02}:{:02}:{:02}", days, whole % kDay / kHour, whole % kHour / kMinute,
                     whole % kMinute);
}

std::string clock_text(double seconds) {
  if (!can_be_written(seconds) || seconds < 0) return "-";
  return uptime_text(std::fmod(seconds, static_cast<double>(kDay)));
}

}  // namespace tapeline::watch
