// chaos --seeds FIRST-LAST | --seed N [--verbose]
//
// Plays seeds through the in-process link and prints a line for each one that fails, with its
// scenario. Exit code: 0 all as it must be, 1 a seed failed, 2 usage. A seed replays alone and
// gives the same again.

#include <charconv>
#include <chrono>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>

#include "tests/chaos/run_seed.hpp"

namespace {

using tapeline::chaos::Scenario;
using tapeline::chaos::Verdict;

struct Arguments {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  bool verbose = false;
};

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, value);
  if (text.empty() || parsed.ec != std::errc{} || parsed.ptr != end) return std::nullopt;
  return value;
}

std::optional<Arguments> parse(int count, char** values) {
  Arguments arguments;
  bool has_seeds = false;
  for (int i = 1; i < count; ++i) {
    const std::string_view name = values[i];
    if (name == "--verbose") {
      arguments.verbose = true;
      continue;
    }
    if ((name != "--seeds" && name != "--seed") || i + 1 == count) return std::nullopt;
    const std::string_view value = values[++i];
    const std::size_t dash = name == "--seeds" ? value.find('-') : std::string_view::npos;
    const auto first = number(value.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : number(value.substr(dash + 1));
    if (!first || !last || *last < *first) return std::nullopt;
    arguments.first = *first;
    arguments.last = *last;
    has_seeds = true;
  }
  return has_seeds ? std::optional{arguments} : std::nullopt;
}

void print(const Scenario& scenario, const Verdict& verdict) {
  const auto& totals = verdict.totals;
  std::printf(
      "seed %llu: %llu delivered, %llu lost, %llu of these came late, %llu requests, "
      "%llu resyncs\n%s",
      static_cast<unsigned long long>(scenario.seed),
      static_cast<unsigned long long>(totals.delivered),
      static_cast<unsigned long long>(totals.lost),
      static_cast<unsigned long long>(totals.came_late),
      static_cast<unsigned long long>(totals.requests),
      static_cast<unsigned long long>(totals.resyncs), verdict.details.c_str());
}

}  // namespace

int main(int count, char** values) {
  const auto arguments = parse(count, values);
  if (!arguments) {
    std::fprintf(stderr, "usage: chaos --seeds FIRST-LAST | --seed N [--verbose]\n");
    return 2;
  }
  const auto start = std::chrono::steady_clock::now();
  tapeline::pool::LockFreeBufferPool pools{tapeline::chaos::pool_config()};
  std::uint64_t failed = 0;
  tapeline::chaos::Oracle::Totals sum;
  for (std::uint64_t seed = arguments->first; seed <= arguments->last; ++seed) {
    const Scenario scenario = tapeline::chaos::scenario_of(seed);
    const Verdict verdict = run_seed(scenario, pools, arguments->verbose);
    sum.delivered += verdict.totals.delivered;
    sum.lost += verdict.totals.lost;
    sum.came_late += verdict.totals.came_late;
    sum.requests += verdict.totals.requests;
    sum.resyncs += verdict.totals.resyncs;
    if (arguments->verbose) print(scenario, verdict);
    if (verdict.failure.empty() && !arguments->verbose) continue;
    if (!verdict.failure.empty()) ++failed;
    std::printf("%s seed %llu: %s | %s\n", verdict.failure.empty() ? "ok" : "FAILED",
                static_cast<unsigned long long>(seed), verdict.failure.c_str(),
                describe(scenario).c_str());
    std::fflush(stdout);
  }
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
  std::printf(
      "%llu seeds, %llu failed; %llu messages delivered, %llu declared lost, %llu requests, "
      "%llu resyncs; %.1f s\n",
      static_cast<unsigned long long>(arguments->last - arguments->first + 1),
      static_cast<unsigned long long>(failed), static_cast<unsigned long long>(sum.delivered),
      static_cast<unsigned long long>(sum.lost), static_cast<unsigned long long>(sum.requests),
      static_cast<unsigned long long>(sum.resyncs), taken.count());
  return failed == 0 ? 0 : 1;
}
