#pragma once

// Several pull sources as one, in the order of receive times.
//
// The packet that goes first is the one with the earliest time among the first packets that the
// sources have left; of equal times that of the source named first. Inside a source nothing is
// reordered. A source without times (an ITCH file of no known day) is delivered whole: after the
// sources named before it, and before those named after it.
//
// Lines are numbered anew: a destination and the tag of its source are one line, whichever of the
// sources with that tag it came from. tag_of() says what a line belongs to. There are at most
// LineTable::kMaxLines lines, but one for each tag in any case.
//
// A source that breaks is delivered up to there and the others go on; at the end the state is
// `failed`, error() is that of the first one and errors() has all.
//
// Thread safety: see net/pull_source.hpp.
// Memory:        a buffer of the pool for each source, and one for the batch that is made, which
// the
//                packets are copied to.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "net/capture_filter.hpp"
#include "net/large_bytes.hpp"
#include "net/packet_batch.hpp"
#include "net/pull_source.hpp"
#include "pool/buffer_pool.hpp"

namespace tapeline::net {

struct MergeInput {
  std::unique_ptr<PullSource> source;  // not empty
  std::uint16_t tag = 0;               // the caller's; lines of different tags are different
  bool has_times = true;
};

class MergedSource final : public PullSource {
 public:
  // `buffers` is not owned and must outlive the source.
  MergedSource(std::vector<MergeInput> inputs, pool::BufferPool<pool::SerializationKind>& buffers);

  // would_block also when only one of the sources is slow: its next packet may be the first.
  [[nodiscard]] PacketBatch next() override;

  // Reads the first packets of every source with this tag, which next() delivers all the same.
  // Returns false while one of them is slow: call it again. Requires: next() was not called yet.
  [[nodiscard]] bool look_ahead(std::uint16_t tag);
  // Of the index-th input; empty if it has none. After look_ahead(), before next().
  [[nodiscard]] std::span<const Packet> first_packets(std::size_t index) const noexcept {
    return readings_[index].batch.packets();
  }

  // Whether the batch of the last next() begins a source after all that began before it had ended:
  // what overlaps in time is between two such batches. Never of the first batch.
  [[nodiscard]] bool begins_anew() const noexcept { return begins_anew_; }

  [[nodiscard]] std::span<const SourceLine> lines() const noexcept override { return lines_; }
  // Requires: a packet with this line was delivered.
  [[nodiscard]] std::uint16_t tag_of(std::uint16_t line) const noexcept { return tags_[line]; }
  [[nodiscard]] std::span<const std::string> errors() const noexcept { return errors_; }
  [[nodiscard]] std::span<const MergeInput> inputs() const noexcept { return inputs_; }

  [[nodiscard]] std::uint64_t bytes_read() const noexcept override;
  [[nodiscard]] std::optional<std::uint64_t> size_bytes() const noexcept override;

 private:
  struct Reading {
    PacketBatch batch;
    std::size_t at = 0;     // first packet of the batch that was not delivered
    bool is_ahead = false;  // the batch was read by look_ahead(), or there is none
    bool begun = false;     // a packet of it was copied
    bool ended = false;
    SourceCounters::Tally counted{};
    std::vector<std::uint16_t> line_of;  // by the line of the source; kNoLine: not known yet
    [[nodiscard]] const Packet& head() const noexcept { return batch.packets()[at]; }
  };
  // The first packet of a source, for the order in which sources come.
  struct Head {
    UnixNanos time = 0;
    std::uint32_t input = 0;
    [[nodiscard]] bool operator>(const Head& other) const noexcept {
      return time != other.time ? time > other.time : input > other.input;
    }
  };

  void open_group() noexcept;
  [[nodiscard]] bool fetch(std::size_t input);
  [[nodiscard]] bool fetch_all();
  void push(std::size_t input);
  // The source whose packet is next comes after all others have ended.
  [[nodiscard]] bool is_next_alone() const noexcept {
    return any_begun_ && running_ == 0 && !readings_[heap_.front().input].begun;
  }
  [[nodiscard]] bool begin_batch(const Packet& packet);
  [[nodiscard]] bool copy(const Packet& packet, std::uint16_t line);
  void copy_large(const Packet& packet, std::uint16_t line);
  [[nodiscard]] bool copy_run(std::size_t input);
  [[nodiscard]] std::uint16_t line_of(std::size_t input, std::uint16_t line);
  [[nodiscard]] PacketBatch hand_over();
  void note_counters();
  void conclude();

  std::vector<MergeInput> inputs_;
  pool::BufferPool<pool::SerializationKind>& buffers_;
  std::vector<Reading> readings_;
  std::size_t group_begin_ = 0;  // the sources that are merged now
  std::size_t group_end_ = 0;
  std::vector<std::uint32_t> starved_;  // of these, the ones whose next packet is not known yet
  std::vector<Head> heap_;              // the others, earliest first
  std::size_t running_ = 0;             // sources that have begun and not ended
  bool any_begun_ = false;
  bool begins_anew_ = false;

  pool::SerializationGuard buffer_;  // of the batch that is being made
  std::size_t packet_count_ = 0;
  std::size_t descriptors_ = 0;
  std::size_t buffer_end_ = 0;
  LargeBytes large_;  // of the only packet of the batch; then nothing else fits
  LargeBytes::Sum large_bytes_ = std::make_shared<std::atomic<std::size_t>>(0);

  std::vector<SourceLine> lines_;
  std::vector<std::uint16_t> tags_;  // by line
  std::vector<std::string> errors_;
};

}  // namespace tapeline::net
