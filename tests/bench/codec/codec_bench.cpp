// JSON documents per second: our decoder beside nlohmann-json and RapidJSON. Every contender turns
// the same texts into the same scaled integers, on one thread, message after message.

#include <benchmark/benchmark.h>

#include <cstdint>
#include <cstdio>
#include <exception>
#include <memory>
#include <string>
#include <vector>

#include "tests/bench/codec/contenders.hpp"
#include "tests/bench/codec/messages.hpp"

namespace tapeline::bench {
namespace {

struct Named {
  const char* name;
  std::unique_ptr<Contender> (*make)();
};

constexpr Named kContenders[] = {
    {"tapeline", &make_tapeline},
    {"kernel", &make_kernel},
    {"nlohmann", &make_nlohmann},
    {"rapidjson", &make_rapidjson},
    {"rapidjson_in_situ", &make_rapidjson_in_situ},
    {"rapidjson_events", &make_rapidjson_events},
};

constexpr double kSeconds = 0.2;  // of a repetition

void measure_trades(benchmark::State& state, const std::vector<Message>& messages,
                    Contender& contender) {
  for (auto _ : state) {
    std::uint64_t sum = 0;
    for (const Message& message : messages) {
      const TradeValue value = contender.trade(message);
      sum += static_cast<std::uint64_t>(value.price) + static_cast<std::uint64_t>(value.size) +
             value.id + static_cast<std::uint64_t>(value.time_ns) + value.symbol.size();
    }
    benchmark::DoNotOptimize(sum);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(messages.size()));
}

void measure_updates(benchmark::State& state, const std::vector<Message>& messages,
                     Contender& contender) {
  for (auto _ : state) {
    std::uint64_t sum = 0;
    for (const Message& message : messages) sum += contender.update(message).sum;
    benchmark::DoNotOptimize(sum);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(messages.size()));
}

// True if each contender makes of each message what the first makes of it.
bool agree(const std::vector<Message>& trades, const std::vector<Message>& updates,
           const std::vector<std::unique_ptr<Contender>>& contenders) {
  for (const auto& contender : contenders) {
    for (const Message& message : trades) {
      if (digest(contender->trade(message)) != digest(contenders.front()->trade(message))) {
        return false;
      }
    }
    for (const Message& message : updates) {
      const UpdateValue ours = contenders.front()->update(message);
      const UpdateValue theirs = contender->update(message);
      if (ours.levels != theirs.levels || ours.sum != theirs.sum) return false;
    }
  }
  return true;
}

int run(int argc, char** argv) {
  const Messages trades = trade_messages();
  const Messages updates = update_messages();
  const std::vector<Message> trade_views = trades.views();
  const std::vector<Message> update_views = updates.views();
  std::vector<std::unique_ptr<Contender>> contenders;
  for (const Named& named : kContenders) contenders.push_back(named.make());
  std::printf("%zu trades, %zu book updates, %s; kernel %s\n", trades.size(), updates.size(),
              has_captures() ? "recorded" : "generated", codec::json::json_kernel().data());
  if (!agree(trade_views, update_views, contenders)) {
    std::fputs("codec_bench: the contenders do not agree\n", stderr);
    return 1;
  }
  for (std::size_t i = 0; i < contenders.size(); ++i) {
    Contender& contender = *contenders[i];
    const std::string name = kContenders[i].name;
    benchmark::RegisterBenchmark((name + "_trades").c_str(), [&](benchmark::State& state) {
      measure_trades(state, trade_views, contender);
    })->MinTime(kSeconds);
    benchmark::RegisterBenchmark((name + "_updates").c_str(), [&](benchmark::State& state) {
      measure_updates(state, update_views, contender);
    })->MinTime(kSeconds);
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}

}  // namespace
}  // namespace tapeline::bench

int main(int argc, char** argv) {
  try {
    return tapeline::bench::run(argc, argv);
  } catch (const std::exception& fault) {
    std::fprintf(stderr, "codec_bench: %s\n", fault.what());
    return 1;
  }
}
