// Any bytes as an IEX-TP segment: deliveries stay inside the input and the announced payload and
// count on from the header, starting at a later block delivers the rest of the same, and a segment
// without damage is what the builder makes of its messages. Every header without damage follows
// itself, and never a place that it can not share a stream with.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

#include "codec/iextp/decoder.hpp"
#include "codec/iextp/encoder.hpp"
#include "codec/iextp/stream_position.hpp"

namespace {

using namespace tapeline::codec;

void require(bool condition) {
  if (!condition) std::abort();
}

using Messages = std::vector<std::span<const std::byte>>;

void check_rest(const iextp::Header& header, std::span<const std::byte> payload, std::size_t first,
                const Messages& messages, iextp::PacketStatus expected) {
  std::size_t index = first;
  const auto status = iextp::for_each_block(
      header, payload, first, [&](std::uint64_t sequence, std::span<const std::byte> message) {
        require(index < messages.size() && sequence == header.sequence + index);
        require(message.data() == messages[index].data());
        require(message.size() == messages[index].size());
        ++index;
      });
  require(status == expected && index == std::max(first, messages.size()));
}

// The reserved byte is the only one that is not read.
void check_rebuilt(const iextp::Header& header, std::span<const std::byte> payload,
                   const Messages& messages) {
  std::vector<std::byte> out(payload.size());
  iextp::SegmentBuilder builder{out};
  builder.start(header.session, header.sequence, header.stream_offset);
  for (const auto message : messages) require(builder.try_add(message));
  const auto written = builder.finish(header.send_time_ns);
  require(written.size() == payload.size() && written[0] == payload[0]);
  require(std::ranges::equal(written.subspan(2), payload.subspan(2)));
}

void check_position(const iextp::Header& header) {
  const iextp::StreamPosition here{header.sequence, header.stream_offset, header.send_time_ns};
  require(continuity(here, header) == iextp::Continuity::follows);
  const auto behind = iextp::StreamPosition::behind(header);
  const bool fits = iextp::can_share_stream(header.sequence, header.stream_offset, behind.sequence,
                                            behind.stream_offset);
  // Its own numbers may lie: more messages than bytes for them, or bytes without messages.
  const auto verdict = continuity(behind, header);
  if (!fits) return require(verdict == iextp::Continuity::contradicts);
  require(verdict == (header.count == 0 ? iextp::Continuity::follows : iextp::Continuity::repeats));
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): the name that libFuzzer calls
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span<const std::byte> payload = std::as_bytes(std::span{data, size});
  const iextp::ParsedHeader parsed = iextp::parse_header(payload);
  require(!iextp::is_segment(payload) || !is_malformed(parsed.status));

  Messages messages;
  const auto status = iextp::for_each_message(
      payload, [&](std::uint64_t sequence, std::span<const std::byte> message) {
        require(sequence == parsed.header.sequence + messages.size());
        const auto offset = static_cast<std::size_t>(message.data() - payload.data());
        require(offset >= iextp::kHeaderBytes + iextp::kLengthBytes);
        require(offset + message.size() <= size);
        require(offset + message.size() <= iextp::kHeaderBytes + parsed.header.payload_bytes);
        messages.push_back(message);
      });

  if (!is_malformed(parsed.status)) check_position(parsed.header);
  if (parsed.status != iextp::PacketStatus::ok) {
    require(status == parsed.status && messages.empty());
    return 0;
  }
  require(messages.size() <= parsed.header.count);
  check_rest(parsed.header, payload, data[size - 1] % (messages.size() + 2), messages, status);
  if (status == iextp::PacketStatus::ok) check_rebuilt(parsed.header, payload, messages);
  return 0;
}
