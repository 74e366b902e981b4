#pragma once

// A record in an archive that messages were lost: a skippable zstd frame (RFC 8878, 3.1.2), which
// every zstd steps over, so the packets around it read as if it were not there. Its content is one
// line of JSON:
//   {"lost":{"session":"TAPELINE01","first":100,"last":120,"time_ns":1767571200000000000}}
// `first` and `last` are the first and the last number that was lost.
//
// Thread safety: pure functions.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace tapeline::codec::archive {

struct LossNote {
  std::array<char, 10> session{};  // of the channel; any bytes
  std::uint64_t first = 0;
  std::uint64_t last_exclusive = 0;
  std::int64_t time_ns = 0;  // of the declaration, since 1970-01-01 UTC

  friend bool operator==(const LossNote&, const LossNote&) = default;
};

inline constexpr std::size_t kMaxLossFrameBytes = 256;

// Writes the whole frame and returns its length.
// Requires: out.size() >= kMaxLossFrameBytes, note.first < note.last_exclusive.
std::size_t write_loss_frame(std::span<std::byte> out, const LossNote& note) noexcept;

// Reads the frame at the start of `bytes`. Nothing unless it is whole and exactly as
// write_loss_frame() makes it: other skippable frames have other magic numbers or contents.
[[nodiscard]] std::optional<LossNote> read_loss_frame(std::span<const std::byte> bytes) noexcept;

}  // namespace tapeline::codec::archive
