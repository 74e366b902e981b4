// A pcap of raw IP through the frame writer, on one thread, into a file. To be measured from
// outside beside the zstd program on the same bytes: tests/bench/archive_bench.py.
//
// Usage: archive_bench FILE.pcap FOLDER LEVEL FRAME_BYTES [DICTIONARY]
// FOLDER gets one archive, as `tapeline replay --archive` would write it. Prints its path.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <stdexcept>
#include <string>

#include "app/archive/frame_writer.hpp"
#include "net/byte_stream.hpp"
#include "net/capture_source.hpp"
#include "net/open_capture.hpp"
#include "pool/buffer_pool.hpp"

namespace tapeline {
namespace {

std::vector<std::byte> bytes_of(const char* path) {
  std::ifstream stream{path, std::ios::binary};
  if (!stream) throw std::runtime_error{std::string{path} + ": can not be read"};
  const std::string text{std::istreambuf_iterator<char>{stream}, {}};
  const auto bytes = std::as_bytes(std::span{text});
  return {bytes.begin(), bytes.end()};
}

int run(int argc, char** argv) {
  if (argc < 5) return 2;
  archive::FrameWriterConfig config;
  config.directory = argv[2];
  config.feed = "bench";
  config.channel = "archive";
  config.compression_level = std::atoi(argv[3]);
  config.frame_bytes = static_cast<std::uint32_t>(std::atoi(argv[4]));
  config.flush_ms = 0;
  config.sync_ms = 0;
  if (argc > 5) config.dictionary = bytes_of(argv[5]);
  pool::LockFreeBufferPoolConfig pools;
  pools.compression.buffer_bytes =
      std::max<std::size_t>(pools.compression.buffer_bytes, config.frame_bytes);
  pool::LockFreeBufferPool buffers{pools};
  auto opened = net::open_capture(argv[1], buffers.serialization(), {});
  if (opened.source == nullptr) throw std::runtime_error{opened.error};
  archive::FileCalls calls;
  archive::ArchiveCounters counters;
  archive::FrameWriter writer{config, buffers.compression(), calls, counters};
  while (true) {
    const net::PacketBatch batch = opened.source->next();
    if (batch.empty()) break;
    for (const net::Packet& packet : batch.packets()) writer.append(packet, 0);
  }
  writer.close();
  if (opened.source->state() == net::SourceState::failed) {
    throw std::runtime_error{opened.source->error()};
  }
  if (counters.written.failed_ever.get() != 0) throw std::runtime_error{"not all was written"};
  std::cout << writer.file_path() << '\n';
  return 0;
}

}  // namespace
}  // namespace tapeline

int main(int argc, char** argv) {
  try {
    return tapeline::run(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << "archive_bench: " << error.what() << '\n';
    return 1;
  }
}
