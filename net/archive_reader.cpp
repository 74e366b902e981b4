#include "net/archive_reader.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <stdexcept>
#include <utility>
#include <vector>

#include "codec/archive/dictionary.hpp"
#include "codec/archive/frame.hpp"
#include "codec/bytes.hpp"
#include "codec/capture/encoder.hpp"
#include "net/archive_tables.hpp"

namespace tapeline::net {

namespace {

using codec::archive::DictionaryFrame;
using codec::archive::FrameDecoder;
using codec::archive::FrameExtent;
using codec::archive::FrameStatus;
using codec::archive::IndexEntry;
using codec::archive::TableStatus;
using codec::capture::kPcapHeaderBytes;
using codec::capture::kRecordHeaderBytes;

constexpr std::size_t kFirstLook = std::size_t{96} << 10U;  // holds a frame of the usual size
constexpr std::size_t kSkippableHeaderBytes = 8;
constexpr std::uint32_t kSkippableMagic = 0x184D2A50;
constexpr std::uint32_t kSkippableMask = 0xFFFFFFF0;

class ArchiveReader final : public ByteReader {
 public:
  ArchiveReader(FileReader& file, bool is_open) : file_{file}, is_open_{is_open} {}

  // Reads the dictionary, if the file begins with one. Returns whether it does.
  bool read_dictionary();
  // Takes the span from the tables, if they have it.
  void choose_span(ArchiveTables& tables, const TimeSpan& span);

  [[nodiscard]] ReadResult read(std::span<std::byte> to) override;
  [[nodiscard]] std::uint64_t offset() const noexcept override { return offset_; }

 private:
  enum class Step : std::uint8_t { content, end, failed };

  [[nodiscard]] std::span<const std::byte> look(std::size_t wanted);
  [[nodiscard]] Step next_frame();
  [[nodiscard]] Step cut_or(std::string reason);
  [[nodiscard]] Step stop(std::string reason);
  [[nodiscard]] bool begin_at(const IndexEntry& entry);
  void begin_at_start();
  void put_file_header(std::size_t skip);

  FileReader& file_;
  bool is_open_;
  std::unique_ptr<FrameDecoder> decoder_ = std::make_unique<FrameDecoder>();
  std::uint64_t first_offset_ = 0;  // behind the dictionary
  std::uint64_t offset_ = 0;        // of the next frame
  std::uint64_t end_ =
      std::numeric_limits<std::uint64_t>::max();  // frames from there on are not read
  std::vector<std::byte> window_;                 // of the file, from window_offset_ on
  std::uint64_t window_offset_ = 0;
  std::size_t window_bytes_ = 0;
  std::vector<std::byte> content_;
  std::size_t content_begin_ = 0;
  std::size_t content_end_ = 0;
  bool ended_ = false;
};

// The bytes of the file at offset_, at least `wanted` of them unless it ends before.
std::span<const std::byte> ArchiveReader::look(std::size_t wanted) {
  const bool is_inside = offset_ >= window_offset_ && offset_ - window_offset_ <= window_bytes_;
  const std::size_t skip = is_inside ? static_cast<std::size_t>(offset_ - window_offset_) : 0;
  if (is_inside && window_bytes_ - skip >= wanted) {
    return std::span<const std::byte>{window_}.subspan(skip, window_bytes_ - skip);
  }
  // What is known of the place already is kept, so that no byte is read twice.
  const std::size_t kept = is_inside ? window_bytes_ - skip : 0;
  if (window_.size() < wanted) {
    std::vector<std::byte> larger(wanted);
    std::copy_n(window_.begin() + static_cast<std::ptrdiff_t>(skip), kept, larger.begin());
    window_ = std::move(larger);
  } else {
    std::memmove(window_.data(), window_.data() + skip, kept);
  }
  window_offset_ = offset_;
  window_bytes_ = kept + file_.read_at(offset_ + kept, std::span{window_}.subspan(kept));
  return std::span<const std::byte>{window_}.first(window_bytes_);
}

bool ArchiveReader::read_dictionary() {
  const auto head = look(codec::archive::kDictionaryHeaderBytes);
  const DictionaryFrame first = codec::archive::read_dictionary_frame(head);
  const DictionaryFrame frame = first.status == TableStatus::truncated && first.frame_bytes != 0
                                    ? codec::archive::read_dictionary_frame(look(first.frame_bytes))
                                    : first;
  if (frame.status != TableStatus::ok) return false;
  try {
    decoder_ = std::make_unique<FrameDecoder>(frame.dictionary);
  } catch (const std::invalid_argument&) {
    return false;
  }
  first_offset_ = offset_ = frame.frame_bytes;
  return true;
}

void ArchiveReader::begin_at_start() {
  static_cast<void>(fail(0, {}));  // what went wrong elsewhere may not matter there
  offset_ = first_offset_;
  end_ = std::numeric_limits<std::uint64_t>::max();
  content_begin_ = content_end_ = 0;
  ended_ = false;
}

// The frame has to be what the index says, else the index is not followed.
bool ArchiveReader::begin_at(const IndexEntry& entry) {
  offset_ = entry.offset;
  if (next_frame() != Step::content) return false;
  const std::size_t content_bytes = content_end_ - content_begin_;
  if (entry.first_record > content_bytes ||
      content_bytes - entry.first_record < kRecordHeaderBytes) {
    return entry.first_record < content_bytes;  // a header that reaches into the next frame
  }
  const std::byte* const record = content_.data() + entry.first_record;
  const std::int64_t time = std::int64_t{codec::load_le<std::uint32_t>(record)} * 1'000'000'000 +
                            codec::load_le<std::uint32_t>(record + 4);
  return time >= entry.earliest_ns && time <= entry.latest_ns;
}

void ArchiveReader::choose_span(ArchiveTables& tables, const TimeSpan& span) {
  const auto usable = [&tables] { return tables.state() == ArchiveTables::State::ok; };
  if (!usable()) return;
  std::uint64_t end = tables.frames_end();
  if (span.to) end = tables.end_before(*span.to).value_or(end);
  std::optional<IndexEntry> entry;
  if (span.from && usable()) entry = tables.find(*span.from);
  if (!usable()) return;
  const bool is_past_all = span.from && !entry;
  end_ = end;
  if (is_past_all || end <= (entry ? entry->offset : first_offset_)) {
    end_ = 0;
    return put_file_header(0);  // no packets, but still a capture
  }
  if (!entry || entry->offset <= first_offset_) return;
  if (!begin_at(*entry)) return begin_at_start();
  put_file_header(entry->first_record);
}

// In front of the content, in place of its first `skip` bytes.
void ArchiveReader::put_file_header(std::size_t skip) {
  const auto begin = content_.begin();
  content_.erase(begin, begin + static_cast<std::ptrdiff_t>(skip));
  content_.insert(content_.begin(), kPcapHeaderBytes, std::byte{});
  codec::capture::write_file_header(content_, codec::capture::TimeUnit::nano,
                                    codec::capture::LinkType::raw);
  content_end_ += kPcapHeaderBytes - skip;
}

ReadResult ArchiveReader::read(std::span<std::byte> to) {
  std::size_t count = 0;
  while (count < to.size()) {
    if (content_begin_ == content_end_) {
      if (!reason().empty()) return fail(count, reason());
      const Step step = next_frame();
      if (step == Step::failed) return fail(count, reason());
      if (step == Step::end) return {count, count > 0 ? ReadState::ok : ReadState::end};
    }
    const std::size_t some = std::min(to.size() - count, content_end_ - content_begin_);
    std::memcpy(to.data() + count, content_.data() + content_begin_, some);
    content_begin_ += some;
    count += some;
  }
  return {count, ReadState::ok};
}

ArchiveReader::Step ArchiveReader::stop(std::string reason) {
  static_cast<void>(fail(0, std::move(reason)));
  return Step::failed;
}

ArchiveReader::Step ArchiveReader::cut_or(std::string reason) {
  if (!is_open_) return stop(std::move(reason));
  ended_ = true;
  return Step::end;
}

// Decompresses the next frame that has content.
ArchiveReader::Step ArchiveReader::next_frame() {
  while (!ended_ && offset_ < end_) {
    std::size_t wanted = kFirstLook;
    std::span<const std::byte> bytes = look(wanted);
    if (!file_.reason().empty()) return stop(file_.reason());
    if (bytes.empty()) break;
    if (bytes.size() >= kSkippableHeaderBytes &&
        (codec::load_le<std::uint32_t>(bytes.data()) & kSkippableMask) == kSkippableMagic) {
      // Not looked into: a table may be large.
      const std::uint64_t next =
          offset_ + kSkippableHeaderBytes + codec::load_le<std::uint32_t>(bytes.data() + 4);
      std::array<std::byte, 1> last{};
      if (bytes.size() < next - offset_ && file_.read_at(next - 1, last) != 1) {
        return cut_or("unexpected end of zstd data");
      }
      offset_ = next;
      continue;
    }
    FrameExtent extent = codec::archive::measure_frame(bytes);
    while (extent.status == FrameStatus::truncated && bytes.size() >= wanted &&
           wanted < kMaxArchiveFrameBytes) {
      wanted *= 2;
      bytes = look(wanted);
      extent = codec::archive::measure_frame(bytes);
    }
    if (!file_.reason().empty()) return stop(file_.reason());
    if (extent.status == FrameStatus::truncated && bytes.size() < wanted) {
      return cut_or("unexpected end of zstd data");
    }
    if (extent.status != FrameStatus::ok) {
      return stop("damaged archive: the frame is " + std::string{to_string(extent.status)});
    }
    if (extent.content_bytes > kMaxArchiveFrameBytes) return stop("a frame larger than 64 MiB");
    if (content_.size() < extent.content_bytes) content_.resize(extent.content_bytes);
    const auto result = decoder_->decompress(bytes, content_);
    if (result.status != FrameStatus::ok) {
      return stop("damaged archive: the frame is " + std::string{to_string(result.status)});
    }
    offset_ += extent.frame_bytes;
    content_begin_ = 0;
    content_end_ = extent.content_bytes;
    if (content_end_ > 0) return Step::content;
  }
  ended_ = true;
  return Step::end;
}

}  // namespace

std::unique_ptr<ByteReader> make_archive_reader(FileReader& file, const TimeSpan& span,
                                                bool is_open) {
  auto reader = std::make_unique<ArchiveReader>(file, is_open);
  const bool has_dictionary = reader->read_dictionary();
  ArchiveTables tables{file};
  if (tables.state() == ArchiveTables::State::none && !has_dictionary && !is_open) return nullptr;
  reader->choose_span(tables, span);
  return reader;
}

}  // namespace tapeline::net
