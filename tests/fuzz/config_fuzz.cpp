// Any bytes are a configuration, or a ConfigError of one line with its place in front.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "app/config.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  try {
    const tapeline::Config config = tapeline::parse_config(text, "c");
    if (config.feeds.empty() || config.feeds.front().channels.empty()) std::abort();
  } catch (const tapeline::ConfigError& error) {
    const std::string_view message{error.what()};
    if (!message.starts_with("c:") || message.find('\n') != std::string_view::npos) std::abort();
  }
  return 0;
}
