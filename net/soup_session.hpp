#pragma once

// The client's side of a SoupBinTCP session ("SoupBinTCP 3.00"), without a socket and without a
// clock: login, numbering, heartbeats, watchdog, end, and where to resume after a disconnect.
//
// Numbering: the first sequenced packet after a login has the number that the login was accepted
// with, each further one the next; nothing else counts. After a disconnect the next login asks for
// the same session and the next number. An answer above it is a gap, one below it is an error of
// the server whose repetitions are skipped. If the server is in another session, that one is taken
// on from its start: if the answer is past it, the connection ends with `other_session` and the
// next login asks for number 1.
//
// Thread safety: one thread; counters may be read by any.
// Units:         now_ns is a steady clock of the caller's choice, in nanoseconds.
// Allocation:    none.

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>

#include "codec/soupbintcp/decoder.hpp"
#include "net/credentials.hpp"
#include "net/hold_store.hpp"
#include "net/packet_batch.hpp"
#include "net/stream_protocol.hpp"
#include "pool/counter.hpp"

namespace tapeline::net {

struct SoupSessionConfig {
  codec::soupbintcp::Session session{};       // blank: the current one
  std::uint64_t sequence = 1;                 // first message wanted; 0: only those to come
  std::int64_t heartbeat_ns = 1'000'000'000;  // we send one after this time without sending
  std::int64_t watchdog_ns = 15'000'000'000;  // the link is dead after this time without receiving
  std::int64_t login_ns = 15'000'000'000;     // limit for the answer to a login
  // After an end of session: the pause until the server is asked for another session, again and
  // again until there is one. 0: the end is the end. Only if `session` is blank.
  std::int64_t next_session_ns = 0;
};

struct alignas(pool::kCacheLineBytes) SoupCounters {
  pool::Counter sequenced;     // delivered
  pool::Counter duplicates;    // sequenced, delivered before
  pool::Counter unsequenced;   // packets
  pool::Counter heartbeats;    // of the server
  pool::Counter debug;         // packets
  pool::Counter unknown_type;  // packets of no type that a server sends; passed over

  pool::Counter logins_accepted;
  pool::Counter rejected_not_authorized;
  pool::Counter rejected_no_session;
  pool::Counter rejected_other;  // for a reason that the specification does not name
  pool::Counter ends_of_session;
  pool::Counter session_changes;
  pool::Counter gaps;          // ranges that the server does not hold any more
  pool::Counter gap_messages;  // messages in them

  pool::Counter malformed;   // lengths of 0, packets of wrong length, numbers that are none
  pool::Counter early_data;  // data before the login was accepted
  pool::Counter late_login;  // an answer to a login that was answered before
  pool::Counter went_back;   // accepted with a lower number than asked for
  pool::Counter watchdog;    // times that the link was silent for too long
  pool::Counter login_timeouts;
  pool::Counter logins_sent;
  pool::Counter heartbeats_sent;
};

// What the server said to a login.
struct SoupLogin {
  codec::soupbintcp::Session session;
  std::uint64_t sequence = 0;  // of the next sequenced packet
};

class SoupSession {
 public:
  using Session = codec::soupbintcp::Session;
  using RejectReason = codec::soupbintcp::RejectReason;
  using Due = StreamProtocol::Due;

  explicit SoupSession(const SoupSessionConfig& config) noexcept;

  // A connection was made. Returns the login request, valid until note_sent().
  [[nodiscard]] std::span<const std::byte> connect(const Credentials& credentials,
                                                   std::int64_t now_ns) noexcept;
  // What connect(), on_timer() or logout() returned was sent.
  void note_sent(std::int64_t now_ns) noexcept;
  // Bytes came in.
  void note_received(std::int64_t now_ns) noexcept { received_ns_ = now_ns; }

  // One packet of the stream without its length. Returns whether to go on; if not, close_reason()
  // says why. `packet` is handed through to the handler:
  //   void on_message(std::uint64_t sequence, std::span<const std::byte> message, const Packet&);
  //   void on_gap(const GapRange&);                              // before the messages behind it
  // and, each only if the handler has it:
  //   void on_login(const SoupLogin&);                           // each that is accepted
  //   void on_session(const Session&, std::uint64_t next);       // a session begins
  //   void on_end_of_session(const Session&);
  //   void on_rejected(RejectReason);
  //   void on_unsequenced(std::span<const std::byte> message, const Packet&);
  // The handler may call disconnected(); then there is nothing more to come.
  // Requires: !content.empty().
  template <typename Handler>
  [[nodiscard, gnu::always_inline]] inline bool on_content(std::span<const std::byte> content,
                                                           const Packet& packet, Handler& handler) {
    constexpr auto kSequenced = static_cast<std::byte>(codec::soupbintcp::PacketType::sequenced);
    if (content.front() == kSequenced && wire_ == next_) [[likely]] {
      ++wire_;
      ++delivered_;
      handler.on_message(next_++, content.subspan(1), packet);
      return true;
    }
    return on_other(content, packet, handler);
  }
  // A stretch of the stream is used up: brings the counters up to date.
  void end_stretch() noexcept { counters_.sequenced.set(delivered_); }
  // The stream has a length that can not be.
  void note_malformed() noexcept { static_cast<void>(malformed()); }

  [[nodiscard]] std::int64_t next_deadline() const noexcept;
  [[nodiscard]] Due on_timer(std::int64_t now_ns) noexcept;

  // The logout request; empty if there is nothing to log out of.
  [[nodiscard]] std::span<const std::byte> logout() noexcept;

  // The connection has ended; says when to make the next one.
  [[nodiscard]] RetryPlan disconnected(DisconnectReason reason) noexcept;

  [[nodiscard]] DisconnectReason close_reason() const noexcept { return close_reason_; }
  [[nodiscard]] bool is_logged_in() const noexcept { return state_ == State::logged_in; }
  // Known from the first accepted login on, and remembered between connections.
  [[nodiscard]] bool has_session() const noexcept { return has_session_; }
  [[nodiscard]] const Session& session() const noexcept { return session_; }
  [[nodiscard]] std::uint64_t next_sequence() const noexcept { return next_; }
  [[nodiscard]] const SoupCounters& counters() const noexcept { return counters_; }

 private:
  enum class State : std::uint8_t { disconnected, logging_in, logged_in, closing };
  enum class Event : std::uint8_t { none, unsequenced, login, rejected, end, close };

  // No number of a message; wire_ while no sequenced packet may come.
  static constexpr std::uint64_t kNoNumber = std::numeric_limits<std::uint64_t>::max();
  // Larger numbers are taken for damage, so that counting on never overflows.
  static constexpr std::uint64_t kMaxSequence = std::uint64_t{1} << 63U;

  template <typename Handler>
  [[nodiscard, gnu::noinline]] bool on_other(std::span<const std::byte> content,
                                             const Packet& packet, Handler& handler) {
    const codec::soupbintcp::Packet parsed = codec::soupbintcp::split_content(content);
    switch (on_control(parsed)) {
      case Event::none: break;
      case Event::unsequenced:
        if constexpr (requires { handler.on_unsequenced(parsed.payload, packet); }) {
          handler.on_unsequenced(parsed.payload, packet);
        }
        break;
      case Event::login: tell_login(handler); break;
      case Event::rejected:
        if constexpr (requires { handler.on_rejected(reject_reason_); }) {
          handler.on_rejected(reject_reason_);
        }
        break;
      case Event::end:
        if constexpr (requires { handler.on_end_of_session(session_); }) {
          handler.on_end_of_session(session_);
        }
        break;
      case Event::close: break;
    }
    return state_ == State::logging_in || state_ == State::logged_in;
  }

  template <typename Handler>
  void tell_login(Handler& handler) {
    if constexpr (requires { handler.on_login(login_); }) handler.on_login(login_);
    if constexpr (requires { handler.on_session(session_, next_); }) {
      if (new_session_) handler.on_session(session_, gap_ ? gap_->first : next_);
    }
    if (gap_) handler.on_gap(*gap_);
  }

  [[nodiscard]] Event on_control(const codec::soupbintcp::Packet& packet) noexcept;
  [[nodiscard]] Event on_sequenced() noexcept;
  [[nodiscard]] Event on_accepted(std::span<const std::byte> payload) noexcept;
  [[nodiscard]] Event on_rejected(std::span<const std::byte> payload) noexcept;
  [[nodiscard]] Event on_end() noexcept;
  void resume() noexcept;
  void adopt() noexcept;
  void declare_gap() noexcept;
  [[nodiscard]] Event malformed() noexcept;
  [[nodiscard]] Event close(DisconnectReason reason) noexcept;

  SoupCounters counters_;  // first: it is aligned to a cache line
  SoupSessionConfig config_;
  std::uint64_t wire_ = kNoNumber;  // of the next sequenced packet
  std::uint64_t next_ = 0;          // of the next message to be delivered
  std::uint64_t delivered_ = 0;
  State state_ = State::disconnected;
  DisconnectReason close_reason_ = DisconnectReason::stopped;
  RejectReason reject_reason_{};

  bool has_session_ = false;
  bool ask_for_current_ = false;       // the remembered session was refused
  bool proven_ = false;                // something came after the login ...
  std::uint64_t login_delivered_ = 0;  // ... or messages, more than these, did
  Session session_{};                  // meaningless unless has_session_
  std::optional<Session> ended_;       // not to be followed any more
  std::uint64_t start_;                // what to ask for in a session that is new to us
  std::uint64_t asked_ = 0;            // in the last login
  SoupLogin login_{};                  // the last one accepted ...
  bool new_session_ = false;           // ... whether it began a session ...
  std::optional<GapRange> gap_;        // ... and what it left out

  std::int64_t connected_ns_ = 0;
  std::int64_t received_ns_ = 0;
  std::int64_t sent_ns_ = 0;
  std::array<std::byte, Credentials::kLoginBytes> out_{};
};

}  // namespace tapeline::net
