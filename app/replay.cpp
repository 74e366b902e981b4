#include "app/replay.hpp"

#include <chrono>
#include <thread>
#include <utility>

#include "app/channel_archive.hpp"
#include "app/channel_status.hpp"
#include "app/feed_name.hpp"
#include "app/log.hpp"
#include "app/status/process_status.hpp"
#include "app/stop_signal.hpp"
#include "app/version.hpp"

namespace tapeline {

namespace {

constexpr std::int64_t kLookInterval = 200'000'000;
constexpr std::int64_t kPublishInterval = 1'000'000'000;
constexpr std::chrono::microseconds kBackPressurePause{50};

[[nodiscard]] std::int64_t steady_nanos() noexcept {
  return std::chrono::steady_clock::now().time_since_epoch().count();
}

[[nodiscard]] PipelineConfig pipeline_config(const Config& config, net::CaptureKind kind) {
  const bool is_json = kind == net::CaptureKind::json_lines;
  return {.feed = is_json ? feed::FeedKind::json : feed::FeedKind::unknown,
          .lines = net::LineTable::kMaxLines,
          .accept_unsequenced = true,
          .channel = config.feeds.at(0).channels.at(0),
          .market = config.market};
}

// What the user has to put right is a ConfigError, whoever found it.
template <typename Make>
auto usable(Make&& make) {
  try {
    return make();
  } catch (const ConfigError&) {
    throw;
  } catch (const std::exception& error) {
    throw ConfigError{error.what()};
  }
}

[[nodiscard]] std::unique_ptr<archive::ArchiveWriter> open_archive(const Config& config,
                                                                   pool::LockFreeBufferPool& pools,
                                                                   net::CaptureKind kind) {
  if (!config.archive.enabled) return nullptr;
  if (kind == net::CaptureKind::json_lines) {
    throw ConfigError{"an archive holds packets of a network, and JSON lines are none"};
  }
  repair_left_files(config.archive.directory, config.feeds[0].name,
                    config.feeds[0].channels[0].name, std::atomic<bool>{false},
                    [](bool is_warning, const std::string& line) {
                      is_warning ? log_warning(line) : log_info(line);
                    });
  const archive::ArchiveWriterConfig writer =
      replay_archive_config(config, config.feeds[0].name, config.feeds[0].channels[0].name);
  return usable(
      [&] { return std::make_unique<archive::ArchiveWriter>(writer, pools.compression()); });
}

}  // namespace

Config replay_config() {
  Config config;
  ChannelConfig channel;
  channel.name = "capture";
  FeedConfig feed;
  feed.name = "replay";
  feed.channels.push_back(std::move(channel));
  config.feeds.push_back(std::move(feed));
  config.status.enabled = false;
  config.archive.roll_seconds = 0;  // one file for what was one file, if it is not too large
  return config;
}

Replay::Replay(Config config, std::vector<std::string> files, ReplayOptions options)
    : config_{std::move(config)},
      files_{std::move(files)},
      options_{std::move(options)},
      pools_{config_.pool},
      input_{files_, options_.input, pools_.serialization()},
      pacer_{options_.speed},
      archive_{open_archive(config_, pools_, input_.kind())},
      pipeline_{pipeline_config(config_, input_.kind()), pools_, archive_.get(), options_.bars} {
  if (!config_.status.enabled) return;
  server_ = std::make_unique<status::StatusServer>([this] { return snapshot(); });
  usable([this] {
    server_->start(config_.status.address, config_.status.port);
    return true;
  });
}

Replay::~Replay() {
  if (server_ != nullptr) server_->stop();
}

void Replay::run() {
  started_ns_ = last_look_ns_ = last_publish_ns_ = steady_nanos();
  while (!interrupted_) {
    net::PacketBatch batch = input_.next();
    lose_passed_over();
    if (!batch.empty()) {
      join();
      play(std::move(batch));
    } else if (input_.state() == net::SourceState::would_block) {
      std::this_thread::sleep_for(kBackPressurePause);
    } else {
      break;
    }
    look_up();
  }
  pipeline_.finish(pipeline_.time_span().second);
  if (archive_ != nullptr) archive_->stop();
  elapsed_seconds_ = static_cast<double>(steady_nanos() - started_ns_) * 1e-9;
  lines_.assign(input_.lines().begin(), input_.lines().end());
  lines_known_.store(true, std::memory_order_release);
}

void Replay::play(net::PacketBatch&& batch) {
  if (!pacer_.is_paced() && !gate_) {
    return pipeline_.on_captured_batch(std::move(batch), [](const net::Packet&) { return true; });
  }
  pipeline_.on_captured_batch(std::move(batch), [this](const net::Packet& packet) {
    interrupted_ = !pacer_.wait_for(packet.rx_time) || (gate_ && !gate_(packet));
    look_up();  // a batch may hold hours
    return !interrupted_;
  });
}

// How the next batch follows what was played.
void Replay::join() {
  switch (input_.join()) {
    case ReplayInput::Join::goes_on: return;
    case ReplayInput::Join::next_file: return pipeline_.begin_next_input();
    case ReplayInput::Join::again: return pipeline_.begin_again();
  }
}

// A line that was too long may have been an update of any book.
void Replay::lose_passed_over() {
  if (input_.kind() != net::CaptureKind::json_lines) return;
  const std::uint64_t count = input_.counted(net::SourceCounter::oversized);
  if (count == passed_over_) return;
  passed_over_ = count;
  pipeline_.lose_documents();
}

void Replay::look_up() {
  interrupted_ = interrupted_ || stop_requested();
  const std::int64_t now = steady_nanos();
  if (now - last_look_ns_ < kLookInterval) return;
  last_look_ns_ = now;
  if (now - last_publish_ns_ >= kPublishInterval) {
    last_publish_ns_ = now;
    pipeline_.publish();
    message_rate_.sample(messages(), now);
  }
  if (!report_) return;
  const auto [first, last] = pipeline_.time_span();
  report_({.bytes_read = input_.bytes_read(),
           .bytes_total = input_.bytes_total(),
           .done = messages(),
           .elapsed_seconds = static_cast<double>(now - started_ns_) * 1e-9,
           .captured_seconds = static_cast<double>(last - first) * 1e-9});
}

std::vector<status::NamedCount> Replay::skipped() const {
  using net::SourceCounter;
  std::vector<status::NamedCount> counts;
  for (const auto reason :
       {SourceCounter::unknown_link_type, SourceCounter::non_ip, SourceCounter::fragment,
        SourceCounter::not_udp, SourceCounter::truncated, SourceCounter::bad_length,
        SourceCounter::filtered, SourceCounter::oversized, SourceCounter::interface_drops,
        SourceCounter::empty_messages, SourceCounter::cut_packets, SourceCounter::backward_times,
        SourceCounter::bad_time_fractions, SourceCounter::captured_exceeds_original,
        SourceCounter::large_records}) {
    counts.push_back({std::string{net::to_string(reason)}, input_.counted(reason)});
  }
  counts.push_back({"outside_from_and_to", input_.left_out()});
  return counts;
}

SummaryHead Replay::head() const {
  SummaryHead head;
  head.command = "replay";
  head.files = files_;
  head.elapsed_seconds = elapsed_seconds_;
  head.interrupted = interrupted_;
  std::tie(head.first_packet_ns, head.last_packet_ns) = pipeline_.time_span();
  head.feed = feed_name(pipeline_);
  head.last_packet_ns -= input_.shift();
  head.session_day = session_day(pipeline_, head.last_packet_ns);
  head.loops = input_.loops_begun();
  if (pacer_.is_paced()) {
    head.pace = PaceSummary{.speed = options_.speed,
                            .late_p50_ns = pacer_.lateness().percentile(0.5),
                            .late_p99_ns = pacer_.lateness().percentile(0.99),
                            .late_max_ns = pacer_.lateness().percentile(1.0)};
  }
  head.skipped = skipped();
  return head;
}

status::StatusSnapshot Replay::snapshot() const {
  status::StatusSnapshot snapshot;
  snapshot.process = status::read_process_status(kVersion);
  snapshot.pools = pools_.stats();
  status::ChannelStatus channel = read_channel(pipeline_, Transport::moldudp64);
  channel.name = config_.feeds[0].channels[0].name;
  channel.messages_per_second = message_rate_.per_second();
  const bool known = lines_known_.load(std::memory_order_acquire);
  for (std::size_t i = 0; i < pipeline_.sequencer().lines(); ++i) {
    status::LineStatus line = read_line(pipeline_, i, nullptr);
    if (line.packets == 0) continue;
    line.name = std::to_string(i + 1);
    if (known) {
      for (const net::SourceLine& source : lines_) {
        if (source.line != i) continue;
        line.group = source.destination.address.text();
        line.port = source.destination.port;
      }
    }
    channel.lines.push_back(std::move(line));
  }
  snapshot.feeds.push_back({.name = config_.feeds[0].name,
                            .protocol = std::string{to_string(pipeline_.feed_kind())},
                            .channels = {std::move(channel)}});
  status::MarketStatus market = read_market(pipeline_);
  market.feed = config_.feeds[0].name;
  market.channel = config_.feeds[0].channels[0].name;
  snapshot.markets.push_back(std::move(market));
  if (archive_ != nullptr) {
    status::ArchiveStatus archive = read_archive(*archive_);
    archive.feed = config_.feeds[0].name;
    archive.channel = config_.feeds[0].channels[0].name;
    snapshot.archives.push_back(std::move(archive));
  }
  return snapshot;
}

}  // namespace tapeline
