// Any bytes as the tables of an archive: a seek table, an index, a dictionary. What reads is
// written again as the same bytes where a builder can say it, no truncation of it reads, and its
// values keep what the headers promise. Then the bytes as what a builder is told: it reads back.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <span>
#include <vector>

#include "codec/archive/dictionary.hpp"
#include "codec/archive/frame_index.hpp"
#include "codec/archive/seek_table.hpp"

namespace {

using namespace tapeline::codec::archive;
using Bytes = std::vector<std::byte>;

void require(bool condition) {
  if (!condition) std::abort();
}

template <std::size_t Pieces>
Bytes joined(const std::array<std::span<const std::byte>, Pieces>& pieces) {
  Bytes bytes;
  for (const auto piece : pieces) bytes.insert(bytes.end(), piece.begin(), piece.end());
  return bytes;
}

void read_seek(std::span<const std::byte> bytes) {
  const SeekFooter footer = read_seek_footer(bytes);
  const auto [status, table] = read_seek_table(bytes);
  if (status != TableStatus::ok) {
    require(table.size() == 0);
    return;
  }
  require(footer.status == TableStatus::ok && footer.entries == table.size());
  require(footer.frame_bytes == bytes.size());
  require(read_seek_table(bytes.first(bytes.size() - 1)).status != TableStatus::ok);
  SeekTableBuilder builder;
  for (std::size_t i = 0; i < table.size(); ++i) {
    require(builder.add(table[i].frame_bytes, table[i].content_bytes));
  }
  const Bytes again = joined(builder.pieces());
  const auto written = read_seek_table(again);
  require(written.status == TableStatus::ok && written.table.size() == table.size());
  require(written.table.frames_bytes() == table.frames_bytes());
}

void read_index(std::span<const std::byte> bytes) {
  const IndexExtent extent = measure_index(bytes);
  FrameIndex index;
  const TableStatus status = read_frame_index(bytes, index);
  if (extent.status != TableStatus::ok) {
    require(status == extent.status);
    return;
  }
  require(extent.frame_bytes >= extent.head_bytes && extent.entries <= kMaxIndexEntries);
  if (status != TableStatus::ok) return;
  require(extent.frame_bytes == bytes.size() && index.entries.size() == extent.entries);
  FrameIndex cut;
  require(read_frame_index(bytes.first(bytes.size() - 1), cut) == TableStatus::truncated);
  const IndexEntry* before = nullptr;
  for (const IndexEntry& entry : index.entries) {
    require(entry.earliest_ns <= entry.latest_ns && entry.latest_ns <= index.head.totals.latest_ns);
    require(entry.session == IndexEntry::kNoSession || entry.session < index.head.sessions.size());
    require(entry.offset < index.head.totals.frames_end);
    if (before != nullptr) require(entry.latest_ns >= before->latest_ns);
    before = &entry;
  }
}

// Frames as the bytes say them, whatever they are.
void write_index(std::span<const std::byte> bytes) {
  FrameIndexBuilder builder;
  std::uint64_t offset = 0;
  const auto take = [&bytes]() -> unsigned {
    if (bytes.empty()) return 0;
    const unsigned value = std::to_integer<unsigned>(bytes.front());
    bytes = bytes.subspan(1);
    return value;
  };
  while (!bytes.empty()) {
    const unsigned kind = take();
    offset += 1 + take();
    if (kind % 8 == 7) {
      builder.add(offset,
                  LossNote{.session = {}, .first = kind, .last_exclusive = kind + 1 + take()});
      continue;
    }
    if (kind % 8 == 6) {
      builder.add(offset, OutageNote{.packets = take(), .last_time_ns = take()});
      continue;
    }
    FrameSummary frame{.offset = offset, .content_bytes = take(), .packets = take() % 3};
    frame.messages = frame.packets;
    frame.earliest_ns = take();
    frame.latest_ns = frame.earliest_ns + take();
    frame.span_count = kind % 5;
    for (std::uint32_t i = 0; i < frame.span_count; ++i) {
      SequenceSpan& span = frame.spans[i];
      span.session.session[0] = static_cast<char>(i);
      span.session.session[1] = static_cast<char>(take());
      span.first = take();
      span.next = span.first + 1 + take();
    }
    require(builder.add(frame));
  }
  const Bytes written = joined(builder.pieces(offset + 1));
  FrameIndex index;
  require(read_frame_index(written, index) == TableStatus::ok);
  require(index.head.totals == builder.totals());
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): the name that libFuzzer calls
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span<const std::byte> bytes = std::as_bytes(std::span{data, size});
  read_seek(bytes);
  read_index(bytes);
  const DictionaryFrame frame = read_dictionary_frame(bytes);
  if (frame.status == TableStatus::ok) {
    require(dictionary_id(frame.dictionary) != 0 && frame.frame_bytes <= bytes.size());
  }
  write_index(bytes);
  return 0;
}
