// Any bytes as a file, plain, .gz or .zst: read in large pieces and in small ones the content is
// the same and so is the verdict. The first byte chooses the small pieces.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "net/byte_stream.hpp"
#include "tests/fuzz/file_of_bytes.hpp"

namespace {

using namespace tapeline;
using fuzz::require;

constexpr std::size_t kMostContent = std::size_t{4} << 20U;  // a bomb is not unpacked to its end

struct Reading {
  std::string content;
  std::string error;
  bool cut_short = false;
};

Reading read(const std::string& path, std::size_t piece_bytes, std::size_t peeked) {
  net::ByteStream stream{path};
  const auto front = stream.peek(peeked);
  const std::string first{reinterpret_cast<const char*>(front.data()), front.size()};
  Reading reading;
  std::vector<std::byte> piece(piece_bytes);
  for (;;) {
    const net::ReadResult result = stream.read(piece);
    require(result.count <= piece.size());
    require((result.state == net::ReadState::ok) == (result.count > 0));
    reading.content.append(reinterpret_cast<const char*>(piece.data()), result.count);
    if (result.state == net::ReadState::end || result.state == net::ReadState::failed) break;
    reading.cut_short = reading.content.size() >= kMostContent;
    if (reading.cut_short) break;
  }
  require(reading.content.compare(0, first.size(), first) == 0);
  if (stream.failed()) reading.error = stream.error().text();
  return reading;
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): the name that libFuzzer calls
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static fuzz::FileOfBytes file;
  if (size == 0) return 0;
  const auto bytes = std::as_bytes(std::span{data, size}).subspan(1);
  file.assign(bytes);
  const Reading large = read(file.path(), std::size_t{1} << 20U, 0);
  const Reading small = read(file.path(), 1 + std::size_t{data[0]} * 64, data[0] % 17);
  if (large.cut_short || small.cut_short) {
    const std::size_t both = std::min(large.content.size(), small.content.size());
    require(large.content.compare(0, both, small.content, 0, both) == 0);
    return 0;
  }
  require(large.content == small.content && large.error == small.error);
  return 0;
}
