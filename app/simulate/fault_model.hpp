#pragma once

// The network of a simulated exchange: takes each packet as it is sent on a line and gives it, or
// what became of it, when it would arrive. What happens is drawn from one seed: the same packets
// at the same times give the same deliveries on every machine.
//
// Each line has its own random numbers, which are drawn by the packet and not by the time: a
// line's losses stay the same when another line changes, and when a live sender is late.
// Foreign and malformed packets are copies of a packet of the line with messages in it. They
// follow it, and only after a good packet of the line got through, so that no receiver takes a
// foreign session for the one it should follow; a conflict follows only a packet that was
// delivered in its place. Nothing of the kind follows an end of session.
//
// Time:          nanoseconds from the start of the session; it must not go back.
// Thread safety: none.
// Memory:        packets that are on their way, at most `max_bytes` of them and a window of
//                reordering per line; what would not fit is dropped and counted.

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "app/simulate/fault_plan.hpp"
#include "app/simulate/malformed.hpp"
#include "app/simulate/random.hpp"

namespace tapeline::simulate {

// Of one line, in packets.
struct LineFaultCounts {
  std::uint64_t sent = 0;
  std::uint64_t lost = 0;            // each by itself
  std::uint64_t lost_in_bursts = 0;  // and not otherwise
  std::uint64_t bursts = 0;
  std::uint64_t lost_dead = 0;  // while the line was dead, and not otherwise
  std::uint64_t duplicates = 0;
  std::uint64_t held_back = 0;  // reordered
  std::uint64_t foreign = 0;
  std::uint64_t crowded_out = 0;  // dropped because too much was on its way
  std::uint64_t delivered = 0;    // of all kinds
  std::array<std::uint64_t, kMalformedKinds> malformed{};  // inserted, by kind
  std::array<std::uint64_t, kMalformedKinds> damaged{};    // in place of good ones, by kind
};

enum class DeliveryKind : std::uint8_t { good, malformed, damaged, foreign };

struct Delivery {
  std::uint64_t time_ns;
  std::size_t line;
  std::span<const std::byte> packet;  // valid during the call
  DeliveryKind kind;
  MalformedKind malformed_kind;  // of malformed and damaged ones
};

class FaultModel {
 public:
  static constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();
  static constexpr std::size_t kDefaultMaxBytes = std::size_t{256} << 20U;

  // Requires: 0 < lines <= kMaxFaultLines.
  FaultModel(const FaultPlan& plan, std::uint64_t seed, std::size_t lines,
             std::size_t max_bytes = kDefaultMaxBytes);
  FaultModel(const FaultModel&) = delete;
  FaultModel& operator=(const FaultModel&) = delete;

  // A well-formed MoldUDP64 packet leaves on `line`. Requires: packet.size() <= 65,507 - 16.
  void send(std::size_t line, std::span<const std::byte> packet, std::uint64_t now_ns);

  // When deliver_due() has something to give; kNever if nothing is on its way.
  [[nodiscard]] std::uint64_t next_due_ns() const noexcept;

  // Calls fn(const Delivery&) for what arrives up to and at `now_ns`, by time, then as sent.
  template <typename Fn>
  void deliver_due(std::uint64_t now_ns, Fn&& fn) {
    release_overdue(now_ns);
    while (!queue_.empty() && queue_.front().time_ns <= now_ns) {
      const Entry entry = take_first();
      const Slot& slot = slots_[entry.slot];
      ++lines_[slot.line].counts.delivered;
      fn(Delivery{entry.time_ns, slot.line, slot.bytes, slot.kind, slot.malformed_kind});
      free_slot(entry.slot);
    }
  }

  [[nodiscard]] std::size_t lines() const noexcept { return lines_.size(); }
  [[nodiscard]] const LineFaultCounts& counts(std::size_t line) const noexcept {
    return lines_[line].counts;
  }

 private:
  using SlotIndex = std::uint32_t;
  static constexpr SlotIndex kNoSlot = std::numeric_limits<SlotIndex>::max();

  struct Slot {
    std::vector<std::byte> bytes;
    std::size_t line = 0;
    DeliveryKind kind = DeliveryKind::good;
    MalformedKind malformed_kind{};
  };
  struct Entry {
    std::uint64_t time_ns;
    std::uint64_t order;
    SlotIndex slot;
  };
  // Waits until a later packet of its line passed, or until its time is over.
  struct Held {
    std::uint64_t until_packet;
    std::uint64_t until_ns;
    SlotIndex slot;
  };
  struct Line {
    LineFaultPlan plan;
    Random random;   // what happens
    Random content;  // and to which bytes
    std::uint32_t burst_left = 0;
    bool got_through = false;  // a good packet was released
    std::vector<Held> held{};  // as they came, so until_ns rises
    LineFaultCounts counts{};
  };

  [[nodiscard]] static bool is_later(const Entry& a, const Entry& b) noexcept {
    return a.time_ns != b.time_ns ? a.time_ns > b.time_ns : a.order > b.order;
  }

  // All that chance decides about a packet.
  struct Fate {
    bool lost = false;
    bool lost_in_burst = false;
    bool duplicate = false;
    bool damage = false;
    bool malformed = false;
    bool foreign = false;
    std::array<std::uint32_t, 2> hold{};  // for how many packets, it and its duplicate; 0: not
  };
  [[nodiscard]] static Fate draw_fate(Line& line) noexcept;

  // Returns whether the packet went on its way as it is and at once.
  bool pass(std::size_t index, std::span<const std::byte> packet, const Fate& fate,
            std::uint64_t now_ns);
  void pass_copy(std::size_t index, SlotIndex slot, std::uint32_t hold, std::uint64_t now_ns);
  [[nodiscard]] bool pass_damaged(std::size_t index, std::span<const std::byte> packet,
                                  std::uint64_t now_ns);
  void insert_malformed(std::size_t index, std::span<const std::byte> packet, bool in_place,
                        std::uint64_t now_ns);
  void insert_foreign(std::size_t index, std::span<const std::byte> packet, std::uint64_t now_ns);
  void release_passed(std::size_t index, std::uint64_t now_ns);
  void release_overdue(std::uint64_t now_ns);

  [[nodiscard]] SlotIndex store(std::size_t index, std::span<const std::byte> packet,
                                DeliveryKind kind, MalformedKind malformed_kind = {});
  void free_slot(SlotIndex slot) noexcept;
  void release(std::size_t index, SlotIndex slot, std::uint64_t now_ns);
  [[nodiscard]] Entry take_first() noexcept;

  std::vector<Line> lines_;
  std::size_t max_bytes_;
  std::size_t bytes_ = 0;  // on their way
  std::uint64_t order_ = 0;
  std::vector<Slot> slots_;
  std::vector<SlotIndex> free_;
  std::vector<Entry> queue_;  // a heap
  std::vector<std::byte> scratch_;
};

// What was done to the packets, a line of text for each line of the session.
[[nodiscard]] std::string describe_faults(const FaultModel& faults);

}  // namespace tapeline::simulate
