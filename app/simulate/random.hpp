#pragma once

// Random numbers that are the same on every platform: xoshiro256** seeded by splitmix64, and
// distributions made of integers only (those of the standard library differ between libraries).
//
// Thread safety: a generator has one user.

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace tapeline::simulate {

class Random {
 public:
  explicit Random(std::uint64_t seed) noexcept {
    for (std::uint64_t& word : state_) {
      seed += 0x9E3779B97F4A7C15U;
      std::uint64_t mixed = seed;
      mixed = (mixed ^ (mixed >> 30U)) * 0xBF58476D1CE4E5B9U;
      mixed = (mixed ^ (mixed >> 27U)) * 0x94D049BB133111EBU;
      word = mixed ^ (mixed >> 31U);
    }
  }

  [[nodiscard]] std::uint64_t next() noexcept {
    const std::uint64_t result = std::rotl(state_[1] * 5U, 7) * 9U;
    const std::uint64_t shifted = state_[1] << 17U;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = std::rotl(state_[3], 45);
    return result;
  }

  // 0 to bound - 1; 0 if bound is 0. The bias is bound / 2^32.
  [[nodiscard]] std::uint32_t below(std::uint32_t bound) noexcept {
    return static_cast<std::uint32_t>(((next() >> 32U) * bound) >> 32U);
  }
  [[nodiscard]] std::uint32_t between(std::uint32_t low, std::uint32_t high) noexcept {
    return low + below(high - low + 1);
  }
  [[nodiscard]] bool one_in(std::uint32_t n) noexcept { return below(n) == 0; }
  [[nodiscard]] bool percent(std::uint32_t chance) noexcept { return below(100) < chance; }

  // Number of heads before the first tail of a fair coin.
  [[nodiscard]] std::uint32_t heads() noexcept {
    return static_cast<std::uint32_t>(std::countr_zero(next() | (std::uint64_t{1} << 63U)));
  }

  // Heavy-tailed around `mean` and never more than eight times it: the product of three uniform
  // values. Requires: mean < 2^61.
  [[nodiscard]] std::uint64_t skewed(std::uint64_t mean) noexcept {
    constexpr unsigned kBits = 20;
    constexpr std::uint64_t kMask = (1U << kBits) - 1U;
    const std::uint64_t bits = next();
    std::uint64_t fraction = ((bits & kMask) * ((bits >> kBits) & kMask)) >> kBits;
    fraction = (fraction * ((bits >> (2 * kBits)) & kMask)) >> kBits;
    const std::uint64_t most = mean * 8;
    return (most >> kBits) * fraction + (((most & kMask) * fraction) >> kBits);
  }

 private:
  std::array<std::uint64_t, 4> state_{};
};

// Draws an index with given weights in constant time (Walker's alias method).
class WeightedChoice {
 public:
  WeightedChoice() = default;

  // Requires: 0 < weights.size() < 2^16, every weight < 2^24, one of them not 0.
  explicit WeightedChoice(std::span<const std::uint32_t> weights)
      : limits_(weights.size()), aliases_(weights.size()) {
    std::uint64_t sum = 0;
    for (const std::uint32_t weight : weights) sum += weight;
    assert(sum > 0 && weights.size() < (1U << 16U));
    std::vector<std::uint64_t> share(weights.size());  // 1.0 is `sum`
    std::vector<std::uint32_t> poor;
    std::vector<std::uint32_t> rich;
    for (std::uint32_t i = 0; i < weights.size(); ++i) {
      share[i] = std::uint64_t{weights[i]} * weights.size();
      aliases_[i] = i;
      (share[i] < sum ? poor : rich).push_back(i);
    }
    while (!poor.empty() && !rich.empty()) {
      const std::uint32_t taker = poor.back();
      const std::uint32_t giver = rich.back();
      poor.pop_back();
      aliases_[taker] = giver;
      limits_[taker] = to_limit(share[taker], sum);
      share[giver] -= sum - share[taker];
      if (share[giver] < sum) {
        rich.pop_back();
        poor.push_back(giver);
      }
    }
    for (const std::uint32_t i : rich) limits_[i] = kOne;
    for (const std::uint32_t i : poor) limits_[i] = kOne;
  }

  [[nodiscard]] std::uint32_t draw(Random& random) const noexcept {
    const std::uint64_t bits = random.next();
    const auto index = static_cast<std::size_t>(((bits >> 32U) * limits_.size()) >> 32U);
    return (bits & (kOne - 1U)) < limits_[index] ? static_cast<std::uint32_t>(index)
                                                 : aliases_[index];
  }

 private:
  static constexpr std::uint32_t kOne = 1U << 24U;

  static std::uint32_t to_limit(std::uint64_t share, std::uint64_t sum) noexcept {
    return static_cast<std::uint32_t>((share << 20U) / sum) << 4U;
  }

  std::vector<std::uint32_t> limits_;
  std::vector<std::uint32_t> aliases_;
};

}  // namespace tapeline::simulate
