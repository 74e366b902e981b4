#pragma once

// The dictionary of an archive: a skippable zstd frame (RFC 8878, 3.1.2) at the very start of the
// file whose content is a zstd dictionary as it is (RFC 8878, 5), so that a reader needs nothing
// beside the file. Only a dictionary with an identifier is taken: the frames name it.
//
// Thread safety: pure functions.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "codec/archive/table_status.hpp"

namespace tapeline::codec::archive {

inline constexpr std::size_t kMaxDictionaryBytes = std::size_t{1} << 20U;
inline constexpr std::size_t kDictionaryHeaderBytes = 8;

// 0 for bytes that are no dictionary with an identifier, or more than kMaxDictionaryBytes.
[[nodiscard]] std::uint32_t dictionary_id(std::span<const std::byte> dictionary) noexcept;

// What stands in front of the dictionary. Requires: dictionary_id(dictionary) != 0.
[[nodiscard]] std::array<std::byte, kDictionaryHeaderBytes> dictionary_frame_header(
    std::span<const std::byte> dictionary) noexcept;

struct DictionaryFrame {
  TableStatus status = TableStatus::truncated;
  std::size_t frame_bytes = 0;              // also set if truncated behind the header; else 0
  std::span<const std::byte> dictionary{};  // a view of the input; empty unless ok
};

// Reads the frame at the start of `bytes`; what follows it is not looked at.
[[nodiscard]] DictionaryFrame read_dictionary_frame(std::span<const std::byte> bytes) noexcept;

}  // namespace tapeline::codec::archive
