#include "app/simulate/output_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <system_error>

namespace tapeline::simulate {

namespace {

[[nodiscard]] std::string reason() { return std::generic_category().message(errno); }

}  // namespace

OutputFile::OutputFile(const std::string& path, bool overwrite)
    : path_{path}, buffer_(kBufferBytes) {
  if (path == "-") {
    path_ = "standard output";
    if (::isatty(STDOUT_FILENO) != 0) {
      throw std::runtime_error{"standard output is a terminal: redirect it or name a file"};
    }
    fd_ = ::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
    if (fd_ < 0) fail("open");
    return;
  }
  fd_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | (overwrite ? O_TRUNC : O_EXCL), 0644);
  if (fd_ < 0 && errno == EEXIST) {
    throw std::runtime_error{path + ": exists already: choose another name or give --force"};
  }
  if (fd_ < 0) fail("create");
  struct stat status {};
  is_ours_ = ::fstat(fd_, &status) == 0 && S_ISREG(status.st_mode);
}

OutputFile::~OutputFile() {
  if (fd_ < 0) return;
  ::close(fd_);
  if (is_ours_) ::unlink(path_.c_str());
}

std::span<std::byte> OutputFile::reserve(std::size_t bytes) {
  assert(bytes <= kBufferBytes);
  if (buffer_.size() - used_ < bytes) flush();
  return std::span{buffer_}.subspan(used_);
}

void OutputFile::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    if (used_ == buffer_.size()) flush();
    const std::size_t piece = std::min(bytes.size(), buffer_.size() - used_);
    std::memcpy(buffer_.data() + used_, bytes.data(), piece);
    used_ += piece;
    bytes = bytes.subspan(piece);
  }
}

void OutputFile::write(std::string_view text) { write(std::as_bytes(std::span{text})); }

void OutputFile::close() {
  flush();
  const int fd = fd_;
  fd_ = -1;
  if (::close(fd) != 0) fail("write");
}

void OutputFile::flush() {
  std::size_t done = 0;
  while (done < used_) {
    const ssize_t count = ::write(fd_, buffer_.data() + done, used_ - done);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail("write");
    done += static_cast<std::size_t>(count);
  }
  written_ += used_;
  used_ = 0;
}

void OutputFile::fail(const char* what) const {
  throw std::runtime_error{path_ + ": can not " + what + ": " + reason()};
}

}  // namespace tapeline::simulate
