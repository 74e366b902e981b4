#include "net/byte_stream.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <string_view>
#include <utility>

#include "codec/bytes.hpp"
#include "net/ahead_reader.hpp"
#include "net/archive_reader.hpp"
#include "net/byte_reader.hpp"

namespace tapeline::net {
namespace {

constexpr std::string_view kOpen = ".pcap.zst.open";  // an archive that is not finished

std::string one_line(std::string text) {
  std::replace_if(
      text.begin(), text.end(),
      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }, '?');
  return text;
}

// Names a compression that is recognised but not read; nullptr for anything else.
const char* unreadable_format(std::uint32_t first) noexcept {
  if (first >> 8U == 0x425A68) return "bzip2";
  if (first == 0xFD377A58) return "xz";
  if (first == 0x04224D18) return "lz4";
  if (first == 0x504B0304) return "zip";
  return nullptr;
}

Compression compression_of(std::uint32_t first) noexcept {
  if (first >> 16U == 0x1F8B) return Compression::gzip;
  // A frame, or a skippable frame in front of the first one.
  if (first == 0x28B52FFD || (first & 0xF0FF'FFFFU) == 0x502A4D18) return Compression::zstd;
  return Compression::none;
}

}  // namespace

std::string StreamError::text() const {
  std::string text = path == "-" ? "standard input" : one_line(path);
  if (offset) text += ": byte " + std::to_string(*offset);
  return text + ": " + one_line(reason);
}

ByteStream::ByteStream(const std::string& path, const TimeSpan& span, bool decompress_ahead)
    : path_{path} {
  open(span, decompress_ahead);
}
ByteStream::ByteStream(ByteStream&&) noexcept = default;
ByteStream::~ByteStream() = default;

void ByteStream::open(const TimeSpan& span, bool decompress_ahead) {
  auto file = std::make_unique<FileReader>(path_);
  std::array<std::byte, 4> first{};
  const std::size_t count = file->reason().empty() ? file->sniff(first) : 0;
  if (!file->reason().empty()) {
    error_ = {path_, std::nullopt, file->reason()};
  } else if (count == 0) {
    error_ = {path_, std::nullopt, "is empty"};
  } else {
    const auto magic = codec::load_be<std::uint32_t>(first.data());
    compression_ = compression_of(magic);
    if (const char* name = unreadable_format(magic)) {
      error_ = {path_, std::nullopt,
                std::string{"is "} + name + " data, which is not read; decompress it first"};
    }
    if (compression_ == Compression::gzip) content_ = make_gzip_reader(*file);
    if (compression_ == Compression::zstd) {
      if (file->is_regular()) {
        content_ = make_archive_reader(*file, span, path_.ends_with(kOpen));
        reads_frames_ = content_ != nullptr;
      }
      if (!content_) content_ = make_zstd_reader(*file);
    }
    if (content_ && decompress_ahead) {
      content_ = std::make_unique<AheadReader>(std::move(content_));
    }
  }
  file_ = std::move(file);
}

ReadResult ByteStream::read(std::span<std::byte> to) {
  assert(!to.empty());
  const std::size_t known = std::min(to.size(), peeked_end_ - peeked_begin_);
  std::memcpy(to.data(), peeked_.data() + peeked_begin_, known);
  peeked_begin_ += known;
  if (known == to.size()) return {known, ReadState::ok};
  ReadResult result = read_content(to.subspan(known));
  result.count += known;
  if (known > 0) result.state = ReadState::ok;
  return result;
}

ReadResult ByteStream::read_content(std::span<std::byte> to) {
  if (failed()) return {0, ReadState::failed};
  ByteReader& reader = content_ ? *content_ : *file_;
  const ReadResult result = reader.read(to);
  if (result.state == ReadState::failed) error_ = {path_, reader.offset(), reader.reason()};
  return result;
}

std::span<const std::byte> ByteStream::peek(std::size_t count) {
  assert(count <= kMaxPeekBytes);
  const std::size_t kept = peeked_end_ - peeked_begin_;
  std::memmove(peeked_.data(), peeked_.data() + peeked_begin_, kept);
  peeked_begin_ = 0;
  peeked_end_ = kept;
  while (peeked_end_ < count) {
    const ReadResult result =
        read_content(std::span{peeked_}.subspan(peeked_end_, count - peeked_end_));
    peeked_end_ += result.count;
    if (result.state == ReadState::end || result.state == ReadState::failed) break;
  }
  return std::span<const std::byte>{peeked_}.first(std::min(peeked_end_, count));
}

std::uint64_t ByteStream::bytes_read() const noexcept {
  if (!file_) return 0;
  // A look at the end of another file, whether there are tables, does not count.
  return reads_frames_ ? static_cast<const FileReader&>(*file_).bytes_read() : file_->offset();
}

std::optional<std::uint64_t> ByteStream::size_bytes() const noexcept {
  return file_ ? static_cast<const FileReader&>(*file_).size_bytes() : std::nullopt;
}

}  // namespace tapeline::net
