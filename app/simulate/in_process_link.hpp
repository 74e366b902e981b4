#pragma once

// A link without sockets and without real time: packets go through the faults to the receiver,
// the receiver's requests go to re-request servers and their answers come back, all in the order
// of a clock that jumps from one event to the next. The same seed gives the same run.
//
// It is clock and link of a Player at once; or its user calls send_on(line, packet) and
// run_until().
//
// Receiver: void on_packet(const net::Packet&, std::int64_t now_ns): one of a line or an answer
//           void poll(std::int64_t now_ns, send): after packets and at its deadline; may call
//               send(std::size_t server, std::span<const std::byte> request)
//           std::int64_t next_deadline() const: kNoDeadline if there is none
// Watch:    what happens on the way, seen from outside of the receiver and right before it:
//           void on_delivery(const Delivery&, std::int64_t now_ns)
//           void on_request(const ServedRequest&, std::int64_t now_ns)
//           void on_answer(std::size_t server, std::span<const std::byte>, std::int64_t now_ns)
//
// Servers answer from what was sent on any line, before the faults, with at most one packet for a
// request. Their answers come on the line `lines` + server.
//
// Time:          starts at kStartNs; the times of the faults count from there.
// Thread safety: none.
// Memory:        what the faults hold, the history of the servers, and the answers that are on
// their way.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <stdexcept>
#include <vector>

#include "app/simulate/fault_model.hpp"
#include "app/simulate/in_process_server.hpp"
#include "net/packet_batch.hpp"

namespace tapeline::simulate {

struct NoWatch {
  void on_delivery(const Delivery&, std::int64_t) const noexcept {}
  void on_request(const ServedRequest&, std::int64_t) const noexcept {}
  void on_answer(std::size_t, std::span<const std::byte>, std::int64_t) const noexcept {}
};

struct InProcessConfig {
  std::size_t lines = 2;
  InProcessServersConfig servers{};
};

template <typename Receiver, typename Watch = NoWatch>
class InProcessLink {
 public:
  static constexpr std::int64_t kStartNs = 1'000'000'000;
  static constexpr std::int64_t kNoDeadline = std::numeric_limits<std::int64_t>::max();

  // `receiver` and `watch` are not owned and must outlive this. Faults of the plan's server are
  // not used: each server has its own.
  InProcessLink(const InProcessConfig& config, const FaultPlan& plan, std::uint64_t seed,
                Receiver& receiver, Watch& watch)
      : lines_{config.lines},
        faults_{plan, seed, config.lines},
        servers_{config.servers, seed, kStartNs},
        receiver_{receiver},
        watch_{watch} {}

  // A clock and a link for Player.
  [[nodiscard]] std::uint64_t now_ns() const noexcept {
    return static_cast<std::uint64_t>(now_ns_);
  }
  void sleep_until(std::uint64_t ns) { run_until(static_cast<std::int64_t>(ns)); }
  void send(std::span<const std::span<const std::byte>> packets) {
    for (const std::span<const std::byte> packet : packets) {
      for (std::size_t line = 0; line < lines_; ++line) send_on(line, packet);
    }
  }

  // The packets of each line must carry the messages in order, without a hole.
  void send_on(std::size_t line, std::span<const std::byte> packet) {
    servers_.publish(packet);
    faults_.send(line, packet, elapsed_ns());
  }

  // Everything that happens up to and at `until_ns`.
  void run_until(std::int64_t until_ns) {
    for (std::int64_t next = next_event_ns(); next <= until_ns; next = next_event_ns()) step(next);
    now_ns_ = std::max(now_ns_, until_ns);
  }

  // Until nothing is on its way and the receiver waits for nothing, or until `until_ns`.
  void drain(std::int64_t until_ns) {
    for (std::int64_t next = next_event_ns(); next != kNoDeadline && next <= until_ns;
         next = next_event_ns()) {
      step(next);
    }
  }

  [[nodiscard]] const FaultModel& faults() const noexcept { return faults_; }
  [[nodiscard]] const InProcessServers& servers() const noexcept { return servers_; }

 private:
  // So often may the receiver want to be called at one and the same time.
  static constexpr int kMaxCallsAtOnce = 10'000;

  [[nodiscard]] std::uint64_t elapsed_ns() const noexcept {
    return static_cast<std::uint64_t>(now_ns_ - kStartNs);
  }

  [[nodiscard]] std::int64_t next_event_ns() const noexcept {
    std::int64_t next = receiver_.next_deadline();
    next = std::min(next, servers_.next_due_ns());
    const std::uint64_t line = faults_.next_due_ns();
    if (line < static_cast<std::uint64_t>(kNoDeadline - kStartNs)) {
      next = std::min(next, kStartNs + static_cast<std::int64_t>(line));
    }
    return next;
  }

  void step(std::int64_t time_ns) {
    calls_at_once_ = time_ns > now_ns_ ? 0 : calls_at_once_ + 1;
    if (calls_at_once_ > kMaxCallsAtOnce) {
      throw std::logic_error{"the receiver's deadline does not move on"};
    }
    now_ns_ = std::max(now_ns_, time_ns);
    faults_.deliver_due(elapsed_ns(), [this](const Delivery& delivery) {
      calls_at_once_ = 0;
      watch_.on_delivery(delivery, now_ns_);
      give(delivery.packet, delivery.line);
    });
    servers_.deliver_due(now_ns_, [this](std::size_t server, std::span<const std::byte> packet) {
      calls_at_once_ = 0;
      watch_.on_answer(server, packet, now_ns_);
      give(packet, lines_ + server);
    });
    receiver_.poll(now_ns_, [this](std::size_t server, std::span<const std::byte> request) {
      watch_.on_request(servers_.take(server, request, now_ns_), now_ns_);
    });
  }

  void give(std::span<const std::byte> packet, std::size_t line) {
    const auto bytes = static_cast<std::uint32_t>(packet.size());
    receiver_.on_packet(net::Packet{.datagram = packet.data(),
                                    .rx_time = now_ns_,
                                    .datagram_bytes = bytes,
                                    .payload_bytes = bytes,
                                    .payload_offset = 0,
                                    .line = static_cast<std::uint16_t>(line),
                                    .lost_bytes = 0},
                        now_ns_);
  }

  std::size_t lines_;
  FaultModel faults_;
  InProcessServers servers_;
  Receiver& receiver_;
  Watch& watch_;
  std::int64_t now_ns_ = kStartNs;
  int calls_at_once_ = 0;
};

}  // namespace tapeline::simulate
