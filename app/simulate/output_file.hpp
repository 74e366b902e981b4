#pragma once

// A file that is written from front to back in large pieces. It is there when close() has
// returned; a file that was not closed (an error, an interruption) is removed.
//
// Thread safety: none.
// Errors:        std::runtime_error with one line of text that names the file.

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tapeline::simulate {

class OutputFile {
 public:
  static constexpr std::size_t kBufferBytes = std::size_t{1} << 20U;

  // "-" is the standard output. Throws if the file can not be created, or if it exists and
  // `overwrite` is false.
  OutputFile(const std::string& path, bool overwrite);
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  // Room for `bytes` bytes, of which commit() says how many were written.
  // Requires: bytes <= kBufferBytes. Throws if the file can not be written.
  [[nodiscard]] std::span<std::byte> reserve(std::size_t bytes);
  void commit(std::size_t bytes) noexcept { used_ += bytes; }

  void write(std::span<const std::byte> bytes);
  void write(std::string_view text);

  // Writes what is left. Throws if the file can not be written.
  void close();

  [[nodiscard]] std::size_t bytes_written() const noexcept { return written_ + used_; }

 private:
  void flush();
  [[noreturn]] void fail(const char* what) const;

  std::string path_;
  std::vector<std::byte> buffer_;
  std::size_t used_ = 0;
  std::size_t written_ = 0;
  int fd_ = -1;
  bool is_ours_ = false;  // a regular file that we created or emptied
};

}  // namespace tapeline::simulate
