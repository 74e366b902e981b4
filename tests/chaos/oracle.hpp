#pragma once

// What must be true of a receiver, judged from outside: from what the faults let through to it and
// from what it says. Nothing here knows how a sequencer works or looks at its counters, except to
// compare them in the end.
//
// The rule. A message came when a packet with the whole of it, of this session, was handed to the
// receiver, from a line or as an answer. A message is known of when a packet of the session named
// a higher number as sent (or, heartbeat and end, as next). Then:
//
//   1. Messages are delivered in order, each at most once, with their own bytes.
//   2. A message is declared lost only if no copy of it came before, and not before it was known
//      of for the patience of the scenario (hold_ns + recovery_ns).
//   3. A message that is known of in the end was delivered or declared lost, never neither.
//      So: what came in time is delivered, and the declared loss is what did not, number by number.
//   4. A hole is declared lost as soon as the patience is over that began when the message behind
//      it came (or, if none did, was announced), or when the last message in front of it was
//      delivered, or when the hole before it was declared, whichever is latest. Nothing stalls.
//   5. lines_only: the patience covers the slowest line; so no copy of a lost message ever comes,
//      and the declared loss is what is missing on all lines.
//   6. recoverable: servers answer, and there is time and room: nothing is declared lost.
//   7. impatient, with servers that no limit keeps from being asked (asks_freely): each server had
//      been asked for what was declared lost, as far as attempts and patience go. (Not checked
//      where an answer brought a part of what was asked for: the rest is asked for from the first
//      server on again.)
//   8. The counters tell the same as the books kept here.
//
// cramped receivers may declare more, and earlier: for these 2 holds without its time, and 4 and 5
// not. A receiver that takes its position for a forged one may go back (on_resync). What it had
// declared lost from there on is open again, and is known of only by what it still holds and by
// later packets: the numbers that it heard of before may be forged. Times are no longer checked
// then.
//
// With packets of another session among the others, the receiver is closed when it has told the
// end of the session: a foreign packet may begin another session then.

#include <array>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "app/simulate/fault_model.hpp"
#include "app/simulate/in_process_server.hpp"
#include "net/recovery.hpp"
#include "net/sequencer.hpp"
#include "tests/chaos/exchange.hpp"
#include "tests/chaos/scenario.hpp"

namespace tapeline::chaos {

class Oracle {
 public:
  Oracle(const Scenario& scenario, const Tape& tape);

  // Right before the receiver gets a packet, or sends a request.
  void on_delivery(const simulate::Delivery& delivery, std::int64_t now_ns);
  void on_request(const simulate::ServedRequest& request, std::int64_t now_ns);
  void on_answer(std::size_t server, std::span<const std::byte> packet, std::int64_t now_ns);

  // What the receiver says at the time of the last call of on_time().
  void on_time(std::int64_t now_ns) noexcept { now_ns_ = now_ns; }
  void on_message(std::uint64_t sequence, std::span<const std::byte> message, std::size_t line);
  void on_gap(const net::GapRange& gap, std::uint64_t hold_overflows);
  void on_session(const codec::moldudp64::Session& session, std::uint64_t sequence);
  void on_end_of_session();
  void on_resync(std::uint64_t sequence);

  // The receiver takes no more packets; see above.
  [[nodiscard]] bool is_closed() const noexcept { return is_closed_; }

  // Nothing is on its way any more: what is open now stays open.
  void on_finishing() noexcept { is_finishing_ = true; }
  // All is said; holds the books against each other and against the counters.
  void finish(const net::Sequencer& sequencer, const net::Recovery& recovery);

  // The first thing that is wrong; empty: nothing.
  [[nodiscard]] const std::string& failure() const noexcept { return failure_; }

  struct Totals {
    std::uint64_t delivered = 0;
    std::uint64_t lost = 0;
    std::uint64_t came_late = 0;
    std::uint64_t requests = 0;
    std::uint64_t resyncs = 0;
    bool operator==(const Totals&) const = default;
  };
  [[nodiscard]] const Totals& totals() const noexcept { return totals_; }

 private:
  static constexpr std::int64_t kNot = std::numeric_limits<std::int64_t>::min();

  enum class State : std::uint8_t { open, delivered, lost };

  struct Message {
    std::int64_t came_ns = kNot;       // the first copy
    std::int64_t known_ns = kNot;      // that there is such a message
    std::int64_t announced_ns = kNot;  // as the next one, by heartbeat or end of session
    std::int64_t delivered_ns = kNot;
    std::uint64_t late_packet = 0;  // the last one that brought it after it was declared lost
    std::uint32_t asked = 0;        // servers, by bit
    std::uint16_t came_on = 0;      // line
    bool came_late = false;         // after it was declared lost
    bool asked_anew = false;        // an answer brought only what is in front of it
    State state = State::open;
  };
  struct LineBooks {
    std::uint64_t packets = 0;
    std::uint64_t bytes = 0;
    std::uint64_t won = 0;
    std::uint64_t again = 0;  // copies of messages that had come
  };

  void fail(const std::string& what);
  codec::moldudp64::PacketStatus take_packet(std::span<const std::byte> packet, std::size_t line,
                                             std::int64_t now_ns);
  void take_blocks(std::span<const std::byte> packet, std::size_t line, std::int64_t now_ns);
  void know_up_to(std::uint64_t end, std::int64_t now_ns);
  void check_time_of(const net::GapRange& gap);
  void check_end_states();
  void check_asked();
  void check_counters(const net::Sequencer& sequencer, const net::Recovery& recovery);
  void expect_equal(std::uint64_t counter, std::uint64_t book, const std::string& name);

  const Scenario& scenario_;
  const Tape& tape_;
  std::vector<Message> messages_;  // by number; one past the last for announcements
  std::vector<LineBooks> lines_;
  std::array<std::uint64_t, codec::kPacketStatusCount> malformed_{};
  std::uint64_t packets_ = 0;
  std::uint16_t packet_line_ = 0;  // of the last one
  std::uint64_t packet_end_ = 0;   // one past the highest number that the last one named
  std::uint64_t heartbeats_ = 0;
  std::uint64_t ends_ = 0;
  std::uint64_t foreign_ = 0;
  std::uint64_t unsequenced_ = 0;
  std::uint64_t conflicts_ = 0;
  std::uint64_t late_copies_ = 0;  // of messages that were declared lost
  std::uint64_t answers_ = 0;
  std::uint64_t gaps_ = 0;
  std::uint64_t sessions_ = 0;
  std::uint64_t ends_told_ = 0;
  std::uint64_t overflows_ = 0;
  std::uint64_t start_ = 0;      // the first number that is wanted; 0: not known
  std::uint64_t position_ = 0;   // all below is delivered or lost
  std::uint64_t known_end_ = 1;  // one past the highest number known of
  std::uint64_t named_end_ = 1;  // the same, and what was forgotten with a resync
  std::int64_t now_ns_ = 0;
  std::int64_t last_declared_ns_ = kNot;
  bool has_session_ = false;
  bool is_closed_ = false;
  bool is_finishing_ = false;
  Totals totals_;
  std::string failure_;
};

}  // namespace tapeline::chaos
