#pragma once

// Packets that leave in one call, copied into memory that is used again.
//
// Thread safety: none.

#include <array>
#include <cassert>
#include <cstddef>
#include <cstring>
#include <span>
#include <vector>

namespace tapeline::simulate {

class SendBatch {
 public:
  static constexpr std::size_t kMaxPackets = 64;

  explicit SendBatch(std::size_t packet_bytes)
      : packet_bytes_{packet_bytes}, memory_(packet_bytes * kMaxPackets) {}

  // Requires: !is_full() and packet.size() <= packet_bytes.
  void add(std::span<const std::byte> packet) noexcept {
    assert(!is_full() && packet.size() <= packet_bytes_);
    std::byte* const to = memory_.data() + count_ * packet_bytes_;
    std::memcpy(to, packet.data(), packet.size());
    packets_[count_++] = {to, packet.size()};
    bytes_ += packet.size();
  }

  void clear() noexcept { count_ = bytes_ = 0; }

  [[nodiscard]] bool is_full() const noexcept { return count_ == kMaxPackets; }
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }
  [[nodiscard]] std::span<const std::span<const std::byte>> packets() const noexcept {
    return std::span{packets_}.first(count_);
  }

 private:
  std::size_t packet_bytes_;
  std::vector<std::byte> memory_;
  std::array<std::span<const std::byte>, kMaxPackets> packets_{};
  std::size_t count_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace tapeline::simulate
