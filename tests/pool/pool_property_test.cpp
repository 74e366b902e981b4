// The pool against a model that runs one step at a time: any interleaving of acquire, release,
// growth, trim, flush, waiting and thread end gives the counts of the model, and no buffer has two
// owners. The model moves numbers of slots, and knows of each slot only to which slab it belongs.

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "pool_support.hpp"

namespace tapeline::pool {
namespace {

using Pool = BufferPool<SimdKind>;

// A thread that does what it is told, one thing at a time.
class Actor {
 public:
  Actor() : thread_{[this] { serve(); }} {}
  ~Actor() {
    do_now({});
    thread_.join();
  }
  Actor(const Actor&) = delete;
  Actor& operator=(const Actor&) = delete;

  // An empty task ends the thread.
  void do_now(std::function<void()> task) {
    std::unique_lock lock{mutex_};
    task_ = std::move(task);
    busy_ = true;
    changed_.notify_all();
    changed_.wait(lock, [this] { return !busy_; });
  }

 private:
  void serve() {
    for (bool running = true; running;) {
      std::unique_lock lock{mutex_};
      changed_.wait(lock, [this] { return busy_; });
      running = static_cast<bool>(task_);
      if (running) task_();
      busy_ = false;
      changed_.notify_all();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::function<void()> task_;
  bool busy_ = false;
  std::thread thread_;
};

constexpr std::size_t kActors = 3;

struct Shape {
  std::uint32_t buffers;
  std::uint32_t overflow;
  std::uint32_t batch;
  std::uint32_t slab;
  std::uint32_t growth;  // buffers that growth may add
};

PoolConfig config_of(const Shape& shape) {
  PoolConfig config = small_pool(shape.buffers, shape.overflow, shape.batch);
  if (shape.growth == 0) return config;
  config.max_buffers = shape.buffers + shape.overflow + shape.growth;
  config.slab_buffers = shape.slab;
  config.growth_thread = false;  // it would choose its own time
  return config;
}

// What the pool should do, without threads. A slot is a number; those that the pool would have in
// other places have other numbers, since only the order in which they move is the same.
class Model {
 public:
  explicit Model(const Shape& shape)
      : shape_{shape}, overflow_free_{shape.overflow}, slabs_(slab_count(), false) {
    counts.buffers = shape.buffers;
    counts.overflow_buffers = shape.overflow;
    counts.max_buffers = shape.buffers + shape.overflow + shape.growth;
    put_on_stack(0, shape.buffers);
  }

  enum class Policy { refuse, grow, wait };

  // Returns a slot, kOverflow, or kNone.
  int acquire(std::size_t actor, Policy policy) {
    int slot = take(actor);
    while (slot == kNone && policy == Policy::grow && grow()) slot = take(actor);
    if (slot == kNone) {
      ++counts.refusals;
      return kNone;
    }
    ++counts.acquires;
    ++counts.in_use;
    counts.peak_in_use = std::max(counts.peak_in_use, counts.in_use);
    return slot;
  }

  void release(std::size_t actor, int slot) {
    ++counts.releases;
    --counts.in_use;
    if (slot == kOverflow) {
      ++overflow_free_;
      return;
    }
    Slots& cache = caches_[actor];
    if (cache.size() == std::size_t{2} * shape_.batch) push_oldest(cache);
    cache.push_back(slot);
  }

  void flush(std::size_t actor) {
    while (!caches_[actor].empty()) push_oldest(caches_[actor]);
  }

  void trim() {
    std::vector<std::uint32_t> free(slabs_.size(), 0);
    Slots kept;
    for (const Slots& batch : stack_) {
      for (const int slot : batch) {
        if (slot >= first_grown()) ++free[slab_of(slot)];
      }
    }
    if (counts.grown_buffers == 0) return;
    // The top first, as the pool takes them off.
    for (auto batch = stack_.rbegin(); batch != stack_.rend(); ++batch) {
      for (const int slot : *batch) {
        const bool goes = slot >= first_grown() && free[slab_of(slot)] == slab_size(slab_of(slot));
        if (!goes) kept.push_back(slot);
      }
    }
    stack_.clear();
    for (std::size_t end = kept.size(); end != 0;) {
      const std::size_t begin = (end - 1) / shape_.batch * shape_.batch;
      stack_.emplace_back(kept.begin() + static_cast<std::ptrdiff_t>(begin),
                          kept.begin() + static_cast<std::ptrdiff_t>(end));
      end = begin;
    }
    for (std::uint32_t slab = 0; slab < slabs_.size(); ++slab) {
      if (!slabs_[slab] || free[slab] != slab_size(slab)) continue;
      slabs_[slab] = false;
      ++counts.slabs_trimmed;
      counts.grown_buffers -= slab_size(slab);
    }
  }

  [[nodiscard]] BufferCounts expected() const {
    BufferCounts all = counts;
    all.misses = all.stack_hits + all.fallback_allocations + all.refusals;
    for (const Slots& batch : stack_) all.available += batch.size();
    for (const Slots& cache : caches_) all.parked += cache.size();
    all.overflow_in_use = all.overflow_buffers - overflow_free_;
    return all;
  }

  static constexpr int kNone = -1;
  static constexpr int kOverflow = -2;

  BufferCounts counts;

 private:
  using Slots = std::vector<int>;

  [[nodiscard]] int first_grown() const { return static_cast<int>(shape_.buffers); }
  [[nodiscard]] std::uint32_t slab_count() const {
    return (shape_.growth + shape_.slab - 1) / shape_.slab;
  }
  [[nodiscard]] std::uint32_t slab_of(int slot) const {
    return static_cast<std::uint32_t>(slot - first_grown()) / shape_.slab;
  }
  [[nodiscard]] std::uint32_t slab_size(std::uint32_t slab) const {
    return std::min(shape_.slab, shape_.growth - slab * shape_.slab);
  }

  int take(std::size_t actor) {
    Slots& cache = caches_[actor];
    if (!cache.empty()) {
      ++counts.cache_hits;
    } else if (!stack_.empty()) {
      cache = std::move(stack_.back());
      stack_.pop_back();
      ++counts.stack_hits;
    } else if (overflow_free_ != 0) {
      --overflow_free_;
      ++counts.fallback_allocations;
      return kOverflow;
    } else {
      return kNone;
    }
    const int slot = cache.back();
    cache.pop_back();
    return slot;
  }

  bool grow() {
    const auto absent = std::find(slabs_.begin(), slabs_.end(), false);
    if (absent == slabs_.end()) return false;
    *absent = true;
    const auto slab = static_cast<std::uint32_t>(absent - slabs_.begin());
    ++counts.slabs_grown;
    counts.grown_buffers += slab_size(slab);
    put_on_stack(shape_.buffers + slab * shape_.slab, slab_size(slab));
    return true;
  }

  // In whole batches, the lowest on top; the incomplete batch is at the high end.
  void put_on_stack(std::uint32_t first, std::uint32_t count) {
    for (std::uint32_t end = count; end != 0;) {
      const std::uint32_t moved = end % shape_.batch == 0 ? shape_.batch : end % shape_.batch;
      Slots batch;
      for (std::uint32_t i = 0; i < moved; ++i) {
        batch.push_back(static_cast<int>(first + end - 1 - i));
      }
      stack_.push_back(std::move(batch));
      end -= moved;
    }
  }

  void push_oldest(Slots& cache) {
    const auto moved =
        static_cast<std::ptrdiff_t>(std::min<std::size_t>(cache.size(), shape_.batch));
    stack_.emplace_back(cache.begin(), cache.begin() + moved);
    cache.erase(cache.begin(), cache.begin() + moved);
  }

  Shape shape_;
  std::uint64_t overflow_free_;
  std::vector<bool> slabs_;   // which are there
  std::vector<Slots> stack_;  // batches, the top last
  std::array<Slots, kActors> caches_;
};

void compare(const BufferCounts& pool, const BufferCounts& model, std::uint64_t peak_slack) {
  RC_ASSERT(pool.acquires == model.acquires);
  RC_ASSERT(pool.releases == model.releases);
  RC_ASSERT(pool.cache_hits == model.cache_hits);
  RC_ASSERT(pool.stack_hits == model.stack_hits);
  RC_ASSERT(pool.misses == model.misses);
  RC_ASSERT(pool.fallback_allocations == model.fallback_allocations);
  RC_ASSERT(pool.refusals == model.refusals);
  RC_ASSERT(pool.waits == model.waits);
  RC_ASSERT(pool.timeouts == model.timeouts);
  RC_ASSERT(pool.max_buffers == model.max_buffers);
  RC_ASSERT(pool.grown_buffers == model.grown_buffers);
  RC_ASSERT(pool.slabs_grown == model.slabs_grown);
  RC_ASSERT(pool.slabs_trimmed == model.slabs_trimmed);
  RC_ASSERT(pool.bytes_now <= pool.bytes_peak);
  RC_ASSERT(pool.in_use == model.in_use);
  RC_ASSERT(pool.available == model.available);
  RC_ASSERT(pool.parked == model.parked);
  RC_ASSERT(pool.overflow_in_use == model.overflow_in_use);
  RC_ASSERT(pool.cas_retries_pop == 0U);
  RC_ASSERT(pool.cas_retries_push == 0U);
  RC_ASSERT(pool.peak_in_use >= model.peak_in_use);
  RC_ASSERT(pool.peak_in_use <= model.peak_in_use + peak_slack);
}

struct Step {
  int what;  // 0 to 3 acquire, 4 acquire or grow, 5 wait in vain, 6 to 9 release, 10 flush,
             // 11 trim, 12 end of the thread, 13 acquire many, 14 release many
  std::size_t actor;
  std::size_t which;
};

class Play {
 public:
  Play(const Shape& shape, std::size_t actors)
      : pool_{config_of(shape)},
        model_{shape},
        slack_{actors == 1 ? 0 : std::uint64_t{2} * shape.batch * actors},
        actors_(actors) {
    for (auto& actor : actors_) actor = std::make_unique<Actor>();
  }

  void step(const Step& step) {
    const std::size_t actor = step.actor % actors_.size();
    if (step.what <= 3) {
      acquire(actor, Model::Policy::refuse);
    } else if (step.what == 4) {
      acquire(actor, Model::Policy::grow);
    } else if (step.what == 5) {
      acquire(actor, Model::Policy::wait);
    } else if (step.what <= 9) {
      if (!held_.empty()) release(actor, step.which % held_.size());
    } else if (step.what == 10) {
      actors_[actor]->do_now([this] { pool_.flush_this_thread(); });
      model_.flush(actor);
    } else if (step.what == 11) {
      const std::uint64_t before = pool_.counts().bytes_now;
      std::size_t freed = 0;
      actors_[actor]->do_now([&] { freed = pool_.trim(); });
      RC_ASSERT(pool_.counts().bytes_now == before - freed);
      model_.trim();
    } else if (step.what == 12) {
      actors_[actor] = nullptr;
      actors_[actor] = std::make_unique<Actor>();
      model_.flush(actor);
    } else if (step.what == 13) {
      acquire_many(actor, step.which % kMany);
    } else {
      release_many(actor, std::min(step.which % kMany, held_.size()));
    }
    compare(pool_.counts(), model_.expected(), slack_);
  }

 private:
  struct Held {
    SimdGuard guard;
    std::uint64_t mark;
    int slot;  // of the model
  };

  SimdGuard acquire_by(Model::Policy policy) {
    switch (policy) {
      case Model::Policy::refuse: return pool_.try_acquire();
      case Model::Policy::grow: return pool_.acquire_or_grow();
      case Model::Policy::wait: return pool_.acquire_for(std::chrono::milliseconds{1});
    }
    return {};
  }

  void acquire(std::size_t actor, Model::Policy policy) {
    SimdGuard guard;
    actors_[actor]->do_now([&] { guard = acquire_by(policy); });
    const int slot = model_.acquire(actor, policy);
    if (policy == Model::Policy::wait && slot == Model::kNone) {
      // No wait when the deadline has passed before it could begin.
      const std::uint64_t waits = pool_.counts().waits;
      RC_ASSERT(waits - model_.counts.waits <= 1U);
      model_.counts.waits = waits;
      model_.counts.timeouts = waits;
    }
    RC_ASSERT((slot != Model::kNone) == static_cast<bool>(guard));
    if (guard) keep(std::move(guard), slot);
  }

  void keep(SimdGuard guard, int slot) {
    RC_ASSERT(owned_.insert(guard.data()).second);
    write_word(guard.data(), ++marks_);
    held_.push_back({std::move(guard), marks_, slot});
  }

  void release(std::size_t actor, std::size_t which) {
    std::swap(held_[which], held_.back());
    Held held = std::move(held_.back());
    held_.pop_back();
    RC_ASSERT(read_word(held.guard.data()) == held.mark);
    owned_.erase(held.guard.data());
    actors_[actor]->do_now([&] { held.guard.release(); });
    model_.release(actor, held.slot);
  }

  // The same as one after the other, until there is no buffer.
  void acquire_many(std::size_t actor, std::size_t count) {
    std::vector<SimdGuard> guards(count);
    std::size_t filled = 0;
    actors_[actor]->do_now([&] { filled = pool_.this_thread().try_acquire(guards); });
    for (std::size_t i = 0; i < count; ++i) {
      RC_ASSERT(static_cast<bool>(guards[i]) == (i < filled));
      if (i > filled) continue;
      const int slot = model_.acquire(actor, Model::Policy::refuse);
      RC_ASSERT((slot != Model::kNone) == (i < filled));
      if (i < filled) keep(std::move(guards[i]), slot);
    }
  }

  // With an empty guard in the middle.
  void release_many(std::size_t actor, std::size_t count) {
    std::vector<SimdGuard> guards;
    for (std::size_t i = 0; i < count; ++i) {
      Held held = std::move(held_.back());
      held_.pop_back();
      RC_ASSERT(read_word(held.guard.data()) == held.mark);
      owned_.erase(held.guard.data());
      guards.push_back(std::move(held.guard));
      if (i == count / 2) guards.emplace_back();
      model_.release(actor, held.slot);
    }
    actors_[actor]->do_now([&] { pool_.this_thread().release(guards); });
    for (const SimdGuard& guard : guards) RC_ASSERT(!guard);
  }

  static constexpr std::size_t kMany = 24;
  Pool pool_;
  Model model_;
  std::uint64_t slack_;
  std::vector<std::unique_ptr<Actor>> actors_;
  std::vector<Held> held_;
  std::set<const std::byte*> owned_;
  std::uint64_t marks_ = 0;
};

std::vector<Step> any_steps() {
  return *rc::gen::scale(3.0,
                         rc::gen::container<std::vector<Step>>(rc::gen::build<Step>(
                             rc::gen::set(&Step::what, rc::gen::inRange(0, 15)),
                             rc::gen::set(&Step::actor, rc::gen::inRange<std::size_t>(0, kActors)),
                             rc::gen::set(&Step::which, rc::gen::inRange<std::size_t>(0, 1000)))));
}

void play_any(std::size_t actors) {
  const Shape shape{.buffers = *rc::gen::inRange<std::uint32_t>(1, 40),
                    .overflow = *rc::gen::inRange<std::uint32_t>(0, 6),
                    .batch = *rc::gen::inRange<std::uint32_t>(1, 8),
                    .slab = 1,
                    .growth = 0};
  Play play{shape, actors};
  for (const Step& step : any_steps()) play.step(step);
}

void play_growing(std::size_t actors) {
  const Shape shape{.buffers = *rc::gen::inRange<std::uint32_t>(1, 12),
                    .overflow = *rc::gen::inRange<std::uint32_t>(0, 3),
                    .batch = *rc::gen::inRange<std::uint32_t>(1, 6),
                    .slab = *rc::gen::inRange<std::uint32_t>(1, 20),
                    .growth = *rc::gen::inRange<std::uint32_t>(1, 60)};
  Play play{shape, actors};
  for (const Step& step : any_steps()) play.step(step);
}

TEST(PoolProperty, OneThreadMatchesTheModelAndItsPeakIsExact) {
  EXPECT_TRUE(rc::check("one thread", [] { play_any(1); }));
}

TEST(PoolProperty, ThreeThreadsInTurnMatchTheModel) {
  EXPECT_TRUE(rc::check("three threads", [] { play_any(kActors); }));
}

TEST(PoolProperty, OneThreadThatGrowsAndTrimsMatchesTheModelAndItsPeakIsExact) {
  EXPECT_TRUE(rc::check("one thread, growing", [] { play_growing(1); }));
}

TEST(PoolProperty, ThreeThreadsThatGrowAndTrimInTurnMatchTheModel) {
  EXPECT_TRUE(rc::check("three threads, growing", [] { play_growing(kActors); }));
}

}  // namespace
}  // namespace tapeline::pool
