#include "codec/archive/frame.hpp"

#include <zstd.h>
#include <zstd_errors.h>

#include <algorithm>
#include <cassert>
#include <new>
#include <stdexcept>
#include <string>

#include "codec/archive/dictionary.hpp"
#include "codec/bytes.hpp"

namespace tapeline::codec::archive {

namespace {

// RFC 8878, sections 3.1.1 and 3.1.2.
constexpr std::size_t kMagicBytes = 4;
constexpr std::uint32_t kFrameMagic = 0xFD2FB528;
constexpr std::uint32_t kSkippableMagic = 0x184D2A50;  // the lowest four bits are free
constexpr std::uint32_t kSkippableMask = 0xFFFFFFF0;
constexpr std::size_t kSkippableHeaderBytes = 8;
constexpr std::byte kChecksumFlag{0x04};

FrameExtent measure_skippable(std::span<const std::byte> bytes) noexcept {
  if (bytes.size() < kSkippableHeaderBytes) return {};
  const std::size_t user_bytes = load_le<std::uint32_t>(bytes.data() + kMagicBytes);
  if (user_bytes > bytes.size() - kSkippableHeaderBytes) return {};
  return {FrameStatus::ok, FrameKind::skippable, kSkippableHeaderBytes + user_bytes, user_bytes, 0};
}

// True if `bytes`, shorter than a magic number, could be the start of one.
bool may_begin_frame(std::span<const std::byte> bytes) noexcept {
  const auto agrees = [bytes](std::uint32_t magic, std::byte first_mask) {
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      const std::byte mask = i == 0 ? first_mask : std::byte{0xFF};
      if ((bytes[i] & mask) != (static_cast<std::byte>(magic >> (8 * i)) & mask)) return false;
    }
    return true;
  };
  return agrees(kFrameMagic, std::byte{0xFF}) || agrees(kSkippableMagic, std::byte{0xF0});
}

FrameStatus status_of(std::size_t zstd_error) noexcept {
  switch (ZSTD_getErrorCode(zstd_error)) {
    case ZSTD_error_srcSize_wrong: return FrameStatus::truncated;
    case ZSTD_error_memory_allocation: return FrameStatus::failed;
    default: return FrameStatus::corrupt;
  }
}

[[noreturn]] void refuse_dictionary() {
  throw std::invalid_argument{"not a zstd dictionary with an identifier, or too large"};
}

}  // namespace

std::string_view to_string(FrameStatus status) noexcept {
  switch (status) {
    case FrameStatus::ok: return "ok";
    case FrameStatus::truncated: return "truncated";
    case FrameStatus::corrupt: return "corrupt";
    case FrameStatus::unsupported: return "unsupported";
    case FrameStatus::no_room: return "no_room";
    case FrameStatus::failed: return "failed";
  }
  return "invalid";
}

FrameExtent measure_frame(std::span<const std::byte> bytes) noexcept {
  if (bytes.size() < kMagicBytes) {
    return {.status = may_begin_frame(bytes) ? FrameStatus::truncated : FrameStatus::corrupt};
  }
  const auto magic = load_le<std::uint32_t>(bytes.data());
  if ((magic & kSkippableMask) == kSkippableMagic) return measure_skippable(bytes);
  // Looked at here because zstd would also read frames of its older formats.
  if (magic != kFrameMagic) return {.status = FrameStatus::corrupt};
  if (bytes.size() == kMagicBytes) return {};
  const std::byte flags = bytes[kMagicBytes];
  if ((flags & kChecksumFlag) == std::byte{}) return {.status = FrameStatus::unsupported};
  const std::size_t frame_bytes = ZSTD_findFrameCompressedSize(bytes.data(), bytes.size());
  if (ZSTD_isError(frame_bytes) != 0) return {.status = status_of(frame_bytes)};
  const unsigned long long content_bytes = ZSTD_getFrameContentSize(bytes.data(), bytes.size());
  if (content_bytes == ZSTD_CONTENTSIZE_ERROR) return {.status = FrameStatus::corrupt};
  if (content_bytes == ZSTD_CONTENTSIZE_UNKNOWN) return {.status = FrameStatus::unsupported};
  return {FrameStatus::ok, FrameKind::content, frame_bytes, content_bytes,
          ZSTD_getDictID_fromFrame(bytes.data(), bytes.size())};
}

std::size_t max_content_bytes(std::size_t capacity) noexcept {
  if (ZSTD_compressBound(0) > capacity) return 0;
  std::size_t fits = 0;
  std::size_t too_large = capacity + 1;  // the bound exceeds the content by at least a header
  while (too_large - fits > 1) {
    const std::size_t middle = fits + (too_large - fits) / 2;
    (ZSTD_compressBound(middle) <= capacity ? fits : too_large) = middle;
  }
  return fits;
}

void FrameEncoder::Free::operator()(ZSTD_CCtx_s* context) const noexcept { ZSTD_freeCCtx(context); }

FrameEncoder::FrameEncoder(int level, std::span<const std::byte> dictionary)
    : context_{ZSTD_createCCtx()} {
  if (level < ZSTD_minCLevel() || level > ZSTD_maxCLevel()) {
    throw std::invalid_argument{"compression level " + std::to_string(level) + " is not in " +
                                std::to_string(ZSTD_minCLevel()) + " to " +
                                std::to_string(ZSTD_maxCLevel())};
  }
  if (!context_) throw std::bad_alloc{};
  for (const auto& [parameter, value] :
       {std::pair{ZSTD_c_compressionLevel, level}, std::pair{ZSTD_c_checksumFlag, 1},
        std::pair{ZSTD_c_contentSizeFlag, 1}}) {
    [[maybe_unused]] const std::size_t result =
        ZSTD_CCtx_setParameter(context_.get(), parameter, value);
    assert(ZSTD_isError(result) == 0);
  }
  if (dictionary.empty()) return;
  const std::size_t loaded =
      ZSTD_CCtx_loadDictionary(context_.get(), dictionary.data(), dictionary.size());
  if (dictionary_id(dictionary) == 0 || ZSTD_isError(loaded) != 0) refuse_dictionary();
}

CompressResult FrameEncoder::compress(std::span<const std::byte> content,
                                      std::span<std::byte> out) noexcept {
  const std::size_t result =
      ZSTD_compress2(context_.get(), out.data(), out.size(), content.data(), content.size());
  if (ZSTD_isError(result) == 0) return {FrameStatus::ok, result};
  if (ZSTD_getErrorCode(result) == ZSTD_error_dstSize_tooSmall) return {FrameStatus::no_room, 0};
  return {FrameStatus::failed, 0};
}

void FrameDecoder::Free::operator()(ZSTD_DCtx_s* context) const noexcept { ZSTD_freeDCtx(context); }

FrameDecoder::FrameDecoder(std::span<const std::byte> dictionary)
    : context_{ZSTD_createDCtx()}, dictionary_id_{dictionary_id(dictionary)} {
  if (!context_) throw std::bad_alloc{};
  if (dictionary.empty()) return;
  const std::size_t loaded =
      ZSTD_DCtx_loadDictionary(context_.get(), dictionary.data(), dictionary.size());
  if (dictionary_id_ == 0 || ZSTD_isError(loaded) != 0) refuse_dictionary();
}

DecompressResult FrameDecoder::decompress(std::span<const std::byte> bytes,
                                          std::span<std::byte> out) noexcept {
  const FrameExtent extent = measure_frame(bytes);
  if (extent.status != FrameStatus::ok) return {extent.status, 0, 0};
  if (extent.kind == FrameKind::skippable) {
    return {FrameStatus::unsupported, extent.frame_bytes, 0};
  }
  if (extent.dictionary_id != 0 && extent.dictionary_id != dictionary_id_) {
    return {FrameStatus::unsupported, extent.frame_bytes, 0};
  }
  if (extent.content_bytes > out.size()) {
    return {FrameStatus::no_room, extent.frame_bytes, extent.content_bytes};
  }
  // The output is cut to what was announced: a frame that holds more is corrupt.
  const std::size_t result = ZSTD_decompressDCtx(context_.get(), out.data(), extent.content_bytes,
                                                 bytes.data(), extent.frame_bytes);
  if (ZSTD_isError(result) == 0 && result == extent.content_bytes) {
    return {FrameStatus::ok, extent.frame_bytes, extent.content_bytes};
  }
  // The frame is whole by its headers, so damage inside it is not a matter of missing bytes.
  const bool no_memory = ZSTD_getErrorCode(result) == ZSTD_error_memory_allocation;
  return {no_memory ? FrameStatus::failed : FrameStatus::corrupt, extent.frame_bytes, 0};
}

}  // namespace tapeline::codec::archive
