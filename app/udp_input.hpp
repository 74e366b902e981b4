#pragma once

// The lines of a channel over UDP, and the re-requests of what none of them brought.
//
// Thread safety, ownership: as ChannelInput; config is copied, the rest must outlive this.

#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <cstdint>
#include <limits>
#include <vector>

#include "app/channel_input.hpp"
#include "app/config.hpp"
#include "app/gap_watch.hpp"
#include "app/pipeline.hpp"
#include "net/latency_histogram.hpp"
#include "net/recovery.hpp"
#include "net/udp_source.hpp"

namespace tapeline {

class UdpInput final : public ChannelInput {
 public:
  // Opens the sockets. Throws std::exception with one line.
  UdpInput(const ChannelConfig& config, Pipeline& pipeline, net::UdpSource::SerializationPool& pool,
           Progress progress);

  void start(asio::io_context& io, bool spinning) override;
  std::size_t poll_once() override;
  void stop() override;
  void finish() override;
  void refresh() override;

  [[nodiscard]] bool hold(const Session& of, std::int64_t now_ns) override;
  void let_go(std::int64_t now_ns) override;
  [[nodiscard]] bool can_resume_at(std::uint64_t sequence) const override;
  void resume_at(std::uint64_t sequence, std::int64_t now_ns) override;
  [[nodiscard]] bool awaits_snapshot() const override { return pipeline_.awaits_snapshot(); }

  [[nodiscard]] std::vector<Note> describe() const override;
  [[nodiscard]] std::uint64_t packets() const override;
  [[nodiscard]] std::uint64_t bytes() const override;
  void read(status::ChannelStatus& channel) const override;

 private:
  [[nodiscard]] bool has_recovery() const noexcept { return !config_.recovery.servers.empty(); }
  [[nodiscard]] std::size_t request_line() const noexcept { return config_.lines.size(); }
  void on_batch(net::PacketBatch&& batch);
  void on_timer(std::int64_t now_ns);
  // After everything that may have opened or closed a hole.
  void settle(std::int64_t now_ns, bool by_request);
  [[nodiscard]] std::int64_t next_deadline() const noexcept;
  void arm_timer();
  void look_at_servers();

  ChannelConfig config_;
  Pipeline& pipeline_;
  Progress progress_;
  net::UdpSource source_;
  net::Recovery recovery_;
  GapWatch gaps_;
  net::UdpSource::Sink sink_;
  std::unique_ptr<asio::steady_timer> timer_;  // only when waiting
  std::int64_t armed_for_ = std::numeric_limits<std::int64_t>::max();
  pool::Counter open_holes_;
  net::LatencyHistogram latency_;  // of the oldest packet of each batch
  struct ServerWatch {
    std::uint64_t answers = 0;
    std::uint64_t timeouts = 0;
    bool silent = false;
  };
  std::vector<ServerWatch> servers_;
};

}  // namespace tapeline
