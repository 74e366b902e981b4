#include "tests/chaos/exchange.hpp"

#include <algorithm>

namespace tapeline::chaos {

namespace {

[[nodiscard]] std::uint32_t length(simulate::Random& random) {
  const std::uint32_t drawn = random.below(100);
  if (drawn < 3) return 0;
  if (drawn < 90) return random.between(1, 50);  // as in ITCH
  return drawn < 98 ? random.between(51, 150) : random.between(151, kMaxMessageBytes);
}

}  // namespace

Tape::Tape(std::uint64_t seed, std::uint32_t messages) {
  simulate::Random random{~seed};
  offsets_.reserve(messages + 1);
  offsets_.push_back(0);
  for (std::uint32_t i = 0; i < messages; ++i) {
    const std::uint32_t bytes = length(random);
    for (std::uint32_t at = 0; at < bytes; at += sizeof(std::uint64_t)) {
      const std::uint64_t word = random.next();
      for (std::uint32_t b = 0; b < std::min<std::uint32_t>(bytes - at, 8); ++b) {
        bytes_.push_back(static_cast<std::byte>(word >> (8U * b)));
      }
    }
    offsets_.push_back(bytes_.size());
  }
}

}  // namespace tapeline::chaos
