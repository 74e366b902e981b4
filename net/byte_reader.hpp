#pragma once

// The layers of a ByteStream: the file, and decompression on top of it.
//
// Thread safety: one reader; bytes_read() of a FileReader may be called by any thread.

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "net/byte_stream.hpp"

namespace tapeline::net {

class ByteReader {
 public:
  ByteReader() = default;
  ByteReader(const ByteReader&) = delete;
  ByteReader& operator=(const ByteReader&) = delete;
  virtual ~ByteReader() = default;

  // Called once per large read, never per packet. Sets reason() with `failed`.
  [[nodiscard]] virtual ReadResult read(std::span<std::byte> to) = 0;
  // Bytes of the file that this layer is done with.
  [[nodiscard]] virtual std::uint64_t offset() const noexcept = 0;

  [[nodiscard]] const std::string& reason() const noexcept { return reason_; }

 protected:
  ReadResult fail(std::size_t count, std::string reason) {
    reason_ = std::move(reason);
    return {count, count > 0 ? ReadState::ok : ReadState::failed};
  }

 private:
  std::string reason_;
};

class FileReader final : public ByteReader {
 public:
  // Opens `path`, "-" for the standard input. On failure reason() is set.
  explicit FileReader(const std::string& path);
  ~FileReader() override;

  [[nodiscard]] ReadResult read(std::span<std::byte> to) override;
  // What read() has taken from the file.
  [[nodiscard]] std::uint64_t offset() const noexcept override {
    return offset_.load(std::memory_order_relaxed);  // relaxed: a figure to look at
  }
  // What read() and read_at() have.
  [[nodiscard]] std::uint64_t bytes_read() const noexcept {
    return offset() + read_at_.load(std::memory_order_relaxed);  // relaxed: likewise
  }
  [[nodiscard]] std::optional<std::uint64_t> size_bytes() const noexcept { return size_bytes_; }

  // Whether read_at() may be called: not of a pipe.
  [[nodiscard]] bool is_regular() const noexcept { return is_regular_; }
  // Fills `to` from `offset` on, unless the file ends or reading fails; returns the bytes read.
  // Has nothing to do with where read() is. Requires: is_regular().
  [[nodiscard]] std::size_t read_at(std::uint64_t offset, std::span<std::byte> to);

  // Reads up to `to.size()` bytes, waits for them, and gives them again to the next read().
  // Requires: to.size() <= kMaxSniffBytes; called once, before read().
  static constexpr std::size_t kMaxSniffBytes = 16;
  [[nodiscard]] std::size_t sniff(std::span<std::byte> to);

 private:
  [[nodiscard]] ReadResult read_file(std::span<std::byte> to);

  int descriptor_ = -1;
  bool owns_descriptor_ = false;
  bool is_regular_ = false;
  std::optional<std::uint64_t> size_bytes_;
  std::atomic<std::uint64_t> offset_{0};
  std::atomic<std::uint64_t> read_at_{0};
  std::array<std::byte, kMaxSniffBytes> sniffed_{};
  std::size_t sniffed_begin_ = 0;
  std::size_t sniffed_end_ = 0;
};

// `file` is not owned and must outlive the reader. Never null; a failed start-up is told by the
// first read().
[[nodiscard]] std::unique_ptr<ByteReader> make_gzip_reader(FileReader& file);
[[nodiscard]] std::unique_ptr<ByteReader> make_zstd_reader(FileReader& file);

}  // namespace tapeline::net
