// A process for tests/crash/run to kill: writes an endless line of packets into an archive, as fast
// as it can, until it is killed. At its start it repairs what the one before left, as `tapeline
// run` does, and says in one line of JSON what is there.
//
// Usage: crash_archive FOLDER SHARED SEED BASE ROLL_BYTES FLUSH_MS SYNC_MS
//
// FOLDER holds packets BASE, BASE + 1, ... and nothing else. SHARED is a file that is mapped: what
// stands in it survives the kill, and says what was written and offered before. A line on stdin
// lets the writing begin, behind the last packet that is there; stdin that ends lets it end.

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "app/archive/archive_name.hpp"
#include "app/archive/archive_writer.hpp"
#include "app/archive/repair.hpp"
#include "tests/crash/packet_stream.hpp"

namespace tapeline {
namespace {

using testing::PacketStream;

constexpr std::size_t kBatchPackets = 64;
constexpr std::uint32_t kRingBatches = 64;
constexpr std::size_t kRecordHeaderBytes = 16;
constexpr std::size_t kFileHeaderBytes = 24;

// In the mapped file, so written by whoever lives and read by whoever comes after.
struct Shared {
  std::atomic<std::uint64_t> base;          // first packet of that process
  std::atomic<std::uint64_t> taken;         // as of the last write(2): all that is in a frame
  std::atomic<std::uint64_t> acknowledged;  // that it says are written
};
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

struct Arguments {
  std::filesystem::path folder;
  std::string shared;
  std::uint64_t seed = 0;
  std::uint64_t base = 0;
  std::uint64_t roll_bytes = 0;
  std::uint32_t flush_ms = 0;
  std::uint32_t sync_ms = 0;
};

Shared& map_shared(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0 || ::ftruncate(file, sizeof(Shared)) != 0) throw std::runtime_error{path};
  void* const at = ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  ::close(file);
  if (at == MAP_FAILED) throw std::runtime_error{path};
  return *static_cast<Shared*>(at);
}

// The pcap in a file, by zstd alone. Throws when zstd finds anything wrong.
std::vector<std::byte> decompressed(const std::filesystem::path& path) {
  std::ifstream stream{path, std::ios::binary};
  const std::string text{std::istreambuf_iterator<char>{stream}, {}};
  const std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> context{ZSTD_createDCtx(),
                                                                     &ZSTD_freeDCtx};
  std::vector<std::byte> content;
  std::vector<std::byte> piece(ZSTD_DStreamOutSize());
  ZSTD_inBuffer in{text.data(), text.size(), 0};
  std::size_t left = 0;
  while (in.pos < in.size) {
    ZSTD_outBuffer out{piece.data(), piece.size(), 0};
    left = ZSTD_decompressStream(context.get(), &out, &in);
    if (ZSTD_isError(left) != 0) throw std::runtime_error{path.string() + ": zstd"};
    content.insert(content.end(), piece.begin(),
                   piece.begin() + static_cast<std::ptrdiff_t>(out.pos));
  }
  if (left != 0) throw std::runtime_error{path.string() + ": ends inside a frame"};
  return content;
}

// Reads the packets of a file, which have to go on with `next`; returns how many are wrong.
std::uint64_t read_packets(const std::filesystem::path& path, const PacketStream& stream,
                           std::uint64_t& next) {
  const std::vector<std::byte> pcap = decompressed(path);
  std::uint64_t bad = 0;
  std::size_t at = kFileHeaderBytes;
  while (pcap.size() - at >= kRecordHeaderBytes) {
    const std::size_t bytes = codec::load_le<std::uint32_t>(pcap.data() + at + 8);
    if (bytes > pcap.size() - at - kRecordHeaderBytes) break;
    const auto index = stream.index_of(std::span{pcap}.subspan(at + kRecordHeaderBytes, bytes));
    const std::int64_t time = codec::load_le<std::uint32_t>(pcap.data() + at) * 1'000'000'000LL +
                              codec::load_le<std::uint32_t>(pcap.data() + at + 4);
    if (index != next || time != stream.time_of(next)) ++bad;
    ++next;
    at += kRecordHeaderBytes + bytes;
  }
  return bad + (at == pcap.size() ? 0 : 1);
}

// Bytes of the records of packets first to last.
std::uint64_t record_bytes(const PacketStream& stream, std::uint64_t first, std::uint64_t last) {
  std::array<std::byte, PacketStream::kMaxPacketBytes> bytes{};
  std::uint64_t sum = 0;
  for (; first < last; ++first) sum += kRecordHeaderBytes + stream.write(first, bytes);
  return sum;
}

// Repairs, reads all that is there, prints it, and returns the packet to go on with.
std::uint64_t look_back(const Arguments& arguments, const PacketStream& stream,
                        const Shared& shared) {
  nlohmann::json said;
  archive::FileCalls calls;
  said["repairs"] = nlohmann::json::array();
  for (const auto& file : archive::open_files(arguments.folder, "crash", "test")) {
    const archive::RepairReport report = archive::repair_file(calls, file);
    said["repairs"].push_back({{"outcome", archive::to_string(report.outcome)},
                               {"cut_bytes", report.cut_bytes},
                               {"text", report.text()}});
  }
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator{arguments.folder}) {
    // The proof that a folder can be written may be left by a kill; it is hidden and empty.
    if (!entry.path().filename().string().starts_with('.')) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) {
    const std::string first = a.filename();
    const std::string second = b.filename();
    const auto left = archive::parse_archive_name(first);
    const auto right = archive::parse_archive_name(second);
    return left && right &&
           std::pair{left->start, left->copy} < std::pair{right->start, right->copy};
  });
  std::uint64_t next = arguments.base;
  std::uint64_t bad = 0;
  said["files"] = nlohmann::json::array();
  for (const auto& file : files) {
    bad += read_packets(file, stream, next);
    said["files"].push_back(file.string());
  }
  const bool of_this_base = shared.base.load() == arguments.base;
  const std::uint64_t taken = of_this_base ? shared.taken.load() : 0;
  const std::uint64_t present = next - arguments.base;
  said["packets"] = present;
  said["bad"] = bad;
  said["taken"] = taken;
  said["acknowledged"] = of_this_base ? shared.acknowledged.load() : 0;
  said["missing_bytes"] = record_bytes(stream, next, arguments.base + taken);
  std::cout << said.dump() << std::endl;  // NOLINT(performance-avoid-endl): it is waited for
  return next;
}

// Says with each write what the writer has taken and what it has acknowledged by then.
class PublishingCalls final : public archive::FileCalls {
 public:
  explicit PublishingCalls(Shared& shared) : shared_{shared} {}
  void publish_for(const archive::ArchiveWriter& writer) { writer_ = &writer; }

  ssize_t write(int descriptor, const std::byte* data, std::size_t bytes) override {
    shared_.taken = writer_->taken_packets();
    shared_.acknowledged = writer_->packets();
    return FileCalls::write(descriptor, data, bytes);
  }

 private:
  Shared& shared_;
  const archive::ArchiveWriter* writer_ = nullptr;  // set before the first packet
};

net::PacketBatch batch_of(pool::BufferPool<pool::SerializationKind>& buffers,
                          const PacketStream& stream, std::uint64_t first) {
  pool::SerializationGuard buffer = buffers.acquire_or_grow();
  if (!buffer) throw std::runtime_error{"the pool is empty"};
  std::size_t used = kBatchPackets * sizeof(net::Packet);
  for (std::size_t i = 0; i < kBatchPackets; ++i) {
    const net::Packet packet = stream.view(first + i, buffer.bytes().subspan(used));
    used += packet.datagram_bytes;
    *net::packet_slot(buffer, i) = packet;
  }
  return {std::move(buffer), kBatchPackets};
}

[[noreturn]] void write_until_killed(const Arguments& arguments, const PacketStream& stream,
                                     Shared& shared, std::uint64_t first) {
  pool::LockFreeBufferPool pools{
      {.serialization = {.buffer_bytes = 32768, .buffer_count = 128, .overflow_buffers = 0},
       .compression = {.buffer_count = 4, .overflow_buffers = 0},
       .simd = {.buffer_bytes = 2048, .buffer_count = 8, .overflow_buffers = 0}}};
  archive::ArchiveWriterConfig config;
  config.frames.directory = arguments.folder;
  config.frames.feed = "crash";
  config.frames.channel = "test";
  config.frames.roll_bytes = arguments.roll_bytes;
  config.frames.flush_ms = arguments.flush_ms;
  config.frames.sync_ms = arguments.sync_ms;
  config.ring_batches = kRingBatches;
  shared.base = first;
  shared.taken = 0;
  shared.acknowledged = 0;
  auto calls = std::make_unique<PublishingCalls>(shared);
  PublishingCalls& publishing = *calls;
  archive::ArchiveWriter writer{config, pools.compression(), std::move(calls)};
  publishing.publish_for(writer);
  for (std::uint64_t offered = 0;; offered += kBatchPackets) {
    writer.offer_blocking(batch_of(pools.serialization(), stream, first + offered));
    if (writer.failed_ever()) throw std::runtime_error{writer.counts().last_error};
  }
}

int run(const Arguments& arguments) {
  const PacketStream stream{arguments.seed};
  Shared& shared = map_shared(arguments.shared);
  const std::uint64_t next = look_back(arguments, stream, shared);
  std::string line;
  if (!std::getline(std::cin, line)) return 0;
  write_until_killed(arguments, stream, shared, next);
}

}  // namespace
}  // namespace tapeline

int main(int argc, char** argv) {
  if (argc != 8) return 2;
  const auto number = [&](int at) { return std::strtoull(argv[at], nullptr, 10); };
  try {
    return tapeline::run({.folder = argv[1],
                          .shared = argv[2],
                          .seed = number(3),
                          .base = number(4),
                          .roll_bytes = number(5),
                          .flush_ms = static_cast<std::uint32_t>(number(6)),
                          .sync_ms = static_cast<std::uint32_t>(number(7))});
  } catch (const std::exception& error) {
    std::cerr << "crash_archive: " << error.what() << '\n';
    return 1;
  }
}
