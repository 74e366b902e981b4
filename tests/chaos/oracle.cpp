#include "tests/chaos/oracle.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#include "codec/bytes.hpp"

namespace tapeline::chaos {

namespace {

using codec::load_be;
using codec::PacketStatus;

constexpr std::size_t kHeader = 20;
constexpr std::uint64_t kHighestSequence = std::uint64_t{1} << 63U;  // larger ones are damage

[[nodiscard]] std::uint64_t sequence_of(std::span<const std::byte> packet) {
  return load_be<std::uint64_t>(packet.data() + 10);
}
[[nodiscard]] std::uint16_t count_of(std::span<const std::byte> packet) {
  return load_be<std::uint16_t>(packet.data() + 18);
}

// Reads a packet as slowly as the specification is written: fn(number, message) for each whole
// block. Not the decoder that is tested.
template <typename Fn>
[[nodiscard]] PacketStatus read_packet(std::span<const std::byte> packet, Fn&& fn) {
  if (packet.size() < kHeader) return PacketStatus::too_short;
  const std::uint64_t sequence = sequence_of(packet);
  const std::uint16_t count = count_of(packet);
  std::span<const std::byte> rest = packet.subspan(kHeader);
  if (count == 0) return rest.empty() ? PacketStatus::heartbeat : PacketStatus::trailing_bytes;
  if (count == 0xFFFF) {
    return rest.empty() ? PacketStatus::end_of_session : PacketStatus::end_of_session_with_payload;
  }
  if (sequence > kHighestSequence) return PacketStatus::sequence_overflow;
  for (std::uint64_t number = sequence; number < sequence + count; ++number) {
    if (rest.empty()) return PacketStatus::missing_blocks;
    if (rest.size() == 1) return PacketStatus::truncated_length;
    const std::size_t bytes = load_be<std::uint16_t>(rest.data());
    rest = rest.subspan(2);
    if (rest.size() < bytes) return PacketStatus::truncated_block;
    fn(number, rest.first(bytes));
    rest = rest.subspan(bytes);
  }
  return rest.empty() ? PacketStatus::ok : PacketStatus::trailing_bytes;
}

[[nodiscard]] std::string text_of(std::int64_t ns) { return std::to_string(ns) + " ns"; }

}  // namespace

Oracle::Oracle(const Scenario& scenario, const Tape& tape)
    : scenario_{scenario},
      tape_{tape},
      messages_(tape.size() + 2),
      lines_(scenario.lines.size() + scenario.servers.size()),
      start_{scenario.sequencer.first_expected},
      position_{scenario.sequencer.first_expected} {}

void Oracle::fail(const std::string& what) {
  if (failure_.empty()) failure_ = what + ", at " + text_of(now_ns_);
}

void Oracle::on_delivery(const simulate::Delivery& delivery, std::int64_t now_ns) {
  if (is_closed_) return;
  const PacketStatus status = take_packet(delivery.packet, delivery.line, now_ns);
  const bool is_good = delivery.kind == simulate::DeliveryKind::good ||
                       delivery.kind == simulate::DeliveryKind::foreign;
  const PacketStatus wanted =
      is_good ? PacketStatus::ok : simulate::decoder_status(delivery.malformed_kind);
  const bool is_signal =
      status == PacketStatus::heartbeat || status == PacketStatus::end_of_session;
  if (status != wanted && !(is_good && is_signal)) {
    fail("the fault model gave a packet that is " + std::string{to_string(status)} + " and not " +
         std::string{to_string(wanted)});
  }
}

void Oracle::on_answer(std::size_t server, std::span<const std::byte> packet, std::int64_t now_ns) {
  if (is_closed_) return;
  ++answers_;
  if (take_packet(packet, scenario_.lines.size() + server, now_ns) != PacketStatus::ok) {
    fail("a server answered with a bad packet");
  }
}

void Oracle::on_request(const simulate::ServedRequest& served, std::int64_t now_ns) {
  now_ns_ = now_ns;
  ++totals_.requests;
  const auto& request = served.request;
  if (!(request.session == kSession)) fail("a request for another session");
  if (request.first + request.count > named_end_) {
    return fail("a request for messages that nobody named");
  }
  for (std::uint64_t number = request.first; number < request.first + request.count; ++number) {
    Message& message = messages_[number];
    message.asked |= 1U << served.server;
    if (served.answered != 0 && number >= request.first + served.answered) {
      message.asked_anew = true;
    }
    if (message.state != State::open || message.came_ns != kNot) {
      return fail("a request for message " + std::to_string(number) + ", which is not missing");
    }
  }
}

PacketStatus Oracle::take_packet(std::span<const std::byte> packet, std::size_t line,
                                 std::int64_t now_ns) {
  now_ns_ = now_ns;
  ++packets_;
  packet_line_ = static_cast<std::uint16_t>(line);
  ++lines_[line].packets;
  lines_[line].bytes += packet.size();
  const auto nothing = [](std::uint64_t, std::span<const std::byte>) {};
  const PacketStatus status = read_packet(packet, nothing);
  const bool has_bad_header = status == PacketStatus::too_short ||
                              status == PacketStatus::end_of_session_with_payload ||
                              status == PacketStatus::sequence_overflow ||
                              (status == PacketStatus::trailing_bytes && count_of(packet) == 0);
  if (has_bad_header) {
    ++malformed_[static_cast<std::size_t>(status)];
    return status;
  }
  if (sequence_of(packet) == 0) {
    ++unsequenced_;
    return status;
  }
  if (std::memcmp(packet.data(), kSession.bytes.data(), kSession.bytes.size()) != 0) {
    if (start_ == 0 || !has_session_) fail("the fault model began with a foreign packet");
    ++foreign_;
    return status;
  }
  has_session_ = true;
  if (start_ == 0) start_ = position_ = sequence_of(packet);
  if (codec::is_malformed(status)) ++malformed_[static_cast<std::size_t>(status)];
  if (status == PacketStatus::heartbeat || status == PacketStatus::end_of_session) {
    ++(status == PacketStatus::heartbeat ? heartbeats_ : ends_);
    Message& next = messages_[sequence_of(packet)];
    if (next.announced_ns == kNot) next.announced_ns = now_ns;
    know_up_to(sequence_of(packet), now_ns);
    packet_end_ = sequence_of(packet);
  } else {
    take_blocks(packet, line, now_ns);
  }
  return status;
}

void Oracle::take_blocks(std::span<const std::byte> packet, std::size_t line, std::int64_t now_ns) {
  static_cast<void>(
      read_packet(packet, [&](std::uint64_t number, std::span<const std::byte> bytes) {
        if (number > tape_.size()) return fail("the fault model forged a number");
        const bool is_true = std::ranges::equal(bytes, tape_.message(number));
        Message& message = messages_[number];
        know_up_to(number + 1, now_ns);
        packet_end_ = number + 1;
        if (message.came_ns != kNot || number < start_) {
          ++lines_[line].again;
          if (message.came_ns != kNot && !is_true) ++conflicts_;
        } else if (message.state == State::lost) {
          ++late_copies_;
          message.came_late = true;
          message.late_packet = packets_;
        } else if (!is_true) {
          fail("the fault model forged message " + std::to_string(number));
        } else {
          message.came_ns = now_ns;
          message.came_on = static_cast<std::uint16_t>(line);
        }
      }));
}

void Oracle::know_up_to(std::uint64_t end, std::int64_t now_ns) {
  for (; known_end_ < end; ++known_end_) messages_[known_end_].known_ns = now_ns;
  named_end_ = std::max(named_end_, known_end_);
}

void Oracle::on_session(const codec::moldudp64::Session& session, std::uint64_t sequence) {
  if (!(session == kSession)) return fail("a foreign session was adopted");
  if (++sessions_ > 1) return fail("the session was adopted twice");
  if (sequence != start_) {
    fail("the session begins with " + std::to_string(sequence) + " and not with " +
         std::to_string(start_));
  }
}

void Oracle::on_message(std::uint64_t sequence, std::span<const std::byte> bytes,
                        std::size_t line) {
  while (position_ < messages_.size() && messages_[position_].state == State::delivered) {
    ++position_;
  }
  if (sequence != position_ || sequence > tape_.size()) {
    return fail("message " + std::to_string(sequence) + " was delivered, the next one is " +
                std::to_string(position_));
  }
  Message& message = messages_[sequence];
  if (!std::ranges::equal(bytes, tape_.message(sequence))) {
    fail("message " + std::to_string(sequence) + " was delivered with other bytes");
  }
  if (message.came_ns == kNot) {
    fail("message " + std::to_string(sequence) + " was delivered but never came");
  } else if (message.came_on != line) {
    fail("message " + std::to_string(sequence) + " was delivered from line " +
         std::to_string(line) + " but came first on " + std::to_string(message.came_on));
  }
  message.state = State::delivered;
  message.delivered_ns = now_ns_;
  ++lines_[line].won;
  ++totals_.delivered;
  position_ = sequence + 1;
}

void Oracle::on_gap(const net::GapRange& gap, std::uint64_t hold_overflows) {
  const std::string name =
      "[" + std::to_string(gap.first) + ", " + std::to_string(gap.last_exclusive) + ")";
  ++gaps_;
  if (is_finishing_) fail(name + " was still open when everything was over");
  while (position_ < messages_.size() && messages_[position_].state == State::delivered) {
    ++position_;
  }
  if (gap.first != position_ || gap.last_exclusive <= gap.first ||
      gap.last_exclusive > known_end_) {
    return fail(name + " was declared lost, the next message is " + std::to_string(position_) +
                ", and those below " + std::to_string(known_end_) + " are known of");
  }
  for (std::uint64_t number = gap.first; number < gap.last_exclusive; ++number) {
    Message& message = messages_[number];
    if (message.state != State::open) fail(name + " was declared lost, but not all of it was open");
    if (message.came_ns != kNot) {
      fail("message " + std::to_string(number) + " was declared lost, but it had come at " +
           text_of(message.came_ns));
    }
    message.state = State::lost;
    ++totals_.lost;
  }
  if (hold_overflows == overflows_ && totals_.resyncs == 0) check_time_of(gap);
  if (hold_overflows != overflows_ && scenario_.kind != Kind::cramped) {
    fail("there was no room to hold a packet");
  }
  overflows_ = hold_overflows;
  last_declared_ns_ = now_ns_;
  position_ = gap.last_exclusive;
}

void Oracle::check_time_of(const net::GapRange& gap) {
  const std::string name =
      "[" + std::to_string(gap.first) + ", " + std::to_string(gap.last_exclusive) + ")";
  const std::int64_t patience_ns = scenario_.patience_ns();
  std::int64_t begin_ns = kNot;
  for (std::uint64_t number = gap.first; number < gap.last_exclusive; ++number) {
    begin_ns = std::max(begin_ns, messages_[number].known_ns);
  }
  if (now_ns_ < begin_ns + patience_ns) {
    fail(name + " was declared lost too early: it was known of at " + text_of(begin_ns));
  }
  if (scenario_.kind == Kind::cramped) return;
  const Message& behind = messages_[gap.last_exclusive];
  // Of announcements a receiver need not remember all; the message behind shows the hole in any
  // case.
  begin_ns = std::max(begin_ns, behind.came_ns != kNot ? behind.came_ns : behind.announced_ns);
  if (gap.first > start_) {
    begin_ns = std::max(begin_ns, messages_[gap.first - 1].delivered_ns);
  }
  const std::int64_t due_ns = std::max(begin_ns + patience_ns, last_declared_ns_);
  if (now_ns_ > due_ns) {
    fail(name + " was declared lost too late: it was due at " + text_of(due_ns));
  }
}

void Oracle::on_resync(std::uint64_t sequence) {
  ++totals_.resyncs;
  if (sequence >= position_) return fail("the position was moved ahead");
  for (std::uint64_t number = sequence; number < position_; ++number) {
    Message& message = messages_[number];
    if (message.state != State::lost) continue;
    message.state = State::open;
    message.came_late = false;
    --totals_.lost;
    if (message.late_packet != packets_) continue;
    message.came_ns = now_ns_;  // with the packet that showed it
    message.came_on = packet_line_;
  }
  // What came early and waits for its turn still shows that there is something in front of it.
  std::uint64_t still_known = packet_end_;
  for (std::uint64_t number = sequence; number < known_end_; ++number) {
    Message& message = messages_[number];
    message.known_ns = message.announced_ns = kNot;
    if (message.state == State::open && message.came_ns != kNot) still_known = number + 1;
  }
  known_end_ = sequence;
  know_up_to(std::max(still_known, packet_end_), now_ns_);
  position_ = sequence;
}

void Oracle::on_end_of_session() {
  if (ends_ == 0) fail("an end of session was told that nobody sent");
  for (std::uint64_t number = start_; number < known_end_; ++number) {
    if (messages_[number].state == State::open) {
      fail("the end was told, but message " + std::to_string(number) + " is open");
    }
  }
  ++ends_told_;
  is_closed_ = scenario_.has_foreign();
}

void Oracle::check_end_states() {
  for (std::uint64_t number = std::max<std::uint64_t>(start_, 1); number < messages_.size();
       ++number) {
    const Message& message = messages_[number];
    const bool is_known = start_ != 0 && number < known_end_;
    if (is_known && message.state == State::open) {
      fail("message " + std::to_string(number) + " was neither delivered nor declared lost");
    }
    if (!is_known && message.state == State::lost) {
      fail("message " + std::to_string(number) + " was declared lost, but nobody knows of it");
    }
    if (message.state == State::lost && message.came_late) ++totals_.came_late;
  }
  if (ends_ > 0 && ends_told_ == 0) fail("the end of the session was not told");
  if (scenario_.kind == Kind::recoverable && totals_.lost > 0) {
    fail(std::to_string(totals_.lost) + " messages were declared lost, but a server has them");
  }
  if (scenario_.kind == Kind::lines_only && totals_.came_late > 0) {
    fail(std::to_string(totals_.came_late) + " messages were declared lost, but came");
  }
}

// Each server was asked for it, if there was time and if there are attempts enough.
void Oracle::check_asked() {
  if (!scenario_.asks_freely || totals_.resyncs > 0) return;
  const net::RecoveryConfig& recovery = scenario_.recovery;
  const std::uint64_t most = std::min<std::uint64_t>(recovery.attempts, recovery.servers);
  std::uint64_t times = 0;
  std::int64_t wait_ns = recovery.resend_ns;
  for (std::int64_t at_ns = recovery.first_delay_ns;
       times < most && at_ns < scenario_.patience_ns(); ++times) {
    at_ns += wait_ns;
    wait_ns = std::min(2 * wait_ns, recovery.max_resend_ns);
  }
  for (std::uint64_t number = std::max<std::uint64_t>(start_, 1); number < known_end_; ++number) {
    const Message& message = messages_[number];
    const auto asked = static_cast<std::uint64_t>(std::popcount(message.asked));
    if (message.state != State::lost || message.asked_anew || asked >= times) continue;
    fail("message " + std::to_string(number) + " was declared lost after " + std::to_string(asked) +
         " servers were asked, and there was time for " + std::to_string(times));
  }
}

void Oracle::expect_equal(std::uint64_t counter, std::uint64_t book, const std::string& name) {
  if (counter != book) {
    fail(name + " is " + std::to_string(counter) + ", and should be " + std::to_string(book));
  }
}

void Oracle::check_counters(const net::Sequencer& sequencer, const net::Recovery& recovery) {
  const net::SequencerCounters& counters = sequencer.counters();
  std::uint64_t again = 0;
  for (std::size_t line = 0; line < lines_.size(); ++line) {
    const net::LineCounters& of_line = sequencer.line_counters(line);
    const std::string name = "of line " + std::to_string(line) + ": ";
    expect_equal(of_line.packets.get(), lines_[line].packets, name + "packets");
    expect_equal(of_line.bytes.get(), lines_[line].bytes, name + "bytes");
    expect_equal(of_line.messages_won.get(), lines_[line].won, name + "messages_won");
    again += lines_[line].again;
    if (totals_.lost > 0 || late_copies_ > 0) continue;
    expect_equal(of_line.duplicates.get(), lines_[line].again, name + "duplicates");
  }
  expect_equal(counters.messages.get(), totals_.delivered, "messages");
  expect_equal(counters.messages_lost.get(), totals_.lost, "messages_lost");
  expect_equal(counters.gaps.get(), gaps_, "gaps");
  expect_equal(counters.resyncs.get(), totals_.resyncs, "resyncs");
  // A packet that shows that the position was wrong was late and is in time after all; and what
  // came before it is no longer compared.
  if (totals_.resyncs == 0) {
    expect_equal(counters.duplicates.get() + counters.late.get(), again + late_copies_,
                 "duplicates + late");
    expect_equal(counters.conflicts.get(), conflicts_, "conflicts");
  }
  expect_equal(counters.heartbeats.get(), heartbeats_, "heartbeats");
  expect_equal(counters.ends_of_session.get(), ends_, "ends_of_session");
  expect_equal(counters.foreign.get(), foreign_, "foreign");
  expect_equal(counters.unsequenced_dropped.get(), unsequenced_, "unsequenced_dropped");
  expect_equal(counters.unsequenced.get(), 0, "unsequenced");
  expect_equal(counters.held.get(), 0, "held");
  for (std::size_t status = 0; status < malformed_.size(); ++status) {
    expect_equal(counters.malformed[status].get(), malformed_[status],
                 "malformed." + std::string{to_string(static_cast<PacketStatus>(status))});
  }
  expect_equal(recovery.counters().requests.get(), totals_.requests, "requests");
  expect_equal(recovery.counters().answers.get() + recovery.counters().other_replies.get(),
               answers_, "answers + other_replies");
}

void Oracle::finish(const net::Sequencer& sequencer, const net::Recovery& recovery) {
  check_end_states();
  check_asked();
  check_counters(sequencer, recovery);
}

}  // namespace tapeline::chaos
