#pragma once

// One channel of `tapeline run`: its input, its pipeline, its archive and the thread that drives
// them.
//
// Thread safety: start() and stop() by one thread; status() and sample() by another one; events()
//                by one.
// Ownership:     the pools are not owned and must outlive this.

#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "app/archive/archive_writer.hpp"
#include "app/channel_input.hpp"
#include "app/config.hpp"
#include "app/pipeline.hpp"
#include "app/rate_meter.hpp"
#include "app/snapshot_client.hpp"
#include "app/status/status_snapshot.hpp"

namespace tapeline {

class LiveChannel {
 public:
  // Opens the sockets and the archive, reads the credentials. Throws std::exception with one line.
  LiveChannel(const Config& config, const FeedConfig& feed, const ChannelConfig& channel,
              pool::LockFreeBufferPool& pools);
  ~LiveChannel();
  LiveChannel(const LiveChannel&) = delete;
  LiveChannel& operator=(const LiveChannel&) = delete;

  void start();

  // Begins to stop without waiting; stop() waits.
  void request_stop();

  // Takes what the kernel still holds, ends the thread, finishes the archive. More calls do
  // nothing.
  void stop();

  [[nodiscard]] const std::string& feed_name() const noexcept { return feed_name_; }
  [[nodiscard]] const std::string& name() const noexcept { return config_.name; }
  // unknown until the first packet, if it is that which decides.
  [[nodiscard]] feed::FeedKind feed_kind() const noexcept { return pipeline_.feed_kind(); }
  [[nodiscard]] const ChannelConfig& config() const noexcept { return config_; }
  [[nodiscard]] std::vector<ChannelInput::Note> describe() const;
  [[nodiscard]] ChannelEvents& events() noexcept { return pipeline_.events(); }

  // Call it about once a second: it is what the rates are made of.
  void sample(std::int64_t now_ns) noexcept;

  [[nodiscard]] status::ChannelStatus channel_status() const;
  [[nodiscard]] status::MarketStatus market_status() const;
  // Only with an archive.
  [[nodiscard]] bool has_archive() const noexcept { return archive_ != nullptr; }
  [[nodiscard]] status::ArchiveStatus archive_status() const;

 private:
  void run();
  void run_spinning();
  void begin();
  void on_progress();
  void arm_publish_timer();
  void publish();

  std::string feed_name_;
  ChannelConfig config_;
  std::unique_ptr<archive::ArchiveWriter> archive_;
  Pipeline pipeline_;
  asio::io_context io_;
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  std::unique_ptr<ChannelInput> input_;
  std::unique_ptr<SnapshotClient> snapshots_;  // empty: none are configured
  asio::steady_timer publish_timer_;
  std::atomic<bool> stopping_{false};
  bool stopped_ = false;
  std::thread thread_;
  RateMeter packet_rate_;
  RateMeter message_rate_;
  RateMeter byte_rate_;
  RateMeter archive_in_rate_;
  RateMeter archive_out_rate_;
};

}  // namespace tapeline
