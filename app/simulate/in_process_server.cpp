#include "app/simulate/in_process_server.hpp"

#include <algorithm>
#include <cassert>
#include <stdexcept>
#include <string>
#include <utility>

#include "codec/moldudp64/decoder.hpp"

namespace tapeline::simulate {

namespace moldudp64 = codec::moldudp64;

InProcessServers::InProcessServers(const InProcessServersConfig& config, std::uint64_t seed,
                                   std::int64_t start_ns)
    : store_{std::max(config.history_bytes, MessageStore::kMinHistoryBytes)} {
  Random seeds{~seed};
  for (const ServerFaultPlan& faults : config.faults) {
    RequestAnswererConfig answers;
    answers.session = config.session;
    answers.packet_bytes = config.answer_bytes;
    servers_.push_back(std::make_unique<RequestAnswerer>(
        std::move(answers), store_, faults, seeds.next(), static_cast<std::uint64_t>(start_ns)));
  }
}

void InProcessServers::publish(std::span<const std::byte> packet) {
  if (servers_.empty()) return;
  const moldudp64::ParsedHeader parsed = moldudp64::parse_header(packet);
  if (parsed.status != moldudp64::PacketStatus::ok) return;
  assert(parsed.header.sequence <= next_);
  if (parsed.header.sequence + parsed.header.count <= next_) return;
  const auto skip = static_cast<std::size_t>(next_ - parsed.header.sequence);
  [[maybe_unused]] const auto status = moldudp64::for_each_block(
      parsed.header, packet, skip,
      [this](std::uint64_t, std::span<const std::byte> message) { store_.append(message); });
  assert(status == moldudp64::PacketStatus::ok);
  next_ = parsed.header.sequence + parsed.header.count;
  store_.publish();
}

ServedRequest InProcessServers::take(std::size_t server, std::span<const std::byte> request,
                                     std::int64_t now_ns) {
  if (server >= servers_.size()) {
    throw std::logic_error{"a request to server " + std::to_string(server) + ", which is not"};
  }
  const auto wanted = moldudp64::parse_request(request);
  if (!wanted) throw std::logic_error{"a request that is none"};
  RequestAnswerer& answerer = *servers_[server];
  const auto packet = answerer.answer(request, {}, static_cast<std::uint64_t>(now_ns));
  if (packet.empty()) return {server, *wanted, 0};
  const auto delay_ns = static_cast<std::int64_t>(answerer.delay_ns());
  answers_.push_back({now_ns + delay_ns, order_++, server, {packet.begin(), packet.end()}});
  std::push_heap(answers_.begin(), answers_.end(), is_later);
  return {server, *wanted, moldudp64::parse_header(packet).header.count};
}

InProcessServers::Answer InProcessServers::take_first() {
  std::pop_heap(answers_.begin(), answers_.end(), is_later);
  Answer answer = std::move(answers_.back());
  answers_.pop_back();
  return answer;
}

}  // namespace tapeline::simulate
