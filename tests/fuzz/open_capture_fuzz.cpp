// Any bytes as a file that is opened by its content: whatever it is found to be, two sizes of
// buffers give the same packets and the same end, and so does the file as the only input of a
// merge. The file merged with itself gives every packet twice.

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "net/merged_source.hpp"
#include "net/open_capture.hpp"
#include "tests/fuzz/file_of_bytes.hpp"

namespace {

using namespace tapeline;
using fuzz::require;

constexpr std::size_t kMostContent = std::size_t{2} << 20U;  // bombs are for byte_stream_fuzz

[[nodiscard]] bool is_small(const std::string& path) {
  net::ByteStream stream{path};
  std::vector<std::byte> piece(std::size_t{256} * 1024);
  std::size_t bytes = 0;
  for (;;) {
    const net::ReadResult result = stream.read(piece);
    bytes += result.count;
    if (result.state != net::ReadState::ok) return true;
    if (bytes > kMostContent) return false;
  }
}

[[nodiscard]] fuzz::Delivery merge(const std::string& path, fuzz::SourcePool& buffers, int times) {
  std::vector<net::MergeInput> inputs;
  for (int i = 0; i < times; ++i) {
    inputs.push_back({net::open_capture(path, buffers).source, 0, true});
  }
  net::MergedSource merged{std::move(inputs), buffers};
  return fuzz::drain(merged);
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): the name that libFuzzer calls
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static fuzz::FileOfBytes file;
  // Both hold the longest datagram and its descriptor, so nothing is too long for only one.
  static fuzz::SourcePool small{fuzz::pool_of(std::size_t{512} * 1024)};
  static fuzz::SourcePool large{fuzz::pool_of(std::size_t{1024} * 1024)};
  file.assign(std::as_bytes(std::span{data, size}));
  if (!is_small(file.path())) return 0;
  auto first = net::open_capture(file.path(), small);
  auto second = net::open_capture(file.path(), large);
  require(first.error == second.error && (first.source == nullptr) != first.error.empty());
  if (first.source == nullptr) return 0;
  const fuzz::Delivery one = fuzz::drain(*first.source);
  require(one == fuzz::drain(*second.source));
  require(one == merge(file.path(), small, 1));
  const fuzz::Delivery twice = merge(file.path(), large, 2);
  require(twice.packets.size() == 2 * one.packets.size() && twice.error == one.error);
  return 0;
}
