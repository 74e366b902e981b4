#pragma once

// A file opened for reading only, and whether somebody writes it.
//
// Thread safety: none.

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <string>

namespace tapeline::archive {

class ReadOnlyFile {
 public:
  // On failure get() is negative and errno says why. Does not wait for the writer of a pipe.
  explicit ReadOnlyFile(const std::string& path)
      : descriptor_{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)} {}
  ~ReadOnlyFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  ReadOnlyFile(const ReadOnlyFile&) = delete;
  ReadOnlyFile& operator=(const ReadOnlyFile&) = delete;

  [[nodiscard]] int get() const noexcept { return descriptor_; }

  // Whoever writes an archive has it locked (app/archive/file_calls.hpp).
  [[nodiscard]] bool is_being_written() const noexcept {
    if (descriptor_ < 0) return false;
    if (::flock(descriptor_, LOCK_SH | LOCK_NB) != 0) return errno == EWOULDBLOCK;
    ::flock(descriptor_, LOCK_UN);
    return false;
  }

 private:
  int descriptor_;
};

}  // namespace tapeline::archive
