#pragma once

// The loops that every contender goes through, compiled for each of them so that nothing stands
// between loop and operation.
//
// A Source has: Buffer, movable, default constructed as none, tells by bool whether it is one;
// Hand, made by each thread for itself from a Source&, with acquire() and release(Buffer&);
// optionally acquire_all() and release_all() for a span, which then replace the single calls in
// bursts, the only loop it takes part in.

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <utility>

#include "batched_ring.hpp"
#include "clock.hpp"
#include "contender.hpp"

namespace tapeline::bench {

inline std::byte* first_byte(std::byte* buffer) noexcept { return buffer; }
template <typename Guard>
std::byte* first_byte(const Guard& guard) noexcept {
  return guard.data();
}

template <typename Source>
concept HasBulkCalls = requires(typename Source::Hand& hand,
                                std::span<typename Source::Buffer> buffers) {
  hand.acquire_all(buffers);
  hand.release_all(buffers);
};

template <typename Hand>
void pairs(Hand& hand, std::uint64_t count) noexcept {
  for (std::uint64_t done = 0; done < count;) {
    auto buffer = hand.acquire();
    if (!buffer) [[unlikely]] {
      pause();
      continue;
    }
    keep(first_byte(buffer));
    hand.release(buffer);
    ++done;
  }
}

template <typename Source>
void bursts(typename Source::Hand& hand, std::uint64_t count) noexcept {
  std::array<typename Source::Buffer, kBurst> held{};
  for (std::uint64_t i = 0; i < count; i += kBurst) {
    if constexpr (HasBulkCalls<Source>) {
      hand.acquire_all(held);
      for (auto& buffer : held) keep(first_byte(buffer));
      hand.release_all(held);
    } else {
      for (auto& buffer : held) {
        do {
          buffer = hand.acquire();
        } while (!buffer);
        keep(first_byte(buffer));
      }
      for (auto& buffer : held) hand.release(buffer);
    }
  }
}

template <typename Source>
class ContenderOf final : public Contender {
 public:
  using Buffer = typename Source::Buffer;
  using Hand = typename Source::Hand;

  template <typename... Arguments>
  explicit ContenderOf(std::string name, Arguments&&... arguments)
      : Contender{std::move(name)}, source_{std::forward<Arguments>(arguments)...} {}

  [[nodiscard]] bool takes_part(Loop loop) const override {
    return !HasBulkCalls<Source> || loop == Loop::burst;
  }
  [[nodiscard]] bool takes_part(Timed /*timed*/) const override { return !HasBulkCalls<Source>; }

  double run(Loop loop, Partner* partner, std::uint64_t count) override {
    if constexpr (HasBulkCalls<Source>) return run_bursts(count);
    switch (loop) {
      case Loop::pair: return run_pairs(count);
      case Loop::burst: return run_bursts(count);
      case Loop::two_threads: return run_two_threads(*partner, count);
      case Loop::hand_off: return run_hand_off<false>(*partner, count);
      case Loop::hand_off_touched: return run_hand_off<true>(*partner, count);
    }
    return 0;
  }

  OperationLatencies time(Timed timed, Partner* partner, std::uint64_t count) override {
    if constexpr (!HasBulkCalls<Source>) {
      switch (timed) {
        case Timed::alone: return time_pairs(count);
        case Timed::beside: return time_beside(*partner, count);
        case Timed::hand_off: return time_hand_off(*partner, count);
      }
    }
    return {};
  }

 private:
  static constexpr std::size_t kApart = 128;

  static double per_buffer(double ns, std::uint64_t count) {
    return ns / static_cast<double>(count);
  }

  double run_pairs(std::uint64_t count) {
    Hand hand{source_};
    const Stopwatch watch;
    pairs(hand, count);
    return per_buffer(watch.elapsed_ns(), count);
  }

  double run_bursts(std::uint64_t count) {
    Hand hand{source_};
    const Stopwatch watch;
    bursts<Source>(hand, count);
    return per_buffer(watch.elapsed_ns(), count);
  }

  // The mean of what each thread needs for its own pairs.
  double run_two_threads(Partner& partner, std::uint64_t count) {
    StartLine line;
    const auto run_one = [this, &line, count] {
      Hand hand{source_};
      line.arrive();
      const Stopwatch watch;
      pairs(hand, count);
      return watch.elapsed_ns();
    };
    double theirs = 0;
    partner.start([&] { theirs = run_one(); });
    const double ours = run_one();
    partner.wait();
    return per_buffer((ours + theirs) / 2, count);
  }

  // Acquired here, released on the other processor; `touched` writes and reads the first line. The
  // partner has its own copies of what its loop reads: what this thread has on its stack shares
  // lines with what it writes there all the time.
  template <bool touched>
  double run_hand_off(Partner& partner, std::uint64_t count) {
    const auto owner = std::make_unique<BatchedRing<Buffer>>();
    BatchedRing<Buffer>* const ring = owner.get();
    StartLine line;
    partner.start([this, &line, ring, count] {
      BatchedRing<Buffer>& values = *ring;
      Hand hand{source_};
      line.arrive();
      for (std::uint64_t left = count; left > 0; --left) {
        Buffer buffer = values.pop();
        if constexpr (touched) keep(static_cast<std::uint64_t>(*first_byte(buffer)));
        hand.release(buffer);
      }
    });
    Hand hand{source_};
    line.arrive();
    const Stopwatch watch;
    for (std::uint64_t done = 0; done < count;) {
      Buffer buffer = hand.acquire();
      if (!buffer) [[unlikely]] {
        pause();
        continue;
      }
      if constexpr (touched) *first_byte(buffer) = static_cast<std::byte>(done);
      ring->push(std::move(buffer));
      ++done;
    }
    partner.wait();
    return per_buffer(watch.elapsed_ns(), count);
  }

  // An attempt that finds nothing is not counted, and made again.
  static void time_these_pairs(Hand& hand, std::uint64_t count, Latencies& acquires,
                               Latencies& releases) noexcept {
    for (std::uint64_t done = 0; done < count;) {
      const std::uint64_t before_acquire = ticks_before();
      Buffer buffer = hand.acquire();
      if (!buffer) [[unlikely]] {
        pause();
        continue;
      }
      keep(first_byte(buffer));
      const std::uint64_t after_acquire = ticks_after();
      const std::uint64_t before_release = ticks_before();
      hand.release(buffer);
      const std::uint64_t after_release = ticks_after();
      acquires.add(after_acquire - before_acquire);
      releases.add(after_release - before_release);
      ++done;
    }
  }

  OperationLatencies time_pairs(std::uint64_t count) {
    Latencies acquires{count};
    Latencies releases{count};
    Hand hand{source_};
    time_these_pairs(hand, count, acquires, releases);
    return {.acquire = acquires.summary(), .release = releases.summary()};
  }

  // The other processor does pairs all the time.
  OperationLatencies time_beside(Partner& partner, std::uint64_t count) {
    struct alignas(kApart) Flag {
      std::atomic<bool> is_set{false};
    } enough;  // alone on its lines, as below
    StartLine line;
    partner.start([this, &line, &enough] {
      Hand hand{source_};
      line.arrive();
      while (!enough.is_set.load(std::memory_order_relaxed)) pairs(hand, kBurst);
    });
    Latencies acquires{count};
    Latencies releases{count};
    {
      Hand hand{source_};
      line.arrive();
      time_these_pairs(hand, count, acquires, releases);
    }
    enough.is_set.store(true, std::memory_order_relaxed);
    partner.wait();
    return {.acquire = acquires.summary(), .release = releases.summary()};
  }

  OperationLatencies time_hand_off(Partner& partner, std::uint64_t count) {
    const auto owner = std::make_unique<BatchedRing<Buffer>>();
    BatchedRing<Buffer>* const ring = owner.get();
    Latencies acquires{count};
    LatencySummary releases_of_partner;
    StartLine line;
    partner.start([this, &line, &releases_of_partner, ring, count] {
      BatchedRing<Buffer>& values = *ring;
      Latencies releases{count};
      Hand hand{source_};
      line.arrive();
      for (std::uint64_t left = count; left > 0; --left) {
        Buffer buffer = values.pop();
        const std::uint64_t before = ticks_before();
        hand.release(buffer);
        releases.add(ticks_after() - before);
      }
      releases_of_partner = releases.summary();
    });
    {
      Hand hand{source_};
      line.arrive();
      for (std::uint64_t done = 0; done < count;) {
        const std::uint64_t before = ticks_before();
        Buffer buffer = hand.acquire();
        if (!buffer) [[unlikely]] {
          pause();
          continue;
        }
        keep(first_byte(buffer));
        acquires.add(ticks_after() - before);
        ring->push(std::move(buffer));
        ++done;
      }
    }
    partner.wait();
    return {.acquire = acquires.summary(), .release = releases_of_partner};
  }

  Source source_;
};

}  // namespace tapeline::bench
