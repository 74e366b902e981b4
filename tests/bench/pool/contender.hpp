#pragma once

// One way of having buffers, ready for every workload.

#include <cstdint>
#include <memory>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "latency.hpp"
#include "partner.hpp"

namespace tapeline::bench {

inline constexpr std::size_t kBufferBytes = std::size_t{128} * 1024;
inline constexpr std::uint32_t kBuffers = 1024;
inline constexpr std::uint32_t kBurst = 32;
inline constexpr std::uint32_t kHandOff = 64;  // buffers that are told of at a time
inline constexpr std::uint32_t kRound = std::lcm(kBurst, kHandOff);

enum class Loop : std::uint32_t { pair, burst, two_threads, hand_off, hand_off_touched };
enum class Timed : std::uint32_t { alone, beside, hand_off };

[[nodiscard]] constexpr bool needs_partner(Loop loop) {
  return loop != Loop::pair && loop != Loop::burst;
}
[[nodiscard]] constexpr bool needs_partner(Timed timed) { return timed != Timed::alone; }

struct OperationLatencies {
  LatencySummary acquire;
  LatencySummary release;
};

class Contender {
 public:
  explicit Contender(std::string name) : name_{std::move(name)} {}
  virtual ~Contender() = default;
  Contender(const Contender&) = delete;
  Contender& operator=(const Contender&) = delete;

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] virtual bool takes_part(Loop loop) const = 0;
  [[nodiscard]] virtual bool takes_part(Timed timed) const = 0;

  // Nanoseconds per buffer acquired and released. Requires: `count` is a multiple of kRound;
  // `partner` is not null if the loop needs one.
  [[nodiscard]] virtual double run(Loop loop, Partner* partner, std::uint64_t count) = 0;
  [[nodiscard]] virtual OperationLatencies time(Timed timed, Partner* partner,
                                                std::uint64_t count) = 0;

 private:
  std::string name_;
};

struct Skipped {
  std::string name;
  std::string why;
};

struct Contenders {
  std::vector<std::unique_ptr<Contender>> taking_part;
  std::vector<Skipped> skipped;
};

// Memory for the lists that manage buffers but do not make them: present in memory, huge pages
// where the system grants them, buffers 256 bytes apart as in the pool.
class Buffers {
 public:
  Buffers();
  ~Buffers();
  Buffers(const Buffers&) = delete;
  Buffers& operator=(const Buffers&) = delete;
  [[nodiscard]] std::byte* at(std::uint32_t index) const noexcept {
    return base_ + index * kStride;
  }

 private:
  static constexpr std::size_t kStride = kBufferBytes + 256;
  std::byte* base_;
};

// Each adds what it has, or says why not. `buffers` outlives the contenders.
void add_tapeline(Contenders& contenders);
void add_bounds(Contenders& contenders, const Buffers& buffers);
void add_locked(Contenders& contenders, const Buffers& buffers);
void add_allocators(Contenders& contenders);
void add_boost(Contenders& contenders, const Buffers& buffers);
void add_ck(Contenders& contenders, const Buffers& buffers);
void add_moodycamel(Contenders& contenders, const Buffers& buffers);
void add_dpdk(Contenders& contenders, const Buffers& buffers);

}  // namespace tapeline::bench
