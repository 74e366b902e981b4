#include "codec/archive/dictionary.hpp"

#include <zstd.h>

#include <cassert>

#include "codec/bytes.hpp"

namespace tapeline::codec::archive {

namespace {

constexpr std::uint32_t kMagic = 0x184D2A56;  // RFC 8878, 3.1.2: the lowest four bits are free

}  // namespace

std::uint32_t dictionary_id(std::span<const std::byte> dictionary) noexcept {
  if (dictionary.size() > kMaxDictionaryBytes) return 0;
  return ZSTD_getDictID_fromDict(dictionary.data(), dictionary.size());
}

std::array<std::byte, kDictionaryHeaderBytes> dictionary_frame_header(
    std::span<const std::byte> dictionary) noexcept {
  assert(dictionary_id(dictionary) != 0);
  std::array<std::byte, kDictionaryHeaderBytes> header{};
  store_le(header.data(), kMagic);
  store_le(header.data() + 4, static_cast<std::uint32_t>(dictionary.size()));
  return header;
}

DictionaryFrame read_dictionary_frame(std::span<const std::byte> bytes) noexcept {
  if (bytes.size() >= 4 && load_le<std::uint32_t>(bytes.data()) != kMagic) {
    return {.status = TableStatus::foreign};
  }
  if (bytes.size() < kDictionaryHeaderBytes) return {};
  const std::size_t length = load_le<std::uint32_t>(bytes.data() + 4);
  if (length > kMaxDictionaryBytes) return {.status = TableStatus::corrupt};
  const std::size_t frame_bytes = kDictionaryHeaderBytes + length;
  if (bytes.size() < frame_bytes) return {.frame_bytes = frame_bytes};
  const auto dictionary = bytes.subspan(kDictionaryHeaderBytes, length);
  if (dictionary_id(dictionary) == 0) return {.status = TableStatus::corrupt};
  return {TableStatus::ok, frame_bytes, dictionary};
}

}  // namespace tapeline::codec::archive
