#pragma once

// Frames of an archive: independent Zstandard frames (RFC 8878) that state the size of their
// content and carry its checksum. Each can be read alone, and a file of them is one zstd stream.
//
// Thread safety: one user per object.
// Ownership:     an encoder and a decoder own their working memory, which is set up by the
//                constructor and does not grow with what is read; input and output are the
//                caller's.
// Units:         bytes.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

struct ZSTD_CCtx_s;
struct ZSTD_DCtx_s;

namespace tapeline::codec::archive {

enum class FrameStatus : std::uint8_t {
  ok,
  truncated,    // the input ends inside the frame; an empty input is truncated, too
  corrupt,      // no frame, or one whose content or checksum is wrong
  unsupported,  // a frame without content size or checksum, or with a dictionary that is not at
                // hand
  no_room,      // the output is too small
  failed,       // zstd gave up for lack of memory
};

[[nodiscard]] std::string_view to_string(FrameStatus status) noexcept;

enum class FrameKind : std::uint8_t { content, skippable };

// The frame at the start of some bytes, found by its headers alone: nothing is decompressed.
struct FrameExtent {
  FrameStatus status = FrameStatus::truncated;
  FrameKind kind = FrameKind::content;
  std::size_t frame_bytes = 0;      // the whole frame in the input; 0 unless ok
  std::uint64_t content_bytes = 0;  // as announced; of a skippable frame, its user data
  std::uint32_t dictionary_id = 0;  // of the dictionary that it needs; 0 = none
};

// Steps over one frame. Never reads outside `bytes`.
[[nodiscard]] FrameExtent measure_frame(std::span<const std::byte> bytes) noexcept;

// The largest content whose frame fits into `capacity` bytes, whatever the content is.
// 0 if there is none.
[[nodiscard]] std::size_t max_content_bytes(std::size_t capacity) noexcept;

struct CompressResult {
  FrameStatus status = FrameStatus::failed;  // ok, no_room, failed
  std::size_t frame_bytes = 0;               // written to the output; 0 unless ok
};

class FrameEncoder {
 public:
  static constexpr int kDefaultLevel = 1;

  // The dictionary (codec/archive/dictionary.hpp) is copied; empty means none. Throws
  // std::invalid_argument if zstd has no such level or refuses the dictionary, std::bad_alloc.
  explicit FrameEncoder(int level = kDefaultLevel, std::span<const std::byte> dictionary = {});

  // Writes one frame. `content` may be empty and must not overlap `out`.
  [[nodiscard]] CompressResult compress(std::span<const std::byte> content,
                                        std::span<std::byte> out) noexcept;

 private:
  struct Free {
    void operator()(ZSTD_CCtx_s* context) const noexcept;
  };
  std::unique_ptr<ZSTD_CCtx_s, Free> context_;
};

struct DecompressResult {
  FrameStatus status = FrameStatus::truncated;
  std::size_t frame_bytes = 0;      // taken from the input; also set for no_room and corrupt
                                    // content, so that a reader can step over the frame; else 0
  std::uint64_t content_bytes = 0;  // written to the output; for no_room, what would be needed
};

class FrameDecoder {
 public:
  // The dictionary is copied; empty means none. Throws std::invalid_argument if it is none,
  // std::bad_alloc.
  explicit FrameDecoder(std::span<const std::byte> dictionary = {});

  // Reads the one frame at the start of `bytes`; what follows it is not looked at. A skippable
  // frame is unsupported here: see measure_frame(). Writes nothing past out.size(), whatever the
  // frame announces; what was written is garbage unless ok. `out` must not overlap `bytes`.
  [[nodiscard]] DecompressResult decompress(std::span<const std::byte> bytes,
                                            std::span<std::byte> out) noexcept;

 private:
  struct Free {
    void operator()(ZSTD_DCtx_s* context) const noexcept;
  };
  std::unique_ptr<ZSTD_DCtx_s, Free> context_;
  std::uint32_t dictionary_id_ = 0;
};

}  // namespace tapeline::codec::archive
