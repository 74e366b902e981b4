#pragma once

// The re-request servers of an InProcessLink: they keep what was sent, answer as RequestAnswerer
// does, and have their answers ready when these would arrive.
//
// Thread safety: none.

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <vector>

#include "app/simulate/message_store.hpp"
#include "app/simulate/request_answerer.hpp"
#include "codec/moldudp64/packet.hpp"

namespace tapeline::simulate {

// A request as the receiver sent it, and what comes of it.
struct ServedRequest {
  std::size_t server;
  codec::moldudp64::Request request;
  std::uint16_t answered;  // messages in the answer that will arrive; 0: none will
};

struct InProcessServersConfig {
  codec::moldudp64::Session session{};
  std::vector<ServerFaultPlan> faults{};               // of each server
  std::size_t answer_bytes = 1'400;                    // most bytes of an answer
  std::size_t history_bytes = std::size_t{64} << 20U;  // that can be asked for
};

class InProcessServers {
 public:
  static constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

  // The times of the faults count from `start_ns`. Requires: an answer holds every message.
  InProcessServers(const InProcessServersConfig& config, std::uint64_t seed, std::int64_t start_ns);
  InProcessServers(const InProcessServers&) = delete;
  InProcessServers& operator=(const InProcessServers&) = delete;

  // Keeps the messages of `packet` that were not sent on another line before.
  // Requires: a good packet that does not begin behind the last message kept.
  void publish(std::span<const std::byte> packet);

  // A request leaves for a server. Throws std::logic_error if it is not one, or if there is no
  // such server: no receiver may send it.
  ServedRequest take(std::size_t server, std::span<const std::byte> request, std::int64_t now_ns);

  // When the next answer arrives; kNever if none is on its way.
  [[nodiscard]] std::int64_t next_due_ns() const noexcept {
    return answers_.empty() ? kNever : answers_.front().time_ns;
  }

  // Calls fn(server, packet) for the answers that arrive up to and at `now_ns`.
  template <typename Fn>
  void deliver_due(std::int64_t now_ns, Fn&& fn) {
    while (next_due_ns() <= now_ns) {
      const Answer answer = take_first();
      fn(answer.server, std::span<const std::byte>{answer.packet});
    }
  }

  [[nodiscard]] std::size_t size() const noexcept { return servers_.size(); }
  [[nodiscard]] const RequestAnswerer& server(std::size_t index) const noexcept {
    return *servers_[index];
  }

 private:
  struct Answer {
    std::int64_t time_ns;
    std::uint64_t order;
    std::size_t server;
    std::vector<std::byte> packet;
  };

  [[nodiscard]] static bool is_later(const Answer& a, const Answer& b) noexcept {
    return a.time_ns != b.time_ns ? a.time_ns > b.time_ns : a.order > b.order;
  }
  [[nodiscard]] Answer take_first();

  MessageStore store_;
  std::uint64_t next_ = 1;  // message to be kept
  std::vector<std::unique_ptr<RequestAnswerer>> servers_;
  std::vector<Answer> answers_;  // a heap
  std::uint64_t order_ = 0;
};

}  // namespace tapeline::simulate
