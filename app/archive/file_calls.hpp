#pragma once

// The system calls that an archive file needs, as a class so that tests can let each of them fail.
//
// Locks: whoever writes a file that is not finished holds its flock(2), from its creation to its
//        closing; so a file of a process that lives is told from one of a process that died.
// Thread safety: none needed; one archive thread makes all calls of one object.
// Errors:        as the system does it: -1 and errno.

#include <sys/types.h>

#include <cstddef>

namespace tapeline::archive {

class FileCalls {
 public:
  FileCalls() = default;
  FileCalls(const FileCalls&) = delete;
  FileCalls& operator=(const FileCalls&) = delete;
  virtual ~FileCalls() = default;

  // Creates a file that did not exist, mode 0640, opens it for writing and locks it. EEXIST also
  // when another process took it for one that was left behind.
  virtual int create(const char* path);
  // Opens a regular file for reading and writing, locks it, and begins at its start. EWOULDBLOCK
  // when another process has it locked, EINVAL when it is no regular file.
  virtual int open_existing(const char* path);
  virtual off_t size(int descriptor);
  virtual ssize_t read_at(int descriptor, std::byte* to, std::size_t bytes, off_t offset);
  virtual ssize_t write(int descriptor, const std::byte* data, std::size_t bytes);
  // Cuts, and goes on writing there.
  virtual int truncate(int descriptor, off_t bytes);
  virtual int sync(int descriptor);       // fsync
  virtual int sync_data(int descriptor);  // fdatasync
  virtual int close(int descriptor);
  // Renames without replacing: fails with EEXIST when `to` exists.
  virtual int rename(const char* from, const char* to);
  virtual int remove(const char* path);
  virtual bool exists(const char* path);
  // Makes what was created, renamed or removed in this folder durable.
  virtual int sync_directory(const char* path);
};

}  // namespace tapeline::archive
