#pragma once

// Sees which holes of a sequencer were closed by re-requests, so that each can be told once. Holes
// that a line fills, and what is declared lost or bridged, are told elsewhere.
//
// look() after every batch and timer: a hole that is gone was closed by what came in between. A
// hole of which a middle part was filled goes on as two.
//
// Thread safety: none; belongs to the thread of the sequencer.
// Allocation:    none after the constructor. Of many holes only the lowest kMaxHoles are followed.

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "net/hold_store.hpp"

namespace tapeline {

class GapWatch {
 public:
  static constexpr std::size_t kMaxHoles = 256;

  GapWatch() {
    known_.reserve(kMaxHoles);
    now_.reserve(kMaxHoles);
  }

  // Whether look() would find nothing: no hole is followed, and none has appeared.
  [[nodiscard]] bool is_idle(std::uint64_t hole_changes) const noexcept {
    return known_.empty() && hole_changes == hole_changes_;
  }

  // Holes as of the last look(), at most kMaxHoles.
  [[nodiscard]] std::size_t open() const noexcept { return known_.size(); }

  // Declared lost or bridged: the holes that it meets are told already.
  void forget(const net::GapRange& range) noexcept {
    for (Hole& hole : known_) {
      if (hole.first < range.last_exclusive && range.first < hole.open.last_exclusive) {
        hole.told = true;
      }
    }
  }

  // for_each_hole(fn) calls fn(const net::GapRange&, std::int64_t since_ns), lowest first. Calls
  // closed(const net::GapRange&, std::int64_t since_ns) for each hole that is gone, if what came
  // in between came `by_request`.
  template <typename ForEachHole, typename Closed>
  void look(std::uint64_t hole_changes, bool by_request, ForEachHole&& for_each_hole,
            Closed&& closed) {
    hole_changes_ = hole_changes;
    now_.clear();
    std::size_t at = 0;
    const auto pass = [&] {
      const Hole& hole = known_[at++];
      if (by_request && !hole.told && !hole.seen) {
        closed(net::GapRange{hole.first, hole.open.last_exclusive}, hole.since_ns);
      }
    };
    for_each_hole([&](const net::GapRange& open, std::int64_t since_ns) {
      if (now_.size() == kMaxHoles) {
        at = known_.size();
        return;
      }
      while (at < known_.size() && known_[at].open.last_exclusive <= open.first) pass();
      Hole hole{.first = open.first, .open = open, .since_ns = since_ns};
      if (at < known_.size() && known_[at].open.first <= open.first) {
        Hole& known = known_[at];
        hole.since_ns = known.since_ns;
        hole.told = known.told;
        if (!std::exchange(known.seen, true)) hole.first = known.first;
      }
      now_.push_back(hole);
    });
    while (at < known_.size()) pass();
    known_.swap(now_);
  }

 private:
  struct Hole {
    std::uint64_t first;  // where it began when it appeared
    net::GapRange open;   // what is left of it
    std::int64_t since_ns;
    bool told = false;
    bool seen = false;  // by look(): it is open still
  };

  std::vector<Hole> known_;
  std::vector<Hole> now_;
  std::uint64_t hole_changes_ = 0;
};

}  // namespace tapeline
