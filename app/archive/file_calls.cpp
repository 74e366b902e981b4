#include "app/archive/file_calls.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

namespace tapeline::archive {

int FileCalls::create(const char* path) {
  return ::open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0640);
}

ssize_t FileCalls::write(int descriptor, const std::byte* data, std::size_t bytes) {
  return ::write(descriptor, data, bytes);
}

int FileCalls::truncate(int descriptor, off_t bytes) {
  // Both: the next write would otherwise leave a hole.
  if (::ftruncate(descriptor, bytes) != 0) return -1;
  return ::lseek(descriptor, bytes, SEEK_SET) == bytes ? 0 : -1;
}

int FileCalls::sync(int descriptor) { return ::fsync(descriptor); }

int FileCalls::close(int descriptor) { return ::close(descriptor); }

int FileCalls::rename(const char* from, const char* to) {
  if (::renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0) return 0;
  if (errno != EINVAL && errno != ENOSYS) return -1;
  // The file system does not know the flag: look first.
  if (exists(to)) {
    errno = EEXIST;
    return -1;
  }
  return ::rename(from, to);
}

int FileCalls::remove(const char* path) { return ::unlink(path); }

bool FileCalls::exists(const char* path) {
  struct stat status {};
  return ::lstat(path, &status) == 0;
}

int FileCalls::sync_directory(const char* path) {
  const int descriptor = ::open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return -1;
  const int result = ::fsync(descriptor);
  const int error = errno;
  ::close(descriptor);
  errno = error;
  return result;
}

}  // namespace tapeline::archive
