#include "app/tcp_input.hpp"

#include <asio/post.hpp>
#include <chrono>
#include <utility>

#include "app/channel_status.hpp"
#include "app/config_feeds.hpp"

namespace tapeline {

namespace {

constexpr std::int64_t kNanosPerMilli = 1'000'000;

[[nodiscard]] net::SoupSourceConfig source_config(const ChannelConfig& channel,
                                                  std::uint64_t sequence) {
  const SoupBinTcpConfig& soup = channel.soupbintcp;
  net::SoupSourceConfig result;
  for (const ServerConfig& server : soup.servers) {
    result.tcp.servers.push_back({server.address, server.port});
  }
  result.tcp.receive_buffer_bytes = channel.receive_buffer_bytes;
  result.tcp.backoff.first_ns = soup.reconnect_ms * kNanosPerMilli;
  result.tcp.backoff.longest_ns = soup.reconnect_max_ms * kNanosPerMilli;
  result.tcp.backoff.seed = static_cast<std::uint64_t>(
      std::chrono::steady_clock::now().time_since_epoch().count());  // not in step with others
  result.session.session = codec::soupbintcp::Session::from_text(soup.session);
  result.session.sequence = sequence;
  result.session.heartbeat_ns = soup.heartbeat_ms * kNanosPerMilli;
  result.session.watchdog_ns = soup.watchdog_ms * kNanosPerMilli;
  if (soup.session.empty()) result.session.next_session_ns = result.tcp.backoff.longest_ns;
  return result;
}

}  // namespace

struct TcpInput::Link {
  Link(TcpInput& input, std::uint64_t sequence)
      : handler{input, input.number_},
        source{source_config(input.config_, sequence), input.credentials_, input.pool_, handler} {}

  Handler handler;
  net::SoupSource<Handler> source;
};

struct TcpInput::Sums {
  std::uint64_t packets = 0;
  std::uint64_t bytes = 0;
  std::uint64_t tries = 0;
  std::uint64_t connections = 0;
  std::uint64_t heartbeats = 0;
  std::uint64_t duplicates = 0;
  std::uint64_t silences = 0;
  std::uint64_t malformed = 0;
  std::uint64_t no_buffer = 0;

  void add(const net::TcpCounters& tcp, const net::SoupCounters& soup) noexcept {
    packets += tcp.packets.get();
    bytes += tcp.bytes.get();
    tries += tcp.tries.get();
    connections += tcp.connections.get();
    no_buffer += tcp.no_buffer.get();
    heartbeats += soup.heartbeats.get();
    duplicates += soup.duplicates.get();
    silences += soup.watchdog.get() + soup.login_timeouts.get();
    malformed +=
        soup.malformed.get() + soup.early_data.get() + soup.late_login.get() + soup.went_back.get();
  }
};

TcpInput::TcpInput(const ChannelConfig& config, const net::Credentials& credentials,
                   Pipeline& pipeline, net::TcpSource::SerializationPool& pool, bool snapshot_first,
                   Progress progress)
    : config_{config},
      credentials_{credentials},
      pipeline_{pipeline},
      pool_{pool},
      progress_{std::move(progress)},
      held_{snapshot_first},
      ended_{std::make_unique<Sums>()} {}

TcpInput::~TcpInput() = default;

void TcpInput::start(asio::io_context& io, bool spinning) {
  io_ = &io;
  spinning_ = spinning;
  if (!held_) open_link(1);
}

void TcpInput::open_link(std::uint64_t sequence) {
  if (stopped_) return;
  ++number_;
  wanted_sequence_ = sequence;
  try {
    link_ = std::make_shared<Link>(*this, sequence);
  } catch (const std::exception&) {  // the pool is empty: refresh() tries again
    return counters_.no_link.add(1);
  }
  using Mode = net::SoupSource<Handler>::Mode;
  link_->source.start(*io_, spinning_ ? Mode::polling : Mode::waiting);
}

// As in SnapshotClient: the source may be in the middle of a call, and Asio holds its cancelled
// handlers for two more rounds.
void TcpInput::close_link() {
  const std::shared_ptr<Link> ended = std::move(link_);
  link_ = nullptr;
  ++number_;
  if (ended == nullptr) return;
  ended->source.stop();
  ended_->add(ended->source.tcp_counters(), ended->source.counters());
  counters_.is_connected.set(0);
  counters_.is_logged_in.set(0);
  asio::post(*io_, [io = io_, ended] { asio::post(*io, [ended] {}); });
}

std::size_t TcpInput::poll_once() { return link_ == nullptr ? 0 : link_->source.poll_once(); }

void TcpInput::stop() {
  stopped_ = true;
  close_link();
}

void TcpInput::finish() {
  refresh();
  pipeline_.finish(0);
}

void TcpInput::refresh() {
  if (link_ == nullptr && !held_ && !stopped_) open_link(wanted_sequence_);
  Sums sums = *ended_;
  if (link_ != nullptr) {
    const net::TcpCounters& tcp = link_->source.tcp_counters();
    sums.add(tcp, link_->source.counters());
    counters_.is_connected.set(tcp.is_connected.get());
    counters_.server.set(tcp.server.get());
    counters_.is_logged_in.set(link_->source.session().is_logged_in() ? 1 : 0);
  }
  counters_.is_held.set(held_ ? 1 : 0);
  counters_.packets.set(sums.packets);
  counters_.bytes.set(sums.bytes);
  counters_.tries.set(sums.tries);
  counters_.connections.set(sums.connections);
  counters_.heartbeats.set(sums.heartbeats);
  counters_.duplicates.set(sums.duplicates);
  counters_.silences.set(sums.silences);
  counters_.malformed.set(sums.malformed);
  counters_.no_buffer.set(sums.no_buffer);
}

bool TcpInput::hold(const Session& of, std::int64_t /*now_ns*/) {
  close_link();
  held_ = true;
  resumed_ = of;
  if (!pipeline_.has_session()) pipeline_.join_session_in_order(of);
  return true;
}

bool TcpInput::can_resume_at(std::uint64_t sequence) const {
  return sequence >= pipeline_.in_order().expected.get();
}

void TcpInput::resume_at(std::uint64_t sequence, std::int64_t /*now_ns*/) {
  const std::uint64_t expected = pipeline_.in_order().expected.get();
  held_ = false;
  if (expected == 0) {
    pipeline_.go_on_in_order(sequence);
  } else if (sequence > expected) {
    pipeline_.bridge_in_order({expected, sequence});
  }
  open_link(sequence);
}

void TcpInput::let_go(std::int64_t /*now_ns*/) {
  if (!held_) return;
  held_ = false;
  // Without a session nothing was received: from its first message on the books are whole as well.
  const std::uint64_t expected = pipeline_.in_order().expected.get();
  if (expected == 0) resumed_.reset();
  open_link(expected == 0 ? 1 : expected);
}

void TcpInput::Handler::on_login(const net::SoupLogin& login) const {
  if (!is_current()) return;
  input.counters_.is_over.set(0);
  input.pipeline_.events().note({.kind = ChannelEventKind::tcp_login,
                                 .index = static_cast<std::uint32_t>(input.counters_.server.get()),
                                 .first = login.sequence,
                                 .session = login.session});
}

void TcpInput::Handler::on_session(const Session& session, std::uint64_t next) const {
  if (!is_current()) return;
  if (const auto resumed = std::exchange(input.resumed_, std::nullopt)) {
    if (*resumed == session) return;  // it goes on
    // Another one has begun: the number that we asked for meant nothing in it.
    input.close_link();
    return input.open_link(1);
  }
  input.pipeline_.begin_session_in_order(session, next);
}

void TcpInput::Handler::on_gap(const net::GapRange& missing) const {
  if (is_current()) input.pipeline_.lose_in_order(missing);
}

void TcpInput::Handler::on_end_of_session(const Session& /*session*/) const {
  if (!is_current()) return;
  input.counters_.is_over.set(1);
  input.pipeline_.end_session_in_order();
}

void TcpInput::Handler::on_rejected(net::SoupSession::RejectReason reason) const {
  if (!is_current()) return;
  input.counters_.rejected.add(1);
  input.pipeline_.events().note(
      {.kind = ChannelEventKind::tcp_rejected, .reason = static_cast<std::uint8_t>(reason)});
}

void TcpInput::Handler::on_connected(const net::Connected& peer) const {
  if (!is_current()) return;
  input.counters_.is_connected.set(1);
  input.counters_.server.set(peer.server);
  input.pipeline_.events().note(
      {.kind = ChannelEventKind::tcp_connected, .index = static_cast<std::uint32_t>(peer.server)});
}

void TcpInput::Handler::on_disconnected(const net::Disconnected& end) const {
  if (!is_current()) return;
  input.counters_.is_connected.set(0);
  input.counters_.is_logged_in.set(0);
  input.pipeline_.events().note({.kind = ChannelEventKind::tcp_disconnected,
                                 .reason = static_cast<std::uint8_t>(end.reason),
                                 .index = static_cast<std::uint32_t>(end.server),
                                 .error = end.error.value()});
}

void TcpInput::Handler::on_batch(net::PacketBatch&& batch) const {
  if (!batch.empty()) {
    input.counters_.last_bytes.set(static_cast<std::uint64_t>(batch.packets().front().rx_time));
  }
  input.pipeline_.archive(std::move(batch));
  input.progress_();
}

std::vector<ChannelInput::Note> TcpInput::describe() const {
  std::vector<Note> notes;
  for (const ServerConfig& server : config_.soupbintcp.servers) {
    notes.push_back({false, "SoupBinTCP session from " + server_text(server)});
  }
  return notes;
}

void TcpInput::read(status::ChannelStatus& channel) const {
  status::TcpStatus tcp;
  tcp.server = server_text(config_.soupbintcp.servers.at(counters_.server.get()));
  tcp.state = counters_.is_held.get() != 0        ? "held for a snapshot"
              : counters_.is_over.get() != 0      ? "session over"
              : counters_.is_logged_in.get() != 0 ? "logged in"
              : counters_.is_connected.get() != 0 ? "connected"
                                                  : "not connected";
  tcp.logged_in = counters_.is_logged_in.get() != 0;
  tcp.over = counters_.is_over.get() != 0;
  tcp.tries = counters_.tries.get();
  tcp.connections = counters_.connections.get();
  tcp.rejected = counters_.rejected.get();
  tcp.silences = counters_.silences.get();
  tcp.heartbeats = counters_.heartbeats.get();
  tcp.packets = packets();
  tcp.bytes = bytes();
  tcp.last_bytes_age_seconds = age_seconds(counters_.last_bytes.get());
  channel.tcp.push_back(std::move(tcp));
  channel.packets = packets();
  channel.duplicates = counters_.duplicates.get();
  channel.malformed.push_back({"tcp_session", counters_.malformed.get()});
  channel.anomalies.push_back({"no_buffer", counters_.no_buffer.get() + counters_.no_link.get()});
}

}  // namespace tapeline
