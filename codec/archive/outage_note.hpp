#pragma once

// A record in an archive that packets are missing in front of it, because the disk failed or the
// archive thread fell behind: a skippable zstd frame (RFC 8878, 3.1.2), which every zstd steps
// over. Its content is one line of JSON:
//   {"missed":{"packets":1200,"first_time_ns":1767571200000000000,"last_time_ns":...}}
// and where the packets carried numbers, behind the times:
//   ,"session":"TAPELINE01","first":100,"last":5120
// Times and numbers are the smallest and largest of the missing packets. Between them may be some
// that are there, when one record stands for several outages.
//
// Thread safety: pure functions.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace tapeline::codec::archive {

struct OutageNote {
  std::uint64_t packets = 0;
  std::int64_t first_time_ns = 0;  // since 1970-01-01 UTC
  std::int64_t last_time_ns = 0;
  std::array<char, 10> session{};  // any bytes; of the first missing packet that had numbers
  std::uint64_t first = 0;
  std::uint64_t last_exclusive = 0;  // 0: no packet had numbers

  friend bool operator==(const OutageNote&, const OutageNote&) = default;
};

inline constexpr std::size_t kMaxOutageFrameBytes = 320;

// Writes the whole frame and returns its length.
// Requires: out.size() >= kMaxOutageFrameBytes; first < last_exclusive unless there are no numbers.
std::size_t write_outage_frame(std::span<std::byte> out, const OutageNote& note) noexcept;

// Reads the frame at the start of `bytes`. Nothing unless it is whole and exactly as
// write_outage_frame() makes it.
[[nodiscard]] std::optional<OutageNote> read_outage_frame(
    std::span<const std::byte> bytes) noexcept;

}  // namespace tapeline::codec::archive
