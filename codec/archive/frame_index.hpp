#pragma once

// The index of an archive: one skippable zstd frame (RFC 8878, 3.1.2) behind the frames, with what
// is in each of them, so that a time or a sequence number is found without reading the packets.
// docs/archive-format.md lists its bytes.
//
// It has a head (totals of the file, sessions, notes of losses and outages) and the entries, in
// file order, in blocks of at most kIndexBlockBytes. Head and blocks carry a checksum each (CRC-32
// of IEEE 802.3), so a reader that looks for one time reads and checks the head and a few blocks.
//
// Thread safety: none for the builder; the rest are values.
// Units:         bytes; nanoseconds since 1970-01-01 UTC.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "codec/archive/loss_note.hpp"
#include "codec/archive/outage_note.hpp"
#include "codec/archive/table_status.hpp"

namespace tapeline::codec::archive {

inline constexpr std::size_t kIndexBlockBytes = 4096;
inline constexpr std::size_t kIndexEntryBytes = 56;
inline constexpr std::size_t kEntriesPerBlock =
    73;  // fills a block but for its own head of 8 bytes
inline constexpr std::size_t kIndexFixedBytes = 8 + 112;  // frame header and fixed part of the head

inline constexpr std::size_t kMaxIndexEntries = std::size_t{1} << 20U;
inline constexpr std::size_t kMaxIndexSessions = 1024;
inline constexpr std::size_t kMaxIndexNotes = 4096;
inline constexpr std::size_t kMaxFrameSpans = 8;

// A sequence space that packets of the file belong to.
enum class IndexFraming : std::uint8_t { moldudp64 = 0, iextp = 1 };
struct IndexSession {
  IndexFraming framing = IndexFraming::moldudp64;
  std::array<char, 10> session{};

  friend bool operator==(const IndexSession&, const IndexSession&) = default;
};

// The numbers of a session in a frame: from the smallest to behind the largest. Numbers between
// them may be missing.
struct SequenceSpan {
  IndexSession session;
  std::uint64_t first = 0;
  std::uint64_t next = 0;

  friend bool operator==(const SequenceSpan&, const SequenceSpan&) = default;
};

// What a content frame holds. A packet is in the frame in which its record begins.
struct FrameSummary {
  std::uint64_t offset = 0;  // of the frame in the file
  std::uint32_t content_bytes = 0;
  std::uint32_t first_record = 0;  // where in the content the first record begins; content_bytes
                                   // if none does
  std::uint32_t packets = 0;
  std::uint32_t messages = 0;    // of the framings that carry numbers
  std::int64_t earliest_ns = 0;  // of its packets; without packets neither has a meaning
  std::int64_t latest_ns = 0;
  std::uint32_t span_count = 0;
  std::array<SequenceSpan, kMaxFrameSpans> spans{};
  bool spans_complete = true;  // false if there were more sessions than that

  friend bool operator==(const FrameSummary&, const FrameSummary&) = default;
};

// A note that stands in the file: messages that the channel lost, or packets that the archive did.
enum class IndexNoteKind : std::uint8_t { loss = 0, outage = 1 };
struct IndexNote {
  std::uint64_t offset = 0;  // of its frame in the file
  IndexNoteKind kind = IndexNoteKind::loss;
  std::int64_t first_time_ns = 0;  // of a loss, both are the time of its declaration
  std::int64_t last_time_ns = 0;
  std::uint64_t packets = 0;  // 0 for a loss
  std::array<char, 10> session{};
  std::uint64_t first = 0;
  std::uint64_t next = 0;  // 0: an outage without numbers

  friend bool operator==(const IndexNote&, const IndexNote&) = default;
};

struct IndexTotals {
  std::uint32_t entries = 0;  // one for each frame, one more for each further session in it
  std::uint32_t frames = 0;   // with content
  std::uint64_t packets = 0;
  std::uint64_t messages = 0;
  std::uint64_t content_bytes = 0;
  std::int64_t earliest_ns = 0;  // without packets both are 0
  std::int64_t latest_ns = 0;
  std::uint64_t losses = 0;          // notes, also those that the index has no room for
  std::uint64_t lost_messages = 0;   // that they tell of
  std::uint64_t outages = 0;         // notes
  std::uint64_t missed_packets = 0;  // that they tell of
  std::uint64_t frames_end = 0;      // offset in the file where the index begins
  bool spans_complete = true;        // every number is in an entry

  friend bool operator==(const IndexTotals&, const IndexTotals&) = default;
};

// One entry as it is stored.
struct IndexEntry {
  static constexpr std::uint16_t kNoSession = 0xFFFF;

  std::uint64_t offset = 0;
  std::int64_t earliest_ns = 0;  // in this frame; latest_ns if it has no packets
  std::int64_t latest_ns = 0;    // in this frame and all before it, so it never falls
  std::uint32_t packets = 0;     // 0 in a further entry of the same frame, as are messages
  std::uint32_t messages = 0;
  std::uint32_t first_record = 0;
  std::uint16_t session = kNoSession;  // which of the index's sessions; kNoSession: no numbers
  bool same_frame = false;             // a further session of the frame of the entry before
  std::uint64_t first = 0;
  std::uint64_t next = 0;

  friend bool operator==(const IndexEntry&, const IndexEntry&) = default;
};

class FrameIndexBuilder {
 public:
  static constexpr std::size_t kPieces = 2;

  // Makes room, so that as many add() of frames with one session each do not allocate.
  void reserve(std::size_t frames);

  // The next content frame of the file. Returns false, and adds nothing, if the index is full: then
  // the file has to end. Throws std::bad_alloc.
  // Requires: spans of different sessions, each with first < next; offsets rise.
  [[nodiscard]] bool add(const FrameSummary& frame);

  // A note that stands at `offset`. Past kMaxIndexNotes it is only counted. Throws std::bad_alloc.
  void add(std::uint64_t offset, const LossNote& note);
  void add(std::uint64_t offset, const OutageNote& note);

  [[nodiscard]] const IndexTotals& totals() const noexcept { return totals_; }
  void clear() noexcept;

  // The frame, in pieces that stand one behind the other, for a file whose frames end at
  // `frames_end`. Valid until the next change. Throws std::bad_alloc.
  [[nodiscard]] std::array<std::span<const std::byte>, kPieces> pieces(std::uint64_t frames_end);

 private:
  [[nodiscard]] std::uint16_t number_of(const IndexSession& session);
  void put(const IndexEntry& entry);
  void put(const IndexNote& note);
  void write_totals(std::byte* head) const noexcept;

  IndexTotals totals_;
  std::vector<IndexSession> sessions_;
  std::vector<IndexNote> notes_;
  std::vector<std::byte> blocks_;  // as they stand in the file, but for their heads
  std::vector<std::byte> head_;
};

// The lengths that the first kIndexFixedBytes of an index frame announce.
struct IndexExtent {
  TableStatus status = TableStatus::truncated;
  std::uint64_t frame_bytes = 0;  // all of it
  std::uint64_t head_bytes = 0;   // up to the first block
  std::uint32_t entries = 0;

  [[nodiscard]] std::size_t blocks() const noexcept {
    return (entries + kEntriesPerBlock - 1) / kEntriesPerBlock;
  }
  // Where in the frame a block is. Requires: block < blocks().
  [[nodiscard]] std::uint64_t block_offset(std::size_t block) const noexcept {
    return head_bytes + block * kIndexBlockBytes;
  }
  [[nodiscard]] std::size_t block_bytes(std::size_t block) const noexcept;
};

// `bytes` begins with an index frame, perhaps.
[[nodiscard]] IndexExtent measure_index(std::span<const std::byte> bytes) noexcept;

struct IndexHead {
  IndexTotals totals;
  std::vector<IndexSession> sessions;
  std::vector<IndexNote> notes;

  friend bool operator==(const IndexHead&, const IndexHead&) = default;
};

// Reads the head_bytes at the start of `bytes`. `head` has no meaning unless ok. Throws
// std::bad_alloc; takes no more memory than a small multiple of `bytes`.
[[nodiscard]] TableStatus read_index_head(std::span<const std::byte> bytes, IndexHead& head);

struct IndexBlock {
  std::array<IndexEntry, kEntriesPerBlock> entries{};
  std::size_t count = 0;

  [[nodiscard]] std::span<const IndexEntry> view() const noexcept {
    return std::span{entries}.first(count);
  }
};

// Reads one block, which has to fill `bytes`. Entries are in order and name sessions below
// `sessions`. `block` has no meaning unless ok.
[[nodiscard]] TableStatus read_index_block(std::span<const std::byte> bytes, std::size_t sessions,
                                           IndexBlock& block) noexcept;

struct FrameIndex {
  IndexHead head;
  std::vector<IndexEntry> entries;

  friend bool operator==(const FrameIndex&, const FrameIndex&) = default;
};

// Reads a whole index; `frame` is the frame and nothing else. Everything is checked that can be
// without the file: checksums, order, and totals against entries. `index` has no meaning unless
// ok. Throws std::bad_alloc; takes no more memory than a small multiple of `frame`.
[[nodiscard]] TableStatus read_frame_index(std::span<const std::byte> frame, FrameIndex& index);

}  // namespace tapeline::codec::archive
