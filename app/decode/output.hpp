#pragma once

// Where a table goes: a file, also compressed, or the standard output.
//
// What is written is there after each write(); a program that is stopped leaves what it wrote. A
// reader that went away (a broken pipe) is no error.
//
// Thread safety: none.
// Errors:        of the constructor std::runtime_error; later ones are kept: see error().

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace tapeline::decode {

enum class OutputCompression : std::uint8_t { none, gzip, zstd };

class Compressor;

class Output {
 public:
  // `path`: "-" is the standard output. Throws std::invalid_argument if the file exists and
  // `overwrite` is false, or can not be made.
  Output(const std::string& path, OutputCompression compression, bool overwrite);
  ~Output();
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  void write(std::string_view text) noexcept;
  // Ends the compressed data and closes the file.
  void close() noexcept;

  // Whether writing goes on: false after an error, and when nobody reads any more.
  [[nodiscard]] bool is_open() const noexcept { return open_; }
  // One line, "out.csv: can not write: No space left on device"; empty if all is well.
  [[nodiscard]] const std::string& error() const noexcept { return error_; }

 private:
  void write_all(std::string_view bytes) noexcept;
  void fail(int number) noexcept;

  std::string name_;
  std::string error_;
  std::unique_ptr<Compressor> compressor_;
  int fd_ = -1;
  bool owns_fd_ = false;
  bool open_ = true;
};

}  // namespace tapeline::decode
