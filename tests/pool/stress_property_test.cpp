// Any programs of acquires, releases, hand-overs, growth, trims, flushes, waits and thread ends,
// run by three threads at once, leave every count exact, and give no buffer to two owners. What
// the counts are step by step is the claim of pool_property_test.cpp.

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <thread>
#include <vector>

#include "pool_support.hpp"
#include "stress.hpp"
#include "stress_subjects.hpp"

namespace tapeline::pool {
namespace {

using Pool = BufferPool<SerializationKind>;

constexpr std::size_t kThreads = 3;

enum class Way { refuse, by_handle, grow, wait };

// A pool as one thread asks it.
class Asker {
 public:
  using Item = SerializationGuard;

  explicit Asker(Pool& pool) noexcept : pool_{pool} {}
  void set_way(Way way) noexcept { way_ = way; }

  Item take() noexcept {
    switch (way_) {
      case Way::refuse: return pool_.try_acquire();
      case Way::by_handle: return pool_.this_thread().try_acquire();
      case Way::grow: return pool_.acquire_or_grow();
      case Way::wait: return pool_.acquire_for(std::chrono::microseconds{50});
    }
    return {};
  }
  void give(Item item) noexcept {
    if (way_ == Way::by_handle) {
      pool_.this_thread().release(item);
    } else {
      item.release();
    }
  }
  template <typename Visit>
  void for_each_buffer(const Item& item, Visit visit) noexcept {
    visit(item.data());
  }

 private:
  Pool& pool_;
  Way way_ = Way::refuse;
};

struct Step {
  int what;  // 0 to 6 acquire, 7 to 10 release, 11 and 12 hand over, 13 and 14 take what is handed
             // over, 15 flush, 16 trim, 17 end of the thread
  Way way;
  std::size_t which;
};
using Program = std::vector<Step>;

// Attempts that did and did not get a buffer, as the threads saw them.
struct Tally {
  std::uint64_t served = 0;
  std::uint64_t refused = 0;
};

class Actor {
 public:
  Actor(Pool& pool, std::vector<Mailbox<Held<Asker>>>& mailboxes, std::size_t id)
      : pool_{pool}, mailboxes_{mailboxes}, id_{id}, asker_{pool}, owner_{asker_, id + 1} {}

  // Each stretch up to the end of a thread is run by a thread of its own.
  void run(const Program& program) {
    auto step = program.begin();
    while (step != program.end()) {
      std::thread{[&] {
        Preemption::start(id_ + 7);
        while (step != program.end() && step->what != 17) play(*step++);
        if (step != program.end()) ++step;
      }}.join();
    }
    for (Held<Asker>& held : held_) owner_.give(held);
    held_.clear();
    pool_.flush_this_thread();
  }

  [[nodiscard]] const Tally& tally() const noexcept { return tally_; }
  [[nodiscard]] const Outcome& outcome() const noexcept { return owner_.outcome(); }

 private:
  void play(const Step& step) {
    asker_.set_way(step.way);
    if (step.what <= 6) {
      Held<Asker> held;
      if (owner_.take(held)) {
        held_.push_back(std::move(held));
        ++tally_.served;
      } else {
        ++tally_.refused;
      }
    } else if (step.what <= 12) {
      if (held_.empty()) return;
      std::swap(held_[step.which % held_.size()], held_.back());
      if (step.what <= 10) {
        owner_.give(held_.back());
      } else if (!mailboxes_[(id_ + 1) % mailboxes_.size()].try_put(held_.back())) {
        return;
      }
      held_.pop_back();
    } else if (step.what <= 14) {
      Held<Asker> held;
      if (mailboxes_[id_].try_take(held)) held_.push_back(std::move(held));
    } else if (step.what == 15) {
      pool_.flush_this_thread();
    } else {
      pool_.trim();
    }
  }

  Pool& pool_;
  std::vector<Mailbox<Held<Asker>>>& mailboxes_;
  std::size_t id_;
  Asker asker_;
  Owner<Asker> owner_;
  std::vector<Held<Asker>> held_;
  Tally tally_;
};

void expect_exact(const BufferCounts& counts, const Tally& tally) {
  RC_ASSERT(counts.acquires == tally.served);
  RC_ASSERT(counts.releases == tally.served);
  RC_ASSERT(counts.refusals == tally.refused);
  RC_ASSERT(counts.acquires == counts.cache_hits + counts.stack_hits + counts.fallback_allocations);
  RC_ASSERT(counts.misses == counts.stack_hits + counts.fallback_allocations + counts.refusals);
  RC_ASSERT(counts.in_use == 0U);
  RC_ASSERT(counts.parked == 0U);
  RC_ASSERT(counts.overflow_in_use == 0U);
  RC_ASSERT(counts.available == counts.buffers + counts.grown_buffers);
  RC_ASSERT(counts.timeouts <= counts.waits);
  RC_ASSERT(counts.timeouts <= counts.refusals);
  RC_ASSERT(counts.buffers + counts.overflow_buffers + counts.grown_buffers <= counts.max_buffers);
  RC_ASSERT(counts.slabs_trimmed <= counts.slabs_grown);
  RC_ASSERT((counts.grown_buffers == 0) == (counts.slabs_trimmed == counts.slabs_grown));
  RC_ASSERT(counts.bytes_now <= counts.bytes_peak);
}

PoolConfig any_config() {
  PoolConfig config =
      small_pool(*rc::gen::inRange<std::uint32_t>(1, 12), *rc::gen::inRange<std::uint32_t>(0, 3),
                 *rc::gen::inRange<std::uint32_t>(1, 5));
  const auto growth = *rc::gen::inRange<std::uint32_t>(0, 40);
  if (growth == 0) return config;
  config.max_buffers = config.buffer_count + config.overflow_buffers + growth;
  config.slab_buffers = *rc::gen::inRange<std::uint32_t>(1, 12);
  config.growth_thread = *rc::gen::arbitrary<bool>();
  return config;
}

Program any_program() {
  return *rc::gen::scale(
      4.0, rc::gen::container<Program>(rc::gen::build<Step>(
               rc::gen::set(&Step::what, rc::gen::inRange(0, 18)),
               rc::gen::set(&Step::way,
                            rc::gen::element(Way::refuse, Way::by_handle, Way::grow, Way::wait)),
               rc::gen::set(&Step::which, rc::gen::inRange<std::size_t>(0, 1000)))));
}

void run_any_programs() {
  Pool pool{any_config()};
  std::array<Program, kThreads> programs;
  for (Program& program : programs) program = any_program();
  std::vector<Mailbox<Held<Asker>>> mailboxes(kThreads);
  std::vector<std::unique_ptr<Actor>> actors;
  std::vector<std::thread> threads;
  for (std::size_t id = 0; id < kThreads; ++id) {
    actors.push_back(std::make_unique<Actor>(pool, mailboxes, id));
  }
  for (std::size_t id = 0; id < kThreads; ++id) {
    threads.emplace_back([&, id] { actors[id]->run(programs[id]); });
  }
  for (std::thread& thread : threads) thread.join();
  Tally tally;
  std::uint64_t strangers = 0;
  for (const auto& actor : actors) {
    tally.served += actor->tally().served;
    tally.refused += actor->tally().refused;
    strangers += actor->outcome().strangers;
  }
  for (auto& mailbox : mailboxes) {
    if (Held<Asker> held; mailbox.try_take(held)) held.item.release();
  }
  pool.flush_this_thread();
  RC_ASSERT(strangers == 0U);
  expect_exact(quiet_counts(pool), tally);
  pool.trim();
  const BufferCounts trimmed = quiet_counts(pool);
  RC_ASSERT(trimmed.available == trimmed.buffers + trimmed.grown_buffers);
}

TEST(StressProperty, AnyProgramsOfThreeThreadsKeepTheCounts) {
  EXPECT_TRUE(rc::check("three programs at once", run_any_programs));
}

}  // namespace
}  // namespace tapeline::pool
