#pragma once

// How the depth updates of one Binance symbol join its snapshot and each other (Binance spot API,
// "How to manage a local order book correctly"; USD-M futures, the same heading).
//
// Spot: updates up to the snapshot's lastUpdateId are old; the first one after it reaches from at
// most lastUpdateId + 1 to beyond it; each later one begins at the end of the one before + 1.
// Futures (updates with "pu"): updates that end before lastUpdateId are old; the first one spans
// lastUpdateId; the "pu" of each later one is the end of the one before.
//
// All bits zero is a symbol that waits for its first snapshot.
//
// Thread safety: none; a value.

#include <cstdint>

namespace tapeline::feed {

struct UpdateIds {
  std::uint64_t first = 0;     // U
  std::uint64_t last = 0;      // u
  std::uint64_t previous = 0;  // pu
  bool has_previous = false;
};

enum class UpdateVerdict : std::uint8_t {
  apply,
  old,   // the book knows it already
  hold,  // there is no snapshot: keep it for the next one
  gap,   // updates in front of it are missing: hold it, and ask for a snapshot
  bad,   // ends before it begins
};

class DepthSync {
 public:
  // Returns whether the snapshot is to be applied: not if the book is further.
  [[nodiscard]] bool on_snapshot(std::uint64_t last_update_id) noexcept {
    if (state_ != State::waiting && last_update_id < last_) return false;
    last_ = last_update_id;
    state_ = State::fresh;
    return true;
  }

  [[nodiscard]] UpdateVerdict on_update(const UpdateIds& ids) noexcept {
    if (ids.last < ids.first) return UpdateVerdict::bad;
    if (state_ == State::waiting) return UpdateVerdict::hold;
    if (is_old(ids)) return UpdateVerdict::old;
    if (!follows(ids)) {
      missing_ = !ids.has_previous && ids.first > last_ + 1 ? ids.first - last_ - 1 : 0;
      too_old_snapshot_ = state_ == State::fresh;
      state_ = State::waiting;
      return UpdateVerdict::gap;
    }
    state_ = State::running;
    last_ = ids.last;
    return UpdateVerdict::apply;
  }

  // What comes next can not be known to follow.
  void lose() noexcept { state_ = State::waiting; }

  [[nodiscard]] bool is_waiting() const noexcept { return state_ == State::waiting; }
  // The end of what the book knows.
  [[nodiscard]] std::uint64_t last() const noexcept { return last_; }
  // After a gap: how many ids are missing (0 on futures, where all symbols share them), and whether
  // it lies between a snapshot and the first update that came after it.
  [[nodiscard]] std::uint64_t missing() const noexcept { return missing_; }
  [[nodiscard]] bool snapshot_was_too_old() const noexcept { return too_old_snapshot_; }

 private:
  enum class State : std::uint8_t {
    waiting,  // for a snapshot
    fresh,    // a snapshot was applied, and no update since
    running,
  };

  [[nodiscard]] bool is_old(const UpdateIds& ids) const noexcept {
    if (state_ == State::fresh && ids.has_previous) return ids.last < last_;
    return ids.last <= last_;
  }
  // Requires: it is not old.
  [[nodiscard]] bool follows(const UpdateIds& ids) const noexcept {
    if (!ids.has_previous) return ids.first <= last_ + 1;
    return state_ == State::fresh ? ids.first <= last_ : ids.previous == last_;
  }

  std::uint64_t last_ = 0;
  std::uint64_t missing_ = 0;
  State state_ = State::waiting;
  bool too_old_snapshot_ = false;
};

}  // namespace tapeline::feed
