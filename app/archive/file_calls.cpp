#include "app/archive/file_calls.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

namespace tapeline::archive {

namespace {

int close_with(int descriptor, int error) {
  ::close(descriptor);
  errno = error;
  return -1;
}

// Whether the file of this descriptor is what the path names.
bool is_at(int descriptor, const char* path) {
  struct stat held {};
  struct stat named {};
  return ::fstat(descriptor, &held) == 0 && ::lstat(path, &named) == 0 &&
         held.st_dev == named.st_dev && held.st_ino == named.st_ino;
}

}  // namespace

int FileCalls::create(const char* path) {
  const int descriptor = ::open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0640);
  if (descriptor < 0) return -1;
  // Between creation and lock somebody else may have locked it and removed it, as it is empty. A
  // file system without locks is written without.
  if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
    return close_with(descriptor, EEXIST);
  }
  return is_at(descriptor, path) ? descriptor : close_with(descriptor, EEXIST);
}

int FileCalls::open_existing(const char* path) {
  const int descriptor = ::open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) return -1;
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) return close_with(descriptor, errno);
  if (!S_ISREG(status.st_mode)) return close_with(descriptor, EINVAL);
  if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) return close_with(descriptor, errno);
  // It was finished or removed in between.
  return is_at(descriptor, path) ? descriptor : close_with(descriptor, ENOENT);
}

off_t FileCalls::size(int descriptor) {
  struct stat status {};
  return ::fstat(descriptor, &status) == 0 ? status.st_size : -1;
}

ssize_t FileCalls::read_at(int descriptor, std::byte* to, std::size_t bytes, off_t offset) {
  return ::pread(descriptor, to, bytes, offset);
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

int FileCalls::sync_data(int descriptor) { return ::fdatasync(descriptor); }

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
