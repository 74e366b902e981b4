#pragma once

// A file layer that fails on command.

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>

#include "app/archive/file_calls.hpp"

namespace tapeline::archive::testing {

// The system's calls, but nothing is waited for: what the disk does is not under test.
class QuickCalls : public FileCalls {
 public:
  int sync(int /*descriptor*/) override { return 0; }
  int sync_data(int /*descriptor*/) override { return 0; }
  int sync_directory(const char* /*path*/) override { return 0; }
};

// Of these, chosen ones fail. Calls are counted from 1.
class FailingCalls : public QuickCalls {
 public:
  enum class Call : std::uint8_t {
    none,
    create,
    open,
    read,
    write,
    truncate,
    sync,
    sync_data,
    close,
    rename,
    remove
  };

  Call failing = Call::none;
  int first_failing = 1;
  int last_failing = 1'000'000;
  int error = ENOSPC;
  std::size_t max_write_bytes = SIZE_MAX;  // longer writes are short
  bool interrupt_writes = false;           // every second write is interrupted
  bool short_before_failing = false;       // the write in front of a failing one is short
  int also_failing_write = 0;              // this one, of all writes
  int failed = 0;

  int create(const char* path) override {
    return fails(Call::create) ? -1 : FileCalls::create(path);
  }
  ssize_t write(int descriptor, const std::byte* data, std::size_t bytes) override {
    if (interrupt_writes && (++interrupts_ % 2) != 0) {
      errno = EINTR;
      return -1;
    }
    if (++writes_ == also_failing_write) {
      errno = ENOSPC;
      return -1;
    }
    // What was cut short is tried again by the caller: that is the write that fails.
    if (short_before_failing && failing == Call::write && calls_ + 1 == first_failing &&
        !cut_short_ && bytes > 1) {
      cut_short_ = true;
      return FileCalls::write(descriptor, data, bytes / 2);
    }
    if (fails(Call::write)) return -1;
    return FileCalls::write(descriptor, data, std::min(bytes, max_write_bytes));
  }
  int open_existing(const char* path) override {
    return fails(Call::open) ? -1 : FileCalls::open_existing(path);
  }
  ssize_t read_at(int descriptor, std::byte* to, std::size_t bytes, off_t offset) override {
    return fails(Call::read) ? -1 : FileCalls::read_at(descriptor, to, bytes, offset);
  }
  int truncate(int descriptor, off_t bytes) override {
    return fails(Call::truncate) ? -1 : FileCalls::truncate(descriptor, bytes);
  }
  int sync(int descriptor) override {
    return fails(Call::sync) ? -1 : QuickCalls::sync(descriptor);
  }
  int sync_data(int descriptor) override {
    return fails(Call::sync_data) ? -1 : QuickCalls::sync_data(descriptor);
  }
  int close(int descriptor) override {
    const int result = FileCalls::close(descriptor);
    return fails(Call::close) ? -1 : result;
  }
  int rename(const char* from, const char* to) override {
    return fails(Call::rename) ? -1 : FileCalls::rename(from, to);
  }
  int remove(const char* path) override {
    return fails(Call::remove) ? -1 : FileCalls::remove(path);
  }

 private:
  bool fails(Call call) {
    if (call != failing) return false;
    ++calls_;
    if (calls_ < first_failing || calls_ > last_failing) return false;
    ++failed;
    errno = error;
    return true;
  }

  int calls_ = 0;
  int writes_ = 0;
  bool cut_short_ = false;
  int interrupts_ = 0;
};

}  // namespace tapeline::archive::testing
