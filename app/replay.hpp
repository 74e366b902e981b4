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
#include "app/pipeline.hpp"
#include "app/rate_meter.hpp"
#include "app/status/status_server.hpp"
#include "app/summary.hpp"
#include "net/capture_filter.hpp"
#include "net/open_capture.hpp"
#include "pool/buffer_pool.hpp"

namespace tapeline {

// What a replay is configured with when nobody says otherwise: one channel, "replay/capture".
[[nodiscard]] Config replay_config();

struct ReplayOptions {
  double speed = 0.0;               // times the recorded pace; 0 = as fast as possible
  net::CaptureFilter filter;        // nothing = every UDP packet
  net::UnixNanos midnight_ns = 0;   // of the day of an ITCH file
  market::BarSink* bars = nullptr;  // not owned
};

struct ReplayProgress {
  std::uint64_t bytes_read = 0;
  std::uint64_t bytes_total = 0;  // 0 if not known
  std::uint64_t messages = 0;
  double elapsed_seconds = 0.0;
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

  // Plays all files, one after the other, as one channel; returns when they end or a stop is
  // requested. Damage ends a file, not the replay: see errors().
  void run();

  // One line for each file that could not be played to its end.
  [[nodiscard]] const std::vector<std::string>& errors() const noexcept { return errors_; }
  [[nodiscard]] bool archive_failed() const noexcept {
    return archive_ != nullptr && archive_->failed_ever();
  }
  [[nodiscard]] std::uint64_t messages() const noexcept { return pipeline_.messages(); }
  // Names of bars and instruments; read it when run() has returned, or on its thread.
  [[nodiscard]] market::Market& market() noexcept { return pipeline_.market(); }
  [[nodiscard]] std::uint16_t status_port() const noexcept {
    return server_ == nullptr ? std::uint16_t{0} : server_->port();
  }

  [[nodiscard]] SummaryHead head() const;  // after run()
  [[nodiscard]] status::StatusSnapshot snapshot() const;

 private:
  void play(net::PullSource& source);
  void lose_passed_over(const net::PullSource& source);
  void look_up(net::PullSource& source);  // now and then: publish, report
  void note_lines(const net::PullSource& source);

  Config config_;
  std::vector<std::string> files_;
  ReplayOptions options_;
  pool::LockFreeBufferPool pools_;
  net::CaptureKind kind_ = net::CaptureKind::datagrams;
  std::vector<std::unique_ptr<net::PullSource>> sources_;
  std::unique_ptr<archive::ArchiveWriter> archive_;
  Pipeline pipeline_;
  std::unique_ptr<status::StatusServer> server_;
  std::function<void(const ReplayProgress&)> report_;
  std::vector<std::string> errors_;
  std::vector<net::SourceLine> lines_;  // complete when run() has returned
  std::atomic<bool> lines_known_{false};
  RateMeter message_rate_;
  std::int64_t started_ns_ = 0;
  std::int64_t last_look_ns_ = 0;
  std::int64_t last_publish_ns_ = 0;
  double elapsed_seconds_ = 0.0;
  std::uint64_t passed_over_ = 0;  // lines of the running source that were too long for it
  bool interrupted_ = false;
};

}  // namespace tapeline
