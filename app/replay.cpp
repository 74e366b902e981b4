#include "app/replay.hpp"

#include <chrono>
#include <thread>
#include <utility>

#include "app/channel_archive.hpp"
#include "app/channel_status.hpp"
#include "app/log.hpp"
#include "app/pacer.hpp"
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

// Sets `kind` to what all of them are.
[[nodiscard]] std::vector<std::unique_ptr<net::PullSource>> open_all(
    const std::vector<std::string>& files, const ReplayOptions& options,
    pool::LockFreeBufferPool& pools, net::CaptureKind& kind) {
  std::vector<std::unique_ptr<net::PullSource>> sources;
  for (const std::string& file : files) {
    net::CaptureOptions capture{.filter = options.filter, .itch_file = {}, .json_file = {}};
    capture.itch_file.midnight_ns = options.midnight_ns;
    auto opened = net::open_capture(file, pools.serialization(), std::move(capture));
    if (opened.source == nullptr) throw ConfigError{opened.error};
    if (!sources.empty() && opened.kind != kind) {
      throw ConfigError{file + ": JSON lines and captures of packets are not played together"};
    }
    kind = opened.kind;
    sources.push_back(std::move(opened.source));
  }
  return sources;
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
  return config;
}

Replay::Replay(Config config, std::vector<std::string> files, ReplayOptions options)
    : config_{std::move(config)},
      files_{std::move(files)},
      options_{std::move(options)},
      pools_{config_.pool},
      sources_{open_all(files_, options_, pools_, kind_)},
      archive_{open_archive(config_, pools_, kind_)},
      pipeline_{pipeline_config(config_, kind_), pools_, archive_.get(), options_.bars} {
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
  for (const auto& source : sources_) {
    if (interrupted_) break;
    passed_over_ = 0;
    play(*source);
    note_lines(*source);
    pipeline_.end_input();
    if (source->state() == net::SourceState::failed) errors_.push_back(source->error());
  }
  pipeline_.finish(pipeline_.time_span().second);
  if (archive_ != nullptr) archive_->stop();
  elapsed_seconds_ = static_cast<double>(steady_nanos() - started_ns_) * 1e-9;
  lines_known_.store(true, std::memory_order_release);
}

void Replay::play(net::PullSource& source) {
  Pacer pacer{options_.speed};
  const bool paced = options_.speed > 0.0;
  const auto due = [&](const net::Packet& packet) {
    if (!paced) return true;
    interrupted_ = !pacer.wait_for(packet.rx_time);
    look_up(source);  // a batch may hold hours
    return !interrupted_;
  };
  while (!interrupted_) {
    net::PacketBatch batch = source.next();
    lose_passed_over(source);
    if (!batch.empty()) {
      pipeline_.on_captured_batch(std::move(batch), due);
    } else if (source.state() == net::SourceState::would_block) {
      std::this_thread::sleep_for(kBackPressurePause);
    } else {
      break;
    }
    look_up(source);
  }
}

// A line that was too long may have been an update of any book.
void Replay::lose_passed_over(const net::PullSource& source) {
  if (kind_ != net::CaptureKind::json_lines) return;
  const std::uint64_t count = source.counters().get(net::SourceCounter::oversized);
  if (count == passed_over_) return;
  passed_over_ = count;
  pipeline_.lose_documents();
}

void Replay::look_up(net::PullSource& source) {
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
  report_({.bytes_read = source.bytes_read(),
           .bytes_total = source.size_bytes().value_or(0),
           .messages = messages(),
           .elapsed_seconds = static_cast<double>(now - started_ns_) * 1e-9});
}

void Replay::note_lines(const net::PullSource& source) {
  for (const net::SourceLine& line : source.lines()) {
    const bool known = std::any_of(lines_.begin(), lines_.end(), [&](const net::SourceLine& other) {
      return other.line == line.line;
    });
    if (!known) lines_.push_back(line);
  }
}

SummaryHead Replay::head() const {
  using net::SourceCounter;
  SummaryHead head;
  head.command = "replay";
  head.files = files_;
  head.elapsed_seconds = elapsed_seconds_;
  head.interrupted = interrupted_;
  std::tie(head.first_packet_ns, head.last_packet_ns) = pipeline_.time_span();
  for (const auto reason :
       {SourceCounter::unknown_link_type, SourceCounter::non_ip, SourceCounter::fragment,
        SourceCounter::not_udp, SourceCounter::truncated, SourceCounter::bad_length,
        SourceCounter::filtered, SourceCounter::oversized, SourceCounter::interface_drops,
        SourceCounter::empty_messages, SourceCounter::cut_packets, SourceCounter::backward_times,
        SourceCounter::bad_time_fractions, SourceCounter::captured_exceeds_original,
        SourceCounter::large_records}) {
    std::uint64_t count = 0;
    for (const auto& source : sources_) count += source->counters().get(reason);
    head.skipped.push_back({std::string{net::to_string(reason)}, count});
  }
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
