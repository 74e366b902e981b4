// Any bytes as a health document: both compiled copies of the reader give the same answer.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "codec/json/health.hpp"
#include "codec/json/kernel.hpp"

namespace {

using namespace tapeline::codec;

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): the name that libFuzzer calls
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(data, data + size);
  const auto answer = json::health_is_ok(text);
  require(!answer.has_value() || size >= std::string_view{R"({"status":""})"}.size());
  if (size > json::kMaxHealthBytes) return 0;
  const std::string padded = text + std::string(json::kPaddingBytes, '\xFF');
  require(json::detail::fallback_kernel().health_is_ok(padded.data(), size) == answer);
  return 0;
}
