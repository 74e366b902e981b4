// The buffer pool beside everything one could use instead, in one process, on buffers of 128 KiB.
//
// Every repetition runs every loop and every contender, the contenders in another order each time,
// so that whatever the machine does meanwhile meets all alike. The order is the same in each run of
// the program. tests/bench/run builds and runs it; tests/bench/report_pool.py reads what it writes.

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <random>
#include <string_view>
#include <system_error>

#include "clock.hpp"
#include "contender.hpp"
#include "partner.hpp"
#include "pool_figures.hpp"

namespace tapeline::bench {

Buffers::Buffers() : base_{nullptr} {
  constexpr std::size_t kBytes = kBuffers * kStride;
  void* const mapped =
      ::mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) throw std::system_error(errno, std::generic_category(), "mmap");
  static_cast<void>(::madvise(mapped, kBytes, MADV_HUGEPAGE));  // a wish
  std::memset(mapped, 1, kBytes);
  base_ = static_cast<std::byte*>(mapped);
}

Buffers::~Buffers() { ::munmap(base_, kBuffers * kStride); }

namespace {

constexpr std::pair<Loop, const char*> kLoops[] = {
    {Loop::pair, "pair"},
    {Loop::burst, "burst"},
    {Loop::two_threads, "two_threads"},
    {Loop::hand_off, "hand_off"},
    {Loop::hand_off_touched, "hand_off_touched"},
};
constexpr std::pair<Timed, const char*> kTimed[] = {
    {Timed::alone, "one_thread"},
    {Timed::beside, "two_threads"},
    {Timed::hand_off, "hand_off"},
};

#if defined(__clang__)
constexpr const char* kCompiler = "clang++ " __clang_version__;
#else
constexpr const char* kCompiler = "g++ " __VERSION__;
#endif

struct Options {
  unsigned repetitions = 15;
  unsigned slice_ms = 40;  // how long one loop of one contender takes
  std::string out;
  std::string only;  // contenders whose name has this in it
};

// Of so many parts of a slice the median counts: a part in which a thread lost its processor to
// something else then does not.
constexpr std::size_t kParts = 5;

// value[measure][contender] of each repetition.
using Results = std::map<std::string, std::map<std::string, std::vector<double>>>;

Contenders all_contenders(const Buffers& buffers, const std::string& only) {
  Contenders contenders;
  add_tapeline(contenders);
  add_bounds(contenders, buffers);
  add_locked(contenders, buffers);
  add_allocators(contenders);
#if defined(TAPELINE_BENCH_BOOST)
  add_boost(contenders, buffers);
#else
  contenders.skipped.push_back({"boost::lockfree", "libboost-dev was not there at build time"});
#endif
#if defined(TAPELINE_BENCH_CK)
  add_ck(contenders, buffers);
#else
  contenders.skipped.push_back({"ck_stack", "libck-dev was not there at build time"});
#endif
#if defined(TAPELINE_BENCH_MOODYCAMEL)
  add_moodycamel(contenders, buffers);
#else
  contenders.skipped.push_back(
      {"moodycamel::ConcurrentQueue", "libconcurrentqueue-dev was not there at build time"});
#endif
#if defined(TAPELINE_BENCH_DPDK)
  add_dpdk(contenders, buffers);
#else
  contenders.skipped.push_back({"DPDK", "libdpdk-dev was not there at build time"});
#endif
  std::erase_if(contenders.taking_part, [&only](const std::unique_ptr<Contender>& contender) {
    return contender->name().find(only) == std::string::npos;
  });
  return contenders;
}

class Run {
 public:
  Run(Contenders& contenders, Partner* partner, const Options& options)
      : contenders_{contenders}, partner_{partner}, options_{options} {}

  const Results& all() {
    find_lengths();
    for (unsigned repetition = 0; repetition < options_.repetitions; ++repetition) {
      std::fprintf(stderr, "repetition %u of %u\n", repetition + 1, options_.repetitions);
      std::shuffle(contenders_.taking_part.begin(), contenders_.taking_part.end(), random_);
      for (const auto& [loop, name] : kLoops) run_loops(loop, name);
      for (const auto& [timed, name] : kTimed) run_timed(timed, name);
      if (options_.only.empty()) run_figures();
    }
    return results_;
  }

 private:
  [[nodiscard]] bool possible(auto measure) const {
    return partner_ != nullptr || !needs_partner(measure);
  }

  // Finds how many buffers fill a part of a slice.
  void find_lengths() {
    for (const auto& contender : contenders_.taking_part) {
      for (const auto& [loop, name] : kLoops) {
        if (!contender->takes_part(loop) || !possible(loop)) continue;
        std::uint64_t count = std::uint64_t{32} * kRound;
        double ns = contender->run(loop, partner_, count);  // the first one warms up
        const double part_ns = 1e6 * options_.slice_ms / kParts;
        do {
          count *= 2;
          ns = contender->run(loop, partner_, count);
        } while (ns * static_cast<double>(count) < part_ns / 4);
        lengths_[{contender.get(), loop}] =
            std::max(std::uint64_t{1}, static_cast<std::uint64_t>(part_ns / ns) / kRound) * kRound;
      }
    }
  }

  void run_loops(Loop loop, const char* name) {
    if (!possible(loop)) return;
    for (const auto& contender : contenders_.taking_part) {
      if (!contender->takes_part(loop)) continue;
      std::array<double, kParts> parts{};
      for (double& part : parts) {
        part = contender->run(loop, partner_, lengths_[{contender.get(), loop}]);
      }
      std::nth_element(parts.begin(), parts.begin() + kParts / 2, parts.end());
      results_[name][contender->name()].push_back(parts[kParts / 2]);
    }
  }

  void run_timed(Timed timed, const std::string& name) {
    constexpr std::uint64_t kSamples = std::uint64_t{1000} * kRound;
    if (!possible(timed)) return;
    for (const auto& contender : contenders_.taking_part) {
      if (!contender->takes_part(timed)) continue;
      const OperationLatencies latencies = contender->time(timed, partner_, kSamples);
      add(name + "_acquire", contender->name(), latencies.acquire);
      add(name + "_release", contender->name(), latencies.release);
    }
  }

  void add(const std::string& measure, const std::string& contender,
           const LatencySummary& latency) {
    results_[measure + "_mean"][contender].push_back(latency.mean_ns);
    results_[measure + "_p50"][contender].push_back(latency.p50_ns);
    results_[measure + "_p99"][contender].push_back(latency.p99_ns);
    results_[measure + "_p999"][contender].push_back(latency.p999_ns);
  }

  void run_figures() {
    for (const auto& figures : {reserve_figures(), head_swap_figures(partner_)}) {
      for (const Figure& figure : figures) {
        results_[figure.measure][figure.contender].push_back(figure.value);
      }
    }
  }

  Contenders& contenders_;
  Partner* partner_;
  const Options& options_;
  std::map<std::pair<const Contender*, Loop>, std::uint64_t> lengths_;
  Results results_;
  std::mt19937 random_{1};
};

[[nodiscard]] bool read_number(const char* text, unsigned& value) {
  const char* const end = text + std::strlen(text);
  const auto [rest, error] = std::from_chars(text, end, value);
  return error == std::errc{} && rest == end && value != 0;
}

// Returns false when the arguments make no sense.
[[nodiscard]] bool read_options(int argc, char** argv, Options& options) {
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view option{argv[i]};
    const char* const value = argv[i + 1];
    if (option == "--out") {
      options.out = value;
    } else if (option == "--only") {
      options.only = value;
    } else if (!(option == "--repetitions" && read_number(value, options.repetitions)) &&
               !(option == "--slice-ms" && read_number(value, options.slice_ms))) {
      return false;
    }
  }
  return argc % 2 == 1 && !options.out.empty();
}

void write(const Options& options, const Contenders& contenders, const Results& results,
           std::size_t processors) {
  nlohmann::ordered_json document;
  document["repetitions"] = options.repetitions;
  document["slice_ms"] = options.slice_ms;
  document["processors"] = processors;
  document["compiler"] = kCompiler;
  document["clock_step_ns"] = clock_step_ns();
  document["skipped"] = nlohmann::ordered_json::array();
  for (const Skipped& skipped : contenders.skipped) {
    document["skipped"].push_back({{"name", skipped.name}, {"why", skipped.why}});
  }
  document["results"] = results;
  std::ofstream file{options.out};
  file << document.dump(1) << '\n';
  if (!file.flush()) throw std::runtime_error{"cannot write " + options.out};
}

void bench(const Options& options) {
  const std::vector<std::size_t> processors = allowed_processors();
  const Buffers buffers;
  Contenders contenders = all_contenders(buffers, options.only);
  for (const Skipped& skipped : contenders.skipped) {
    std::fprintf(stderr, "skipped: %s (%s)\n", skipped.name.c_str(), skipped.why.c_str());
  }
  stay_on(processors.front());
  std::optional<Partner> partner;
  if (processors.size() > 1) {
    partner.emplace(processors[1]);
  } else {
    std::fputs("one processor: skipped what needs two threads\n", stderr);
  }
  Run run{contenders, partner ? &*partner : nullptr, options};
  write(options, contenders, run.all(), processors.size());
}

// The allocators' libraries want more thread-local memory than the C library keeps for what is
// opened at run time; how much is kept is decided before main().
void restart_with_room_for_thread_locals(char** argv) {
  constexpr const char* kVariable = "GLIBC_TUNABLES";
  if (std::getenv(kVariable) != nullptr) return;
  ::setenv(kVariable, "glibc.rtld.optional_static_tls=65536", 1);
  ::execv("/proc/self/exe", argv);  // without it some allocators are skipped
}

}  // namespace
}  // namespace tapeline::bench

int main(int argc, char** argv) {
  tapeline::bench::Options options;
  if (!tapeline::bench::read_options(argc, argv, options)) {
    std::fputs("pool_bench --out FILE [--repetitions N] [--slice-ms N] [--only NAME]\n", stderr);
    return 2;
  }
  tapeline::bench::restart_with_room_for_thread_locals(argv);
  try {
    tapeline::bench::bench(options);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "pool_bench: %s\n", error.what());
    return 1;
  }
  return 0;
}
