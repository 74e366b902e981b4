#pragma once

// Sends a session at a steady rate: heartbeats that announce it, for the lead time; as many
// messages as are due since the start, in packets, a few thousand times a second; heartbeats while
// nothing is due; end of session packets at the end, also when it is stopped early. In MoldUDP64 or
// in IEX-TP, as the session says.
//
// Clock:  std::uint64_t now_ns(); void sleep_until(std::uint64_t ns); any steady zero point.
// Link:   void send(std::span<const std::span<const std::byte>> packets): on every line, in order;
//         and, if it holds packets back, std::uint64_t next_due_ns() (kNothingDue: none) and
//         void send_due(), which is called when it is time for them.
// Watch:  bool keep_going(std::uint64_t messages_sent): asked now and then, false ends the session.
//
// Thread safety: none.

#include <algorithm>
#include <array>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

#include "app/simulate/feed.hpp"
#include "app/simulate/line_cutter.hpp"
#include "app/simulate/send_batch.hpp"

namespace tapeline::simulate {

// Of a link that holds nothing back.
inline constexpr std::uint64_t kNothingDue = std::numeric_limits<std::uint64_t>::max();

struct PlayOptions {
  LineSession session{};
  CutOptions cut{};
  std::int64_t zero_unix_ns = 0;    // the zero point of the clock, since 1970
  std::uint64_t rate = 200'000;     // messages per second; 0 = as fast as the link takes them
  double speed = 0;                 // not 0: so many times the pace of the feed, instead of a rate
  std::uint64_t lead_ns = 0;        // heartbeats before the first message, ten a second
  std::uint64_t duration_ns = 0;    // without the lead; 0 = to the end of the session
  std::uint64_t tick_ns = 200'000;  // between packets
  std::uint64_t heartbeat_ns = 1'000'000'000;
  std::uint32_t end_packets = 3;
  std::uint64_t end_interval_ns = 200'000'000;
  std::uint64_t linger_ns = 0;  // then end of session goes on, each second, for so long
};

struct PlayCounts {
  std::uint64_t messages = 0;
  std::uint64_t packets = 0;     // on each line, with heartbeats and end of session
  std::uint64_t bytes = 0;       // of their payloads
  std::uint64_t sending_ns = 0;  // from the start to the last message
  bool was_stopped = false;
};

template <typename Feed, typename Clock, typename Link, typename Watch>
class Player {
 public:
  // Collaborators are not owned and must outlive this.
  Player(const PlayOptions& options, Feed& feed, Clock& clock, Link& link, Watch& watch)
      : options_{options},
        feed_{feed},
        clock_{clock},
        link_{link},
        watch_{watch},
        cutter_{options.session, options.cut},
        batch_{options.cut.packet_bytes} {}

  // Plays the whole session. Throws what the link throws.
  PlayCounts play() {
    announce();
    start_ns_ = last_send_ns_ = clock_.now_ns();
    bool more = true;
    while (more) {
      const std::uint64_t now = clock_.now_ns();
      send_late();
      if (!watch_.keep_going(counts_.messages)) {
        counts_.was_stopped = true;
        break;
      }
      if (options_.duration_ns != 0 && now - start_ns_ >= options_.duration_ns &&
          counts_.messages >= due(now)) {
        break;
      }
      more = send_messages(due(now) - counts_.messages, now);
      send_heartbeat_if_idle();
      if (more) wait();
    }
    settle();
    counts_.sending_ns = clock_.now_ns() - start_ns_;
    end();
    return counts_;
  }

 private:
  static constexpr std::uint64_t kSecondNs = 1'000'000'000;
  static constexpr std::uint64_t kMaxWaitNs = 100'000'000;  // how late a stop may be noticed
  static constexpr std::uint64_t kLeadBeatNs = 100'000'000;
  static constexpr std::uint64_t kMaxAtOnce = 4'096;  // messages between two looks around
  static constexpr std::uint64_t kNever = kNothingDue;
  static constexpr bool kCanBeLate = requires(Link & link) { link.send_due(); };

  [[nodiscard]] std::int64_t unix_ns() {
    return options_.zero_unix_ns + static_cast<std::int64_t>(clock_.now_ns());
  }
  [[nodiscard]] bool has_rate() const noexcept { return options_.rate != 0 && options_.speed == 0; }

  // A receiver that hears one of these knows that the session begins at its first message, even if
  // the packet with that is lost.
  void announce() {
    const std::uint64_t until = clock_.now_ns() + options_.lead_ns;
    while (clock_.now_ns() < until && watch_.keep_going(0)) {
      send_heartbeat();
      pause_until(std::min(until, clock_.now_ns() + kLeadBeatNs));
    }
  }

  // How many messages should have been sent by now, if none of them is too early by its own time.
  [[nodiscard]] std::uint64_t due(std::uint64_t now_ns) const noexcept {
    if (!has_rate()) {
      const bool is_over = options_.duration_ns != 0 && now_ns - start_ns_ >= options_.duration_ns;
      return counts_.messages + (is_over ? 0 : kMaxAtOnce);
    }
    std::uint64_t elapsed = now_ns - start_ns_;
    if (options_.duration_ns != 0) elapsed = std::min(elapsed, options_.duration_ns);
    return elapsed / kSecondNs * options_.rate + elapsed % kSecondNs * options_.rate / kSecondNs;
  }

  // When the message should be sent by its own time. Requires: options_.speed != 0.
  [[nodiscard]] std::uint64_t due_ns(const FeedMessage& message) noexcept {
    if (!first_time_ns_) first_time_ns_ = message.time_ns;
    const auto since_first = static_cast<double>(message.time_ns - *first_time_ns_);
    return start_ns_ + static_cast<std::uint64_t>(since_first / options_.speed);
  }

  // Returns false at the end of the session.
  bool send_messages(std::uint64_t count, std::uint64_t now_ns) {
    bool more = true;
    for (std::uint64_t left = std::min(count, kMaxAtOnce); left > 0; --left) {
      if (!held_) held_ = feed_.next();
      more = held_.has_value();
      if (!more || (options_.speed != 0 && due_ns(*held_) > now_ns)) break;
      add(*held_);
      held_.reset();
    }
    flush();
    return more;
  }

  // What the session has counted is sent, too, so that its ledger tells of what was sent.
  void settle() {
    held_.reset();
    while (!feed_.is_settled()) {
      const std::optional<FeedMessage> message = feed_.next();
      if (!message) break;
      add(*message);
    }
    flush();
  }

  void add(const FeedMessage& message) {
    if (!cutter_.try_add(message.bytes, message.time_ns)) {
      close_packet();
      [[maybe_unused]] const bool added = cutter_.try_add(message.bytes, message.time_ns);
      assert(added);
    }
    ++counts_.messages;
  }

  void close_packet() {
    if (batch_.is_full()) send_batch();
    batch_.add(cutter_.finish(unix_ns()));
  }

  void flush() {
    if (!cutter_.is_empty()) close_packet();
    send_batch();
  }

  void send_batch() {
    if (batch_.packets().empty()) return;
    link_.send(batch_.packets());
    counts_.packets += batch_.packets().size();
    counts_.bytes += batch_.bytes();
    batch_.clear();
    last_send_ns_ = clock_.now_ns();
  }

  void send_heartbeat_if_idle() {
    if (clock_.now_ns() - last_send_ns_ >= options_.heartbeat_ns) send_heartbeat();
  }

  void send_heartbeat() {
    batch_.add(cutter_.heartbeat(unix_ns()));
    send_batch();
  }

  // When the next message is due. It may be past.
  [[nodiscard]] std::uint64_t next_due_ns() noexcept {
    if (!has_rate()) return held_ ? due_ns(*held_) : 0;
    const std::uint64_t next = counts_.messages + 1;
    return start_ns_ + next / options_.rate * kSecondNs +
           next % options_.rate * kSecondNs / options_.rate + 1;
  }

  // Until the next tick or, if nothing is due then, until something is.
  void wait() {
    const std::uint64_t now = clock_.now_ns();
    if (has_rate() ? due(now) - counts_.messages >= kMaxAtOnce : !held_) return;
    const std::uint64_t next_tick_ns =
        now + options_.tick_ns - (now - start_ns_) % options_.tick_ns;
    std::uint64_t until = std::max(next_due_ns(), next_tick_ns);
    until = std::min({until, last_send_ns_ + options_.heartbeat_ns, now + kMaxWaitNs});
    until = std::min(until, late_due_ns());
    if (options_.duration_ns != 0) until = std::min(until, start_ns_ + options_.duration_ns);
    if (until > now) clock_.sleep_until(until);
  }

  void end() {
    for (std::uint32_t i = 0; i < options_.end_packets; ++i) {
      if (i > 0) pause_until(clock_.now_ns() + options_.end_interval_ns);
      send_end();
    }
    const std::uint64_t until = clock_.now_ns() + options_.linger_ns;
    while (clock_.now_ns() < until && watch_.keep_going(counts_.messages)) {
      pause_until(std::min(until, clock_.now_ns() + kMaxWaitNs));
      if (clock_.now_ns() - last_send_ns_ >= options_.heartbeat_ns) send_end();
    }
    // What is late comes late, but a stop does not wait long for it.
    const std::uint64_t patience_ns =
        counts_.was_stopped ? clock_.now_ns() + options_.end_interval_ns : kNever;
    while (late_due_ns() < patience_ns) pause_until(late_due_ns());
  }

  // The end of a session is short and not asked whether to stop.
  void pause_until(std::uint64_t ns) {
    for (std::uint64_t now = clock_.now_ns(); now < ns; now = clock_.now_ns()) {
      clock_.sleep_until(std::max(now + 1, std::min(ns, late_due_ns())));
      send_late();
    }
    send_late();
  }

  void send_late() {
    if constexpr (kCanBeLate) link_.send_due();
  }
  [[nodiscard]] std::uint64_t late_due_ns() const {
    if constexpr (kCanBeLate) return link_.next_due_ns();
    return kNever;
  }

  void send_end() {
    batch_.add(cutter_.end_of_session(unix_ns()));
    send_batch();
  }

  PlayOptions options_;
  Feed& feed_;
  Clock& clock_;
  Link& link_;
  Watch& watch_;
  LineCutter cutter_;
  SendBatch batch_;
  PlayCounts counts_;
  std::uint64_t start_ns_ = 0;
  std::uint64_t last_send_ns_ = 0;
  std::optional<FeedMessage> held_;  // taken from the feed, but not due yet
  std::optional<std::uint64_t> first_time_ns_;
};

}  // namespace tapeline::simulate
