// How long it takes from a closed archive file to its first packet at or after a time, and how many
// bytes are read for it.
//
// Usage: archive_seek_bench FILE.pcap.zst [SEEKS]
// Times are drawn evenly from those of the file, from a fixed seed. Before each seek of the second
// row the system is asked to forget the file. Prints two rows of JSON.

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "app/archive/file_summary.hpp"
#include "app/archive/record_reader.hpp"

namespace tapeline {
namespace {

struct Seek {
  double milliseconds = 0;
  std::uint64_t bytes = 0;
};

Seek seek_to(const std::string& path, std::int64_t time) {
  const auto begin = std::chrono::steady_clock::now();
  archive::RecordReader reader{path, {.from = time, .to = {}}};
  const codec::capture::Record* const record = reader.next();
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
  if (record == nullptr || record->time_ns < time) throw std::runtime_error{"not found"};
  return {took.count(), reader.bytes_read()};
}

void forget(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY);
  ::fdatasync(descriptor);
  ::posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED);
  ::close(descriptor);
}

void print(const char* name, std::uint64_t content_bytes, std::vector<Seek> seeks) {
  std::uint64_t most_bytes = 0;
  for (const Seek& seek : seeks) most_bytes = std::max(most_bytes, seek.bytes);
  std::ranges::sort(seeks, {}, &Seek::milliseconds);
  std::cout << "{\"figure\": \"" << name << "\", \"content_bytes\": " << content_bytes
            << ", \"seeks\": " << seeks.size()
            << ", \"median_ms\": " << seeks[seeks.size() / 2].milliseconds
            << ", \"p99_ms\": " << seeks[seeks.size() * 99 / 100].milliseconds
            << ", \"max_ms\": " << seeks.back().milliseconds << ", \"most_bytes\": " << most_bytes
            << "}\n";
}

int run(int argc, char** argv) {
  if (argc < 2) return 2;
  const std::string path = argv[1];
  const int count = argc > 2 ? std::atoi(argv[2]) : 1'000;
  const archive::FileSummary summary = archive::summarise_file(path);
  const auto& totals = summary.head.totals;
  std::mt19937_64 random{1};
  std::uniform_int_distribution<std::int64_t> times{totals.earliest_ns, totals.latest_ns};
  for (const bool is_cold : {false, true}) {
    std::vector<Seek> seeks;
    for (int i = 0; i < count; ++i) {
      if (is_cold) forget(path);
      seeks.push_back(seek_to(path, times(random)));
    }
    print(is_cold ? "seek_cold" : "seek", totals.content_bytes, seeks);
  }
  return 0;
}

}  // namespace
}  // namespace tapeline

int main(int argc, char** argv) {
  try {
    return tapeline::run(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << "archive_seek_bench: " << error.what() << '\n';
    return 1;
  }
}
