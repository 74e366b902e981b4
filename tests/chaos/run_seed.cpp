#include "tests/chaos/run_seed.hpp"

#include <exception>

#include "app/simulate/in_process_link.hpp"
#include "tests/chaos/exchange.hpp"
#include "tests/chaos/receiver.hpp"

namespace tapeline::chaos {

pool::LockFreeBufferPoolConfig pool_config() {
  pool::LockFreeBufferPoolConfig config;
  config.serialization.buffer_count = 256;
  config.serialization.overflow_buffers = 0;
  config.serialization.huge_pages = false;
  config.compression.buffer_count = 1;
  config.simd.buffer_count = 1;
  return config;
}

Verdict run_seed(const Scenario& scenario, pool::LockFreeBufferPool& pools, bool with_details) {
  const Tape tape{scenario.seed, scenario.messages};
  Oracle oracle{scenario, tape};
  Receiver receiver{scenario, pools.serialization(), oracle};
  simulate::InProcessConfig config;
  config.lines = scenario.lines.size();
  config.servers.session = kSession;
  config.servers.faults = scenario.servers;
  using Link = simulate::InProcessLink<Receiver, Oracle>;
  Link link{config, scenario.faults, scenario.seed, receiver, oracle};
  Verdict verdict;
  try {
    Exchange exchange{scenario, tape, link};
    exchange.play();
    link.drain(Link::kNoDeadline - 1);
    receiver.finish(static_cast<std::int64_t>(link.now_ns()));
    verdict.failure = oracle.failure();
  } catch (const std::exception& error) {
    verdict.failure = error.what();
  }
  if (verdict.failure.empty() && pools.stats().serialization.in_use != 0) {
    verdict.failure = "buffers are still in use";
  }
  verdict.totals = oracle.totals();
  if (with_details) {
    verdict.details = describe_faults(link.faults());
    for (std::size_t server = 0; server < link.servers().size(); ++server) {
      verdict.details += describe_faults(link.servers().server(server).faults());
    }
  }
  return verdict;
}

}  // namespace tapeline::chaos
