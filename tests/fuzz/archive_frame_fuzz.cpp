// Any bytes as a run of archive frames, read with a bounded output: every step advances and stays
// inside the input, and a frame that reads well reads alone and the same again. Then the bytes as
// content: they come back as they were.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

#include "codec/archive/frame.hpp"

namespace {

using namespace tapeline::codec::archive;

constexpr std::size_t kOutputBytes = 256 * 1024;

void require(bool condition) {
  if (!condition) std::abort();
}

void read_frames(std::span<const std::byte> bytes) {
  static FrameDecoder decoder;
  static std::vector<std::byte> out(kOutputBytes);
  static std::vector<std::byte> again(kOutputBytes);
  while (!bytes.empty()) {
    const FrameExtent extent = measure_frame(bytes);
    const DecompressResult result = decoder.decompress(bytes, out);
    if (extent.status != FrameStatus::ok) {
      require(result.status == extent.status && result.frame_bytes == 0);
      return;
    }
    require(extent.frame_bytes > 0 && extent.frame_bytes <= bytes.size());
    require(result.frame_bytes == extent.frame_bytes);
    if (result.status == FrameStatus::ok) {
      require(result.content_bytes == extent.content_bytes && result.content_bytes <= out.size());
      const auto content = std::span{out}.first(result.content_bytes);
      const auto target = std::span{again}.first(result.content_bytes);
      const auto alone = decoder.decompress(bytes.first(result.frame_bytes), target);
      require(alone.status == FrameStatus::ok && std::ranges::equal(content, target));
    }
    bytes = bytes.subspan(extent.frame_bytes);
  }
}

void round_trip(std::span<const std::byte> content) {
  static FrameEncoder encoder;
  static FrameDecoder decoder;
  std::vector<std::byte> frame(content.size() + content.size() / 128 + 256);
  const CompressResult written = encoder.compress(content, frame);
  require(written.status == FrameStatus::ok);
  std::vector<std::byte> out(content.size());
  const auto read = decoder.decompress(std::span{frame}.first(written.frame_bytes), out);
  require(read.status == FrameStatus::ok && std::ranges::equal(out, content));
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): the name that libFuzzer calls
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span<const std::byte> bytes = std::as_bytes(std::span{data, size});
  read_frames(bytes);
  round_trip(bytes);
  return 0;
}
