#include "app/status/process_status.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <thread>

namespace tapeline::status {
namespace {

double unix_now() {
  return std::chrono::duration<double>{std::chrono::system_clock::now().time_since_epoch()}.count();
}

TEST(ProcessStatus, KnowsThisProcess) {
  const ProcessStatus process = read_process_status("1.2.3");
  EXPECT_EQ(process.version, "1.2.3");
  EXPECT_EQ(process.pid, static_cast<std::uint64_t>(::getpid()));
  EXPECT_GT(process.resident_bytes, 100'000U);
  EXPECT_GE(process.uptime_seconds, 0.0);
  EXPECT_LT(process.uptime_seconds, 3600.0);
  EXPECT_NEAR(process.start_time_seconds + process.uptime_seconds, unix_now(), 2.0);
}

TEST(ProcessStatus, StartsOnlyOnce) {
  const double started = read_process_status("").start_time_seconds;
  for (int i = 0; i < 10; ++i) EXPECT_EQ(read_process_status("").start_time_seconds, started);
}

TEST(ProcessStatus, CountsOpenFiles) {
  const std::uint64_t before = read_process_status("").open_fds;
  const int one_more = ::dup(0);
  EXPECT_EQ(read_process_status("").open_fds, before + 1);
  ::close(one_more);
  EXPECT_GE(read_process_status("").max_fds, before);
}

TEST(ProcessStatus, CountsThreads) {
  // Two, because a sanitizer may start a thread of its own with the first one.
  std::uint64_t with_one = 0;
  std::uint64_t with_two = 0;
  std::thread{[&] {
    with_one = read_process_status("").threads;
    std::thread{[&] { with_two = read_process_status("").threads; }}.join();
  }}.join();
  EXPECT_GE(with_one, 2U);
  EXPECT_EQ(with_two, with_one + 1);
}

TEST(ProcessStatus, CountsCpuTime) {
  const double before = read_process_status("").cpu_seconds;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{30};
  while (read_process_status("").cpu_seconds < before + 0.01) {
    ASSERT_LT(std::chrono::steady_clock::now(), deadline) << "CPU time stands still";
  }
}

}  // namespace
}  // namespace tapeline::status
