#include "app/simulate/soup_session.hpp"

#include <algorithm>
#include <cassert>

namespace tapeline::simulate {

namespace soup = codec::soupbintcp;

void SoupSession::on_bytes(std::span<const std::byte> bytes, std::uint64_t now_ns) {
  last_received_ns_ = now_ns;
  if (end_ != End::none) return;  // whatever it says now
  input_.insert(input_.end(), bytes.begin(), bytes.end());
  std::span<const std::byte> rest{input_};
  while (end_ == End::none) {
    const soup::ParsedPacket packet = soup::next_packet(rest);
    if (packet.status == soup::FrameStatus::incomplete) break;
    if (packet.status == soup::FrameStatus::malformed) return break_off(shared_.counters.malformed);
    on_packet(packet.type, packet.payload);
    rest = rest.subspan(packet.bytes);
  }
  input_.erase(input_.begin(), input_.end() - static_cast<std::ptrdiff_t>(rest.size()));
}

void SoupSession::on_packet(PacketType type, std::span<const std::byte> payload) {
  const bool logged_in = stream_ != nullptr;
  switch (type) {
    case PacketType::debug: return;
    case PacketType::login_request:
      if (!logged_in) return log_in(payload);
      break;
    case PacketType::unsequenced:
    case PacketType::client_heartbeat:
      if (logged_in) return;
      break;
    case PacketType::logout_request:
      if (!logged_in) break;
      shared_.counters.logouts.add();
      end_ = End::in_order;
      return;
    default: break;
  }
  break_off(shared_.counters.malformed);
}

void SoupSession::log_in(std::span<const std::byte> payload) {
  const auto login = soup::parse_login_request(payload);
  if (!login) return break_off(shared_.counters.malformed);
  if (!shared_.accounts.accept(*login)) return reject(soup::RejectReason::not_authorized);
  SoupAdmission admission = shared_.service.open(*login);
  if (admission.stream == nullptr) return reject(admission.reason);
  stream_ = std::move(admission.stream);
  const SoupFaultPlan& faults = shared_.faults;
  const std::uint64_t earlier_logins = shared_.counters.logins.get();
  if (earlier_logins < faults.reset_logins) reset_after_ = faults.reset_after;
  if (earlier_logins < faults.silent_logins) silent_after_ = faults.silent_after;
  shared_.counters.logins.add();
  answer_.resize(soup::kHeaderBytes + soup::kLoginAcceptedBytes);
  soup::write_login_accepted(answer_, admission.accepted.session, admission.accepted.sequence);
}

void SoupSession::reject(soup::RejectReason reason) {
  const bool is_account = reason == soup::RejectReason::not_authorized;
  (is_account ? shared_.counters.rejected_account : shared_.counters.rejected_session).add();
  answer_.resize(soup::kHeaderBytes + soup::kLoginRejectedBytes);
  soup::write_login_rejected(answer_, reason);
  end_ = End::in_order;
}

void SoupSession::break_off(pool::Counter& why) noexcept {
  why.add();
  end_ = End::at_once;
}

std::size_t SoupSession::fill(std::span<std::byte> out, std::uint64_t now_ns) {
  assert(out.size() >= kMinFillBytes);
  if (is_silent_ || end_ == End::at_once) return 0;
  std::copy(answer_.begin(), answer_.end(), out.begin());
  std::size_t bytes = answer_.size();
  answer_.clear();
  if (stream_ != nullptr && end_ == End::none) {
    bytes += fill_sequenced(out.subspan(bytes));
    const bool is_idle = bytes == 0 && end_ == End::none && !is_silent_;
    if (is_idle && now_ns - last_sent_ns_ >= kHeartbeatNs) {
      bytes = soup::write_server_heartbeat(out);
      shared_.counters.heartbeats.add();
    }
  }
  if (bytes > 0) last_sent_ns_ = now_ns;
  shared_.counters.bytes.add(bytes);
  return bytes;
}

std::uint64_t SoupSession::until_fault() const noexcept {
  const std::uint64_t first = std::min(reset_after_.value_or(SoupFaultPlan::kAllLogins),
                                       silent_after_.value_or(SoupFaultPlan::kAllLogins));
  return first - messages_;
}

std::size_t SoupSession::fill_sequenced(std::span<std::byte> out) {
  if (until_fault() == 0) {
    if (reset_after_ == messages_) return fill_half_packet(out);
    is_silent_ = true;
    shared_.counters.silences.add();
    return 0;
  }
  const SoupStream::Filled filled = stream_->fill(out, until_fault());
  messages_ += filled.messages;
  shared_.counters.messages.add(filled.messages);
  std::size_t bytes = filled.bytes;
  if (filled.state == SoupStream::State::lost) {
    break_off(shared_.counters.slow_clients);
  } else if (filled.state == SoupStream::State::ended && out.size() - bytes >= soup::kHeaderBytes) {
    bytes += soup::write_end_of_session(out.subspan(bytes));
    shared_.counters.ends.add();
    end_ = End::in_order;
  }
  return bytes;
}

// The first half of the next packet, as soon as there is one; then the connection is reset.
std::size_t SoupSession::fill_half_packet(std::span<std::byte> out) {
  const SoupStream::Filled filled = stream_->fill(out, 1);
  if (filled.messages == 0) {
    if (filled.state == SoupStream::State::ended) end_ = End::in_order;
    if (filled.state == SoupStream::State::lost) break_off(shared_.counters.slow_clients);
    return 0;
  }
  shared_.counters.resets.add();
  end_ = End::reset;
  return filled.bytes / 2;
}

void SoupSession::on_timer(std::uint64_t now_ns) {
  if (end_ != End::none) return;
  if (stream_ == nullptr) {
    if (now_ns - opened_ns_ >= kLoginNs) break_off(shared_.counters.never_logged_in);
  } else if (now_ns - last_received_ns_ >= kSilenceNs) {
    break_off(shared_.counters.silent_clients);
  } else if (stream_->is_lost()) {
    break_off(shared_.counters.slow_clients);
  }
}

}  // namespace tapeline::simulate
