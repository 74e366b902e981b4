#pragma once

// What a MoldUDP64 re-request server answers, without its socket: at most one downstream packet for
// a request, never longer than configured, so that nobody can be flooded through it. Who asks for
// what is not held, or of another session, or is not a peer, hears nothing.
//
// Time:          nanoseconds of any steady clock.
// Thread safety: one thread; the counters may be read by any.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "app/simulate/message_store.hpp"
#include "app/simulate/server_fault_model.hpp"
#include "codec/capture/address.hpp"
#include "codec/moldudp64/encoder.hpp"
#include "pool/counter.hpp"

namespace tapeline::simulate {

struct RequestAnswererConfig {
  codec::moldudp64::Session session{};
  std::size_t packet_bytes = 1'400;                             // most of an answer
  std::optional<std::vector<codec::capture::Address>> peers{};  // who is answered; nothing: anybody
  std::uint64_t rate = 50'000;  // answers per second, and as many at once
};

struct RequestCounters {
  pool::Counter requests;       // datagrams that came
  pool::Counter refused_peers;  // not in the list
  pool::Counter malformed;      // no requests
  pool::Counter foreign;        // of another session
  pool::Counter not_held;       // no longer, or not yet
  pool::Counter over_rate;      // more than may be answered
  pool::Counter faults;         // not answered on purpose; see ServerFaultCounts
  pool::Counter answers;
  pool::Counter messages;  // in these
  pool::Counter bytes;
  pool::Counter shortened;  // answers that hold fewer messages than asked for
  pool::Counter unsent;     // answers that the kernel did not take, or that waited in vain
};

class RequestAnswerer {
 public:
  // `store` is not owned and must outlive this. Times of the plan count from `start_ns`.
  // Requires: config.rate > 0, config.packet_bytes holds the longest message of the store.
  RequestAnswerer(RequestAnswererConfig config, const MessageStore& store,
                  const ServerFaultPlan& faults, std::uint64_t seed, std::uint64_t start_ns);
  RequestAnswerer(const RequestAnswerer&) = delete;
  RequestAnswerer& operator=(const RequestAnswerer&) = delete;

  // Returns the packet to be sent back, valid until the next call; empty: none.
  [[nodiscard]] std::span<const std::byte> answer(std::span<const std::byte> request,
                                                  const codec::capture::Address& peer,
                                                  std::uint64_t now_ns);

  // From a request to its answer.
  [[nodiscard]] std::uint64_t delay_ns() const noexcept { return faults_.delay_ns(); }
  [[nodiscard]] RequestCounters& counters() noexcept { return counters_; }
  [[nodiscard]] const RequestCounters& counters() const noexcept { return counters_; }
  [[nodiscard]] const ServerFaultModel& faults() const noexcept { return faults_; }

 private:
  [[nodiscard]] bool is_peer(const codec::capture::Address& address) const noexcept;
  [[nodiscard]] bool take_token(std::uint64_t now_ns) noexcept;
  // Begins the answer; returns how many of the messages it holds.
  std::uint16_t build(std::uint64_t first, std::uint16_t count);

  RequestAnswererConfig config_;
  const MessageStore& store_;
  ServerFaultModel faults_;
  std::uint64_t start_ns_;
  // The bucket holds what may be answered now, in answers times nanoseconds per second.
  std::uint64_t tokens_;
  std::uint64_t tokens_at_ns_;
  std::vector<std::byte> packet_;
  codec::moldudp64::PacketBuilder builder_;
  RequestCounters counters_;
};

}  // namespace tapeline::simulate
