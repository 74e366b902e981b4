#include "app/live_channel.hpp"

#include <asio/post.hpp>
#include <chrono>
#include <utility>

#include "app/channel_archive.hpp"
#include "app/channel_status.hpp"
#include "app/config_feeds.hpp"
#include "app/config_host.hpp"
#include "app/lines_input.hpp"
#include "app/tcp_input.hpp"
#include "app/udp_input.hpp"

namespace tapeline {

namespace {

constexpr std::chrono::seconds kPublishInterval{1};
constexpr int kSpinsPerLook = 1024;

[[nodiscard]] std::unique_ptr<archive::ArchiveWriter> open_archive(
    const Config& config, const std::string& feed, const std::string& channel,
    pool::LockFreeBufferPool& pools) {
  if (!config.archive.enabled) return nullptr;
  return std::make_unique<archive::ArchiveWriter>(live_archive_config(config, feed, channel),
                                                  pools.compression());
}

[[nodiscard]] bool has_snapshots(const ChannelConfig& channel) noexcept {
  return !channel.snapshot.servers.empty();
}

[[nodiscard]] std::unique_ptr<ChannelInput> open_input(const ChannelConfig& channel,
                                                       Pipeline& pipeline,
                                                       pool::LockFreeBufferPool& pools,
                                                       ChannelInput::Progress progress) {
  if (channel.transport == Transport::moldudp64) {
    return std::make_unique<UdpInput>(channel, pipeline, pools.serialization(),
                                      std::move(progress));
  }
  if (channel.transport == Transport::json_lines) {
    return std::make_unique<LinesInput>(channel, pipeline, pools.serialization(),
                                        std::move(progress));
  }
  return std::make_unique<TcpInput>(
      channel, load_credentials(channel.soupbintcp.credentials), pipeline, pools.serialization(),
      has_snapshots(channel) && channel.snapshot.on_join, std::move(progress));
}

[[nodiscard]] feed::FeedKind configured_feed(const FeedConfig& feed) {
  if (feed.protocol == "auto") return feed::FeedKind::unknown;
  if (feed.protocol == "iex") return feed::FeedKind::iex;
  return feed.protocol == "json" ? feed::FeedKind::json : feed::FeedKind::itch;
}

[[nodiscard]] feed::JsonFeedConfig json_config(const JsonLinesConfig& lines) {
  using codec::json::Venue;
  feed::JsonFeedConfig config;
  switch (lines.venue) {
    case JsonVenue::any: break;
    case JsonVenue::coinbase: config.venue = Venue::coinbase; break;
    case JsonVenue::binance: config.venue = Venue::binance; break;
    case JsonVenue::kraken: config.venue = Venue::kraken; break;
  }
  config.price_decimals = lines.price_decimals;
  config.size_decimals = lines.size_decimals;
  config.kraken_depth = lines.kraken_depth;
  config.limits.document_bytes = std::size_t{lines.max_document_mib} * 1024 * 1024;
  return config;
}

}  // namespace

LiveChannel::LiveChannel(const Config& config, const FeedConfig& feed, const ChannelConfig& channel,
                         pool::LockFreeBufferPool& pools)
    : feed_name_{feed.name},
      config_{channel},
      archive_{open_archive(config, feed.name, channel.name, pools)},
      pipeline_{{.feed = configured_feed(feed),
                 .lines = channel.lines.size(),
                 .accept_unsequenced = false,
                 .live = true,
                 .channel = channel,
                 .market = config.market,
                 .json = json_config(channel.json_lines)},
                pools,
                archive_.get(),
                nullptr},
      work_{io_.get_executor()},
      input_{open_input(channel, pipeline_, pools, [this] { on_progress(); })},
      publish_timer_{io_} {
  if (!has_snapshots(channel)) return;
  snapshots_ = std::make_unique<SnapshotClient>(channel.snapshot,
                                                load_credentials(channel.snapshot.credentials), io_,
                                                pipeline_, *input_, pools.serialization());
}

LiveChannel::~LiveChannel() { stop(); }

std::vector<ChannelInput::Note> LiveChannel::describe() const {
  std::vector<ChannelInput::Note> notes = input_->describe();
  for (const ServerConfig& server : config_.snapshot.servers) {
    notes.push_back({false, "snapshots come from " + server_text(server)});
  }
  return notes;
}

void LiveChannel::start() {
  asio::post(io_, [this] { begin(); });
  thread_ = std::thread{[this] { run(); }};
}

void LiveChannel::begin() {
  input_->start(io_, config_.receive_mode == ReceiveMode::spin);
  if (snapshots_ != nullptr && input_->awaits_snapshot()) snapshots_->want();
  arm_publish_timer();
}

void LiveChannel::request_stop() {
  if (stopping_.exchange(true)) return;
  asio::post(io_, [this] {
    if (snapshots_ != nullptr) snapshots_->stop();
    input_->stop();
    publish_timer_.cancel();
    io_.stop();
  });
}

void LiveChannel::stop() {
  if (stopped_) return;
  stopped_ = true;
  request_stop();
  if (thread_.joinable()) thread_.join();
  if (archive_ != nullptr) archive_->stop();
}

void LiveChannel::run() {
  if (config_.receive_mode == ReceiveMode::spin) {
    run_spinning();
  } else {
    io_.run();
  }
  input_->finish();
}

// The io_context has what is not for each packet: connecting, timers, snapshots, the stop.
void LiveChannel::run_spinning() {
  while (!io_.stopped()) {
    io_.poll();
    for (int i = 0; i < kSpinsPerLook; ++i) input_->poll_once();
  }
}

void LiveChannel::on_progress() {
  if (snapshots_ == nullptr) return;
  if (pipeline_.take_snapshot_wanted()) snapshots_->want();
  snapshots_->look();
}

void LiveChannel::publish() {
  input_->refresh();
  pipeline_.publish();
  if (archive_ != nullptr) archive_->tick();
}

void LiveChannel::arm_publish_timer() {
  publish_timer_.expires_after(kPublishInterval);
  publish_timer_.async_wait([this](const std::error_code& error) {
    if (error) return;
    publish();
    arm_publish_timer();
  });
}

void LiveChannel::sample(std::int64_t now_ns) noexcept {
  packet_rate_.sample(input_->packets(), now_ns);
  byte_rate_.sample(input_->bytes(), now_ns);
  message_rate_.sample(pipeline_.messages(), now_ns);
  if (archive_ == nullptr) return;
  archive_in_rate_.sample(archive_->bytes_in(), now_ns);
  archive_out_rate_.sample(archive_->bytes_out(), now_ns);
}

status::ChannelStatus LiveChannel::channel_status() const {
  status::ChannelStatus channel = read_channel(pipeline_, config_.transport);
  channel.name = config_.name;
  channel.required = config_.required;
  channel.packets_per_second = packet_rate_.per_second();
  channel.messages_per_second = message_rate_.per_second();
  channel.bytes_per_second = byte_rate_.per_second();
  input_->read(channel);
  if (snapshots_ != nullptr) {
    const SnapshotCounters& counters = snapshots_->counters();
    channel.snapshots.push_back({.state = to_text(SnapshotState(counters.state.get())),
                                 .attempts = counters.attempts.get(),
                                 .applied = counters.applied.get(),
                                 .failed = counters.failed.get(),
                                 .messages = counters.messages.get()});
  }
  return channel;
}

status::MarketStatus LiveChannel::market_status() const {
  status::MarketStatus market = read_market(pipeline_);
  market.feed = feed_name_;
  market.channel = config_.name;
  return market;
}

status::ArchiveStatus LiveChannel::archive_status() const {
  status::ArchiveStatus archive = read_archive(*archive_);
  archive.feed = feed_name_;
  archive.channel = config_.name;
  archive.bytes_in_per_second = archive_in_rate_.per_second();
  archive.bytes_out_per_second = archive_out_rate_.per_second();
  return archive;
}

}  // namespace tapeline
