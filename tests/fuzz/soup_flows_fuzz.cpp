// Any bytes as TCP segments: the packets that are made of them are whole MoldUDP64 packets, and
// their number is bounded by the bytes.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

#include "net/framing.hpp"
#include "net/soup_flows.hpp"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

// Each segment: two bytes of sequence number, one that chooses the stream, one of length.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tapeline::net;
  constexpr std::size_t kHeadBytes = 4;
  static tapeline::pool::BufferPool<tapeline::pool::SerializationKind> pool{
      {.buffer_bytes = 16 * 1024,
       .buffer_count = 2,
       .overflow_buffers = 0,
       .threads = 1,
       .huge_pages = false}};
  SoupFlows flows;
  const auto all = std::as_bytes(std::span{data, size});
  std::size_t messages = 0;
  for (std::size_t at = 0; at + kHeadBytes <= size;) {
    tapeline::codec::capture::Segment segment;
    segment.sequence = static_cast<std::uint32_t>(data[at] | data[at + 1] << 8U);
    segment.source.port = data[at + 2] & 0x1FU;
    segment.lost_bytes = data[at + 2] >> 7U;
    const std::size_t length = std::min<std::size_t>(data[at + 3], size - at - kHeadBytes);
    // A copy of its own, so that reading past its end is found.
    const auto bytes = all.subspan(at + kHeadBytes, length);
    const std::vector<std::byte> payload(bytes.begin(), bytes.end());
    at += kHeadBytes + length;
    static_cast<void>(flows.take(segment, payload, 1, 0));
    while (flows.has_packets()) {
      const PacketBatch batch = flows.take_batch(pool);
      for (const Packet& packet : batch.packets()) {
        const ParsedPacket parsed = MoldUdp64Framing::parse(packet.payload());
        if (parsed.status == PacketStatus::end_of_session) continue;
        require(parsed.status == PacketStatus::ok);
        require(MoldUdp64Framing::for_each_block(parsed.header, packet.payload(), 0,
                                                 [&](auto, auto) { ++messages; }) ==
                PacketStatus::ok);
      }
    }
  }
  require(messages <= size);
  return 0;
}
