#include "net/recovery.hpp"

#include <algorithm>
#include <cassert>

#include "codec/moldudp64/decoder.hpp"
#include "codec/moldudp64/encoder.hpp"

namespace tapeline::net {

namespace {

constexpr std::int64_t kNanosPerSecond = 1'000'000'000;

// The next of a fixed series of numbers (SplitMix64), the same on every platform.
std::uint64_t next_random(std::uint64_t& state) noexcept {
  state += 0x9E37'79B9'7F4A'7C15U;
  std::uint64_t mixed = state;
  mixed = (mixed ^ (mixed >> 30U)) * 0xBF58'476D'1CE4'E5B9U;
  mixed = (mixed ^ (mixed >> 27U)) * 0x94D0'49BB'1331'11EBU;
  return mixed ^ (mixed >> 31U);
}

// a + b for b >= 0, held at the largest number: time stamps may come from outside.
std::int64_t later(std::int64_t a, std::int64_t b) noexcept {
  std::int64_t sum = 0;
  return __builtin_add_overflow(a, b, &sum) ? Recovery::kNoDeadline : sum;
}

RecoveryConfig sane(RecoveryConfig config) noexcept {
  config.first_delay_ns = std::max<std::int64_t>(config.first_delay_ns, 0);
  config.resend_ns = std::max<std::int64_t>(config.resend_ns, 1);
  config.max_resend_ns = std::max(config.max_resend_ns, config.resend_ns);
  config.attempts = std::max(config.attempts, 1U);
  config.max_messages_per_request = std::max<std::uint16_t>(config.max_messages_per_request, 1);
  config.max_requests_per_second = std::max(config.max_requests_per_second, 1U);
  config.burst = std::max(config.burst, 1U);
  config.max_ranges = std::max<std::size_t>(config.max_ranges, 1);
  config.max_ranges_per_hole = std::max<std::size_t>(config.max_ranges_per_hole, 1);
  return config;
}

}  // namespace

Recovery::Recovery(const RecoveryConfig& config)
    : config_{sane(config)},
      servers_{std::make_unique<Server[]>(config_.servers)},
      order_(config_.servers),
      interval_ns_{std::max<std::int64_t>(
          kNanosPerSecond / std::int64_t{config_.max_requests_per_second}, 1)} {
  std::uint64_t random = config_.seed;
  for (std::uint32_t at = 0; at < order_.size(); ++at) {
    const auto place = static_cast<std::uint32_t>(next_random(random) % (at + 1));
    order_[at] = order_[place];
    order_[place] = at;
  }
  asked_.reserve(2 * config_.max_ranges);
  kept_.reserve(2 * config_.max_ranges);
  outgoing_.reserve(config_.burst);
}

void Recovery::on_reply(const Packet& packet, std::int64_t now_ns) noexcept {
  counters_.reply_bytes.add(packet.payload_bytes);
  const auto parsed = codec::moldudp64::parse_header(packet.payload());
  Asked* answered = nullptr;
  if (parsed.status == codec::moldudp64::PacketStatus::ok && parsed.header.session == session_) {
    const std::uint64_t end = parsed.header.sequence + parsed.header.count;
    for (Asked& asked : asked_) {
      if (asked.range.last_exclusive <= parsed.header.sequence) continue;
      if (asked.range.first >= end) break;
      asked.answered = true;
      if (answered == nullptr) answered = &asked;
    }
  }
  if (answered == nullptr) return counters_.other_replies.add(1);
  counters_.answers.add(1);
  Server& server = servers_[order_[answered->place]];
  server.counters.answers.add(1);
  server.counters.answer_bytes.add(packet.payload_bytes);
  server.last_answer_ns = now_ns;
  next_ns_ = std::numeric_limits<std::int64_t>::min();  // look at what is left
}

void Recovery::plan(const Sequencer& sequencer, std::int64_t now_ns) {
  hole_changes_ = sequencer.hole_changes();
  next_ns_ = kNoDeadline;
  outgoing_.clear();
  kept_.clear();
  next_asked_ = 0;
  crowded_ = false;
  if (!(sequencer.session() == session_)) {
    session_ = sequencer.session();
    asked_.clear();
  }
  sequencer.for_each_hole_since(
      [&](const GapRange& hole, std::int64_t since_ns) { look_at_hole(hole, since_ns, now_ns); });
  asked_.swap(kept_);
  if (crowded_ && asked_.size() < config_.max_ranges) next_ns_ = std::min(next_ns_, now_ns);
  counters_.ranges.set(asked_.size());
}

void Recovery::look_at_hole(const GapRange& hole, std::int64_t since_ns, std::int64_t now_ns) {
  const std::int64_t due_ns = later(since_ns, config_.first_delay_ns);
  std::size_t in_hole = asked_in(hole);
  for (std::uint64_t at = hole.first; at < hole.last_exclusive;) {
    while (next_asked_ < asked_.size() && asked_[next_asked_].range.last_exclusive <= at) {
      ++next_asked_;  // it is closed
    }
    const bool is_asked = next_asked_ < asked_.size() && asked_[next_asked_].range.first <= at;
    if (is_asked) {
      const Asked& asked = asked_[next_asked_];
      const GapRange left{at, std::min(asked.range.last_exclusive, hole.last_exclusive)};
      if (keep(asked, left, now_ns)) {
        at = left.last_exclusive;
        continue;
      }
      --in_hole;
      asked_[next_asked_].range.first = left.last_exclusive;  // of a next hole, if anything
      if (left.last_exclusive == asked.range.last_exclusive) ++next_asked_;
    }
    std::uint64_t stop = hole.last_exclusive;
    if (next_asked_ < asked_.size()) stop = std::min(stop, asked_[next_asked_].range.first);
    if (now_ns < due_ns) {
      next_ns_ = std::min(next_ns_, due_ns);
      at = stop;
    } else {
      at = ask_new({at, stop}, in_hole, now_ns);
    }
  }
}

bool Recovery::keep(Asked asked, const GapRange& left, std::int64_t now_ns) {
  const bool shrunk = left.count() < asked.range.count();
  if (asked.answered && shrunk) return false;
  asked.range = left;
  asked.answered = false;
  if (now_ns >= asked.next_ns && !asked.is_exhausted()) {
    if (!asked.silent) note_silence(asked);
    asked.silent = true;
    if (asked.attempts >= config_.attempts) {
      counters_.exhausted.add(1);
      asked.next_ns = kNoDeadline;
    } else if (has_token(now_ns)) {
      asked.place = (asked.place + 1) % static_cast<std::uint32_t>(config_.servers);
      send_request(asked, now_ns);
    }
  }
  keep_asked(asked, now_ns);
  return true;
}

void Recovery::keep_asked(const Asked& asked, std::int64_t now_ns) {
  if (asked.next_ns > now_ns) next_ns_ = std::min(next_ns_, asked.next_ns);
  if (kept_.size() < kept_.capacity()) kept_.push_back(asked);
}

// Returns where to go on: behind what was asked for, or behind all of `part` if it has to wait.
std::uint64_t Recovery::ask_new(const GapRange& part, std::size_t& in_hole, std::int64_t now_ns) {
  if (in_hole >= config_.max_ranges_per_hole) return part.last_exclusive;
  if (!has_token(now_ns) || !make_room(part.first)) return part.last_exclusive;
  const std::uint64_t count =
      std::min<std::uint64_t>(part.count(), config_.max_messages_per_request);
  Asked asked{.range = {part.first, part.first + count}, .place = preferred_};
  send_request(asked, now_ns);
  keep_asked(asked, now_ns);
  ++in_hole;
  return asked.range.last_exclusive;
}

bool Recovery::make_room(std::uint64_t first) {
  if (kept_.size() + (asked_.size() - next_asked_) < config_.max_ranges) return true;
  if (next_asked_ == asked_.size()) return false;
  const Asked& highest = asked_.back();
  if (highest.range.first <= first || !highest.met_silence()) {
    crowded_ = true;
    return false;
  }
  asked_.pop_back();
  return true;
}

std::size_t Recovery::asked_in(const GapRange& hole) const noexcept {
  std::size_t count = 0;
  for (std::size_t at = next_asked_;
       at < asked_.size() && asked_[at].range.first < hole.last_exclusive; ++at) {
    if (asked_[at].range.last_exclusive > hole.first) ++count;
  }
  return count;
}

void Recovery::note_silence(const Asked& asked) noexcept {
  Server& server = servers_[order_[asked.place]];
  server.counters.timeouts.add(1);
  counters_.timeouts.add(1);
  const bool is_mute = server.last_answer_ns < asked.sent_ns;
  if (asked.place == preferred_ && is_mute) {
    preferred_ = (preferred_ + 1) % static_cast<std::uint32_t>(config_.servers);
  }
}

// Requires: has_token(now_ns).
void Recovery::send_request(Asked& asked, std::int64_t now_ns) {
  full_at_ns_ = later(std::max(full_at_ns_, now_ns), interval_ns_);
  ++asked.attempts;
  asked.silent = false;
  asked.sent_ns = now_ns;
  asked.next_ns = std::min(later(now_ns, wait_of(asked.attempts)), kNoDeadline - 1);

  const auto servers = static_cast<std::uint32_t>(config_.servers);
  const std::uint32_t halvings = std::min(std::max(asked.attempts, servers) - servers, 16U);
  const std::uint64_t count = std::max<std::uint64_t>(asked.range.count() >> halvings, 1);
  const std::uint32_t server = order_[asked.place];
  Outgoing& request = outgoing_.emplace_back();
  request.server = server;
  codec::moldudp64::write_request(request.bytes, {.session = session_,
                                                  .first = asked.range.last_exclusive - count,
                                                  .count = static_cast<std::uint16_t>(count)});
  servers_[server].counters.requests.add(1);
  counters_.requests.add(1);
  counters_.request_bytes.add(request.bytes.size());
}

std::int64_t Recovery::wait_of(std::uint32_t attempts) const noexcept {
  std::int64_t wait_ns = config_.resend_ns;
  for (std::uint32_t doubled = 1; doubled < attempts && wait_ns < config_.max_resend_ns;
       ++doubled) {
    wait_ns = later(wait_ns, wait_ns);
  }
  return std::min(wait_ns, config_.max_resend_ns);
}

// A bucket of `burst` tokens, one more every interval: full at full_at_ns_, and each request moves
// that on by an interval.
bool Recovery::has_token(std::int64_t now_ns) noexcept {
  const std::int64_t depth_ns = interval_ns_ * std::int64_t{config_.burst};
  full_at_ns_ = std::min(full_at_ns_, later(now_ns, depth_ns));  // the clock may have gone back
  if (full_at_ns_ <= now_ns) return true;
  const std::int64_t over_ns = full_at_ns_ - now_ns - (depth_ns - interval_ns_);
  if (over_ns <= 0) return true;
  counters_.limited.add(1);
  next_ns_ = std::min(next_ns_, later(now_ns, over_ns));
  return false;
}

}  // namespace tapeline::net
