#include "codec/archive/frame_index.hpp"

#include <zlib.h>

#include <algorithm>
#include <cassert>
#include <cstring>
#include <limits>
#include <string_view>

#include "codec/bytes.hpp"

namespace tapeline::codec::archive {

namespace {

// RFC 8878, 3.1.2: the lowest four bits are the user's.
constexpr std::uint32_t kMagic = 0x184D2A58;
constexpr std::size_t kFrameHeaderBytes = 8;
constexpr std::string_view kName = "TLINDEX";
constexpr std::byte kVersion{'1'};

// Offsets in the frame. The checksum of the head covers what stands behind it.
constexpr std::size_t kVersionAt = kFrameHeaderBytes + 7;
constexpr std::size_t kHeadChecksumAt = kFrameHeaderBytes + 8;
constexpr std::size_t kCheckedHeadAt = kHeadChecksumAt + 4;
constexpr std::size_t kEntriesAt = kFrameHeaderBytes + 12;
constexpr std::size_t kFramesAt = kFrameHeaderBytes + 16;
constexpr std::size_t kSessionsAt = kFrameHeaderBytes + 20;
constexpr std::size_t kFlagsAt = kFrameHeaderBytes + 22;
constexpr std::size_t kNotesAt = kFrameHeaderBytes + 24;
constexpr std::size_t kReservedAt = kFrameHeaderBytes + 28;
constexpr std::size_t kLossesAt = kFrameHeaderBytes + 32;
constexpr std::size_t kLostAt = kFrameHeaderBytes + 40;
constexpr std::size_t kOutagesAt = kFrameHeaderBytes + 48;
constexpr std::size_t kMissedAt = kFrameHeaderBytes + 56;
constexpr std::size_t kPacketsAt = kFrameHeaderBytes + 64;
constexpr std::size_t kMessagesAt = kFrameHeaderBytes + 72;
constexpr std::size_t kContentAt = kFrameHeaderBytes + 80;
constexpr std::size_t kEarliestAt = kFrameHeaderBytes + 88;
constexpr std::size_t kLatestAt = kFrameHeaderBytes + 96;
constexpr std::size_t kFramesEndAt = kFrameHeaderBytes + 104;
static_assert(kFramesEndAt + 8 == kIndexFixedBytes);
constexpr std::uint16_t kSpansIncomplete = 1;

constexpr std::size_t kSessionNameBytes = 10;
constexpr std::size_t kSessionBytes = 12;
constexpr std::size_t kNoteBytes = 64;

constexpr std::size_t kBlockHeadBytes = 8;
constexpr std::uint16_t kSameFrame = 1;
static_assert(kBlockHeadBytes + kEntriesPerBlock * kIndexEntryBytes == kIndexBlockBytes);

std::uint32_t checksum(std::span<const std::byte> bytes) noexcept {
  return static_cast<std::uint32_t>(
      crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

void store_time(std::byte* to, std::int64_t time) noexcept {
  store_le(to, static_cast<std::uint64_t>(time));
}

std::int64_t load_time(const std::byte* from) noexcept {
  return static_cast<std::int64_t>(load_le<std::uint64_t>(from));
}

std::uint64_t add_up(std::uint64_t a, std::uint64_t b) noexcept {
  return b > std::numeric_limits<std::uint64_t>::max() - a
             ? std::numeric_limits<std::uint64_t>::max()
             : a + b;
}

void store_entry(std::byte* at, const IndexEntry& entry) noexcept {
  store_le(at, entry.offset);
  store_time(at + 8, entry.earliest_ns);
  store_time(at + 16, entry.latest_ns);
  store_le(at + 24, entry.packets);
  store_le(at + 28, entry.messages);
  store_le(at + 32, entry.first_record);
  store_le(at + 36, entry.session);
  store_le(at + 38, entry.same_frame ? kSameFrame : std::uint16_t{0});
  store_le(at + 40, entry.first);
  store_le(at + 48, entry.next);
}

// Returns false for values that no writer stores.
bool load_entry(const std::byte* at, std::size_t sessions, IndexEntry& entry) noexcept {
  entry.offset = load_le<std::uint64_t>(at);
  entry.earliest_ns = load_time(at + 8);
  entry.latest_ns = load_time(at + 16);
  entry.packets = load_le<std::uint32_t>(at + 24);
  entry.messages = load_le<std::uint32_t>(at + 28);
  entry.first_record = load_le<std::uint32_t>(at + 32);
  entry.session = load_le<std::uint16_t>(at + 36);
  const auto flags = load_le<std::uint16_t>(at + 38);
  entry.same_frame = flags == kSameFrame;
  entry.first = load_le<std::uint64_t>(at + 40);
  entry.next = load_le<std::uint64_t>(at + 48);
  const bool is_numbered = entry.session != IndexEntry::kNoSession;
  return flags <= kSameFrame && entry.earliest_ns >= 0 && entry.earliest_ns <= entry.latest_ns &&
         (is_numbered ? entry.session < sessions && entry.first < entry.next
                      : entry.first == 0 && entry.next == 0) &&
         (!entry.same_frame || (is_numbered && entry.packets == 0 && entry.messages == 0)) &&
         (entry.packets != 0 || entry.earliest_ns == entry.latest_ns);
}

bool follows(const IndexEntry& before, const IndexEntry& entry) noexcept {
  return entry.latest_ns >= before.latest_ns &&
         (entry.same_frame
              ? entry.offset == before.offset && entry.first_record == before.first_record &&
                    entry.latest_ns == before.latest_ns
              : entry.offset > before.offset);
}

void store_note(std::byte* at, const IndexNote& note) noexcept {
  store_le(at, note.offset);
  store_time(at + 8, note.first_time_ns);
  store_time(at + 16, note.last_time_ns);
  store_le(at + 24, note.packets);
  store_le(at + 32, note.first);
  store_le(at + 40, note.next);
  std::memcpy(at + 48, note.session.data(), kSessionNameBytes);
  store_le(at + 58, static_cast<std::uint8_t>(note.kind));
}

// Returns false for values that no writer stores.
bool load_note(const std::byte* at, IndexNote& note) noexcept {
  note.offset = load_le<std::uint64_t>(at);
  note.first_time_ns = load_time(at + 8);
  note.last_time_ns = load_time(at + 16);
  note.packets = load_le<std::uint64_t>(at + 24);
  note.first = load_le<std::uint64_t>(at + 32);
  note.next = load_le<std::uint64_t>(at + 40);
  std::memcpy(note.session.data(), at + 48, kSessionNameBytes);
  const auto kind = load_le<std::uint8_t>(at + 58);
  note.kind = static_cast<IndexNoteKind>(kind);
  const bool is_outage = note.kind == IndexNoteKind::outage;
  const bool has_numbers = note.first < note.next;
  const bool is_padded =
      std::all_of(at + 59, at + kNoteBytes, [](std::byte byte) { return byte == std::byte{}; });
  return kind <= static_cast<std::uint8_t>(IndexNoteKind::outage) && is_padded &&
         (is_outage ? has_numbers || (note.first == 0 && note.next == 0)
                    : has_numbers && note.packets == 0 && note.first_time_ns == note.last_time_ns);
}

void load_totals(const std::byte* at, IndexTotals& totals) noexcept {
  totals.entries = load_le<std::uint32_t>(at + kEntriesAt);
  totals.frames = load_le<std::uint32_t>(at + kFramesAt);
  totals.losses = load_le<std::uint64_t>(at + kLossesAt);
  totals.lost_messages = load_le<std::uint64_t>(at + kLostAt);
  totals.outages = load_le<std::uint64_t>(at + kOutagesAt);
  totals.missed_packets = load_le<std::uint64_t>(at + kMissedAt);
  totals.packets = load_le<std::uint64_t>(at + kPacketsAt);
  totals.messages = load_le<std::uint64_t>(at + kMessagesAt);
  totals.content_bytes = load_le<std::uint64_t>(at + kContentAt);
  totals.earliest_ns = load_time(at + kEarliestAt);
  totals.latest_ns = load_time(at + kLatestAt);
  totals.frames_end = load_le<std::uint64_t>(at + kFramesEndAt);
}

bool load_sessions(const std::byte* at, std::size_t count, std::vector<IndexSession>& sessions) {
  sessions.resize(count);
  for (IndexSession& session : sessions) {
    std::memcpy(session.session.data(), at, kSessionNameBytes);
    const auto framing = load_le<std::uint8_t>(at + kSessionNameBytes);
    if (framing > static_cast<std::uint8_t>(IndexFraming::iextp) || at[11] != std::byte{}) {
      return false;
    }
    session.framing = static_cast<IndexFraming>(framing);
    at += kSessionBytes;
  }
  return true;
}

bool load_notes(const std::byte* at, std::size_t count, std::uint64_t frames_end,
                std::vector<IndexNote>& notes) {
  notes.resize(count);
  std::uint64_t least_offset = 0;
  for (IndexNote& note : notes) {
    if (!load_note(at, note) || note.offset < least_offset || note.offset >= frames_end) {
      return false;
    }
    least_offset = note.offset + 1;
    at += kNoteBytes;
  }
  return true;
}

bool totals_agree(const FrameIndex& index) noexcept {
  IndexTotals sums;
  std::int64_t earliest = std::numeric_limits<std::int64_t>::max();
  for (const IndexEntry& entry : index.entries) {
    ++sums.entries;
    sums.frames += entry.same_frame ? 0U : 1U;
    sums.packets += entry.packets;
    sums.messages += entry.messages;
    if (entry.packets != 0) earliest = std::min(earliest, entry.earliest_ns);
  }
  const IndexTotals& totals = index.head.totals;
  const std::int64_t latest = index.entries.empty() ? 0 : index.entries.back().latest_ns;
  return totals.entries == sums.entries && totals.frames == sums.frames &&
         totals.packets == sums.packets && totals.messages == sums.messages &&
         totals.latest_ns == latest && totals.earliest_ns == (sums.packets == 0 ? 0 : earliest) &&
         (index.entries.empty() || index.entries.back().offset < totals.frames_end);
}

}  // namespace

void FrameIndexBuilder::reserve(std::size_t frames) {
  const std::size_t blocks = frames / kEntriesPerBlock + 1;
  blocks_.reserve(blocks * kIndexBlockBytes);
}

std::uint16_t FrameIndexBuilder::number_of(const IndexSession& session) {
  // The newest first: most frames are of the session of the frame before.
  const auto found = std::find(sessions_.rbegin(), sessions_.rend(), session);
  if (found != sessions_.rend()) {
    return static_cast<std::uint16_t>(std::distance(found, sessions_.rend()) - 1);
  }
  if (sessions_.size() == kMaxIndexSessions) return IndexEntry::kNoSession;
  sessions_.push_back(session);
  return static_cast<std::uint16_t>(sessions_.size() - 1);
}

void FrameIndexBuilder::put(const IndexEntry& entry) {
  if (blocks_.size() % kIndexBlockBytes == 0) blocks_.resize(blocks_.size() + kBlockHeadBytes);
  const std::size_t at = blocks_.size();
  blocks_.resize(at + kIndexEntryBytes);
  store_entry(blocks_.data() + at, entry);
  ++totals_.entries;
}

bool FrameIndexBuilder::add(const FrameSummary& frame) {
  assert(frame.span_count <= kMaxFrameSpans);
  const std::size_t wanted = std::max<std::size_t>(frame.span_count, 1);
  if (totals_.entries + wanted > kMaxIndexEntries) return false;
  const bool has_packets = frame.packets != 0;
  if (has_packets) {
    totals_.earliest_ns =
        totals_.packets == 0 ? frame.earliest_ns : std::min(totals_.earliest_ns, frame.earliest_ns);
    totals_.latest_ns = std::max(totals_.latest_ns, frame.latest_ns);
  }
  IndexEntry entry{.offset = frame.offset,
                   .earliest_ns = has_packets ? frame.earliest_ns : totals_.latest_ns,
                   .latest_ns = totals_.latest_ns,
                   .packets = frame.packets,
                   .messages = frame.messages,
                   .first_record = frame.first_record};
  totals_.spans_complete = totals_.spans_complete && frame.spans_complete;
  for (const SequenceSpan& span : std::span{frame.spans}.first(frame.span_count)) {
    entry.session = number_of(span.session);
    if (entry.session == IndexEntry::kNoSession) {
      totals_.spans_complete = false;
      continue;
    }
    entry.first = span.first;
    entry.next = span.next;
    put(entry);
    entry.same_frame = true;
    entry.packets = 0;
    entry.messages = 0;
    entry.earliest_ns = entry.latest_ns;
  }
  if (!entry.same_frame) put(entry);
  ++totals_.frames;
  totals_.packets += frame.packets;
  totals_.messages += frame.messages;
  totals_.content_bytes += frame.content_bytes;
  return true;
}

void FrameIndexBuilder::put(const IndexNote& note) {
  if (notes_.size() < kMaxIndexNotes) notes_.push_back(note);
}

void FrameIndexBuilder::add(std::uint64_t offset, const LossNote& note) {
  put({.offset = offset,
       .kind = IndexNoteKind::loss,
       .first_time_ns = note.time_ns,
       .last_time_ns = note.time_ns,
       .session = note.session,
       .first = note.first,
       .next = note.last_exclusive});
  ++totals_.losses;
  totals_.lost_messages = add_up(totals_.lost_messages, note.last_exclusive - note.first);
}

void FrameIndexBuilder::add(std::uint64_t offset, const OutageNote& note) {
  put({.offset = offset,
       .kind = IndexNoteKind::outage,
       .first_time_ns = note.first_time_ns,
       .last_time_ns = note.last_time_ns,
       .packets = note.packets,
       .session = note.session,
       .first = note.first,
       .next = note.last_exclusive});
  ++totals_.outages;
  totals_.missed_packets = add_up(totals_.missed_packets, note.packets);
}

void FrameIndexBuilder::clear() noexcept {
  totals_ = {};
  sessions_.clear();
  notes_.clear();
  blocks_.clear();
}

void FrameIndexBuilder::write_totals(std::byte* head) const noexcept {
  store_le(head + kEntriesAt, totals_.entries);
  store_le(head + kFramesAt, totals_.frames);
  store_le(head + kLossesAt, totals_.losses);
  store_le(head + kLostAt, totals_.lost_messages);
  store_le(head + kOutagesAt, totals_.outages);
  store_le(head + kMissedAt, totals_.missed_packets);
  store_le(head + kPacketsAt, totals_.packets);
  store_le(head + kMessagesAt, totals_.messages);
  store_le(head + kContentAt, totals_.content_bytes);
  store_time(head + kEarliestAt, totals_.earliest_ns);
  store_time(head + kLatestAt, totals_.latest_ns);
  store_le(head + kFramesEndAt, totals_.frames_end);
}

std::array<std::span<const std::byte>, FrameIndexBuilder::kPieces> FrameIndexBuilder::pieces(
    std::uint64_t frames_end) {
  totals_.frames_end = frames_end;
  const std::size_t head_bytes =
      kIndexFixedBytes + sessions_.size() * kSessionBytes + notes_.size() * kNoteBytes;
  head_.assign(head_bytes, std::byte{});
  std::byte* const head = head_.data();
  store_le(head, kMagic);
  store_le(head + 4, static_cast<std::uint32_t>(head_bytes + blocks_.size() - kFrameHeaderBytes));
  std::memcpy(head + kFrameHeaderBytes, kName.data(), kName.size());
  head[kVersionAt] = kVersion;
  store_le(head + kSessionsAt, static_cast<std::uint16_t>(sessions_.size()));
  store_le(head + kFlagsAt, totals_.spans_complete ? std::uint16_t{0} : kSpansIncomplete);
  store_le(head + kNotesAt, static_cast<std::uint32_t>(notes_.size()));
  write_totals(head);
  std::byte* at = head + kIndexFixedBytes;
  for (const IndexSession& session : sessions_) {
    std::memcpy(at, session.session.data(), kSessionNameBytes);
    store_le(at + kSessionNameBytes, static_cast<std::uint8_t>(session.framing));
    at += kSessionBytes;
  }
  for (const IndexNote& note : notes_) {
    store_note(at, note);
    at += kNoteBytes;
  }
  store_le(head + kHeadChecksumAt, checksum(std::span{head_}.subspan(kCheckedHeadAt)));
  for (std::size_t begin = 0; begin < blocks_.size(); begin += kIndexBlockBytes) {
    const auto block =
        std::span{blocks_}.subspan(begin, std::min(kIndexBlockBytes, blocks_.size() - begin));
    store_le(block.data() + 4,
             static_cast<std::uint32_t>((block.size() - kBlockHeadBytes) / kIndexEntryBytes));
    store_le(block.data(), checksum(block.subspan(4)));
  }
  return {head_, blocks_};
}

std::size_t IndexExtent::block_bytes(std::size_t block) const noexcept {
  const std::size_t left = entries - block * kEntriesPerBlock;
  return kBlockHeadBytes + std::min(left, kEntriesPerBlock) * kIndexEntryBytes;
}

IndexExtent measure_index(std::span<const std::byte> bytes) noexcept {
  if (bytes.size() >= 4 && load_le<std::uint32_t>(bytes.data()) != kMagic) {
    return {.status = TableStatus::foreign};
  }
  if (bytes.size() > kVersionAt) {
    if (std::memcmp(bytes.data() + kFrameHeaderBytes, kName.data(), kName.size()) != 0) {
      return {.status = TableStatus::foreign};
    }
    if (bytes[kVersionAt] != kVersion) return {.status = TableStatus::unsupported};
  }
  if (bytes.size() < kIndexFixedBytes) return {};
  const std::byte* const head = bytes.data();
  const std::size_t sessions = load_le<std::uint16_t>(head + kSessionsAt);
  const std::size_t notes = load_le<std::uint32_t>(head + kNotesAt);
  IndexExtent extent{.status = TableStatus::corrupt};
  extent.entries = load_le<std::uint32_t>(head + kEntriesAt);
  if (extent.entries > kMaxIndexEntries || sessions > kMaxIndexSessions || notes > kMaxIndexNotes) {
    return extent;
  }
  extent.head_bytes = kIndexFixedBytes + sessions * kSessionBytes + notes * kNoteBytes;
  extent.frame_bytes = extent.head_bytes + extent.blocks() * kBlockHeadBytes +
                       std::uint64_t{extent.entries} * kIndexEntryBytes;
  const std::uint64_t announced = load_le<std::uint32_t>(head + 4);
  if (announced + kFrameHeaderBytes == extent.frame_bytes) extent.status = TableStatus::ok;
  return extent;
}

TableStatus read_index_head(std::span<const std::byte> bytes, IndexHead& head) {
  const IndexExtent extent = measure_index(bytes);
  if (extent.status != TableStatus::ok) return extent.status;
  if (bytes.size() < extent.head_bytes) return TableStatus::truncated;
  const auto own = bytes.first(extent.head_bytes);
  const std::byte* const at = own.data();
  const auto flags = load_le<std::uint16_t>(at + kFlagsAt);
  if (load_le<std::uint32_t>(at + kHeadChecksumAt) != checksum(own.subspan(kCheckedHeadAt)) ||
      flags > kSpansIncomplete || load_le<std::uint32_t>(at + kReservedAt) != 0) {
    return TableStatus::corrupt;
  }
  IndexTotals& totals = head.totals;
  load_totals(at, totals);
  totals.spans_complete = flags == 0;
  const std::size_t sessions = load_le<std::uint16_t>(at + kSessionsAt);
  const std::size_t notes = load_le<std::uint32_t>(at + kNotesAt);
  const std::byte* const tables = at + kIndexFixedBytes;
  const bool is_sound =
      totals.frames <= totals.entries && notes <= add_up(totals.losses, totals.outages) &&
      totals.earliest_ns >= 0 && totals.earliest_ns <= totals.latest_ns &&
      load_sessions(tables, sessions, head.sessions) &&
      load_notes(tables + sessions * kSessionBytes, notes, totals.frames_end, head.notes);
  return is_sound ? TableStatus::ok : TableStatus::corrupt;
}

TableStatus read_index_block(std::span<const std::byte> bytes, std::size_t sessions,
                             IndexBlock& block) noexcept {
  if (bytes.size() < kBlockHeadBytes) return TableStatus::truncated;
  const std::size_t count = load_le<std::uint32_t>(bytes.data() + 4);
  if (count == 0 || count > kEntriesPerBlock) return TableStatus::corrupt;
  const std::size_t announced = kBlockHeadBytes + count * kIndexEntryBytes;
  if (bytes.size() != announced) {
    return bytes.size() < announced ? TableStatus::truncated : TableStatus::corrupt;
  }
  if (load_le<std::uint32_t>(bytes.data()) != checksum(bytes.subspan(4))) {
    return TableStatus::corrupt;
  }
  for (std::size_t i = 0; i < count; ++i) {
    IndexEntry& entry = block.entries[i];
    const std::byte* const at = bytes.data() + kBlockHeadBytes + i * kIndexEntryBytes;
    if (!load_entry(at, sessions, entry) || (i > 0 && !follows(block.entries[i - 1], entry))) {
      return TableStatus::corrupt;
    }
  }
  block.count = count;
  return TableStatus::ok;
}

TableStatus read_frame_index(std::span<const std::byte> frame, FrameIndex& index) {
  const IndexExtent extent = measure_index(frame);
  if (extent.status != TableStatus::ok) return extent.status;
  if (frame.size() != extent.frame_bytes) {
    return frame.size() < extent.frame_bytes ? TableStatus::truncated : TableStatus::corrupt;
  }
  const TableStatus head = read_index_head(frame, index.head);
  if (head != TableStatus::ok) return head;
  index.entries.clear();
  index.entries.reserve(extent.entries);
  IndexBlock block;
  for (std::size_t i = 0; i < extent.blocks(); ++i) {
    const TableStatus status =
        read_index_block(frame.subspan(extent.block_offset(i), extent.block_bytes(i)),
                         index.head.sessions.size(), block);
    if (status != TableStatus::ok) return TableStatus::corrupt;
    const IndexEntry& first = block.entries.front();
    const bool is_next =
        index.entries.empty() ? !first.same_frame : follows(index.entries.back(), first);
    if (!is_next) return TableStatus::corrupt;
    index.entries.insert(index.entries.end(), block.view().begin(), block.view().end());
  }
  return totals_agree(index) ? TableStatus::ok : TableStatus::corrupt;
}

}  // namespace tapeline::codec::archive
