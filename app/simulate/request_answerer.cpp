#include "app/simulate/request_answerer.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

#include "codec/moldudp64/decoder.hpp"

namespace tapeline::simulate {

namespace {

constexpr std::uint64_t kSecondNs = 1'000'000'000;

}  // namespace

RequestAnswerer::RequestAnswerer(RequestAnswererConfig config, const MessageStore& store,
                                 const ServerFaultPlan& faults, std::uint64_t seed,
                                 std::uint64_t start_ns)
    : config_{std::move(config)},
      store_{store},
      faults_{faults, seed},
      start_ns_{start_ns},
      tokens_{config_.rate * kSecondNs},
      tokens_at_ns_{start_ns},
      packet_(config_.packet_bytes),
      builder_{packet_} {
  assert(config_.rate > 0);
}

bool RequestAnswerer::is_peer(const codec::capture::Address& address) const noexcept {
  return !config_.peers ||
         std::find(config_.peers->begin(), config_.peers->end(), address) != config_.peers->end();
}

// A bucket of one second.
bool RequestAnswerer::take_token(std::uint64_t now_ns) noexcept {
  const std::uint64_t full = config_.rate * kSecondNs;
  const std::uint64_t passed = std::min(now_ns - tokens_at_ns_, kSecondNs);
  tokens_ = std::min(tokens_ + passed * config_.rate, full);
  tokens_at_ns_ = now_ns;
  if (tokens_ < kSecondNs) return false;
  tokens_ -= kSecondNs;
  return true;
}

std::span<const std::byte> RequestAnswerer::answer(std::span<const std::byte> request,
                                                   const codec::capture::Address& peer,
                                                   std::uint64_t now_ns) {
  const auto refuse = [](pool::Counter& why) -> std::span<const std::byte> {
    why.add();
    return {};
  };
  counters_.requests.add();
  if (!is_peer(peer)) return refuse(counters_.refused_peers);
  const auto wanted = codec::moldudp64::parse_request(request);
  if (!wanted) return refuse(counters_.malformed);
  if (wanted->session != config_.session) return refuse(counters_.foreign);
  if (build(wanted->first, wanted->count) == 0) return refuse(counters_.not_held);
  const AnswerFate fate = faults_.draw(builder_.message_count(), now_ns - start_ns_);
  if (!fate.is_answered) return refuse(counters_.faults);
  if (!take_token(now_ns)) return refuse(counters_.over_rate);
  if (fate.most_messages < builder_.message_count()) build(wanted->first, fate.most_messages);

  const std::span<const std::byte> packet = builder_.finish();
  counters_.answers.add();
  counters_.messages.add(builder_.message_count());
  counters_.bytes.add(packet.size());
  if (builder_.message_count() < wanted->count) counters_.shortened.add();
  return packet;
}

std::uint16_t RequestAnswerer::build(std::uint64_t first, std::uint16_t count) {
  builder_.start(config_.session, first);
  const std::uint64_t end = first + count;
  bool has_room = true;
  while (has_room && builder_.next_sequence() < end) {
    const MessageRun run = store_.read(builder_.next_sequence());
    if (run.empty()) break;
    for (std::size_t at = 0; has_room && at < run.size() && builder_.next_sequence() < end; ++at) {
      has_room = builder_.try_add(run[at]);
    }
  }
  return builder_.message_count();
}

}  // namespace tapeline::simulate
