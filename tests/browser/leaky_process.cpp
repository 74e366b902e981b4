// The status endpoint of a process that keeps a buffer now and then, for the test of the dashboard:
// real pools, a real server, and a clock for the watch that runs fifty times as fast. Says its
// address on stdout; runs until SIGTERM.

#include <atomic>
#include <chrono>
#include <csignal>
#include <iostream>
#include <thread>
#include <vector>

#include "app/status/pool_watch.hpp"
#include "app/status/process_status.hpp"
#include "app/status/status_server.hpp"
#include "pool/buffer_pool.hpp"

namespace {

using namespace tapeline;

volatile std::sig_atomic_t stop_requested = 0;

constexpr std::int64_t kWatchTick = 1'000'000'000;
constexpr std::chrono::milliseconds kTick{20};
constexpr int kTicksPerKeptGuard = 12;

}  // namespace

int main() {
  std::signal(SIGTERM, [](int) { stop_requested = 1; });
  pool::LockFreeBufferPool pools{pool::LockFreeBufferPoolConfig{}};
  status::PoolWatch watch;
  status::StatusServer server{[&] {
    status::StatusSnapshot snapshot;
    snapshot.process = status::read_process_status("leaky");
    snapshot.pools = pools.stats();
    snapshot.held = watch.held();
    return snapshot;
  }};
  server.start("127.0.0.1", 0);
  std::cout << "http://127.0.0.1:" << server.port() << "/" << std::endl;
  std::vector<pool::SerializationGuard> kept;
  std::int64_t now = 0;
  for (int tick = 1; stop_requested == 0; ++tick) {
    std::this_thread::sleep_for(kTick);
    if (tick % kTicksPerKeptGuard == 0) kept.push_back(pools.serialization().try_acquire());
    now += kWatchTick;
    watch.sample(pools.stats(), now);
  }
  server.stop();
  return 0;
}
