#pragma once

// Which captured packets are wanted, and on which line each of them belongs.
//
// Thread safety: none.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "codec/capture/address.hpp"
#include "net/pull_source.hpp"

namespace tapeline::net {

// Packets to this address and port belong to `line`. Whatever is not given matches anything.
struct LineMatch {
  std::optional<codec::capture::Address> address;
  std::optional<std::uint16_t> port;
  std::uint16_t line = 0;
};

// The first match counts; what matches nothing is dropped. Without any match every UDP packet is
// wanted, and each destination gets its own line, numbered in order of appearance.
struct CaptureFilter {
  std::vector<LineMatch> matches;
};

// Finds the line of a destination. Without matches there are at most kMaxLines lines; the
// destinations beyond share the last one.
class LineTable {
 public:
  static constexpr std::uint16_t kMaxLines = 64;
  static constexpr std::uint16_t kNoLine = 0xFFFF;

  explicit LineTable(CaptureFilter filter);

  [[nodiscard]] std::uint16_t find(const codec::capture::Endpoint& destination) noexcept {
    if (last_ < known_count_ && known_[last_].destination == destination) [[likely]] {
      return known_[last_].line;
    }
    return find_slow(destination);
  }
  // Whether the last find() put a destination on a line that was another's.
  [[nodiscard]] bool shared() const noexcept {
    return last_ == kMaxLines && filter_.matches.empty();
  }

  // The destinations that have lines, as far as there was room to note them.
  [[nodiscard]] std::span<const SourceLine> lines() const noexcept {
    return {lines_.data(), line_count_};
  }

 private:
  [[nodiscard]] std::uint16_t find_slow(const codec::capture::Endpoint& destination) noexcept;
  [[nodiscard]] std::uint16_t match(const codec::capture::Endpoint& destination) const noexcept;

  CaptureFilter filter_;
  std::size_t last_ = 0;  // index in known_ of the last find(), kMaxLines if it is not there
  std::size_t known_count_ = 0;
  std::size_t line_count_ = 0;
  std::array<SourceLine, kMaxLines> known_{};  // destinations seen, the unwanted ones too
  std::array<SourceLine, kMaxLines> lines_{};
};

}  // namespace tapeline::net
