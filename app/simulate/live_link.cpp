#include "app/simulate/live_link.hpp"

#include <algorithm>
#include <array>
#include <ctime>
#include <stdexcept>
#include <string>

namespace tapeline::simulate {

namespace {

constexpr std::uint64_t kSecondNs = 1'000'000'000;

[[nodiscard]] std::uint64_t read_clock(clockid_t clock) noexcept {
  timespec now{};
  ::clock_gettime(clock, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * kSecondNs +
         static_cast<std::uint64_t>(now.tv_nsec);
}

}  // namespace

std::uint64_t SteadyClock::now_ns() noexcept { return read_clock(CLOCK_MONOTONIC); }

void SteadyClock::sleep_until(std::uint64_t ns) noexcept {
  const timespec until{static_cast<time_t>(ns / kSecondNs), static_cast<long>(ns % kSecondNs)};
  ::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr);
}

LiveLink::LiveLink(std::span<const net::UdpSenderConfig> lines, const FrameFormat& format,
                   OutputFile* record)
    : format_{format}, record_{record} {
  for (const net::UdpSenderConfig& config : lines) {
    auto sender = std::make_unique<net::UdpSender>(config);
    const auto address = codec::capture::Address::from_text(config.address);
    LinePath path = make_path({address.value_or(codec::capture::Address{}), config.port},
                              static_cast<std::uint8_t>(lines_.size()));
    path.source.port = sender->local_port();
    lines_.push_back(Line{.sender = std::move(sender), .path = path});
  }
  if (record_ == nullptr) return;
  codec::capture::write_file_header(record_->reserve(codec::capture::kPcapHeaderBytes),
                                    format_.unit, codec::capture::LinkType::ethernet);
  record_->commit(codec::capture::kPcapHeaderBytes);
}

LiveLink::LiveLink(std::span<const net::UdpSenderConfig> lines, const FrameFormat& format,
                   OutputFile* record, const FaultPlan& faults, std::uint64_t seed)
    : LiveLink{lines, format, record} {
  if (!faults.touches_lines()) return;
  if (lines.size() > kMaxFaultLines) {
    throw std::runtime_error{"faults are for at most " + std::to_string(kMaxFaultLines) + " lines"};
  }
  faults_ = std::make_unique<FaultModel>(faults, seed, lines.size());
}

void LiveLink::send(std::span<const std::span<const std::byte>> packets) {
  if (!faults_) {
    for (Line& line : lines_) send_on(line, packets);
    return;
  }
  const std::uint64_t now_ns = SteadyClock::now_ns();
  if (start_ns_ == 0) start_ns_ = now_ns;
  for (std::size_t line = 0; line < lines_.size(); ++line) {
    for (const std::span<const std::byte> packet : packets) {
      faults_->send(line, packet, now_ns - start_ns_);
    }
  }
  send_due();
}

std::uint64_t LiveLink::next_due_ns() const noexcept {
  const std::uint64_t due = faults_ ? faults_->next_due_ns() : FaultModel::kNever;
  return due == FaultModel::kNever ? due : start_ns_ + due;
}

void LiveLink::send_due() {
  if (!faults_ || start_ns_ == 0) return;
  faults_->deliver_due(SteadyClock::now_ns() - start_ns_, [this](const Delivery& delivery) {
    add_pending(lines_[delivery.line], delivery.packet);
  });
  for (Line& line : lines_) send_pending(line);
}

void LiveLink::add_pending(Line& line, std::span<const std::byte> packet) {
  if (line.pending_count == kMaxPending) send_pending(line);
  if (line.pending_count == line.pending.size()) line.pending.emplace_back();
  line.pending[line.pending_count++].assign(packet.begin(), packet.end());
}

void LiveLink::send_pending(Line& line) {
  if (line.pending_count == 0) return;
  std::array<std::span<const std::byte>, kMaxPending> packets;
  std::copy_n(line.pending.begin(), line.pending_count, packets.begin());
  send_on(line, std::span{packets}.first(line.pending_count));
  line.pending_count = 0;
}

void LiveLink::send_on(Line& line, std::span<const std::span<const std::byte>> packets) {
  unsent_ += packets.size() - line.sender->send(packets);
  if (record_ == nullptr) return;
  for (const std::span<const std::byte> packet : packets) record(line, packet);
}

void LiveLink::record(Line& line, std::span<const std::byte> packet) {
  const auto time_ns = static_cast<std::int64_t>(read_clock(CLOCK_REALTIME));
  const std::size_t bytes = record_bytes(format_, line.path, packet.size());
  write_record(record_->reserve(bytes), format_, line.path, time_ns, line.identification++, packet);
  record_->commit(bytes);
}

}  // namespace tapeline::simulate
