// How fast a generated session of messages becomes rows: `tapeline decode` without its command
// line, from the page cache to /dev/null, on one thread. Beside it the writer that is written
// first: a std::ostringstream per row, fields put with <<, the same columns of the same messages,
// which lie ready in memory. TAPELINE_BENCH_SESSION names the pcap (tests/bench/run makes it).

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <iomanip>
#include <sstream>
#include <string>
#include <unordered_map>
#include <vector>

#include "app/decode/decode_job.hpp"
#include "app/decode/itch_messages.hpp"
#include "codec/bytes.hpp"
#include "codec/itch/field_table.hpp"
#include "codec/moldudp64/decoder.hpp"
#include "net/open_capture.hpp"
#include "pool/buffer_pool.hpp"

namespace tapeline::decode {
namespace {

constexpr std::size_t kRivalMessages = 500'000;  // the first of the session

[[nodiscard]] std::string session_file() { return std::getenv("TAPELINE_BENCH_SESSION"); }

struct Received {
  std::int64_t receive_ns = 0;
  std::uint64_t sequence = 0;
  std::string message;
};

const std::vector<Received>& messages() {
  static const std::vector<Received> kMessages = [] {
    std::vector<Received> all;
    pool::BufferPool<pool::SerializationKind> buffers{{.buffer_count = 8}};
    const auto opened = net::open_capture(session_file(), buffers);
    if (opened.source == nullptr) throw std::runtime_error{opened.error};
    while (all.size() < kRivalMessages) {
      const net::PacketBatch batch = opened.source->next();
      if (batch.empty()) break;
      for (const net::Packet& packet : batch.packets()) {
        static_cast<void>(codec::moldudp64::for_each_message(
            packet.payload(), [&](std::uint64_t sequence, std::span<const std::byte> bytes) {
              all.push_back({packet.rx_time,
                             sequence,
                             {reinterpret_cast<const char*>(bytes.data()), bytes.size()}});
            }));
      }
    }
    return all;
  }();
  return kMessages;
}

void put_time(std::ostream& out, std::int64_t ns) {
  const std::time_t seconds = ns / 1'000'000'000;
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  out << std::put_time(&parts, "%Y-%m-%dT%H:%M:%S") << '.' << std::setw(9) << std::setfill('0')
      << ns % 1'000'000'000 << 'Z';
}

void put_field(std::ostream& out, const codec::itch::Field& field, const std::byte* from) {
  using codec::itch::FieldKind;
  switch (field.kind) {
    case FieldKind::text: {
      std::string text{reinterpret_cast<const char*>(from), field.bytes};
      text.erase(text.find_last_not_of(' ') + 1);
      out << text;
      break;
    }
    case FieldKind::number4: out << codec::load_be<std::uint32_t>(from); break;
    case FieldKind::number8: out << codec::load_be<std::uint64_t>(from); break;
    case FieldKind::price4: {
      const auto price = codec::load_be<std::uint32_t>(from);
      out << price / 10'000 << '.' << std::setw(4) << std::setfill('0') << price % 10'000;
      break;
    }
    case FieldKind::price8: {
      const auto price = codec::load_be<std::uint64_t>(from);
      out << price / 100'000'000 << '.' << std::setw(8) << std::setfill('0') << price % 100'000'000;
      break;
    }
  }
}

// Columns behind the first ten, by name.
[[nodiscard]] std::vector<std::string_view> field_columns() {
  std::vector<std::string_view> columns;
  for (const std::string_view name : itch_fields()) {
    if (std::find(columns.begin(), columns.end(), name) == columns.end()) columns.push_back(name);
  }
  return {columns.begin() + 4, columns.end()};
}

void iostream_csv(benchmark::State& state) {
  const std::vector<Received>& all = messages();
  const std::vector<std::string_view> columns = field_columns();
  for (auto _ : state) {
    std::ofstream out{"/dev/null"};
    std::unordered_map<std::uint16_t, std::string> symbols;
    for (const Received& received : all) {
      const auto* const at = reinterpret_cast<const std::byte*>(received.message.data());
      const auto locate = codec::load_be<std::uint16_t>(at + 1);
      const std::uint64_t since = codec::load_be48(at + 5);
      const char type = received.message[0];
      if (const std::uint8_t offset = codec::itch::stock_offset(type)) {
        symbols[locate] = received.message.substr(offset, 8);
      }
      std::ostringstream row;
      row << "itch50,TAPELINE01," << received.sequence << ',';
      put_time(row, received.receive_ns);
      row << ',';
      put_time(row, received.receive_ns / 86'400'000'000'000 * 86'400'000'000'000 +
                        static_cast<std::int64_t>(since));
      row << ',' << symbols[locate] << ',' << type << ',' << locate << ','
          << codec::load_be<std::uint16_t>(at + 3) << ',' << since;
      const auto fields = codec::itch::fields_of(type);
      for (const std::string_view column : columns) {
        row << ',';
        for (const codec::itch::Field& field : fields) {
          if (field.name == column) put_field(row, field, at + field.offset);
        }
      }
      row << '\n';
      out << row.str();
    }
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(all.size()) *
                          static_cast<std::int64_t>(state.iterations()));
}

void run(benchmark::State& state, Format format, const char* schema, const char* fields) {
  std::uint64_t rows = 0;
  for (auto _ : state) {
    DecodeOptions options;
    options.files = {session_file()};
    options.format = format;
    options.schema = schema;
    options.fields = fields;
    options.zone = ExchangeZone::utc;
    DecodeJob job{std::move(options)};
    job.choose_columns([] { return false; });
    Output output{"/dev/null", OutputCompression::none, true};
    job.run(output, [] { return false; });
    rows += job.rows();
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(rows));
}

void decode_csv(benchmark::State& state) { run(state, Format::csv, "messages", ""); }
void decode_json(benchmark::State& state) { run(state, Format::json, "messages", ""); }
void decode_text(benchmark::State& state) { run(state, Format::text, "messages", ""); }
void decode_few_fields(benchmark::State& state) {
  run(state, Format::csv, "messages", "exchange_time,symbol,type,side,shares,price");
}
void decode_bbo(benchmark::State& state) { run(state, Format::csv, "bbo", ""); }

BENCHMARK(iostream_csv)->Unit(benchmark::kMillisecond)->UseRealTime()->Iterations(1);
BENCHMARK(decode_csv)->Unit(benchmark::kMillisecond)->UseRealTime()->Iterations(1);
BENCHMARK(decode_json)->Unit(benchmark::kMillisecond)->UseRealTime()->Iterations(1);
BENCHMARK(decode_text)->Unit(benchmark::kMillisecond)->UseRealTime()->Iterations(1);
BENCHMARK(decode_few_fields)->Unit(benchmark::kMillisecond)->UseRealTime()->Iterations(1);
BENCHMARK(decode_bbo)->Unit(benchmark::kMillisecond)->UseRealTime()->Iterations(1);

}  // namespace
}  // namespace tapeline::decode

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (std::getenv("TAPELINE_BENCH_SESSION") == nullptr) {
    std::fputs("TAPELINE_BENCH_SESSION must name the pcap of the session\n", stderr);
    return 2;
  }
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
