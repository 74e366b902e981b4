#include "net/soup_session.hpp"

#include <algorithm>
#include <cassert>

#include "codec/soupbintcp/encoder.hpp"

namespace tapeline::net {

namespace soup = codec::soupbintcp;

namespace {

// Shorter times would keep the thread busy with nothing else.
constexpr std::int64_t kMinTimeNs = 1'000'000;

}  // namespace

SoupSession::SoupSession(const SoupSessionConfig& config) noexcept
    : config_{config}, start_{std::min(config.sequence, kMaxSequence)} {
  for (std::int64_t* const time :
       {&config_.heartbeat_ns, &config_.watchdog_ns, &config_.login_ns}) {
    *time = std::max(*time, kMinTimeNs);
  }
}

std::span<const std::byte> SoupSession::connect(const Credentials& credentials,
                                                std::int64_t now_ns) noexcept {
  state_ = State::logging_in;
  wire_ = kNoNumber;
  proven_ = false;
  login_delivered_ = delivered_;
  connected_ns_ = now_ns;
  received_ns_ = now_ns;
  const bool resumes = has_session_ && !ask_for_current_;
  asked_ = resumes ? next_ : start_;
  credentials.write_login(out_, resumes ? session_ : config_.session, asked_);
  counters_.logins_sent.add(1);
  return out_;
}

void SoupSession::note_sent(std::int64_t now_ns) noexcept {
  wipe(out_);  // a login request has the password in it
  sent_ns_ = now_ns;
}

std::int64_t SoupSession::next_deadline() const noexcept {
  const std::int64_t silent = received_ns_ + config_.watchdog_ns;
  switch (state_) {
    case State::logging_in: return std::min(silent, connected_ns_ + config_.login_ns);
    case State::logged_in: return std::min(silent, sent_ns_ + config_.heartbeat_ns);
    case State::disconnected:
    case State::closing: break;
  }
  return StreamProtocol::kNoDeadline;
}

SoupSession::Due SoupSession::on_timer(std::int64_t now_ns) noexcept {
  if (state_ != State::logging_in && state_ != State::logged_in) return {};
  if (now_ns - received_ns_ >= config_.watchdog_ns) {
    counters_.watchdog.add(1);
    static_cast<void>(close(DisconnectReason::silent));
    return {.send = {}, .close = true};
  }
  if (state_ == State::logging_in) {
    if (now_ns - connected_ns_ < config_.login_ns) return {};
    counters_.login_timeouts.add(1);
    static_cast<void>(close(DisconnectReason::login_timeout));
    return {.send = {}, .close = true};
  }
  if (now_ns - sent_ns_ < config_.heartbeat_ns) return {};
  counters_.heartbeats_sent.add(1);
  return {.send = std::span{out_}.first(soup::write_client_heartbeat(out_)), .close = false};
}

std::span<const std::byte> SoupSession::logout() noexcept {
  if (state_ != State::logged_in) return {};
  static_cast<void>(close(DisconnectReason::stopped));
  return std::span{out_}.first(soup::write_logout_request(out_));
}

RetryPlan SoupSession::disconnected(DisconnectReason reason) noexcept {
  wipe(out_);
  state_ = State::disconnected;
  wire_ = kNoNumber;
  end_stretch();
  switch (reason) {
    case DisconnectReason::stopped: return {.retry = Retry::never};
    case DisconnectReason::end_of_session:
      if (!soup::is_blank(config_.session) || config_.next_session_ns <= 0) {
        return {.retry = Retry::never};
      }
      return {.retry = Retry::later, .pause_ns = config_.next_session_ns};
    case DisconnectReason::rejected:
      // It will not help to ask again soon.
      if (reject_reason_ != RejectReason::session_not_available) return {.retry = Retry::slowly};
      break;
    case DisconnectReason::malformed:
    case DisconnectReason::protocol_error:
    case DisconnectReason::other_session: break;
    default:
      if (proven_ || delivered_ != login_delivered_) return {.retry = Retry::begin_anew};
      break;
  }
  return {.retry = Retry::back_off};
}

SoupSession::Event SoupSession::on_control(const soup::Packet& packet) noexcept {
  using soup::PacketType;
  if (state_ != State::logging_in && state_ != State::logged_in) return Event::close;
  if (is_logged_in()) proven_ = true;
  switch (packet.type) {
    case PacketType::sequenced: return on_sequenced();
    case PacketType::unsequenced:
      if (state_ == State::logging_in) {
        counters_.early_data.add(1);
        return close(DisconnectReason::protocol_error);
      }
      counters_.unsequenced.add(1);
      return Event::unsequenced;
    case PacketType::server_heartbeat:
      if (!packet.payload.empty()) return malformed();
      counters_.heartbeats.add(1);
      return Event::none;
    case PacketType::debug: counters_.debug.add(1); return Event::none;
    case PacketType::login_accepted: return on_accepted(packet.payload);
    case PacketType::login_rejected: return on_rejected(packet.payload);
    case PacketType::end_of_session:
      if (!packet.payload.empty()) return malformed();
      return on_end();
    case PacketType::login_request:
    case PacketType::client_heartbeat:
    case PacketType::logout_request: break;
  }
  counters_.unknown_type.add(1);
  return Event::none;
}

// A sequenced packet that is not the next one.
SoupSession::Event SoupSession::on_sequenced() noexcept {
  if (state_ == State::logging_in) {
    counters_.early_data.add(1);
    return close(DisconnectReason::protocol_error);
  }
  assert(wire_ < next_);
  ++wire_;
  counters_.duplicates.add(1);
  return Event::none;
}

SoupSession::Event SoupSession::on_accepted(std::span<const std::byte> payload) noexcept {
  if (state_ == State::logged_in) {
    counters_.late_login.add(1);
    return close(DisconnectReason::protocol_error);
  }
  const auto accepted = soup::parse_login_accepted(payload);
  if (!accepted || accepted->sequence == 0 || accepted->sequence > kMaxSequence) return malformed();
  if (ended_ == accepted->session) return close(DisconnectReason::end_of_session);
  counters_.logins_accepted.add(1);
  state_ = State::logged_in;
  ended_.reset();
  ask_for_current_ = false;
  login_ = {accepted->session, accepted->sequence};
  wire_ = accepted->sequence;
  gap_.reset();
  new_session_ = !has_session_ || session_ != accepted->session;
  if (new_session_) {
    adopt();
  } else {
    resume();
  }
  return Event::login;
}

// The login was accepted into the session that we remember.
void SoupSession::resume() noexcept {
  if (wire_ > next_) return declare_gap();
  if (wire_ < asked_) counters_.went_back.add(1);
}

// The login was accepted into a session that is new to us.
void SoupSession::adopt() noexcept {
  const bool changed = has_session_;
  if (changed) counters_.session_changes.add(1);
  has_session_ = true;
  session_ = login_.session;
  if (changed && start_ != 0) start_ = 1;
  next_ = start_ == 0 ? wire_ : start_;
  if (start_ != 0) start_ = 1;  // of sessions to come
  if (wire_ <= next_) {
    if (wire_ < asked_) counters_.went_back.add(1);
    return;
  }
  if (!changed) return declare_gap();
  // We asked for a number of the old session. The new one may still be there from its start.
  wire_ = kNoNumber;
  static_cast<void>(close(DisconnectReason::other_session));
}

void SoupSession::declare_gap() noexcept {
  gap_ = GapRange{next_, wire_};
  next_ = wire_;
  counters_.gaps.add(1);
  counters_.gap_messages.add(gap_->count());
}

SoupSession::Event SoupSession::on_rejected(std::span<const std::byte> payload) noexcept {
  if (state_ == State::logged_in) {
    counters_.late_login.add(1);
    return close(DisconnectReason::protocol_error);
  }
  const auto reason = soup::parse_login_rejected(payload);
  if (!reason) return malformed();
  reject_reason_ = *reason;
  switch (*reason) {
    case RejectReason::not_authorized: counters_.rejected_not_authorized.add(1); break;
    case RejectReason::session_not_available:
      counters_.rejected_no_session.add(1);
      ask_for_current_ = true;
      break;
    default: counters_.rejected_other.add(1); break;
  }
  static_cast<void>(close(DisconnectReason::rejected));
  return Event::rejected;
}

SoupSession::Event SoupSession::on_end() noexcept {
  if (state_ == State::logging_in) {
    counters_.early_data.add(1);
    return close(DisconnectReason::protocol_error);
  }
  counters_.ends_of_session.add(1);
  ended_ = session_;
  has_session_ = false;
  static_cast<void>(close(DisconnectReason::end_of_session));
  return Event::end;
}

SoupSession::Event SoupSession::malformed() noexcept {
  counters_.malformed.add(1);
  return close(DisconnectReason::malformed);
}

SoupSession::Event SoupSession::close(DisconnectReason reason) noexcept {
  state_ = State::closing;
  wire_ = kNoNumber;
  close_reason_ = reason;
  return Event::close;
}

}  // namespace tapeline::net
