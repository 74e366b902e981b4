#include "app/status/process_status.hpp"

#include <sys/resource.h>
#include <time.h>  // NOLINT(modernize-deprecated-headers): clock_gettime is POSIX
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>

namespace tapeline::status {
namespace {

double seconds_of(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
}

double now_seconds(clockid_t clock) {
  timespec time{};
  if (clock_gettime(clock, &time) != 0) return 0.0;
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

// proc(5), /proc/pid/stat: what follows the closing bracket of the name starts with field 3.
struct ProcStat {
  std::uint64_t threads = 0;      // field 20
  std::uint64_t start_ticks = 0;  // field 22, since boot
};

ProcStat read_proc_stat() {
  std::ifstream file{"/proc/self/stat"};
  std::string text;
  std::getline(file, text);
  const std::size_t name_end = text.rfind(')');
  if (name_end == std::string::npos) return {};
  ProcStat stat;
  std::size_t at = name_end + 1;
  for (int field = 3; field <= 22; ++field) {
    at = text.find_first_not_of(' ', at);
    if (at == std::string::npos) return stat;
    const std::size_t end = std::min(text.find(' ', at), text.size());
    const std::string word = text.substr(at, end - at);
    if (field == 20) stat.threads = std::strtoull(word.c_str(), nullptr, 10);
    if (field == 22) stat.start_ticks = std::strtoull(word.c_str(), nullptr, 10);
    at = end;
  }
  return stat;
}

std::uint64_t read_resident_bytes() {
  std::ifstream file{"/proc/self/statm"};
  std::uint64_t total_pages = 0;
  std::uint64_t resident_pages = 0;
  if (!(file >> total_pages >> resident_pages)) return 0;
  return resident_pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

std::uint64_t count_open_fds() {
  std::error_code error;
  std::filesystem::directory_iterator at{"/proc/self/fd", error};
  if (error) return 0;
  std::uint64_t count = 0;
  for (; at != std::filesystem::directory_iterator{}; at.increment(error)) {
    if (error) return 0;
    ++count;
  }
  return count - 1;  // without the one that looked
}

}  // namespace

ProcessStatus read_process_status(std::string_view version) {
  const ProcStat stat = read_proc_stat();
  const auto ticks_per_second = static_cast<double>(sysconf(_SC_CLK_TCK));
  const double started_after_boot = static_cast<double>(stat.start_ticks) / ticks_per_second;
  rusage usage{};
  ProcessStatus process;
  process.version = version;
  process.pid = static_cast<std::uint64_t>(getpid());
  process.uptime_seconds = std::max(0.0, now_seconds(CLOCK_BOOTTIME) - started_after_boot);
  // Found once: from two clocks it would differ a little each time, which looks like a restart.
  static const double kStartTime = now_seconds(CLOCK_REALTIME) - process.uptime_seconds;
  process.start_time_seconds = kStartTime;
  process.resident_bytes = read_resident_bytes();
  process.threads = stat.threads;
  if (getrusage(RUSAGE_SELF, &usage) == 0) {
    process.cpu_seconds = seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime);
  }
  process.open_fds = count_open_fds();
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) process.max_fds = limit.rlim_cur;
  return process;
}

}  // namespace tapeline::status
