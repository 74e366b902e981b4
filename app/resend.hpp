#pragma once

// Captured packets back to the network: what `tapeline replay --to udp://` does. The UDP payloads
// are sent as they were, at the recorded pace or a multiple of it; nothing is decoded.
//
// At a pace, packets go in their order, each at its time; those that are due at the same moment
// leave in one call. As fast as possible, those of one batch and destination leave together.
//
// Not sent, but counted: packets that the capture cut, destinations without a route, and captured
// unicast destinations other than this host, unless a route names them: a capture of a production
// network must not send to its hosts by accident.
//
// Thread safety: one thread.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "app/pacer.hpp"
#include "app/replay_input.hpp"
#include "app/replay_progress.hpp"
#include "app/status/status_snapshot.hpp"
#include "codec/capture/address.hpp"
#include "net/udp_sender.hpp"
#include "pool/buffer_pool.hpp"

namespace tapeline {

// The first route that fits a packet is the one it takes.
struct ResendRoute {
  std::optional<codec::capture::Endpoint> captured;  // nothing: of any destination
  std::optional<codec::capture::Endpoint> target;    // nothing: where it went
};

struct ResendOptions {
  ReplayInputOptions input{};
  double speed = 0.0;  // times the recorded pace; 0 = as fast as possible
  std::vector<ResendRoute> routes;
  std::string interface {};  // that multicast leaves by; empty: the loopback interface
  std::uint8_t hops = 1;     // time to live of multicast
};

// What became of the packets to one captured destination.
struct ResendCount {
  codec::capture::Endpoint captured;
  std::optional<codec::capture::Endpoint> target;  // nothing: not sent
  std::uint64_t packets = 0;
  std::uint64_t bytes = 0;  // of payload
};

class Resend {
 public:
  // Destinations beyond this are not sent.
  static constexpr std::size_t kMaxDestinations = 1024;

  // Opens every file. Throws ConfigError for what the user has to put right.
  Resend(std::vector<std::string> files, ResendOptions options);
  ~Resend();
  Resend(const Resend&) = delete;
  Resend& operator=(const Resend&) = delete;

  // Without a route that names a target: groups, and this host.
  [[nodiscard]] static bool may_send_as_captured(const codec::capture::Endpoint& to) noexcept;

  // Called a few times a second while run() works.
  void on_progress(std::function<void(const ReplayProgress&)> report) {
    report_ = std::move(report);
  }

  // Sends everything; returns when the files end or a stop is requested.
  void run();

  [[nodiscard]] bool interrupted() const noexcept { return interrupted_; }
  [[nodiscard]] double elapsed_seconds() const noexcept { return elapsed_seconds_; }
  [[nodiscard]] double captured_seconds() const noexcept;
  [[nodiscard]] double speed() const noexcept { return options_.speed; }
  [[nodiscard]] const std::vector<std::string>& files() const noexcept { return files_; }
  [[nodiscard]] const ReplayInput& input() const noexcept { return input_; }
  [[nodiscard]] const Pacer& pacer() const noexcept { return pacer_; }
  [[nodiscard]] std::uint64_t packets() const noexcept;  // sent
  [[nodiscard]] std::uint64_t bytes() const noexcept;    // of payload
  [[nodiscard]] std::uint64_t errors() const noexcept;   // packets that could not be sent
  [[nodiscard]] std::uint64_t cut() const noexcept { return cut_; }
  [[nodiscard]] std::uint64_t unrouted() const noexcept { return unrouted_; }
  [[nodiscard]] std::vector<ResendCount> counts() const;
  // Why nothing could be sent to some destinations.
  [[nodiscard]] const std::vector<std::string>& refusals() const noexcept { return refusals_; }

 private:
  struct Target;
  struct Known {
    ResendCount count;
    Target* target = nullptr;  // nothing: not sent
  };

  void send(std::span<const net::Packet> packets);
  void send_paced(std::span<const net::Packet> packets);
  void queue(const net::Packet& packet);
  void flush();
  void look_up();
  [[nodiscard]] bool meet(const codec::capture::Endpoint& captured);
  [[nodiscard]] std::optional<codec::capture::Endpoint> route(
      const codec::capture::Endpoint& captured) const;
  [[nodiscard]] Target& target_of(const codec::capture::Endpoint& endpoint);

  std::vector<std::string> files_;
  ResendOptions options_;
  pool::BufferPool<pool::SerializationKind> buffers_;
  ReplayInput input_;
  Pacer pacer_;
  std::vector<std::unique_ptr<Target>> targets_;
  std::vector<Known> known_;  // captured destinations
  std::size_t last_known_ = 0;
  std::vector<std::int64_t> queued_due_;  // of the packets that wait to be sent
  std::function<void(const ReplayProgress&)> report_;

  std::vector<std::string> refusals_;

  std::uint64_t cut_ = 0;
  std::uint64_t unrouted_ = 0;
  std::int64_t started_ns_ = 0;
  std::int64_t last_look_ns_ = 0;
  net::UnixNanos first_time_ = 0;
  net::UnixNanos last_time_ = 0;
  double elapsed_seconds_ = 0.0;
  bool interrupted_ = false;
};

}  // namespace tapeline
