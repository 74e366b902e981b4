#include "net/archive_tables.hpp"

#include <array>
#include <utility>
#include <vector>

#include "codec/archive/seek_table.hpp"
#include "codec/bytes.hpp"

namespace tapeline::net {

using codec::archive::FrameIndex;
using codec::archive::IndexEntry;
using codec::archive::kIndexFixedBytes;
using codec::archive::kSeekFooterBytes;
using codec::archive::TableStatus;

namespace {

constexpr std::size_t kSeekHeaderBytes = 8;
constexpr std::size_t kSeekEntryBytes = 8;  // our tables carry no checksums

std::string text_of(const char* what, TableStatus status) {
  return std::string{what} + " is " + std::string{to_string(status)};
}

}  // namespace

ArchiveTables::ArchiveTables(FileReader& file) : file_{file} { open(); }

bool ArchiveTables::damage(std::string fault) {
  state_ = State::damaged;
  fault_ = std::move(fault);
  return false;
}

// The seek table is the last frame and the index the one before it, so the last entry of the seek
// table says how long the index is.
void ArchiveTables::open() {
  const std::uint64_t file_bytes = file_.size_bytes().value_or(0);
  std::array<std::byte, kSeekEntryBytes + kSeekFooterBytes> end{};
  if (file_bytes < end.size() || file_.read_at(file_bytes - end.size(), end) != end.size()) return;
  const auto footer = codec::archive::read_seek_footer(end);
  if (footer.status == TableStatus::foreign) return;
  if (footer.status != TableStatus::ok) {
    static_cast<void>(damage(text_of("the seek table", footer.status)));
    return;
  }
  const bool is_ours = footer.frame_bytes == kSeekHeaderBytes + kSeekFooterBytes +
                                                 std::uint64_t{footer.entries} * kSeekEntryBytes;
  if (!is_ours || footer.entries == 0) return;  // of another program: no index in front of it
  if (footer.frame_bytes > file_bytes) {
    static_cast<void>(damage("the seek table is larger than the file"));
    return;
  }
  seek_offset_ = file_bytes - footer.frame_bytes;
  const std::uint64_t index_bytes = codec::load_le<std::uint32_t>(end.data());
  if (index_bytes < kIndexFixedBytes) return;
  if (index_bytes > seek_offset_) {
    static_cast<void>(damage("the index is larger than the file"));
    return;
  }
  if (read_head(seek_offset_ - index_bytes, index_bytes)) state_ = State::ok;
}

bool ArchiveTables::read_head(std::uint64_t offset, std::uint64_t frame_bytes) {
  std::vector<std::byte> bytes(kIndexFixedBytes);
  if (file_.read_at(offset, bytes) != bytes.size()) return damage("the index can not be read");
  extent_ = codec::archive::measure_index(bytes);
  if (extent_.status == TableStatus::foreign) return false;
  if (extent_.status != TableStatus::ok) return damage(text_of("the index", extent_.status));
  if (extent_.frame_bytes != frame_bytes) {
    return damage("index and seek table disagree about the length of the index");
  }
  bytes.resize(extent_.head_bytes);
  const auto rest = std::span{bytes}.subspan(kIndexFixedBytes);
  if (file_.read_at(offset + kIndexFixedBytes, rest) != rest.size()) {
    return damage("the index can not be read");
  }
  const TableStatus status = codec::archive::read_index_head(bytes, head_);
  if (status != TableStatus::ok) return damage(text_of("the index", status));
  if (head_.totals.frames_end != offset) return damage("the index is of another file");
  return true;
}

bool ArchiveTables::read_block(std::size_t block) {
  std::array<std::byte, codec::archive::kIndexBlockBytes> bytes;
  const auto place = std::span{bytes}.first(extent_.block_bytes(block));
  if (file_.read_at(frames_end() + extent_.block_offset(block), place) != place.size()) {
    return damage("the index can not be read");
  }
  const TableStatus status = codec::archive::read_index_block(place, head_.sessions.size(), block_);
  return status == TableStatus::ok || damage(text_of("a block of the index", status));
}

// `latest_ns` of the entries never falls, so the last one of a block tells whether to look further.
std::optional<IndexEntry> ArchiveTables::find(UnixNanos time) {
  std::size_t begin = 0;
  std::size_t end = extent_.blocks();
  while (begin < end) {
    const std::size_t middle = begin + (end - begin) / 2;
    if (!read_block(middle)) return std::nullopt;
    if (block_.view().back().latest_ns >= time) {
      end = middle;
    } else {
      begin = middle + 1;
    }
  }
  if (begin == extent_.blocks() || !read_block(begin)) return std::nullopt;
  for (const IndexEntry& entry : block_.view()) {
    if (entry.latest_ns >= time && entry.packets > 0) return entry;
  }
  static_cast<void>(damage("a block of the index contradicts itself"));
  return std::nullopt;
}

std::optional<std::uint64_t> ArchiveTables::end_before(UnixNanos time) {
  // Behind the last wanted frame: a record that begins in it may reach into the following ones.
  enum class Behind : std::uint8_t { nothing, wanted, rest_of_record, end } behind{};
  std::uint64_t end = 0;
  for (std::size_t i = 0; i < extent_.blocks(); ++i) {
    if (!read_block(i)) return std::nullopt;
    for (const IndexEntry& entry : block_.view()) {
      if (entry.same_frame) continue;
      if (entry.packets > 0 && entry.earliest_ns < time) {
        behind = Behind::wanted;
      } else if (behind == Behind::rest_of_record ||
                 (behind == Behind::wanted && entry.first_record == 0)) {
        behind = Behind::end;
        end = entry.offset;
      } else if (behind == Behind::wanted && entry.packets > 0) {
        behind = Behind::rest_of_record;
      }
    }
  }
  const bool is_open = behind == Behind::wanted || behind == Behind::rest_of_record;
  return is_open ? frames_end() : end;
}

bool ArchiveTables::read_index(FrameIndex& index) {
  std::vector<std::byte> bytes(extent_.frame_bytes);
  if (file_.read_at(frames_end(), bytes) != bytes.size()) {
    return damage("the index can not be read");
  }
  const TableStatus status = codec::archive::read_frame_index(bytes, index);
  return status == TableStatus::ok || damage(text_of("the index", status));
}

}  // namespace tapeline::net
