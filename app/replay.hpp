#pragma once

// Captures through the pipeline: what `tapeline replay` does, without its command line.
//
// Thread safety: one thread constructs, runs and reads; snapshot() by any thread while it lives.

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "app/archive/archive_writer.hpp"
#include "app/config.hpp"
#include "app/pacer.hpp"
#include "app/pipeline.hpp"
#include "app/rate_meter.hpp"
#include "app/replay_input.hpp"
#include "app/replay_progress.hpp"
#include "app/status/status_server.hpp"
#include "app/summary.hpp"
#include "net/pull_source.hpp"
#include "pool/buffer_pool.hpp"

namespace tapeline {

// What a replay is configured with when nobody says otherwise: one channel, "replay/capture".
[[nodiscard]] Config replay_config();

struct ReplayOptions {
  ReplayInputOptions input{};
  double speed = 0.0;               // times the recorded pace; 0 = as fast as possible
  market::BarSink* bars = nullptr;  // not owned
};

class Replay {
 public:
  // Opens every file at once, so that a name that is wrong is found before work is done. Throws
  // ConfigError for what the user has to put right, also an address that the status server can
  // not have and a folder that the archive can not have.
  Replay(Config config, std::vector<std::string> files, ReplayOptions options = {});
  ~Replay();
  Replay(const Replay&) = delete;
  Replay& operator=(const Replay&) = delete;

  // Called a few times a second while run() works.
  void on_progress(std::function<void(const ReplayProgress&)> report) {
    report_ = std::move(report);
  }

  // Called with each packet before it is played; false ends the replay. For stepping.
  void on_packet(std::function<bool(const net::Packet&)> gate) { gate_ = std::move(gate); }

  // Plays all files as one channel; returns when they end or a stop is requested. Damage ends a
  // file, not the replay: see errors().
  void run();

  // One line for each file that could not be played to its end.
  [[nodiscard]] const std::vector<std::string>& errors() const noexcept { return input_.errors(); }
  [[nodiscard]] bool archive_failed() const noexcept {
    return archive_ != nullptr && archive_->failed_ever();
  }
  [[nodiscard]] std::uint64_t messages() const noexcept { return pipeline_.messages(); }
  // Names of bars and instruments; read it when run() has returned, or on its thread.
  [[nodiscard]] market::Market& market() noexcept { return pipeline_.market(); }
  [[nodiscard]] const ReplayInput& input() const noexcept { return input_; }
  [[nodiscard]] std::uint16_t status_port() const noexcept {
    return server_ == nullptr ? std::uint16_t{0} : server_->port();
  }

  [[nodiscard]] SummaryHead head() const;  // after run()
  [[nodiscard]] status::StatusSnapshot snapshot() const;

 private:
  void play(net::PacketBatch&& batch);
  void join();
  void lose_passed_over();
  void look_up();  // now and then: publish, report
  [[nodiscard]] std::vector<status::NamedCount> skipped() const;

  Config config_;
  std::vector<std::string> files_;
  ReplayOptions options_;
  pool::LockFreeBufferPool pools_;
  ReplayInput input_;
  Pacer pacer_;
  std::unique_ptr<archive::ArchiveWriter> archive_;
  Pipeline pipeline_;
  std::unique_ptr<status::StatusServer> server_;
  std::function<void(const ReplayProgress&)> report_;
  std::function<bool(const net::Packet&)> gate_;
  std::vector<net::SourceLine> lines_;  // complete when run() has returned
  std::atomic<bool> lines_known_{false};
  RateMeter message_rate_;
  std::int64_t started_ns_ = 0;
  std::int64_t last_look_ns_ = 0;
  std::int64_t last_publish_ns_ = 0;
  double elapsed_seconds_ = 0.0;
  std::uint64_t passed_over_ = 0;  // lines that were too long
  bool interrupted_ = false;
};

}  // namespace tapeline
