#include "app/udp_input.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "app/channel_status.hpp"
#include "app/config_feeds.hpp"

namespace tapeline {

namespace {

constexpr std::int64_t kNanosPerMilli = 1'000'000;
// Reads of one line when the channel stops: more than any receive buffer holds.
constexpr int kDrainReads = 100'000;
constexpr std::chrono::milliseconds kDrainTime{500};

[[nodiscard]] std::int64_t steady_nanos() noexcept {
  return std::chrono::steady_clock::now().time_since_epoch().count();
}

[[nodiscard]] net::UnixNanos unix_nanos() noexcept {  // the clock of the kernel's time stamps
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

[[nodiscard]] net::UdpSourceConfig source_config(const ChannelConfig& channel) {
  net::UdpSourceConfig result;
  for (const LineConfig& line : channel.lines) {
    result.lines.push_back({.name = line.name,
                            .address = line.group,
                            .port = line.port,
                            .interface = line.interface,
                            .sources = line.sources,
                            .servers = {}});
  }
  if (!channel.recovery.servers.empty()) {
    net::UdpLineConfig& requests = result.lines.emplace_back();
    requests.name = "requests";
    for (const ServerConfig& server : channel.recovery.servers) {
      requests.servers.push_back({.address = server.address, .port = server.port});
    }
  }
  result.receive_buffer_bytes = channel.receive_buffer_bytes;
  result.max_datagram_bytes = channel.max_datagram_bytes;
  result.batch_packets = channel.batch_packets;
  result.gro = channel.udp_gro;
  return result;
}

[[nodiscard]] net::RecoveryConfig recovery_config(const RecoveryConfig& recovery) {
  net::RecoveryConfig result;
  result.servers = recovery.servers.size();
  result.first_delay_ns = recovery.first_delay_ms * kNanosPerMilli;
  result.resend_ns = recovery.resend_ms * kNanosPerMilli;
  result.max_resend_ns = recovery.resend_max_ms * kNanosPerMilli;
  result.attempts = recovery.attempts;
  result.max_messages_per_request = static_cast<std::uint16_t>(recovery.max_messages_per_request);
  result.max_requests_per_second = recovery.max_requests_per_second;
  result.seed = static_cast<std::uint64_t>(steady_nanos());
  return result;
}

}  // namespace

UdpInput::UdpInput(const ChannelConfig& config, Pipeline& pipeline,
                   net::UdpSource::SerializationPool& pool, Progress progress)
    : config_{config},
      pipeline_{pipeline},
      progress_{std::move(progress)},
      source_{source_config(config), pool},
      recovery_{recovery_config(config.recovery)},
      sink_{[this](net::PacketBatch&& batch) { on_batch(std::move(batch)); }},
      servers_(config.recovery.servers.size()) {}

void UdpInput::start(asio::io_context& io, bool spinning) {
  if (spinning) return;
  timer_ = std::make_unique<asio::steady_timer>(io);
  source_.start(io, sink_);
}

std::size_t UdpInput::poll_once() {
  const std::size_t batches = source_.poll_once(sink_);
  if (batches == 0) {
    const std::int64_t now = steady_nanos();
    if (next_deadline() <= now) on_timer(now);
  }
  return batches;
}

void UdpInput::on_batch(net::PacketBatch&& batch) {
  const std::int64_t now = steady_nanos();
  pipeline_.deliver(batch, now);
  if (!batch.empty()) latency_.record(unix_nanos() - batch.packets().front().rx_time);
  const bool by_request = !batch.empty() && batch.packets().front().line >= request_line();
  if (by_request) {
    for (const net::Packet& packet : batch.packets()) recovery_.on_reply(packet, now);
  }
  pipeline_.archive(std::move(batch));
  settle(now, by_request);
}

void UdpInput::on_timer(std::int64_t now_ns) {
  pipeline_.on_timer(now_ns);
  settle(now_ns, false);
}

void UdpInput::settle(std::int64_t now_ns, bool by_request) {
  const net::Sequencer& sequencer = pipeline_.sequencer();
  if (has_recovery()) {
    recovery_.poll(sequencer, now_ns,
                   [this](std::size_t server, std::span<const std::byte> request) {
                     source_.send_request(request_line(), server, request);
                   });
  }
  pipeline_.take_settled([this](const net::GapRange& range) { gaps_.forget(range); });
  if (!gaps_.is_idle(sequencer.hole_changes())) {
    gaps_.look(
        sequencer.hole_changes(), by_request, [&](auto&& fn) { sequencer.for_each_hole_since(fn); },
        [&](const net::GapRange& hole, std::int64_t since_ns) {
          pipeline_.events().note({.kind = ChannelEventKind::recovered,
                                   .first = hole.first,
                                   .last_exclusive = hole.last_exclusive,
                                   .nanos = now_ns - since_ns});
        });
    open_holes_.set(gaps_.open());
  }
  progress_();
  arm_timer();
}

std::int64_t UdpInput::next_deadline() const noexcept {
  const std::int64_t of_recovery =
      has_recovery() ? recovery_.next_deadline() : net::Recovery::kNoDeadline;
  return std::min(pipeline_.next_deadline(), of_recovery);
}

void UdpInput::arm_timer() {
  const std::int64_t deadline = next_deadline();
  if (timer_ == nullptr || deadline >= armed_for_) return;
  armed_for_ = deadline;
  timer_->expires_at(std::chrono::steady_clock::time_point{std::chrono::nanoseconds{deadline}});
  timer_->async_wait([this](const std::error_code& error) {
    if (error) return;
    armed_for_ = std::numeric_limits<std::int64_t>::max();
    const std::int64_t now = steady_nanos();
    if (next_deadline() <= now) return on_timer(now);
    arm_timer();
  });
}

void UdpInput::stop() {
  source_.stop();
  if (timer_ != nullptr) timer_->cancel();
}

// What arrived before the stop is received too. Bounded, since a sender may go on.
void UdpInput::finish() {
  for (std::size_t line = 0; line < source_.lines(); ++line) {
    const auto until = std::chrono::steady_clock::now() + kDrainTime / source_.lines();
    for (int reads = 0; reads < kDrainReads && std::chrono::steady_clock::now() < until; ++reads) {
      net::PacketBatch batch;
      const auto received = source_.receive(line, batch);
      if (received == net::UdpSource::Received::no_buffer) {
        std::this_thread::yield();
        continue;
      }
      if (received != net::UdpSource::Received::packets) break;
      if (batch.empty()) continue;
      pipeline_.deliver(batch, steady_nanos());
      pipeline_.archive(std::move(batch));
    }
  }
  refresh();
  pipeline_.finish(steady_nanos());
  open_holes_.set(0);
}

void UdpInput::refresh() {
  source_.refresh_kernel_drops();
  look_at_servers();
}

// A server is told to be silent when requests to it met silence and none was answered since the
// last look.
void UdpInput::look_at_servers() {
  for (std::size_t i = 0; i < servers_.size(); ++i) {
    const net::RecoveryServerCounters& counters = recovery_.server_counters(i);
    ServerWatch& server = servers_[i];
    const bool answered = counters.answers.get() != server.answers;
    const bool met_silence = counters.timeouts.get() != server.timeouts;
    server.answers = counters.answers.get();
    server.timeouts = counters.timeouts.get();
    const bool silent = answered ? false : (met_silence || server.silent);
    if (silent == server.silent) continue;
    server.silent = silent;
    pipeline_.events().note(
        {.kind = silent ? ChannelEventKind::server_silent : ChannelEventKind::server_answers,
         .index = static_cast<std::uint32_t>(i)});
  }
}

bool UdpInput::hold(const Session& /*of*/, std::int64_t now_ns) {
  const bool holds = pipeline_.hold_for_snapshot(now_ns);
  arm_timer();
  return holds;
}

void UdpInput::let_go(std::int64_t now_ns) {
  pipeline_.let_go(now_ns);
  arm_timer();
}

bool UdpInput::can_resume_at(std::uint64_t sequence) const {
  return pipeline_.sequencer().can_resume_at(sequence);
}

void UdpInput::resume_at(std::uint64_t sequence, std::int64_t now_ns) {
  pipeline_.resume_at(sequence, now_ns);
  settle(now_ns, false);
}

std::vector<ChannelInput::Note> UdpInput::describe() const {
  std::vector<Note> notes;
  for (std::size_t i = 0; i < config_.lines.size(); ++i) {
    const LineConfig& line = config_.lines[i];
    const std::uint32_t got = source_.receive_buffer_bytes(i);
    notes.push_back(
        {false,
         fmt::format("line {} listens on {}:{}{}{}, receive buffer {} bytes", line.name, line.group,
                     source_.port(i), line.interface.empty() ? "" : " on ", line.interface, got)});
    if (got >= config_.receive_buffer_bytes) continue;
    notes.push_back(
        {true, fmt::format("line {} asked for {} bytes of receive buffer and got {}: raise "
                           "net.core.rmem_max, or bursts will be lost in the kernel",
                           line.name, config_.receive_buffer_bytes, got)});
  }
  for (const ServerConfig& server : config_.recovery.servers) {
    notes.push_back({false, "re-requests go to " + server_text(server)});
  }
  return notes;
}

std::uint64_t UdpInput::packets() const {
  std::uint64_t sum = 0;
  for (std::size_t line = 0; line < source_.lines(); ++line) {
    sum += source_.counters(line).packets.get();
  }
  return sum;
}

std::uint64_t UdpInput::bytes() const {
  std::uint64_t sum = 0;
  for (std::size_t line = 0; line < source_.lines(); ++line) {
    sum += source_.counters(line).bytes.get();
  }
  return sum;
}

void UdpInput::read(status::ChannelStatus& channel) const {
  for (std::size_t i = 0; i < config_.lines.size(); ++i) {
    status::LineStatus line = read_line(pipeline_, i, &source_);
    line.name = config_.lines[i].name;
    line.group = config_.lines[i].group;
    line.port = source_.port(i);
    line.receive_buffer_asked_bytes = config_.receive_buffer_bytes;
    channel.lines.push_back(std::move(line));
  }
  channel.holes_open = open_holes_.get();
  channel.latency = read_histogram(latency_);
  for (std::size_t i = 0; i < config_.recovery.servers.size(); ++i) {
    const net::RecoveryServerCounters& counters = recovery_.server_counters(i);
    channel.recovery.push_back({.server = server_text(config_.recovery.servers[i]),
                                .requests = counters.requests.get(),
                                .answers = counters.answers.get(),
                                .timeouts = counters.timeouts.get(),
                                .answer_bytes = counters.answer_bytes.get()});
  }
  if (!has_recovery()) return;
  const net::RecoveryCounters& recovery = recovery_.counters();
  const net::UdpLineCounters& line = source_.counters(request_line());
  channel.anomalies.push_back({"replies_not_asked_for", recovery.other_replies.get()});
  channel.anomalies.push_back({"requests_in_vain", recovery.exhausted.get()});
  channel.anomalies.push_back({"requests_slowed_down", recovery.limited.get()});
  channel.anomalies.push_back({"requests_not_sent", line.send_errors.get()});
  channel.anomalies.push_back({"replies_of_strangers", line.filtered.get()});
}

}  // namespace tapeline
