#include "load.hpp"

#include <sched.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "codec/bytes.hpp"
#include "codec/itch/encoder.hpp"
#include "codec/moldudp64/encoder.hpp"

namespace tapeline::bench {

namespace {

namespace itch = codec::itch;

constexpr std::size_t kSequenceOffset = 10;
constexpr std::uint64_t kLongDelayNs = 1'000'000;
constexpr itch::Symbol kStock{std::array<char, 8>{'B', 'E', 'N', 'C', 'H', ' ', ' ', ' '}};

// Adds messages to a packet.
class Filler {
 public:
  explicit Filler(std::vector<std::byte>& packet) : packet_{packet} {}

  void add(std::size_t bytes) {
    std::array<std::byte, 2> length{};
    codec::store_be(length.data(), static_cast<std::uint16_t>(bytes));
    packet_.insert(packet_.end(), length.begin(), length.end());
    packet_.insert(packet_.end(), message_.begin(),
                   message_.begin() + static_cast<std::ptrdiff_t>(bytes));
    ++count_;
  }
  void order(itch::OrderRef ref) {
    add(itch::encode_add_order(message_, kPrefix, ref, 'B', 100, kStock, kPrice));
  }
  void removal(itch::OrderRef ref) { add(itch::encode_order_delete(message_, kPrefix, ref)); }
  void execution(itch::OrderRef ref) {
    add(itch::encode_order_executed(message_, kPrefix, ref, 10, kMatch));
  }
  void trade() { add(itch::encode_trade(message_, kPrefix, {}, 'B', 100, kStock, kPrice, kMatch)); }
  void cross() {
    add(itch::encode_cross_trade(message_, kPrefix, 100, kStock, kPrice, kMatch, 'I'));
  }
  void position() {
    add(itch::encode_market_participant_position(message_, kPrefix, {}, kStock, 'Y', 'N', 'A'));
  }
  // 180 bytes.
  void group() {
    constexpr itch::OrderRef kRef{77};
    order(kRef);
    execution(kRef);
    trade();
    cross();
    removal(kRef);
  }

  [[nodiscard]] std::uint16_t count() const noexcept { return count_; }

 private:
  static constexpr itch::Prefix kPrefix{itch::Locate{1}, 0, 34'200'000'000'000};
  static constexpr itch::Price4 kPrice = 1'000'000;
  static constexpr itch::MatchNumber kMatch{5};
  std::vector<std::byte>& packet_;
  std::array<std::byte, itch::kMaxMessageBytes> message_{};
  std::uint16_t count_ = 0;
};

}  // namespace

std::uint64_t steady_ns() noexcept {
  return static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
}

void pin_to(unsigned index) noexcept {
  if (index >= std::thread::hardware_concurrency()) return;
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(index, &set);
  static_cast<void>(::sched_setaffinity(0, sizeof set, &set));
}

Load::Load(Kind kind, std::uint16_t port)
    : sender_{net::UdpSenderConfig{.address = "127.0.0.1", .port = port}} {
  build(kind);
}

void Load::build(Kind kind) {
  for (std::size_t slot = 0; slot < kMaxBurst; ++slot) {
    std::vector<std::byte>& packet = packets_[slot];
    packet.resize(codec::moldudp64::kHeaderBytes);
    Filler filler{packet};
    switch (kind) {
      case Kind::single_message:
        slot % 2 == 0 ? filler.order(itch::OrderRef{7}) : filler.removal(itch::OrderRef{7});
        break;
      case Kind::bytes_200: filler.group(); break;
      case Kind::bytes_1400:
        for (int i = 0; i < 7; ++i) filler.group();
        filler.trade();
        filler.trade();
        filler.position();
        break;
    }
    messages_per_packet_ = filler.count();
    codec::moldudp64::write_header(
        packet, {codec::moldudp64::Session::from_text("BENCH"), 0, messages_per_packet_});
  }
}

void Load::number(std::size_t slot) noexcept {
  codec::store_be(packets_[slot].data() + kSequenceOffset, next_sequence_);
  next_sequence_ += messages_per_packet_;
}

Load::Sent Load::send(double packets_per_second, double seconds, std::size_t burst) {
  burst = std::clamp<std::size_t>(burst, 1, kMaxBurst);
  std::array<std::span<const std::byte>, kMaxBurst> views;
  const double interval_ns = 1e9 * static_cast<double>(burst) / packets_per_second;
  const std::uint64_t start = steady_ns();
  const auto end = start + static_cast<std::uint64_t>(seconds * 1e9);
  double due = static_cast<double>(start);
  Sent sent;
  std::uint64_t now = start;
  for (std::size_t slot = 0; now < end; now = steady_ns()) {
    if (static_cast<double>(now) < due) continue;
    if (static_cast<double>(now) > due + static_cast<double>(kLongDelayNs)) {
      due = static_cast<double>(now);
    }
    due += interval_ns;
    for (std::size_t i = 0; i < burst; ++i, slot = (slot + 1) % kMaxBurst) {
      number(slot);
      views[i] = packets_[slot];
    }
    const std::size_t taken = sender_.send(std::span{views}.first(burst));
    sent.packets += taken;
    sent.refused += burst - taken;
  }
  sent.seconds = static_cast<double>(steady_ns() - start) * 1e-9;
  return sent;
}

}  // namespace tapeline::bench
