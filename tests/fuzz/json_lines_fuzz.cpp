// Any bytes as a file of JSON lines: the packets are its lines, whatever the buffers of the pool,
// and lines beyond the bound are counted. The first byte chooses the bound.

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "net/json_file_source.hpp"

namespace {

using namespace tapeline;

void require(bool condition) {
  if (!condition) std::abort();
}

// What the source should deliver, and how many lines it should not.
struct Expected {
  std::vector<std::string_view> lines;
  std::size_t too_long = 0;
};

Expected walk(std::string_view content, std::size_t max_line_bytes) {
  Expected expected;
  while (!content.empty()) {
    std::string_view line = content.substr(0, content.find('\n'));
    content.remove_prefix(std::min(line.size() + 1, content.size()));
    const bool fits = line.size() <= max_line_bytes;
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) continue;
    if (fits) {
      expected.lines.push_back(line);
    } else {
      ++expected.too_long;
    }
  }
  return expected;
}

void check(const std::string& path, const Expected& expected, std::size_t max_line_bytes,
           std::size_t buffer_bytes) {
  pool::BufferPool<pool::SerializationKind> buffers{{.buffer_bytes = buffer_bytes,
                                                     .buffer_count = 2,
                                                     .overflow_buffers = 0,
                                                     .threads = 1,
                                                     .huge_pages = false}};
  net::JsonFileSource source{net::ByteStream{path}, buffers, {.max_line_bytes = max_line_bytes}};
  std::size_t count = 0;
  for (;;) {
    const net::PacketBatch batch = source.next();
    if (batch.empty()) break;
    for (const net::Packet& packet : batch.packets()) {
      const auto payload = packet.payload();
      require(count < expected.lines.size());
      require(std::string_view{reinterpret_cast<const char*>(payload.data()), payload.size()} ==
              expected.lines[count++]);
    }
  }
  require(source.state() == net::SourceState::ended);
  require(count == expected.lines.size());
  require(source.counters().get(net::SourceCounter::oversized) == expected.too_long);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view content{reinterpret_cast<const char*>(data + 1), size - 1};
  static const int file = ::memfd_create("lines", MFD_CLOEXEC);
  require(file >= 0 && ::ftruncate(file, 0) == 0);
  require(::pwrite(file, content.data(), content.size(), 0) ==
          static_cast<::ssize_t>(content.size()));
  static const std::string path = "/proc/self/fd/" + std::to_string(file);
  // Compressed content is the business of the byte stream, which has tests of its own.
  const net::ByteStream stream{path};
  if (stream.failed() || stream.compression() != net::Compression::none) return 0;
  const std::size_t max_line_bytes = 1 + std::size_t{data[0]} * 64;
  const Expected expected = walk(content, max_line_bytes);
  check(path, expected, max_line_bytes, 4096);
  check(path, expected, max_line_bytes, 16384);
  return 0;
}
