// Any bytes as an archive file, finished and open: what a reader of a span of time gives is what a
// reader of the whole file gives with the rest left out, and summary and verification come to an
// end with either. A file without faults is read without an error.

#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "app/archive/file_summary.hpp"
#include "app/archive/record_reader.hpp"
#include "app/archive/verifier.hpp"
#include "tests/fuzz/file_of_bytes.hpp"

namespace {

using namespace tapeline;
using fuzz::require;

constexpr std::size_t kMostRecords = 20'000;

using Packets = std::vector<std::pair<std::int64_t, std::string>>;

Packets read(const std::string& path, const net::TimeSpan& span, std::string& error) {
  Packets packets;
  archive::RecordReader reader{path, span};
  while (const auto* const record = reader.next()) {
    if (packets.size() == kMostRecords) break;
    packets.emplace_back(record->time_ns, std::string(record->data.size(), '\0'));
    for (std::size_t i = 0; i < record->data.size(); ++i) {
      packets.back().second[i] = static_cast<char>(record->data[i]);
    }
  }
  error = reader.error();
  return packets;
}

void read_spans(const std::string& path) {
  std::string error;
  const Packets all = read(path, {}, error);
  if (!error.empty() || all.size() < 2 || all.size() == kMostRecords) return;
  const std::int64_t from = all[all.size() / 2].first;
  for (const std::optional<std::int64_t> to : {std::optional<std::int64_t>{}, {from + 1'000}}) {
    Packets expected;
    for (const auto& packet : all) {
      if (packet.first >= from && (!to || packet.first < *to)) expected.push_back(packet);
    }
    const Packets some = read(path, {.from = from, .to = to}, error);
    // An index with right checksums may lie; then packets may be missing, but none is made up.
    if (archive::summarise_file(path).state != archive::FileState::finished) {
      require(some == expected);
    }
    for (const auto& packet : some) require(packet.first >= from && (!to || packet.first < *to));
  }
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): the name that libFuzzer calls
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static fuzz::FileOfBytes file;
  static const std::string open_path =
      "/tmp/archive_file_fuzz_" + std::to_string(::getpid()) + ".pcap.zst.open";
  file.assign(std::as_bytes(std::span{data, size}));
  ::unlink(open_path.c_str());
  require(::symlink(file.path().c_str(), open_path.c_str()) == 0);
  for (const std::string& path : {file.path(), open_path}) {
    archive::Verifier verifier;
    verifier.verify(path);
    verifier.finish();
    require(verifier.totals().faults >= verifier.faults().size());
    const archive::FileSummary summary = archive::summarise_file(path);
    require(summary.gaps.size() <= archive::FileSummary::kMaxGaps);
    if (verifier.totals().faults == 0 && path != open_path) {
      std::string error;
      const std::size_t packets = read(path, {}, error).size();
      require(error.empty());
      require(packets == verifier.totals().packets || packets == kMostRecords);
      require(summary.state == archive::FileState::finished);
    }
    read_spans(path);
  }
  ::unlink(open_path.c_str());
  return 0;
}
