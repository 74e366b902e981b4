#include "app/commands/run.hpp"

#include <spdlog/fmt/fmt.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <chrono>
#include <iostream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "app/channel_archive.hpp"
#include "app/commands/options.hpp"
#include "app/config.hpp"
#include "app/config_address.hpp"
#include "app/config_host.hpp"
#include "app/event_log.hpp"
#include "app/live_channel.hpp"
#include "app/log.hpp"
#include "app/loss_watch.hpp"
#include "app/status/pool_watch.hpp"
#include "app/status/process_status.hpp"
#include "app/status/status_server.hpp"
#include "app/stop_signal.hpp"
#include "app/summary.hpp"
#include "app/version.hpp"

namespace tapeline::commands {

namespace {

struct RunCommand {
  std::string config;
  std::string format = "text";
  std::size_t top = 10;
};

using Channels = std::vector<std::unique_ptr<LiveChannel>>;
constexpr std::chrono::milliseconds kTick{100};

[[nodiscard]] std::int64_t steady_nanos() noexcept {
  return std::chrono::steady_clock::now().time_since_epoch().count();
}

[[nodiscard]] Channels open_channels(const Config& config, pool::LockFreeBufferPool& pools) {
  Channels channels;
  for (const FeedConfig& feed : config.feeds) {
    for (const ChannelConfig& channel : feed.channels) {
      try {
        channels.push_back(std::make_unique<LiveChannel>(config, feed, channel, pools));
      } catch (const ConfigError&) {
        throw;
      } catch (const std::exception& error) {
        throw ConfigError{fmt::format("{}/{}: {}", feed.name, channel.name, error.what())};
      }
    }
  }
  return channels;
}

[[nodiscard]] status::StatusSnapshot take_snapshot(const Config& config, const Channels& channels,
                                                   const pool::LockFreeBufferPool& pools,
                                                   const status::PoolWatch& watch) {
  status::StatusSnapshot snapshot;
  snapshot.process = status::read_process_status(kVersion);
  snapshot.pools = pools.stats();
  snapshot.held = watch.held();
  std::size_t next = 0;
  for (const FeedConfig& feed : config.feeds) {
    status::FeedStatus& entry = snapshot.feeds.emplace_back();
    entry.name = feed.name;
    entry.protocol = feed.protocol;
    for (std::size_t i = 0; i < feed.channels.size(); ++i) {
      const LiveChannel& channel = *channels[next++];
      if (entry.protocol == "auto" && channel.feed_kind() != feed::FeedKind::unknown) {
        entry.protocol = to_string(channel.feed_kind());
      }
      entry.channels.push_back(channel.channel_status());
      snapshot.markets.push_back(channel.market_status());
      if (channel.has_archive()) snapshot.archives.push_back(channel.archive_status());
    }
  }
  return snapshot;
}

void log_start(const Channels& channels) {
  for (const auto& channel : channels) {
    for (const ChannelInput::Note& note : channel->describe()) {
      const std::string text =
          fmt::format("{}/{}: {}", channel->feed_name(), channel->name(), note.text);
      note.is_warning ? log_warning(text) : log_info(text);
    }
  }
}

void log_events(const Channels& channels, EventLog& log) {
  for (const auto& channel : channels) {
    log.take(channel->feed_name() + "/" + channel->name(), channel->config(), channel->events(),
             steady_nanos());
  }
  log.tell_suppressed(steady_nanos());
}

// Files that a process left open when it died are made whole beside the feed: it does not wait.
class RepairOfLeftFiles {
 public:
  explicit RepairOfLeftFiles(const Config& config) {
    if (!config.archive.enabled) return;
    thread_ = std::thread{[this, &config] {
      for (const FeedConfig& feed : config.feeds) {
        for (const ChannelConfig& channel : feed.channels) {
          repair_left_files(config.archive.directory, feed.name, channel.name, stop_,
                            [](bool is_warning, const std::string& line) {
                              is_warning ? log_warning(line) : log_info(line);
                            });
        }
      }
    }};
  }
  ~RepairOfLeftFiles() {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
  }
  RepairOfLeftFiles(const RepairOfLeftFiles&) = delete;
  RepairOfLeftFiles& operator=(const RepairOfLeftFiles&) = delete;

 private:
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

template <typename Snapshot>
void work_until_stopped(const Channels& channels, const pool::LockFreeBufferPool& pools,
                        status::PoolWatch& watch, EventLog& log, Snapshot&& snapshot) {
  constexpr int kTicksPerLook = 10;
  LossWatch losses;
  for (int tick = 1; !stop_requested(); ++tick) {
    std::this_thread::sleep_for(kTick);
    log_events(channels, log);
    for (const auto& channel : channels) channel->sample(steady_nanos());
    watch.sample(pools.stats(), steady_nanos());
    if (tick % kTicksPerLook == 0) losses.look(snapshot(), log_warning);
  }
}

// Returns whether an archive is incomplete, and says which.
bool report_archives(const status::StatusSnapshot& snapshot) {
  bool failed = false;
  for (const status::ArchiveStatus& archive : snapshot.archives) {
    if (archive.complete) continue;
    failed = true;
    std::cerr << fmt::format(
        "tapeline: archive {}/{}: {}; {} packets not archived\n", archive.feed, archive.channel,
        archive.last_error.empty() ? "the ring was full, raise archive.ring_batches"
                                   : archive.last_error,
        grouped(archive.lost_packets + archive.gap_packets));
  }
  return failed;
}

void start_server(status::StatusServer& server, const Config& config) {
  try {
    server.start(config.status.address, config.status.port);
  } catch (const std::exception& error) {
    throw ConfigError{config.origin.locate("status.port") + ": " + error.what()};
  }
  log_info(fmt::format("status page: http://{}:{}/", config.status.address, server.port()));
  const auto address = parse_ip_address(config.status.address);
  if (address && !address->is_loopback()) {
    log_warning("the status page is open to other hosts, without a password");
  }
}

int run(const RunCommand& command) {
  const Config config = load_config(command.config);
  set_up_log(config.log);
  require_usable_host(config);
  catch_stop_signals();
  pool::LockFreeBufferPool pools{config.pool};
  const Channels channels = open_channels(config, pools);
  status::PoolWatch watch;
  const auto snapshot_now = [&] { return take_snapshot(config, channels, pools, watch); };
  status::StatusServer server{snapshot_now};
  if (config.status.enabled) start_server(server, config);
  log_start(channels);
  const RepairOfLeftFiles repair{config};

  EventLog log{config.log.lines_per_second, [](bool is_warning, const std::string& line) {
                 is_warning ? log_warning(line) : log_info(line);
               }};
  const std::int64_t started = steady_nanos();
  for (const auto& channel : channels) channel->start();
  work_until_stopped(channels, pools, watch, log, snapshot_now);
  log_info("stopping");
  for (const auto& channel : channels) channel->request_stop();
  for (const auto& channel : channels) channel->stop();
  server.stop();
  log_events(channels, log);
  log.tell_suppressed(steady_nanos(), true);

  SummaryHead head;
  head.command = "run";
  head.elapsed_seconds = static_cast<double>(steady_nanos() - started) * 1e-9;
  const status::StatusSnapshot snapshot = snapshot_now();
  std::cout << (command.format == "json" ? summary_json(head, snapshot)
                                         : summary_text(head, snapshot, command.top))
            << std::flush;
  return report_archives(snapshot) ? kExitFailed : kExitOk;
}

}  // namespace

void add_run_command(CLI::App& app, Action& action) {
  auto options = std::make_shared<RunCommand>();
  CLI::App* command = app.add_subcommand(
      "run", "The feed process: live lines to books, VWAPs, archive and status page");
  command->add_option("CONFIG", options->config, "YAML file; see configs/run.yaml")->required();
  require_one_of(*command->add_option("--format", options->format,
                                      "of the closing summary: text or json (default text)"),
                 {"text", "json"});
  require_whole_number(
      *command->add_option("--top", options->top, "instruments in the summary (default 10)"), 0,
      32);
  command->footer(
      "Runs until SIGINT or SIGTERM, then takes what the kernel still holds, finishes the archive\n"
      "and prints a summary. A second signal ends it at once.\n\n"
      "Examples:\n"
      "  tapeline check configs/demo.yaml && tapeline run configs/demo.yaml\n"
      "  tapeline run configs/run.yaml --format json > summary.json");
  command->callback([options, &action] { action = [options] { return run(*options); }; });
}

}  // namespace tapeline::commands
