#pragma once

// One client of a SoupBinTCP 3.00 server, without its socket: takes the bytes that came, gives
// those to be written.
//
// What is to be sent is asked for when the last bytes are gone, so a slow client costs one buffer;
// when its next message is no longer held, the connection ends.
//
// Times of the protocol: a heartbeat after 1 s without anything sent; the end after 15 s without
// anything received, and after 30 s without a login (both not confirmed by a public text).
//
// Time:          nanoseconds of any steady clock.
// Thread safety: one thread; the counters may be read by any.

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "app/simulate/accounts.hpp"
#include "app/simulate/soup_faults.hpp"
#include "app/simulate/soup_stream.hpp"
#include "pool/counter.hpp"

namespace tapeline::simulate {

struct SoupCounters {
  pool::Counter connections;
  pool::Counter turned_away;       // there were too many clients
  pool::Counter logins;            // accepted
  pool::Counter rejected_account;  // 'A'
  pool::Counter rejected_session;  // 'S'
  pool::Counter messages;          // sequenced ones, given to the kernel or about to be
  pool::Counter bytes;             // written
  pool::Counter heartbeats;        // sent
  pool::Counter ends;              // clients that were sent all, and the end of session
  pool::Counter logouts;
  pool::Counter disconnects;      // by the client, without logout
  pool::Counter never_logged_in;  // in time
  pool::Counter silent_clients;   // nothing came for too long
  pool::Counter slow_clients;     // too far behind for the history
  pool::Counter malformed;        // what no client may send
  pool::Counter resets;           // faults on purpose
  pool::Counter silences;
};

class SoupSession {
 public:
  static constexpr std::uint64_t kHeartbeatNs = 1'000'000'000;
  static constexpr std::uint64_t kSilenceNs = 15'000'000'000;
  static constexpr std::uint64_t kLoginNs = 30'000'000'000;

  // What all clients of a server share. Not owned; must outlive the sessions.
  struct Shared {
    SoupService& service;
    Accounts accounts;
    SoupFaultPlan faults;
    SoupCounters counters;
  };

  SoupSession(Shared& shared, std::uint64_t now_ns) noexcept
      : shared_{shared}, opened_ns_{now_ns}, last_received_ns_{now_ns}, last_sent_ns_{now_ns} {}

  void on_bytes(std::span<const std::byte> bytes, std::uint64_t now_ns);

  // What is to be written now; 0 bytes: nothing, see end().
  // Requires: out.size() >= kMinFillBytes, and what was given before is written.
  [[nodiscard]] std::size_t fill(std::span<std::byte> out, std::uint64_t now_ns);
  static constexpr std::size_t kMinFillBytes = 2 * codec::soupbintcp::kMaxPacketBytes;

  // Looks at the clock and at how far the client is behind.
  void on_timer(std::uint64_t now_ns);

  enum class End : std::uint8_t {
    none,
    in_order,  // no more is sent; the client may close, and is to be given time for it
    at_once,
    reset,  // with a TCP reset
  };
  // What to do with the connection when all that fill() gave is written.
  [[nodiscard]] End end() const noexcept { return end_; }
  // The connection is not worth writing the rest.
  [[nodiscard]] bool is_broken() const noexcept { return end_ == End::at_once; }

  [[nodiscard]] std::size_t most_bytes_at_once() const noexcept {
    return shared_.faults.trickle ? 1 : std::numeric_limits<std::size_t>::max();
  }

 private:
  using PacketType = codec::soupbintcp::PacketType;

  void on_packet(PacketType type, std::span<const std::byte> payload);
  void log_in(std::span<const std::byte> payload);
  void reject(codec::soupbintcp::RejectReason reason);
  void break_off(pool::Counter& why) noexcept;
  [[nodiscard]] std::size_t fill_sequenced(std::span<std::byte> out);
  [[nodiscard]] std::size_t fill_half_packet(std::span<std::byte> out);
  // Messages until a fault; at least 1 unless one is due.
  [[nodiscard]] std::uint64_t until_fault() const noexcept;

  Shared& shared_;
  std::uint64_t opened_ns_;
  std::uint64_t last_received_ns_;
  std::uint64_t last_sent_ns_;
  std::vector<std::byte> input_;        // the beginning of a packet
  std::vector<std::byte> answer_;       // to the login
  std::unique_ptr<SoupStream> stream_;  // empty: not logged in
  std::optional<std::uint64_t> reset_after_;
  std::optional<std::uint64_t> silent_after_;
  std::uint64_t messages_ = 0;
  bool is_silent_ = false;
  End end_ = End::none;
};

}  // namespace tapeline::simulate
