#pragma once

// A file's bytes from front to back: a plain file, a .gz (one or more members), a .zst (one or
// more frames, skippable ones too), or the standard input, which is named "-". What it is, is told
// by its first bytes and not by its name.
//
// Errors are values: the constructor never throws for what is wrong with a file, and a stream that
// breaks in the middle first delivers everything before the damage.
//
// Thread safety: one reader; bytes_read() and size_bytes() may be called by any thread.
// Memory:        bounded, whatever the file says: zstd windows go up to 128 MiB, larger are
// refused.

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "net/time_span.hpp"

namespace tapeline::net {

enum class ReadState : std::uint8_t {
  ok,           // `count` bytes were written, at least one
  would_block,  // nothing came in for a moment (pipes and terminals only); try again
  end,
  failed,  // error() says why
};

struct ReadResult {
  std::size_t count = 0;
  ReadState state = ReadState::ok;
};

struct StreamError {
  std::string path;
  std::optional<std::uint64_t> offset;  // in the file as it is stored
  std::string reason;                   // empty: no error

  // One line: "a.gz: byte 4711: unexpected end of gzip data". Control characters are replaced.
  [[nodiscard]] std::string text() const;
};

enum class Compression : std::uint8_t { none, gzip, zstd };

class ByteReader;

class ByteStream {
 public:
  static constexpr std::size_t kMaxPeekBytes = 16;

  // Opens `path` and looks at its first bytes, for which it waits if it is a pipe. Of an archive
  // with an index only what holds `span` is read (net/archive_reader.hpp). With `decompress_ahead`
  // a compressed file is decompressed on a thread of its own, which is some blocks ahead
  // (net/ahead_reader.hpp); then std::system_error if there can be none.
  explicit ByteStream(const std::string& path, const TimeSpan& span = {},
                      bool decompress_ahead = false);
  ByteStream(ByteStream&&) noexcept;
  ByteStream& operator=(ByteStream&&) = delete;
  ~ByteStream();

  // Fills `to`, unless the content ends, breaks, or is slower than the reader. Requires: `to` is
  // not empty. After `end` or `failed` the answer stays the same.
  [[nodiscard]] ReadResult read(std::span<std::byte> to);

  // The next `count` bytes, fewer if the content ends or breaks before; read() gives them again.
  // Waits for them. Requires: count <= kMaxPeekBytes. Valid until the next call.
  [[nodiscard]] std::span<const std::byte> peek(std::size_t count);

  [[nodiscard]] bool failed() const noexcept { return !error_.reason.empty(); }
  [[nodiscard]] const StreamError& error() const noexcept { return error_; }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  [[nodiscard]] Compression compression() const noexcept { return compression_; }

  // Bytes taken from the file as it is stored, and its size if that is known.
  [[nodiscard]] std::uint64_t bytes_read() const noexcept;
  [[nodiscard]] std::optional<std::uint64_t> size_bytes() const noexcept;

 private:
  void open(const TimeSpan& span, bool decompress_ahead);
  [[nodiscard]] ReadResult read_content(std::span<std::byte> to);

  std::string path_;
  StreamError error_;
  Compression compression_ = Compression::none;
  bool reads_frames_ = false;            // as an archive
  std::unique_ptr<ByteReader> file_;     // the bytes as stored
  std::unique_ptr<ByteReader> content_;  // decompressed; empty if the file is not compressed
  std::array<std::byte, kMaxPeekBytes> peeked_{};
  std::size_t peeked_begin_ = 0;
  std::size_t peeked_end_ = 0;
};

}  // namespace tapeline::net
