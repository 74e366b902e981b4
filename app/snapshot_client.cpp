#include "app/snapshot_client.hpp"

#include <asio/post.hpp>
#include <chrono>
#include <exception>
#include <utility>

namespace tapeline {

namespace {

constexpr std::int64_t kNanosPerMilli = 1'000'000;

[[nodiscard]] std::int64_t steady_nanos() noexcept {
  return std::chrono::steady_clock::now().time_since_epoch().count();
}

[[nodiscard]] net::SoupSourceConfig source_config(const SnapshotConfig& config,
                                                  std::size_t server) {
  net::SoupSourceConfig result;
  result.tcp.servers = {{config.servers[server].address, config.servers[server].port}};
  result.session.sequence = 1;  // GLIMPSE 5.0: a snapshot is asked for from its first message
  return result;
}

}  // namespace

const char* to_text(SnapshotFailure failure) noexcept {
  switch (failure) {
    case SnapshotFailure::unreachable: return "no connection";
    case SnapshotFailure::rejected: return "login rejected";
    case SnapshotFailure::other_session: return "it is of another session";
    case SnapshotFailure::not_whole: return "it does not begin with its first message";
    case SnapshotFailure::broken: return "a message of it is wrong";
    case SnapshotFailure::cut_off: return "the connection ended inside it";
    case SnapshotFailure::timeout: return "it took too long";
    case SnapshotFailure::too_old: return "it is older than the books";
    case SnapshotFailure::no_longer_waited: return "the channel could not wait for it any longer";
  }
  return "unknown";
}

const char* to_text(SnapshotState state) noexcept {
  switch (state) {
    case SnapshotState::idle: return "idle";
    case SnapshotState::connecting: return "connecting";
    case SnapshotState::receiving: return "receiving";
    case SnapshotState::pausing: return "waiting after a failure";
  }
  return "unknown";
}

struct SnapshotClient::Attempt {
  Attempt(SnapshotClient& client, std::uint64_t number)
      : handler{client, number},
        source{source_config(client.config_, client.server_), client.credentials_, client.pool_,
               handler} {}

  Handler handler;
  net::SoupSource<Handler> source;
};

SnapshotClient::SnapshotClient(const SnapshotConfig& config, const net::Credentials& credentials,
                               asio::io_context& io, Pipeline& pipeline, ChannelInput& input,
                               net::TcpSource::SerializationPool& pool)
    : config_{config},
      credentials_{credentials},
      io_{io},
      pipeline_{pipeline},
      input_{input},
      pool_{pool},
      timer_{io},
      backoff_{{.first_ns = config.retry_ms * kNanosPerMilli,
                .longest_ns = config.retry_max_ms * kNanosPerMilli}} {}

SnapshotClient::~SnapshotClient() {
  try {
    stop();
  } catch (const std::exception&) {  // Asio could not cancel; the attempt's end closes its socket
    return;
  }
}

bool SnapshotClient::is_needed() const noexcept {
  return pipeline_.is_stale() || input_.awaits_snapshot();
}

void SnapshotClient::want() {
  if (stopped_) return;
  if (state_ == SnapshotState::idle) return begin_attempt();
  // Nothing would come of waiting: the next attempt repairs this gap, too.
  if (state_ == SnapshotState::pausing) input_.let_go(steady_nanos());
}

void SnapshotClient::look() {
  if (state_ == SnapshotState::receiving && !input_.awaits_snapshot()) {
    fail(SnapshotFailure::no_longer_waited);
  } else if (state_ == SnapshotState::connecting && !is_needed()) {
    end_attempt();
    set_state(SnapshotState::idle);
  }
}

void SnapshotClient::stop() {
  if (std::exchange(stopped_, true)) return;
  end_attempt();
  set_state(SnapshotState::idle);
}

void SnapshotClient::begin_attempt() {
  ++number_;
  counters_.attempts.add(1);
  messages_ = 0;
  begun_ns_ = steady_nanos();
  set_state(SnapshotState::connecting);
  try {
    attempt_ = std::make_shared<Attempt>(*this, number_);
  } catch (const std::exception&) {  // no memory, or no buffer for what a read cuts
    return fail(SnapshotFailure::unreachable);
  }
  arm(config_.timeout_ms * kNanosPerMilli, &SnapshotClient::on_timeout);
  attempt_->source.start(io_);
}

// The source may be in the middle of a call, and Asio still holds its cancelled handlers: it goes
// when both are through. Handlers run in the order in which they were queued, so two rounds are
// enough.
void SnapshotClient::end_attempt() {
  ++timer_number_;
  timer_.cancel();
  const std::shared_ptr<Attempt> ended = std::move(attempt_);
  attempt_ = nullptr;
  if (ended == nullptr) return;
  ended->source.stop();
  asio::post(io_, [this, ended] { asio::post(io_, [ended] {}); });
}

void SnapshotClient::fail(SnapshotFailure failure) {
  end_attempt();
  pipeline_.abandon_snapshot();
  counters_.failed.add(1);
  pipeline_.events().note({.kind = ChannelEventKind::snapshot_failed,
                           .reason = static_cast<std::uint8_t>(failure),
                           .index = static_cast<std::uint32_t>(server_),
                           .count = messages_});
  server_ = (server_ + 1) % config_.servers.size();
  if (++failures_ % config_.servers.size() == 0) input_.let_go(steady_nanos());
  if (is_needed()) return pause();
  set_state(SnapshotState::idle);
}

void SnapshotClient::pause() {
  set_state(SnapshotState::pausing);
  arm(backoff_.take_ns(), &SnapshotClient::on_pause_over);
}

void SnapshotClient::on_pause_over() {
  set_state(SnapshotState::idle);
  if (is_needed()) begin_attempt();
}

void SnapshotClient::arm(std::int64_t nanos, void (SnapshotClient::*then)()) {
  timer_.expires_after(std::chrono::nanoseconds{nanos});
  timer_.async_wait([this, then, number = ++timer_number_](const std::error_code& error) {
    if (!error && number == timer_number_) (this->*then)();
  });
}

void SnapshotClient::complete(std::uint64_t next_sequence) {
  if (!input_.can_resume_at(next_sequence)) return fail(SnapshotFailure::too_old);
  end_attempt();
  const std::int64_t now = steady_nanos();
  pipeline_.end_snapshot();
  counters_.applied.add(1);
  pipeline_.events().note({.kind = ChannelEventKind::snapshot_applied,
                           .index = static_cast<std::uint32_t>(server_),
                           .first = next_sequence,
                           .count = messages_,
                           .nanos = now - begun_ns_});
  failures_ = 0;
  backoff_.begin_anew();
  set_state(SnapshotState::idle);
  input_.resume_at(next_sequence, now);
}

void SnapshotClient::Handler::on_login(const net::SoupLogin& login) const {
  if (!client.is_current(attempt)) return;
  const bool same = !client.pipeline_.has_session() || login.session == client.pipeline_.session();
  if (client.config_.same_session && !same) {
    return client.fail(SnapshotFailure::other_session);
  }
  if (login.sequence != 1) return client.fail(SnapshotFailure::not_whole);
  if (!client.input_.hold(login.session, steady_nanos())) {
    return client.fail(SnapshotFailure::no_longer_waited);
  }
  client.pipeline_.begin_snapshot();
  client.set_state(SnapshotState::receiving);
  client.pipeline_.events().note({.kind = ChannelEventKind::snapshot_begun,
                                  .index = static_cast<std::uint32_t>(client.server_),
                                  .session = login.session});
}

void SnapshotClient::Handler::on_message(std::uint64_t /*sequence*/,
                                         std::span<const std::byte> message,
                                         const net::Packet& /*packet*/) const {
  if (!client.is_current(attempt)) return;
  ++client.messages_;
  client.counters_.messages.add(1);
  const feed::SnapshotResult result = client.pipeline_.apply_snapshot(message);
  switch (result.step) {
    case feed::SnapshotStep::more: return;
    case feed::SnapshotStep::complete: return client.complete(result.next_sequence);
    case feed::SnapshotStep::broken: return client.fail(SnapshotFailure::broken);
  }
}

void SnapshotClient::Handler::on_gap(const net::GapRange& /*missing*/) const {
  if (client.is_current(attempt)) client.fail(SnapshotFailure::not_whole);
}

void SnapshotClient::Handler::on_rejected(net::SoupSession::RejectReason reason) const {
  if (!client.is_current(attempt)) return;
  client.pipeline_.events().note({.kind = ChannelEventKind::tcp_rejected,
                                  .reason = static_cast<std::uint8_t>(reason),
                                  .index = static_cast<std::uint32_t>(client.server_),
                                  .count = 1});
  client.fail(SnapshotFailure::rejected);
}

void SnapshotClient::Handler::on_end_of_session(
    const net::SoupSession::Session& /*session*/) const {
  if (client.is_current(attempt)) client.fail(SnapshotFailure::cut_off);
}

void SnapshotClient::Handler::on_disconnected(const net::Disconnected& /*end*/) const {
  if (!client.is_current(attempt)) return;
  client.fail(client.state_ == SnapshotState::receiving ? SnapshotFailure::cut_off
                                                        : SnapshotFailure::unreachable);
}

void SnapshotClient::Handler::on_batch(net::PacketBatch&& batch) const {
  const net::PacketBatch dropped = std::move(batch);  // a snapshot is not archived
}

}  // namespace tapeline
