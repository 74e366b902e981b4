// The sequencer against a model that knows which copy of each number came first: any mixture of
// packets, announcements, timers, holding, snapshots and abandoned snapshots.

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "net/sequencer.hpp"
#include "tests/net/mold_packet.hpp"

namespace tapeline::net {
namespace {

using testing::MoldPacket;

// What the handler is told, held against the copies that came first.
struct Model {
  void on_message(std::uint64_t sequence, std::span<const std::byte> message, const Packet&) {
    const std::string text{reinterpret_cast<const char*>(message.data()), message.size()};
    RC_ASSERT(sequence == next);
    RC_ASSERT(first_copy.contains(sequence));
    RC_ASSERT(text == first_copy.at(sequence));
    ++next;
    ++delivered;
  }
  void on_gap(const GapRange& gap) { skip(gap, lost); }
  void on_bridged(const GapRange& gap) { skip(gap, bridged); }
  void on_session(const testing::Session&, std::uint64_t sequence) { next = sequence; }
  void on_snapshot_wanted(std::uint64_t sequence) {
    RC_ASSERT(!waits);
    RC_ASSERT(sequence == next);
    waits = true;
  }
  void on_snapshot_abandoned(SnapshotEnd) {
    RC_ASSERT(waits);
    waits = false;
  }

  void skip(const GapRange& range, std::uint64_t& count) {
    RC_ASSERT(range.first == next);
    RC_ASSERT(range.last_exclusive > range.first);
    next = range.last_exclusive;
    count += range.count();
  }
  // A packet is about to arrive while `expected` is the position.
  void note(std::uint64_t sequence, const std::string& text, std::uint64_t expected) {
    const auto known = first_copy.find(sequence);
    if (known != first_copy.end()) {
      if (known->second != text) ++conflicts;
    } else if (sequence >= expected) {
      first_copy.emplace(sequence, text);
    }
  }

  std::map<std::uint64_t, std::string> first_copy;
  std::uint64_t next = 0;
  std::uint64_t delivered = 0;
  std::uint64_t lost = 0;
  std::uint64_t bridged = 0;
  std::uint64_t conflicts = 0;
  bool waits = false;
};

struct Step {
  unsigned kind;
  unsigned place;
  unsigned detail;
};

class Play {
 public:
  Play(bool on_join, std::size_t hold_packets, pool::LockFreeBufferPool& pool)
      : sequencer_{{.lines = 2,
                    .hold_packets = hold_packets,
                    .hold_ns = 100,
                    .resync_packets = 0,
                    .request_lines = 1,
                    .recovery_ns = 200,
                    .snapshot_ns = 500,
                    .snapshot_on_join = on_join,
                    .snapshot_retry_ns = 300},
                   pool.serialization()} {}

  void step(const Step& step) {
    now_ += step.detail % 41;
    sequencer_.on_timer(now_, model_);  // so that a packet finds no more to declare
    const std::uint64_t near = sequencer_.has_session() ? sequencer_.expected() : 20;
    const std::uint64_t place = near + step.place % 24 - std::min<std::uint64_t>(near - 1, 8);
    switch (step.kind % 12) {
      case 7: heartbeat(place); break;
      case 8:
        now_ += step.detail % 1500;
        sequencer_.on_timer(now_, model_);
        break;
      case 9: model_.waits |= sequencer_.hold_for_snapshot(now_); break;
      case 10: resume(place); break;
      case 11:
        sequencer_.abandon_snapshot(now_, model_);
        RC_ASSERT(!model_.waits || sequencer_.awaits_snapshot());
        break;
      default: packet(step, place); break;
    }
    check();
  }

  void finish() {
    sequencer_.finish(now_, model_);
    check();
    RC_ASSERT(!sequencer_.awaits_snapshot());
    RC_ASSERT(sequencer_.next_deadline() == Sequencer::kNoDeadline);
  }

 private:
  void packet(const Step& step, std::uint64_t first) {
    const auto line = static_cast<std::uint16_t>(step.detail % 3);
    const bool other = step.detail % 7 == 0;
    std::vector<std::string> texts;
    for (std::uint64_t at = first; at < first + 1 + step.detail % 5; ++at) {
      texts.push_back((other ? "other" : "m") + std::to_string(at));
      model_.note(at, texts.back(), sequencer_.has_session() ? sequencer_.expected() : first);
    }
    const bool held = sequencer_.is_holding();
    const std::uint64_t before = model_.delivered;
    sequencer_.on_packet(MoldPacket{line, first, texts}.view(), now_, model_);
    RC_ASSERT(!(held && sequencer_.is_holding()) || model_.delivered == before);
  }

  void heartbeat(std::uint64_t next) {
    if (!sequencer_.has_session()) return;
    sequencer_.on_packet(MoldPacket{0, next, {}}.view(), now_, model_);
  }

  void resume(std::uint64_t sequence) {
    const bool can = sequencer_.can_resume_at(sequence);
    RC_ASSERT(!can || sequencer_.has_session());
    if (can && sequence < model_.next) {
      RC_ASSERT(sequencer_.is_holding());
      RC_ASSERT(model_.delivered + model_.lost + model_.bridged == 0U);
      model_.next = sequence;
    }
    if (can) model_.waits = false;
    RC_ASSERT(sequencer_.resume_at(sequence, now_, model_) == can);
  }

  void check() const {
    const SequencerCounters& counters = sequencer_.counters();
    RC_ASSERT(sequencer_.awaits_snapshot() == model_.waits);
    RC_ASSERT(counters.conflicts.get() == model_.conflicts);
    RC_ASSERT(counters.messages.get() == model_.delivered);
    RC_ASSERT(counters.messages_lost.get() == model_.lost);
    RC_ASSERT(counters.messages_bridged.get() == model_.bridged);
    if (!sequencer_.has_session()) return;
    RC_ASSERT(sequencer_.expected() == model_.next);
    RC_ASSERT(model_.next ==
              counters.first_sequence.get() + model_.delivered + model_.lost + model_.bridged);
    std::uint64_t above = sequencer_.is_holding() ? model_.next : model_.next + 1;
    sequencer_.for_each_hole([&](const GapRange& hole) {
      RC_ASSERT(hole.first + 1 >= above);
      RC_ASSERT(hole.last_exclusive > hole.first);
      above = hole.last_exclusive + 1;
    });
  }

  Sequencer sequencer_;
  Model model_;
  std::int64_t now_ = 0;
};

TEST(SequencerModel, TellsEveryNumberOnceWithTheBytesThatCameFirst) {
  pool::LockFreeBufferPool pool{testing::small_pool(4)};
  const auto steps = rc::gen::container<std::vector<Step>>(rc::gen::construct<Step>(
      rc::gen::inRange(0U, 12U), rc::gen::inRange(0U, 24U), rc::gen::inRange(0U, 100'000U)));
  const bool passed = rc::check("the handler is told every number once", [&] {
    Play play{*rc::gen::arbitrary<bool>(), *rc::gen::element<std::size_t>(2, 6, 64), pool};
    for (const Step& step : *rc::gen::resize(150, steps)) play.step(step);
    play.finish();
    RC_ASSERT(pool.stats().serialization.in_use == 0U);
  });
  EXPECT_TRUE(passed);
}

}  // namespace
}  // namespace tapeline::net
