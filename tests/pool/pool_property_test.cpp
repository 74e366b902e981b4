// The pool against a model that runs one step at a time: any interleaving of acquire, release,
// flush and thread end gives the counts of the model, and no buffer has two owners.

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <array>
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

// What the pool should do, without threads: numbers of slots only.
class Model {
 public:
  Model(std::uint32_t buffers, std::uint32_t overflow, std::uint32_t batch)
      : batch_{batch}, overflow_free_{overflow} {
    counts.buffers = buffers;
    counts.overflow_buffers = overflow;
    if (buffers % batch != 0) stack_.push_back(buffers % batch);
    stack_.insert(stack_.begin(), buffers / batch, batch);
    // The incomplete batch is at the high end, that is at the bottom.
    if (buffers % batch != 0) std::rotate(stack_.begin(), stack_.end() - 1, stack_.end());
  }

  // Returns whether there is a buffer.
  bool acquire(std::size_t actor) {
    std::uint64_t& parked = caches_[actor];
    if (parked != 0) {
      --parked;
      ++counts.cache_hits;
    } else if (!stack_.empty()) {
      parked = stack_.back() - 1;
      stack_.pop_back();
      ++counts.stack_hits;
    } else if (overflow_free_ != 0) {
      --overflow_free_;
      ++counts.fallback_allocations;
    } else {
      ++counts.refusals;
      return false;
    }
    ++counts.acquires;
    ++counts.in_use;
    counts.peak_in_use = std::max(counts.peak_in_use, counts.in_use);
    return true;
  }

  void release(std::size_t actor, bool overflow) {
    ++counts.releases;
    --counts.in_use;
    if (overflow) {
      ++overflow_free_;
      return;
    }
    std::uint64_t& parked = caches_[actor];
    if (parked == std::uint64_t{2} * batch_) push(parked);
    ++parked;
  }

  void flush(std::size_t actor) {
    while (caches_[actor] != 0) push(caches_[actor]);
  }

  [[nodiscard]] BufferCounts expected() const {
    BufferCounts all = counts;
    all.misses = all.stack_hits + all.fallback_allocations + all.refusals;
    for (const std::uint64_t slots : stack_) all.available += slots;
    for (const std::uint64_t slots : caches_) all.parked += slots;
    all.overflow_in_use = all.overflow_buffers - overflow_free_;
    return all;
  }

  BufferCounts counts;

 private:
  void push(std::uint64_t& parked) {
    const std::uint64_t moved = std::min<std::uint64_t>(parked, batch_);
    stack_.push_back(moved);
    parked -= moved;
  }

  std::uint64_t batch_;
  std::uint64_t overflow_free_;
  std::vector<std::uint64_t> stack_;  // sizes of the batches, the top last
  std::array<std::uint64_t, kActors> caches_{};
};

void compare(const BufferCounts& pool, const BufferCounts& model, std::uint64_t peak_slack) {
  RC_ASSERT(pool.acquires == model.acquires);
  RC_ASSERT(pool.releases == model.releases);
  RC_ASSERT(pool.cache_hits == model.cache_hits);
  RC_ASSERT(pool.stack_hits == model.stack_hits);
  RC_ASSERT(pool.misses == model.misses);
  RC_ASSERT(pool.fallback_allocations == model.fallback_allocations);
  RC_ASSERT(pool.refusals == model.refusals);
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
  int what;  // 0 to 4 acquire, 5 to 8 release, 9 flush, 10 end of the thread
  std::size_t actor;
  std::size_t which;
};

class Play {
 public:
  Play(std::uint32_t buffers, std::uint32_t overflow, std::uint32_t batch, std::size_t actors)
      : pool_{small_pool(buffers, overflow, batch)},
        model_{buffers, overflow, batch},
        slack_{actors == 1 ? 0 : std::uint64_t{2} * batch * actors},
        actors_(actors) {
    for (auto& actor : actors_) actor = std::make_unique<Actor>();
  }

  void step(const Step& step) {
    const std::size_t actor = step.actor % actors_.size();
    if (step.what <= 4) {
      acquire(actor);
    } else if (step.what <= 8) {
      if (!held_.empty()) release(actor, step.which % held_.size());
    } else if (step.what == 9) {
      actors_[actor]->do_now([this] { pool_.flush_this_thread(); });
      model_.flush(actor);
    } else {
      actors_[actor] = nullptr;
      actors_[actor] = std::make_unique<Actor>();
      model_.flush(actor);
    }
    compare(pool_.counts(), model_.expected(), slack_);
  }

 private:
  struct Held {
    SimdGuard guard;
    std::uint64_t mark;
    bool overflow;
  };

  void acquire(std::size_t actor) {
    SimdGuard guard;
    actors_[actor]->do_now([&] { guard = pool_.try_acquire(); });
    const std::uint64_t fallbacks = model_.counts.fallback_allocations;
    RC_ASSERT(model_.acquire(actor) == static_cast<bool>(guard));
    if (!guard) return;
    RC_ASSERT(owned_.insert(guard.data()).second);
    write_word(guard.data(), ++marks_);
    held_.push_back({std::move(guard), marks_, model_.counts.fallback_allocations != fallbacks});
  }

  void release(std::size_t actor, std::size_t which) {
    std::swap(held_[which], held_.back());
    Held held = std::move(held_.back());
    held_.pop_back();
    RC_ASSERT(read_word(held.guard.data()) == held.mark);
    owned_.erase(held.guard.data());
    actors_[actor]->do_now([&] { held.guard.release(); });
    model_.release(actor, held.overflow);
  }

  Pool pool_;
  Model model_;
  std::uint64_t slack_;
  std::vector<std::unique_ptr<Actor>> actors_;
  std::vector<Held> held_;
  std::set<const std::byte*> owned_;
  std::uint64_t marks_ = 0;
};

void play_any(std::size_t actors) {
  const auto buffers = *rc::gen::inRange<std::uint32_t>(1, 40);
  const auto overflow = *rc::gen::inRange<std::uint32_t>(0, 6);
  const auto batch = *rc::gen::inRange<std::uint32_t>(1, 8);
  const auto steps = *rc::gen::scale(
      3.0, rc::gen::container<std::vector<Step>>(rc::gen::build<Step>(
               rc::gen::set(&Step::what, rc::gen::inRange(0, 11)),
               rc::gen::set(&Step::actor, rc::gen::inRange<std::size_t>(0, kActors)),
               rc::gen::set(&Step::which, rc::gen::inRange<std::size_t>(0, 1000)))));
  Play play{buffers, overflow, batch, actors};
  for (const Step& step : steps) play.step(step);
}

TEST(PoolProperty, OneThreadMatchesTheModelAndItsPeakIsExact) {
  EXPECT_TRUE(rc::check("one thread", [] { play_any(1); }));
}

TEST(PoolProperty, ThreeThreadsInTurnMatchTheModel) {
  EXPECT_TRUE(rc::check("three threads", [] { play_any(kActors); }));
}

}  // namespace
}  // namespace tapeline::pool
