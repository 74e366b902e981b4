#include "app/log_line.hpp"

#include <nlohmann/json.hpp>

#include "app/escaped_text.hpp"

namespace tapeline {

std::string json_log_line(std::int64_t time_ns, std::string_view level, std::string_view message) {
  const nlohmann::ordered_json line{
      {"time_ns", time_ns}, {"level", level}, {"message", escaped_text(message)}};
  return line.dump();
}

}  // namespace tapeline
