#include "app/simulate/live_link.hpp"

#include <ctime>

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

void LiveLink::send(std::span<const std::span<const std::byte>> packets) {
  for (Line& line : lines_) {
    unsent_ += packets.size() - line.sender->send(packets);
    if (record_ == nullptr) continue;
    for (const std::span<const std::byte> packet : packets) record(line, packet);
  }
}

void LiveLink::record(Line& line, std::span<const std::byte> packet) {
  const auto time_ns = static_cast<std::int64_t>(read_clock(CLOCK_REALTIME));
  const std::size_t bytes = record_bytes(format_, line.path, packet.size());
  write_record(record_->reserve(bytes), format_, line.path, time_ns, line.identification++, packet);
  record_->commit(bytes);
}

}  // namespace tapeline::simulate
