// Any bytes as a captured frame: a datagram or segment that is found lies inside the frame. The
// first four bytes are link type and original length.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

#include "codec/capture/datagram.hpp"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tapeline::codec::capture;
  if (size < 4) return 0;
  const auto link_type = static_cast<LinkType>(data[0] | data[1] << 8U);
  const auto original = static_cast<std::uint32_t>(data[2] | data[3] << 8U);
  // A copy of its own, so that reading past its end is found.
  const auto bytes = std::as_bytes(std::span{data + 4, size - 4});
  const std::vector<std::byte> frame(bytes.begin(), bytes.end());
  Segment segment;
  if (parse_segment(link_type, frame, original, segment) == SkipReason::none) {
    require(std::size_t{segment.payload_offset} + segment.payload_bytes <= frame.size());
    require(segment.lost_bytes == 0 || original > frame.size());
  }
  Datagram datagram;
  const SkipReason reason = parse_datagram(link_type, frame, original, datagram);
  require(!to_string(reason).empty() && static_cast<std::size_t>(reason) < kSkipReasonCount);
  if (reason != SkipReason::none) return 0;
  require(std::size_t{datagram.ip_offset} + datagram.ip_bytes <= frame.size());
  require(std::size_t{datagram.payload_offset} + datagram.payload_bytes <= datagram.ip_bytes);
  require(datagram.payload_offset >= 28 && datagram.payload_offset <= 0xFFFF);
  require(datagram.lost_bytes == 0 || original > frame.size());
  return 0;
}
