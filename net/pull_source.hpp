#pragma once

// A source that is asked for packets, as opposed to one that is woken by a socket: a capture file
// or an ITCH file. next() is called until state() says that there is no more:
//
//   for (;;) {
//     PacketBatch batch = source.next();
//     if (!batch.empty()) { ...; continue; }
//     if (source.state() != SourceState::would_block) break;
//     // wait: let other threads give buffers back, look at whether to stop
//   }
//
// Every packet in front of a damaged place is delivered before the state becomes `failed`.
//
// Thread safety: one thread calls next(), state(), error() and lines(); any thread may call the
// rest.

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "codec/capture/address.hpp"
#include "net/packet_batch.hpp"

namespace tapeline::net {

enum class SourceState : std::uint8_t {
  ready,
  would_block,  // no packet now: the pool is empty, a pipe is silent, or much was filtered out
  ended,        // everything was delivered
  failed,       // everything readable was delivered; error() says what is wrong and where
};

enum class SourceCounter : std::uint8_t {
  records,            // of the file: captured frames, or messages of an ITCH file
  record_bytes,       // without framing
  packets,            // delivered
  packet_bytes,       // IP header to the end
  unknown_link_type,  // records not delivered, by reason
  non_ip,
  fragment,
  not_udp,
  truncated,  // cut before the end of the UDP header
  bad_length,
  filtered,     // to an address or port nobody asked for
  oversized,    // longer than a pooled buffer, or than a line may be
  cut_packets,  // delivered, but cut by the capture
  cut_bytes,
  shared_line_packets,  // delivered on the last line, because there are too many groups
  backward_times,       // packets older than their predecessor
  bad_time_fractions,
  captured_exceeds_original,
  interface_drops,  // packets that the capture lost, as pcapng reports them
  empty_messages,   // zero lengths in an ITCH file
  large_records,    // delivered outside of the pool: longer than a pooled buffer
  tcp_segments,     // with bytes of a SoupBinTCP stream that is followed
  tcp_holes,        // times that such a stream could not be followed any further
};
inline constexpr std::size_t kSourceCounterCount = 23;
[[nodiscard]] std::string_view to_string(SourceCounter counter) noexcept;

// Figures that one thread writes and any thread may read at any time.
class alignas(pool::kCacheLineBytes) SourceCounters {
 public:
  [[nodiscard]] std::uint64_t get(SourceCounter counter) const noexcept {
    // relaxed: each figure stands for itself.
    return values_[static_cast<std::size_t>(counter)].load(std::memory_order_relaxed);
  }

  // What was counted since the last publish(). Touched by the writer only.
  using Tally = std::array<std::uint64_t, kSourceCounterCount>;
  void publish(Tally& tally) noexcept {
    for (std::size_t i = 0; i < tally.size(); ++i) {
      if (tally[i] == 0) continue;
      // relaxed: one writer.
      values_[i].store(values_[i].load(std::memory_order_relaxed) + tally[i],
                       std::memory_order_relaxed);
      tally[i] = 0;
    }
  }

 private:
  std::array<std::atomic<std::uint64_t>, kSourceCounterCount> values_{};
};

// A destination that packets went to, and the line index they were given.
struct SourceLine {
  codec::capture::Endpoint destination;
  std::uint16_t line = 0;
};

class PullSource {
 public:
  PullSource() = default;
  PullSource(const PullSource&) = delete;
  PullSource& operator=(const PullSource&) = delete;
  virtual ~PullSource() = default;

  // The next packets, in the order of the file. An empty batch: see state().
  [[nodiscard]] virtual PacketBatch next() = 0;

  [[nodiscard]] SourceState state() const noexcept { return state_; }
  // One line, with the path and the offset; empty unless state() is `failed`.
  [[nodiscard]] const std::string& error() const noexcept { return error_; }
  // The destinations seen so far that were not filtered out, in order of appearance.
  [[nodiscard]] virtual std::span<const SourceLine> lines() const noexcept = 0;

  [[nodiscard]] const SourceCounters& counters() const noexcept { return counters_; }
  // Progress: bytes taken from the file as it is stored, and its size if that is known.
  [[nodiscard]] virtual std::uint64_t bytes_read() const noexcept = 0;
  [[nodiscard]] virtual std::optional<std::uint64_t> size_bytes() const noexcept = 0;

 protected:
  void count(SourceCounter counter, std::uint64_t by = 1) noexcept {
    tally_[static_cast<std::size_t>(counter)] += by;
  }
  void publish_counters() noexcept { counters_.publish(tally_); }
  void set_state(SourceState state) noexcept { state_ = state; }
  void fail(std::string error) {
    error_ = std::move(error);
    state_ = SourceState::failed;
  }

 private:
  SourceState state_ = SourceState::ready;
  std::string error_;
  SourceCounters::Tally tally_{};
  SourceCounters counters_;
};

}  // namespace tapeline::net
