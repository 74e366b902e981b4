#include "app/archive/frame_scan.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>

#include "app/archive/frame_summary.hpp"
#include "codec/archive/dictionary.hpp"
#include "codec/archive/loss_note.hpp"
#include "codec/archive/outage_note.hpp"
#include "codec/bytes.hpp"
#include "codec/capture/encoder.hpp"

namespace tapeline::archive {
namespace {

using codec::load_le;
using codec::archive::FrameExtent;
using codec::archive::FrameKind;
using codec::archive::FrameStatus;
using codec::archive::FrameSummary;
using codec::capture::kPcapHeaderBytes;
using codec::capture::kRecordHeaderBytes;

constexpr std::size_t kWindowBytes = std::size_t{1} << 20U;
constexpr std::size_t kFirstLook = std::size_t{128} << 10U;
constexpr std::size_t kMaxUnsettled = 1024;  // a packet fills 64 of the smallest frames
constexpr std::size_t kMagicBytes = 4;
constexpr std::uint32_t kContentMagic = 0xFD2FB528;
constexpr std::uint32_t kDictionaryMagic = 0x184D2A56;
constexpr std::uint32_t kLossMagic = 0x184D2A57;
constexpr std::uint32_t kIndexMagic = 0x184D2A58;
constexpr std::uint32_t kOutageMagic = 0x184D2A59;
constexpr std::uint32_t kSeekTableMagic = 0x184D2A5E;

std::uint32_t magic_of(std::span<const std::byte> bytes) noexcept {
  return bytes.size() < kMagicBytes ? 0 : load_le<std::uint32_t>(bytes.data());
}

bool is_table(std::uint32_t magic) noexcept {
  return magic == kIndexMagic || magic == kSeekTableMagic;
}

// What the record header at the start of `bytes` announces, with itself; a header that is cut
// announces only itself. Nothing if it can not be a record of an archive.
std::optional<std::size_t> record_bytes(std::span<const std::byte> bytes) noexcept {
  if (bytes.size() < kRecordHeaderBytes) return kRecordHeaderBytes;
  constexpr std::uint32_t kNanosPerSecond = 1'000'000'000;
  const auto captured = load_le<std::uint32_t>(bytes.data() + 8);
  if (load_le<std::uint32_t>(bytes.data() + 4) >= kNanosPerSecond ||
      captured > codec::capture::kMaxCapturedBytes ||
      captured > load_le<std::uint32_t>(bytes.data() + 12)) {
    return {};
  }
  return kRecordHeaderBytes + captured;
}

void add_record(FrameSummary& frame, std::span<const std::byte> record) noexcept {
  const std::int64_t seconds = load_le<std::uint32_t>(record.data());
  const std::int64_t nanos = load_le<std::uint32_t>(record.data() + 4);
  const auto lost =
      load_le<std::uint32_t>(record.data() + 12) - load_le<std::uint32_t>(record.data() + 8);
  add_packet(frame, seconds * 1'000'000'000 + nanos,
             numbers_of(record.subspan(kRecordHeaderBytes), lost));
}

}  // namespace

std::span<const std::byte> FrameScan::window(std::uint64_t offset, std::size_t wanted) {
  const bool inside = offset >= window_offset_ && offset - window_offset_ <= window_bytes_;
  const auto here = [&] {
    return std::span<const std::byte>{window_}
        .first(window_bytes_)
        .subspan(offset - window_offset_);
  };
  if (inside && here().size() >= wanted) return here();
  if (window_.size() < wanted) window_.resize(std::max(wanted, kWindowBytes));
  window_offset_ = offset;
  window_bytes_ = 0;
  while (window_bytes_ < window_.size()) {
    const ssize_t got =
        calls_.read_at(descriptor_, window_.data() + window_bytes_, window_.size() - window_bytes_,
                       static_cast<off_t>(offset + window_bytes_));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fault_ = {ArchiveStep::read, errno};
    if (got <= 0) break;
    window_bytes_ += static_cast<std::size_t>(got);
  }
  return here();
}

FrameExtent FrameScan::measure(std::uint64_t offset, std::span<const std::byte>& bytes) {
  for (std::size_t wanted = kFirstLook;; wanted *= 2) {
    bytes = window(offset, wanted);
    const FrameExtent extent = codec::archive::measure_frame(bytes);
    const bool more = bytes.size() >= wanted && wanted < kMaxFrameBytes;
    if (extent.status != FrameStatus::truncated || !more) return extent;
  }
}

ArchiveFault FrameScan::run() {
  const off_t bytes = calls_.size(descriptor_);
  if (bytes < 0) return {ArchiveStep::read, errno};
  file_bytes_ = static_cast<std::uint64_t>(bytes);
  decoder_ = std::make_unique<codec::archive::FrameDecoder>();
  while (offset_ < file_bytes_) {
    std::span<const std::byte> rest;
    const FrameExtent extent = measure(offset_, rest);
    const std::uint32_t magic = magic_of(rest);
    if (fault_) return fault_;
    if (extent.status != FrameStatus::ok) {
      // Zeros are what a power failure leaves.
      foreign_ = offset_ == 0 && rest.size() >= kMagicBytes && magic != 0 &&
                 (extent.status == FrameStatus::unsupported || magic != kContentMagic) &&
                 extent.status != FrameStatus::truncated;
      break;
    }
    const auto frame = rest.first(extent.frame_bytes);
    const Step step = extent.kind == FrameKind::skippable
                          ? read_skippable(frame)
                          : read_content(frame, extent.content_bytes);
    if (step == Step::end) break;
    offset_ += extent.frame_bytes;
    if (unsettled_.empty() && seen_content_) good_end_ = offset_;
  }
  return fault_;
}

FrameScan::Step FrameScan::read_skippable(std::span<const std::byte> frame) {
  if (is_table(magic_of(frame)) || !unsettled_.empty()) return Step::end;
  // One of ours that does not read is damaged. What nobody knows is kept.
  switch (magic_of(frame)) {
    case kLossMagic: {
      const auto note = codec::archive::read_loss_frame(frame);
      if (!note) return Step::end;
      table_.add(offset_, *note, frame.size());
      return Step::next;
    }
    case kOutageMagic: {
      const auto note = codec::archive::read_outage_frame(frame);
      if (!note) return Step::end;
      table_.add(offset_, *note, frame.size());
      return Step::next;
    }
    case kDictionaryMagic:
      if (offset_ == 0 && !read_dictionary(frame)) return Step::end;
      break;
    default: break;
  }
  table_.add_other(frame.size());
  return Step::next;
}

bool FrameScan::read_dictionary(std::span<const std::byte> frame) {
  const auto read = codec::archive::read_dictionary_frame(frame);
  if (read.status != codec::archive::TableStatus::ok) return false;
  try {
    decoder_ = std::make_unique<codec::archive::FrameDecoder>(read.dictionary);
  } catch (const std::invalid_argument&) {
    return false;
  }
  return true;
}

FrameScan::Step FrameScan::read_content(std::span<const std::byte> frame,
                                        std::uint64_t content_bytes) {
  if (content_bytes > kMaxFrameBytes || unsettled_.size() >= kMaxUnsettled) return Step::end;
  if (content_.size() < content_bytes) content_.resize(content_bytes);
  const auto result = decoder_->decompress(frame, content_);
  if (result.status == FrameStatus::failed) fault_ = {ArchiveStep::frame, ENOMEM};
  if (result.status == FrameStatus::unsupported && !seen_content_) foreign_ = true;
  if (result.status != FrameStatus::ok) return Step::end;
  const auto content = std::span<const std::byte>{content_}.first(content_bytes);
  FrameSummary summary;
  summary.offset = offset_;
  summary.content_bytes = static_cast<std::uint32_t>(content_bytes);
  if (read_records(content, summary) == Step::end) return Step::end;
  unsettled_.push_back({summary, frame.size()});
  seen_content_ = true;
  if (record_.empty()) settle();
  return Step::next;
}

std::optional<std::size_t> FrameScan::read_file_header(std::span<const std::byte> content) {
  if (seen_content_) return 0;
  std::array<std::byte, kPcapHeaderBytes> expected{};
  codec::capture::write_file_header(expected, codec::capture::TimeUnit::nano,
                                    codec::capture::LinkType::raw);
  if (content.size() >= expected.size() &&
      std::equal(expected.begin(), expected.end(), content.begin())) {
    return expected.size();
  }
  foreign_ = true;
  return {};
}

FrameScan::Step FrameScan::read_records(std::span<const std::byte> content, FrameSummary& summary) {
  const auto begin = read_file_header(content);
  if (!begin) return Step::end;
  summary.first_record = summary.content_bytes;
  for (std::size_t at = *begin; at < content.size();) {
    const auto rest = content.subspan(at);
    if (record_.empty()) {
      summary.first_record = std::min(summary.first_record, static_cast<std::uint32_t>(at));
      const auto bytes = record_bytes(rest);
      if (!bytes) return Step::end;
      if (rest.size() >= kRecordHeaderBytes && *bytes <= rest.size()) {
        add_record(summary, rest.first(*bytes));
        at += *bytes;
        continue;
      }
      record_frame_ = unsettled_.size();
    }
    const auto bytes = record_bytes(record_.empty() ? rest : std::span<const std::byte>{record_});
    if (!bytes) return Step::end;
    const auto piece = rest.first(std::min(rest.size(), *bytes - record_.size()));
    record_.insert(record_.end(), piece.begin(), piece.end());
    at += piece.size();
    const auto whole = record_bytes(record_);
    if (!whole) return Step::end;
    if (record_.size() < kRecordHeaderBytes || record_.size() < *whole) continue;
    add_record(record_frame_ < unsettled_.size() ? unsettled_[record_frame_].summary : summary,
               record_);
    record_.clear();
  }
  return Step::next;
}

void FrameScan::settle() {
  for (const Unsettled& frame : unsettled_) table_.add(frame.summary, frame.frame_bytes);
  unsettled_.clear();
}

bool FrameScan::ends_with(const FileTable::Pieces& pieces) {
  std::uint64_t at = good_end_;
  for (const auto& piece : pieces) {
    if (piece.size() > file_bytes_ - at) return false;
    const auto bytes = window(at, piece.size());
    if (bytes.size() < piece.size() || !std::equal(piece.begin(), piece.end(), bytes.begin())) {
      return false;
    }
    at += piece.size();
  }
  return at == file_bytes_;
}

std::uint64_t FrameScan::table_bytes() {
  std::uint64_t at = good_end_;
  while (at < file_bytes_) {
    std::span<const std::byte> rest;
    const FrameExtent extent = measure(at, rest);
    if (extent.status != FrameStatus::ok || !is_table(magic_of(rest))) break;
    at += extent.frame_bytes;
  }
  return at - good_end_;
}

}  // namespace tapeline::archive
