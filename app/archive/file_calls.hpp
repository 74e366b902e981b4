#pragma once

// The system calls that an archive file needs, as a class so that tests can let each of them fail.
//
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

  // Creates a file that did not exist, mode 0640, and opens it for writing.
  virtual int create(const char* path);
  virtual ssize_t write(int descriptor, const std::byte* data, std::size_t bytes);
  virtual int truncate(int descriptor, off_t bytes);
  virtual int sync(int descriptor);
  virtual int close(int descriptor);
  // Renames without replacing: fails with EEXIST when `to` exists.
  virtual int rename(const char* from, const char* to);
  virtual int remove(const char* path);
  virtual bool exists(const char* path);
  // Makes a rename in this folder durable.
  virtual int sync_directory(const char* path);
};

}  // namespace tapeline::archive
