#include "app/resend.hpp"

#include <algorithm>
#include <exception>
#include <thread>
#include <utility>

#include "app/config.hpp"
#include "app/stop_signal.hpp"
#include "codec/bytes.hpp"

namespace tapeline {

namespace {

using codec::capture::Address;
using codec::capture::Endpoint;
using net::SourceState;

constexpr std::int64_t kLookInterval = 200'000'000;
constexpr std::chrono::microseconds kSilencePause{50};
constexpr std::size_t kMaxQueued = 256;  // packets that wait for one call, at a pace

// Two buffers for each file, which may hold one while it fills another, and some for the merged
// one.
[[nodiscard]] pool::PoolConfig buffer_config(std::size_t files) {
  return {.buffer_count = static_cast<std::uint32_t>(2 * files + 4),
          .overflow_buffers = 0,
          .growth_thread = false,
          .threads = 1,
          .huge_pages = false};
}

[[nodiscard]] bool is_multicast(const Address& address) noexcept {
  return address.is_ipv4() ? address.ipv4() >> 28U == 0xE : address.high >> 56U == 0xFF;
}

[[nodiscard]] bool is_loopback(const Address& address) noexcept {
  if (address.is_ipv4()) return address.ipv4() >> 24U == 127;
  return address.high == 0 && address.low == 1;
}

// Where the datagram went, out of its headers.
[[nodiscard]] Endpoint destination_of(const net::Packet& packet) noexcept {
  const std::byte* const ip = packet.datagram;
  const auto port = codec::load_be<std::uint16_t>(ip + packet.payload_offset - 6);
  if (std::to_integer<unsigned>(ip[0]) >> 4U == 4) {
    return {Address::from_ipv4(codec::load_be<std::uint32_t>(ip + 16)), port};
  }
  return {{codec::load_be<std::uint64_t>(ip + 24), codec::load_be<std::uint64_t>(ip + 32)}, port};
}

[[nodiscard]] net::UdpSenderConfig sender_config(const Endpoint& endpoint,
                                                 const ResendOptions& options) {
  net::UdpSenderConfig config;
  config.address = endpoint.address.text();
  config.port = endpoint.port;
  config.hops = options.hops;
  config.interface = options.interface;
  if (config.interface.empty() && is_multicast(endpoint.address)) config.interface = "lo";
  return config;
}

}  // namespace

// A socket and what waits for it.
struct Resend::Target {
  Target(const Endpoint& to, const ResendOptions& options)
      : endpoint{to}, sender{sender_config(to, options)} {}

  Endpoint endpoint;
  net::UdpSender sender;
  std::vector<std::span<const std::byte>> queued;
};

Resend::Resend(std::vector<std::string> files, ResendOptions options)
    : files_{std::move(files)},
      options_{std::move(options)},
      buffers_{buffer_config(files_.size())},
      input_{files_, options_.input, buffers_},
      pacer_{options_.speed} {
  if (input_.kind() == net::CaptureKind::json_lines) {
    throw ConfigError{"--to: JSON lines are no packets of a network"};
  }
  try {
    for (const ResendRoute& route : options_.routes) {
      if (route.target) static_cast<void>(target_of(*route.target));
    }
  } catch (const std::exception& error) {
    throw ConfigError{std::string{"--to: "} + error.what()};
  }
}

Resend::~Resend() = default;

void Resend::run() {
  started_ns_ = last_look_ns_ = pacer_.now_ns();
  while (!interrupted_) {
    const net::PacketBatch batch = input_.next();
    if (!batch.empty()) {
      if (first_time_ == 0) first_time_ = batch.packets().front().rx_time;
      if (pacer_.is_paced()) {
        send_paced(batch.packets());
      } else {
        send(batch.packets());
      }
    } else if (input_.state() == SourceState::would_block) {
      std::this_thread::sleep_for(kSilencePause);
    } else {
      break;
    }
    look_up();
  }
  elapsed_seconds_ = static_cast<double>(pacer_.now_ns() - started_ns_) * 1e-9;
}

void Resend::send(std::span<const net::Packet> packets) {
  for (const net::Packet& packet : packets) queue(packet);
  last_time_ = packets.back().rx_time;
  flush();
}

void Resend::send_paced(std::span<const net::Packet> packets) {
  std::int64_t now = pacer_.now_ns();
  for (const net::Packet& packet : packets) {
    const std::int64_t due = pacer_.due_of(packet.rx_time);
    if (due > now || queued_due_.size() == kMaxQueued) {
      flush();
      interrupted_ = !pacer_.wait_until(due);
      look_up();  // a batch may hold hours
      if (interrupted_) return;
      now = pacer_.now_ns();
    }
    queued_due_.push_back(due);
    last_time_ = packet.rx_time;
    queue(packet);
  }
  flush();
}

void Resend::queue(const net::Packet& packet) {
  if (packet.lost_bytes != 0) {
    ++cut_;
    return;
  }
  const Endpoint captured = destination_of(packet);
  if (last_known_ >= known_.size() || known_[last_known_].count.captured != captured) {
    const auto known = std::find_if(known_.begin(), known_.end(), [&captured](const Known& other) {
      return other.count.captured == captured;
    });
    last_known_ = static_cast<std::size_t>(known - known_.begin());
    if (known == known_.end() && !meet(captured)) {
      ++unrouted_;
      return;
    }
  }
  Known& known = known_[last_known_];
  ++known.count.packets;
  known.count.bytes += packet.payload_bytes;
  if (known.target == nullptr) {
    ++unrouted_;
    return;
  }
  known.target->queued.push_back(packet.payload());
}

// Notes a captured destination at last_known_. Returns false if there are too many.
bool Resend::meet(const Endpoint& captured) {
  if (known_.size() == kMaxDestinations) return false;
  Known known;
  known.count.captured = captured;
  if (const auto to = route(captured)) {
    try {
      known.target = &target_of(*to);
      known.count.target = to;
    } catch (const std::exception& error) {
      refusals_.push_back(to->text() + ": " + error.what());
    }
  }
  last_known_ = known_.size();
  known_.push_back(known);
  return true;
}

bool Resend::may_send_as_captured(const Endpoint& to) noexcept {
  return to.port != 0 && (is_multicast(to.address) || is_loopback(to.address));
}

std::optional<Endpoint> Resend::route(const Endpoint& captured) const {
  for (const ResendRoute& route : options_.routes) {
    if (route.captured && *route.captured != captured) continue;
    if (route.target) return route.target;
    return may_send_as_captured(captured) ? std::optional{captured} : std::nullopt;
  }
  return std::nullopt;
}

Resend::Target& Resend::target_of(const Endpoint& endpoint) {
  for (const auto& target : targets_) {
    if (target->endpoint == endpoint) return *target;
  }
  targets_.push_back(std::make_unique<Target>(endpoint, options_));
  return *targets_.back();
}

void Resend::flush() {
  for (const auto& target : targets_) {
    if (target->queued.empty()) continue;
    target->sender.send(target->queued);
    target->queued.clear();
  }
  if (queued_due_.empty()) return;
  const std::int64_t now = pacer_.now_ns();
  for (const std::int64_t due : queued_due_) pacer_.note_late(now - due);
  queued_due_.clear();
}

void Resend::look_up() {
  interrupted_ = interrupted_ || stop_requested();
  const std::int64_t now = pacer_.now_ns();
  if (!report_ || now - last_look_ns_ < kLookInterval) return;
  last_look_ns_ = now;
  report_({.bytes_read = input_.bytes_read(),
           .bytes_total = input_.bytes_total(),
           .done = packets(),
           .elapsed_seconds = static_cast<double>(now - started_ns_) * 1e-9,
           .captured_seconds = captured_seconds()});
}

double Resend::captured_seconds() const noexcept {
  return (static_cast<double>(last_time_) - static_cast<double>(first_time_)) * 1e-9;
}

std::uint64_t Resend::packets() const noexcept {
  std::uint64_t sum = 0;
  for (const auto& target : targets_) sum += target->sender.counters().packets.get();
  return sum;
}

std::uint64_t Resend::bytes() const noexcept {
  std::uint64_t sum = 0;
  for (const auto& target : targets_) sum += target->sender.counters().bytes.get();
  return sum;
}

std::uint64_t Resend::errors() const noexcept {
  std::uint64_t sum = 0;
  for (const auto& target : targets_) sum += target->sender.counters().errors.get();
  return sum;
}

std::vector<ResendCount> Resend::counts() const {
  std::vector<ResendCount> counts;
  counts.reserve(known_.size());
  for (const Known& known : known_) counts.push_back(known.count);
  return counts;
}

}  // namespace tapeline
