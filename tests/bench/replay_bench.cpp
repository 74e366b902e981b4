// How fast a generated session of 10 million messages goes through the pipeline, beside two
// bounds of the same bytes: walking the length prefixes, and a plain switch that fills a value
// without any check. TAPELINE_BENCH_SESSION names the pcap (tests/bench/run makes it), and
// TAPELINE_BENCH_ARCHIVE the folder of its archive; one line
// (A), from the page cache, on one thread; the status server runs and publishes once a second.

#include <benchmark/benchmark.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include "app/replay.hpp"
#include "codec/bytes.hpp"
#include "codec/itch/decoder.hpp"
#include "codec/moldudp64/decoder.hpp"
#include "net/open_capture.hpp"
#include "pool/buffer_pool.hpp"

namespace tapeline {
namespace {

// What both decoders fill: everything a book needs of an order or a trade.
struct Value {
  std::uint64_t time_ns = 0;
  std::uint64_t order_ref = 0;
  std::uint64_t match_or_new_ref = 0;
  std::uint32_t price = 0;
  std::uint32_t shares = 0;
  std::uint16_t locate = 0;
  char type = 0;
  char side = 0;
  std::uint32_t unused = 0;
};
static_assert(sizeof(Value) == 40);

[[nodiscard]] std::uint64_t digest(const Value& value) noexcept {
  return value.time_ns + value.order_ref + value.match_or_new_ref + value.price + value.shares +
         value.locate + static_cast<unsigned char>(value.type);
}

// The home-made decoder: trusts the bytes.
[[nodiscard]] inline Value plain_decode(const std::byte* m) noexcept {
  using codec::load_be;
  Value v;
  v.type = static_cast<char>(m[0]);
  v.locate = load_be<std::uint16_t>(m + 1);
  v.time_ns = codec::load_be48(m + 5);
  switch (v.type) {
    case 'A':
    case 'F':
    case 'P':
      v.order_ref = load_be<std::uint64_t>(m + 11);
      v.side = static_cast<char>(m[19]);
      v.shares = load_be<std::uint32_t>(m + 20);
      v.price = load_be<std::uint32_t>(m + 32);
      if (v.type == 'P') v.match_or_new_ref = load_be<std::uint64_t>(m + 36);
      break;
    case 'E':
      v.order_ref = load_be<std::uint64_t>(m + 11);
      v.shares = load_be<std::uint32_t>(m + 19);
      v.match_or_new_ref = load_be<std::uint64_t>(m + 23);
      break;
    case 'C':
      v.order_ref = load_be<std::uint64_t>(m + 11);
      v.shares = load_be<std::uint32_t>(m + 19);
      v.match_or_new_ref = load_be<std::uint64_t>(m + 23);
      v.price = load_be<std::uint32_t>(m + 32);
      break;
    case 'X':
      v.order_ref = load_be<std::uint64_t>(m + 11);
      v.shares = load_be<std::uint32_t>(m + 19);
      break;
    case 'D': v.order_ref = load_be<std::uint64_t>(m + 11); break;
    case 'U':
      v.order_ref = load_be<std::uint64_t>(m + 11);
      v.match_or_new_ref = load_be<std::uint64_t>(m + 19);
      v.shares = load_be<std::uint32_t>(m + 27);
      v.price = load_be<std::uint32_t>(m + 31);
      break;
    case 'Q':
      v.shares = static_cast<std::uint32_t>(load_be<std::uint64_t>(m + 11));
      v.price = load_be<std::uint32_t>(m + 27);
      v.match_or_new_ref = load_be<std::uint64_t>(m + 31);
      break;
    case 'B': v.match_or_new_ref = load_be<std::uint64_t>(m + 11); break;
    default: break;
  }
  return v;
}

// The same value by way of tapeline's decoder.
struct ToValue {
  Value v;

  template <typename View>
  void prefix(const View& view) noexcept {
    v = Value{};
    v.type = View::kType;
    v.locate = static_cast<std::uint16_t>(view.stock_locate());
    v.time_ns = view.timestamp_ns();
  }
  template <typename View>
  void order(const View& view) noexcept {
    prefix(view);
    v.order_ref = static_cast<std::uint64_t>(view.order_ref());
  }
  template <typename View>
  void added(const View& view) noexcept {
    order(view);
    v.side = view.side();
    v.shares = view.shares();
    v.price = view.price();
  }
  template <typename View>
  void executed(const View& view) noexcept {
    order(view);
    v.shares = view.shares();
    v.match_or_new_ref = static_cast<std::uint64_t>(view.match_number());
  }

  void operator()(const codec::itch::AddOrder& m) noexcept { added(m); }
  void operator()(const codec::itch::AddOrderMpid& m) noexcept { added(m); }
  void operator()(const codec::itch::Trade& m) noexcept {
    added(m);
    v.match_or_new_ref = static_cast<std::uint64_t>(m.match_number());
  }
  void operator()(const codec::itch::OrderExecuted& m) noexcept { executed(m); }
  void operator()(const codec::itch::OrderExecutedWithPrice& m) noexcept {
    executed(m);
    v.price = m.price();
  }
  void operator()(const codec::itch::OrderCancel& m) noexcept {
    order(m);
    v.shares = m.shares();
  }
  void operator()(const codec::itch::OrderDelete& m) noexcept { order(m); }
  void operator()(const codec::itch::OrderReplace& m) noexcept {
    prefix(m);
    v.order_ref = static_cast<std::uint64_t>(m.original_order_ref());
    v.match_or_new_ref = static_cast<std::uint64_t>(m.new_order_ref());
    v.shares = m.shares();
    v.price = m.price();
  }
  void operator()(const codec::itch::CrossTrade& m) noexcept {
    prefix(m);
    v.shares = static_cast<std::uint32_t>(m.shares());
    v.price = m.price();
    v.match_or_new_ref = static_cast<std::uint64_t>(m.match_number());
  }
  void operator()(const codec::itch::BrokenTrade& m) noexcept {
    prefix(m);
    v.match_or_new_ref = static_cast<std::uint64_t>(m.match_number());
  }
  template <typename View>
  void operator()(const View& m) noexcept {
    prefix(m);
  }
};

[[nodiscard]] std::filesystem::path session_file() {
  const char* name = std::getenv("TAPELINE_BENCH_SESSION");
  if (name == nullptr) throw std::runtime_error("TAPELINE_BENCH_SESSION is not set");
  return name;
}

// All messages of the session, each behind its length, as in an ITCH file.
struct Stream {
  std::vector<std::byte> bytes;
  std::uint64_t messages = 0;
};

[[nodiscard]] const Stream& stream() {
  static const Stream kStream = [] {
    Stream result;
    result.bytes.reserve(std::filesystem::file_size(session_file()));
    pool::LockFreeBufferPool pools{pool::LockFreeBufferPoolConfig{}};
    const auto opened = net::open_capture(session_file().string(), pools.serialization());
    if (opened.source == nullptr) throw std::runtime_error(opened.error);
    while (true) {
      const auto batch = opened.source->next();
      if (batch.empty()) break;
      for (const net::Packet& packet : batch.packets()) {
        if (codec::moldudp64::parse_header(packet.payload()).status !=
            codec::moldudp64::PacketStatus::ok) {
          continue;  // heartbeats, end of session
        }
        const auto blocks = packet.payload().subspan(codec::moldudp64::kHeaderBytes);
        result.bytes.insert(result.bytes.end(), blocks.begin(), blocks.end());
        result.messages += codec::moldudp64::parse_header(packet.payload()).header.count;
      }
    }
    return result;
  }();
  return kStream;
}

// Calls fn(message) for each message of the stream, checking nothing but the end.
template <typename Fn>
void walk(Fn&& fn) {
  const std::byte* at = stream().bytes.data();
  const std::byte* const end = at + stream().bytes.size();
  while (at != end) {
    const std::size_t length = codec::load_be<std::uint16_t>(at);
    fn(std::span<const std::byte>{at + 2, length});
    at += 2 + length;
  }
}

void count_messages(benchmark::State& state) {
  state.SetItemsProcessed(static_cast<std::int64_t>(stream().messages) *
                          static_cast<std::int64_t>(state.iterations()));
}

void walk_length_prefixes(benchmark::State& state) {
  for (auto _ : state) {
    std::uint64_t sum = 0;
    walk([&sum](std::span<const std::byte> message) { sum += message.size(); });
    benchmark::DoNotOptimize(sum);
  }
  count_messages(state);
}

void plain_switch_decode(benchmark::State& state) {
  for (auto _ : state) {
    std::uint64_t sum = 0;
    walk([&sum](std::span<const std::byte> message) {
      Value value = plain_decode(message.data());
      benchmark::DoNotOptimize(value);
      sum += digest(value);
    });
    benchmark::DoNotOptimize(sum);
  }
  count_messages(state);
}

void decode(benchmark::State& state) {
  for (auto _ : state) {
    std::uint64_t sum = 0;
    ToValue to_value;
    walk([&](std::span<const std::byte> message) {
      if (codec::itch::decode(message, to_value) != codec::DecodeStatus::ok) std::abort();
      benchmark::DoNotOptimize(to_value.v);
      sum += digest(to_value.v);
    });
    benchmark::DoNotOptimize(sum);
  }
  count_messages(state);
}

void run_replay(benchmark::State& state, const std::vector<std::string>& files, bool archive) {
  const auto folder = std::filesystem::temp_directory_path() / "tapeline-replay-bench";
  std::uint64_t messages = 0;
  for (auto _ : state) {
    Config config = replay_config();
    config.status = {.enabled = true, .address = "127.0.0.1", .port = 0};
    config.archive.enabled = archive;
    config.archive.directory = folder;
    Replay replay{std::move(config), files};
    replay.run();
    messages += replay.messages();
    state.PauseTiming();
    std::filesystem::remove_all(folder);
    state.ResumeTiming();
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(messages));
}

void replay(benchmark::State& state) { run_replay(state, {session_file().string()}, false); }
void replay_with_archive(benchmark::State& state) {
  run_replay(state, {session_file().string()}, true);
}
// The archive of the session.
void replay_of_archive(benchmark::State& state) {
  const char* const folder = std::getenv("TAPELINE_BENCH_ARCHIVE");
  if (folder == nullptr) return state.SkipWithError("TAPELINE_BENCH_ARCHIVE is not set");
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator{folder}) {
    files.push_back(entry.path().string());
  }
  run_replay(state, files, false);
}
// A session of IEX DEEP.
void replay_iex(benchmark::State& state) {
  const char* const file = std::getenv("TAPELINE_BENCH_IEX_SESSION");
  if (file == nullptr) return state.SkipWithError("TAPELINE_BENCH_IEX_SESSION is not set");
  run_replay(state, {file}, false);
}

BENCHMARK(walk_length_prefixes)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(plain_switch_decode)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(decode)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(replay)->Unit(benchmark::kMillisecond)->UseRealTime()->Iterations(1);
BENCHMARK(replay_with_archive)->Unit(benchmark::kMillisecond)->UseRealTime()->Iterations(1);
BENCHMARK(replay_of_archive)->Unit(benchmark::kMillisecond)->UseRealTime()->Iterations(1);
BENCHMARK(replay_iex)->Unit(benchmark::kMillisecond)->UseRealTime()->Iterations(1);

}  // namespace
}  // namespace tapeline

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (std::getenv("TAPELINE_BENCH_SESSION") == nullptr) {
    std::fputs("TAPELINE_BENCH_SESSION must name the pcap of the session\n", stderr);
    return 2;
  }
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
