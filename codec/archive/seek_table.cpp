#include "codec/archive/seek_table.hpp"

#include <limits>

namespace tapeline::codec::archive {

namespace {

constexpr std::uint32_t kSkippableMagic = 0x184D2A5E;
constexpr std::uint32_t kSeekableMagic = 0x8F92EAB1;
constexpr std::size_t kHeaderBytes = 8;
constexpr std::byte kChecksumFlag{0x80};
constexpr std::byte kReservedBits{0x7C};
constexpr std::size_t kPlainEntryBytes = 8;
constexpr std::size_t kCheckedEntryBytes = 12;
constexpr std::size_t kDescriptorAt = 4;
constexpr std::size_t kMagicAt = 5;

std::size_t entry_bytes_of(std::byte descriptor) noexcept {
  return (descriptor & kChecksumFlag) == std::byte{} ? kPlainEntryBytes : kCheckedEntryBytes;
}

}  // namespace

bool SeekTableBuilder::add(std::uint64_t frame_bytes, std::uint64_t content_bytes) {
  constexpr std::uint64_t kMax = std::numeric_limits<std::uint32_t>::max();
  if (frame_bytes > kMax || content_bytes > kMax || size() == kMaxSeekEntries) return false;
  std::array<std::byte, kEntryBytes> entry{};
  store_le(entry.data(), static_cast<std::uint32_t>(frame_bytes));
  store_le(entry.data() + 4, static_cast<std::uint32_t>(content_bytes));
  entries_.insert(entries_.end(), entry.begin(), entry.end());
  return true;
}

std::array<std::span<const std::byte>, 3> SeekTableBuilder::pieces() noexcept {
  store_le(head_.data(), kSkippableMagic);
  store_le(head_.data() + 4, static_cast<std::uint32_t>(entries_.size() + kSeekFooterBytes));
  store_le(footer_.data(), static_cast<std::uint32_t>(size()));
  footer_[kDescriptorAt] = std::byte{};
  store_le(footer_.data() + kMagicAt, kSeekableMagic);
  return {head_, entries_, footer_};
}

SeekFooter read_seek_footer(std::span<const std::byte> file_end) noexcept {
  if (file_end.size() < kSeekFooterBytes) return {};
  const std::byte* const footer = file_end.last(kSeekFooterBytes).data();
  if (load_le<std::uint32_t>(footer + kMagicAt) != kSeekableMagic) {
    return {.status = TableStatus::foreign};
  }
  const std::byte descriptor = footer[kDescriptorAt];
  if ((descriptor & kReservedBits) != std::byte{}) return {.status = TableStatus::unsupported};
  const auto entries = load_le<std::uint32_t>(footer);
  if (entries > kMaxSeekEntries) return {.status = TableStatus::corrupt};
  return {TableStatus::ok, entries,
          kHeaderBytes + std::uint64_t{entries} * entry_bytes_of(descriptor) + kSeekFooterBytes};
}

std::uint64_t SeekTable::frames_bytes() const noexcept {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < count_; ++i) sum += (*this)[i].frame_bytes;
  return sum;
}

ReadSeekTable read_seek_table(std::span<const std::byte> frame) noexcept {
  ReadSeekTable result;
  if (frame.size() < kHeaderBytes + kSeekFooterBytes) return result;
  if (load_le<std::uint32_t>(frame.data()) != kSkippableMagic) {
    result.status = TableStatus::foreign;
    return result;
  }
  const std::uint64_t announced = load_le<std::uint32_t>(frame.data() + 4) + kHeaderBytes;
  if (announced > frame.size()) return result;
  const SeekFooter footer = read_seek_footer(frame);
  result.status = footer.status;
  if (footer.status != TableStatus::ok) return result;
  if (announced != frame.size() || footer.frame_bytes != frame.size()) {
    result.status = TableStatus::corrupt;
    return result;
  }
  result.status = TableStatus::ok;
  result.table.entries_ =
      frame.subspan(kHeaderBytes, frame.size() - kHeaderBytes - kSeekFooterBytes);
  result.table.entry_bytes_ =
      entry_bytes_of(frame[frame.size() - kSeekFooterBytes + kDescriptorAt]);
  result.table.count_ = footer.entries;
  return result;
}

}  // namespace tapeline::codec::archive
