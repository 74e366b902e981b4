#include "app/live_channel.hpp"

#include <asio/post.hpp>
#include <chrono>
#include <utility>

#include "app/channel_status.hpp"

namespace tapeline {

namespace {

constexpr std::chrono::seconds kPublishInterval{1};
// Reads of one line when the channel stops: more than any receive buffer holds.
constexpr int kDrainReads = 100'000;
constexpr std::chrono::milliseconds kDrainTime{500};
constexpr int kSpinsPerLook = 1024;

[[nodiscard]] std::int64_t steady_nanos() noexcept {
  return std::chrono::steady_clock::now().time_since_epoch().count();
}

[[nodiscard]] std::unique_ptr<archive::ArchiveWriter> open_archive(
    const ArchiveConfig& config, const std::string& feed, const std::string& channel,
    pool::LockFreeBufferPool& pools) {
  if (!config.enabled) return nullptr;
  archive::ArchiveWriterConfig result;
  result.frames.directory = config.directory;
  result.frames.feed = feed;
  result.frames.channel = channel;
  result.frames.compression_level = config.compression_level;
  result.frames.flush_ms = config.flush_ms;
  result.ring_batches = config.ring_batches;
  return std::make_unique<archive::ArchiveWriter>(result, pools.compression());
}

[[nodiscard]] net::UdpSourceConfig source_config(const ChannelConfig& channel) {
  net::UdpSourceConfig result;
  for (const LineConfig& line : channel.lines) {
    result.lines.push_back({.name = line.name,
                            .address = line.group,
                            .port = line.port,
                            .interface = line.interface,
                            .sources = line.sources});
  }
  result.receive_buffer_bytes = channel.receive_buffer_bytes;
  result.max_datagram_bytes = channel.max_datagram_bytes;
  result.batch_packets = channel.batch_packets;
  return result;
}

}  // namespace

LiveChannel::LiveChannel(const Config& config, const FeedConfig& feed, const ChannelConfig& channel,
                         pool::LockFreeBufferPool& pools)
    : feed_name_{feed.name},
      config_{channel},
      archive_{open_archive(config.archive, feed.name, channel.name, pools)},
      pipeline_{{.lines = channel.lines.size(),
                 .accept_unsequenced = false,
                 .channel = channel,
                 .market = config.market},
                pools,
                archive_.get(),
                nullptr},
      source_{source_config(channel), pools.serialization()},
      gap_timer_{io_},
      publish_timer_{io_} {}

LiveChannel::~LiveChannel() { stop(); }

void LiveChannel::start() {
  if (config_.receive_mode == ReceiveMode::wait) {
    source_.start(io_, [this](net::PacketBatch&& batch) { on_batch(std::move(batch)); });
    arm_publish_timer();
  }
  thread_ = std::thread{[this] { run(); }};
}

void LiveChannel::request_stop() {
  if (stopping_.exchange(true)) return;
  asio::post(io_, [this] {
    source_.stop();
    gap_timer_.cancel();
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
  drain();
  source_.refresh_kernel_drops();
  pipeline_.finish(steady_nanos());
}

void LiveChannel::run_spinning() {
  const net::UdpSource::Sink sink = [this](net::PacketBatch&& batch) {
    pipeline_.on_live_batch(std::move(batch), steady_nanos());
  };
  auto publish_at = std::chrono::steady_clock::now() + kPublishInterval;
  while (!stopping_.load(std::memory_order_relaxed)) {
    for (int i = 0; i < kSpinsPerLook; ++i) {
      if (source_.poll_once(sink) == 0 && pipeline_.next_deadline() <= steady_nanos()) {
        pipeline_.on_timer(steady_nanos());
      }
    }
    const auto now = std::chrono::steady_clock::now();
    if (now < publish_at) continue;
    publish_at = now + kPublishInterval;
    source_.refresh_kernel_drops();
    pipeline_.publish();
  }
}

void LiveChannel::on_batch(net::PacketBatch&& batch) {
  pipeline_.on_live_batch(std::move(batch), steady_nanos());
  if (!gap_timer_armed_ && pipeline_.next_deadline() != net::Sequencer::kNoDeadline) {
    arm_gap_timer();
  }
}

void LiveChannel::arm_gap_timer() {
  const std::int64_t deadline = pipeline_.next_deadline();
  gap_timer_armed_ = deadline != net::Sequencer::kNoDeadline;
  if (!gap_timer_armed_) return;
  gap_timer_.expires_at(std::chrono::steady_clock::time_point{std::chrono::nanoseconds{deadline}});
  gap_timer_.async_wait([this](const std::error_code& error) {
    if (error) return;
    pipeline_.on_timer(steady_nanos());
    arm_gap_timer();
  });
}

void LiveChannel::arm_publish_timer() {
  publish_timer_.expires_after(kPublishInterval);
  publish_timer_.async_wait([this](const std::error_code& error) {
    if (error) return;
    source_.refresh_kernel_drops();
    pipeline_.publish();
    arm_publish_timer();
  });
}

// What arrived before the stop is received too. Bounded, since a sender may go on.
void LiveChannel::drain() {
  for (std::size_t line = 0; line < source_.lines(); ++line) {
    const auto until = std::chrono::steady_clock::now() + kDrainTime / source_.lines();
    for (int reads = 0; reads < kDrainReads && std::chrono::steady_clock::now() < until; ++reads) {
      net::PacketBatch batch;
      const auto received = source_.receive(line, batch);
      if (received == net::UdpSource::Received::no_buffer) {
        std::this_thread::yield();
        continue;
      }
      if (received != net::UdpSource::Received::packets) break;
      if (batch.empty()) continue;
      pipeline_.on_live_batch(std::move(batch), steady_nanos());
    }
  }
}

void LiveChannel::sample(std::int64_t now_ns) noexcept {
  std::uint64_t packets = 0;
  std::uint64_t bytes = 0;
  for (std::size_t line = 0; line < source_.lines(); ++line) {
    packets += source_.counters(line).packets.get();
    bytes += source_.counters(line).bytes.get();
  }
  packet_rate_.sample(packets, now_ns);
  byte_rate_.sample(bytes, now_ns);
  message_rate_.sample(pipeline_.feed().counts().messages(), now_ns);
}

status::ChannelStatus LiveChannel::channel_status() const {
  status::ChannelStatus channel = read_channel(pipeline_);
  channel.name = config_.name;
  channel.packets_per_second = packet_rate_.per_second();
  channel.messages_per_second = message_rate_.per_second();
  channel.bytes_per_second = byte_rate_.per_second();
  for (std::size_t i = 0; i < config_.lines.size(); ++i) {
    status::LineStatus line = read_line(pipeline_, i, &source_);
    line.name = config_.lines[i].name;
    line.group = config_.lines[i].group;
    line.port = source_.port(i);
    line.receive_buffer_asked_bytes = config_.receive_buffer_bytes;
    channel.lines.push_back(std::move(line));
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
  return archive;
}

}  // namespace tapeline
