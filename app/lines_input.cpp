#include "app/lines_input.hpp"

#include <chrono>
#include <utility>

#include "app/channel_status.hpp"
#include "app/config_feeds.hpp"

namespace tapeline {

namespace {

constexpr std::int64_t kNanosPerMilli = 1'000'000;

[[nodiscard]] net::StreamSourceConfig<net::LineFraming> source_config(
    const ChannelConfig& channel) {
  const JsonLinesConfig& lines = channel.json_lines;
  net::StreamSourceConfig<net::LineFraming> result;
  for (const ServerConfig& server : lines.servers) {
    result.tcp.servers.push_back({server.address, server.port});
  }
  result.tcp.receive_buffer_bytes = channel.receive_buffer_bytes;
  result.tcp.backoff.first_ns = lines.reconnect_ms * kNanosPerMilli;
  result.tcp.backoff.longest_ns = lines.reconnect_max_ms * kNanosPerMilli;
  result.tcp.backoff.seed = static_cast<std::uint64_t>(
      std::chrono::steady_clock::now().time_since_epoch().count());  // not in step with others
  result.framing.max_large_bytes = std::size_t{lines.max_document_mib} * 1024 * 1024;
  result.watchdog_ns = lines.watchdog_ms * kNanosPerMilli;
  return result;
}

}  // namespace

LinesInput::LinesInput(const ChannelConfig& config, Pipeline& pipeline,
                       net::TcpSource::SerializationPool& pool, Progress progress)
    : config_{config.json_lines},
      pipeline_{pipeline},
      progress_{std::move(progress)},
      source_{source_config(config), pool, handler_} {}

LinesInput::~LinesInput() = default;

void LinesInput::start(asio::io_context& io, bool spinning) {
  using Mode = net::LineSource<Handler>::Mode;
  source_.start(io, spinning ? Mode::polling : Mode::waiting);
}

void LinesInput::Handler::on_batch(net::PacketBatch&& batch) const {
  const std::uint64_t passed_over = input.source_.framer_counters().malformed.get();
  if (passed_over != input.passed_over_) {
    input.passed_over_ = passed_over;
    input.pipeline_.lose_documents();
  }
  input.pipeline_.end_documents();
  if (!batch.empty()) {
    input.last_bytes_.set(static_cast<std::uint64_t>(batch.packets().front().rx_time));
  }
  input.pipeline_.archive(std::move(batch));
  input.progress_();
}

void LinesInput::Handler::on_connected(const net::Connected& peer) const {
  input.pipeline_.events().note(
      {.kind = ChannelEventKind::tcp_connected, .index = static_cast<std::uint32_t>(peer.server)});
}

void LinesInput::Handler::on_disconnected(const net::Disconnected& end) const {
  if (end.reason != net::DisconnectReason::stopped) input.pipeline_.lose_documents();
  input.pipeline_.events().note({.kind = ChannelEventKind::tcp_disconnected,
                                 .reason = static_cast<std::uint8_t>(end.reason),
                                 .index = static_cast<std::uint32_t>(end.server),
                                 .error = end.error.value()});
}

std::vector<ChannelInput::Note> LinesInput::describe() const {
  std::vector<Note> notes;
  for (const ServerConfig& server : config_.servers) {
    notes.push_back({false, "JSON lines from " + server_text(server)});
  }
  return notes;
}

void LinesInput::read(status::ChannelStatus& channel) const {
  const net::TcpCounters& tcp = source_.tcp_counters();
  const bool is_connected = tcp.is_connected.get() != 0;
  status::TcpStatus status;
  status.server = server_text(config_.servers.at(tcp.server.get()));
  status.state = is_connected ? "connected" : "not connected";
  status.logged_in = is_connected;  // there is no login
  status.tries = tcp.tries.get();
  status.connections = tcp.connections.get();
  status.silences = tcp.disconnects[static_cast<std::size_t>(net::DisconnectReason::silent)].get();
  status.packets = packets();
  status.bytes = bytes();
  status.last_bytes_age_seconds = age_seconds(last_bytes_.get());
  channel.tcp.push_back(std::move(status));
  channel.packets = packets();
  const net::FramerCounters& framer = source_.framer_counters();
  channel.malformed.push_back({"line_too_long", framer.malformed.get()});
  channel.malformed.push_back({"line_cut_short", framer.cut_short.get()});
  channel.anomalies.push_back({"large_documents", framer.large.get()});
  channel.anomalies.push_back({"no_buffer", tcp.no_buffer.get()});
}

}  // namespace tapeline
