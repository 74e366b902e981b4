// Any bytes as a MoldUDP64 packet of ITCH messages: deliveries stay inside the input and count on
// from the header, starting at a later block delivers the rest of the same, and a packet without
// damage is what the builder makes of its messages. The same bytes are read as a request, too.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

#include "codec/itch/decoder.hpp"
#include "codec/moldudp64/decoder.hpp"
#include "codec/moldudp64/encoder.hpp"
#include "tests/codec/itch/reencode.hpp"

namespace {

using namespace tapeline::codec;

void require(bool condition) {
  if (!condition) std::abort();
}

void check_rest(const moldudp64::Header& header, std::span<const std::byte> payload,
                std::size_t first, const std::vector<std::span<const std::byte>>& messages,
                moldudp64::PacketStatus expected) {
  std::size_t index = first;
  const auto status = moldudp64::for_each_block(
      header, payload, first, [&](std::uint64_t sequence, std::span<const std::byte> message) {
        require(index < messages.size() && sequence == header.sequence + index);
        require(message.data() == messages[index].data());
        require(message.size() == messages[index].size());
        ++index;
      });
  require(status == expected && index == std::max(first, messages.size()));
}

void check_rebuilt(const moldudp64::Header& header, std::span<const std::byte> payload,
                   const std::vector<std::span<const std::byte>>& messages) {
  std::vector<std::byte> out(payload.size());
  moldudp64::PacketBuilder builder{out};
  builder.start(header.session, header.sequence);
  for (const auto message : messages) require(builder.try_add(message));
  require(std::ranges::equal(builder.finish(), payload));
}

// A request that is read is written again as it was, and asks for numbers that can be.
void check_request(std::span<const std::byte> payload) {
  const auto request = moldudp64::parse_request(payload);
  if (!request) return;
  std::array<std::byte, moldudp64::kRequestBytes> out{};
  require(moldudp64::write_request(out, *request) == payload.size());
  require(std::ranges::equal(out, payload));
  require(request->first > 0 && request->count > 0 &&
          request->first + request->count > request->first);
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): the name that libFuzzer calls
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span<const std::byte> payload = std::as_bytes(std::span{data, size});
  const moldudp64::ParsedHeader parsed = moldudp64::parse_header(payload);
  check_request(payload);

  std::vector<std::span<const std::byte>> messages;
  const auto status = moldudp64::for_each_message(
      payload, [&](std::uint64_t sequence, std::span<const std::byte> message) {
        require(sequence == parsed.header.sequence + messages.size());
        require(message.data() >= payload.data() + moldudp64::kHeaderBytes);
        require(message.size() <=
                static_cast<std::size_t>(payload.data() + payload.size() - message.data()));
        messages.push_back(message);
        std::array<std::byte, itch::kMaxMessageBytes> out{};
        itch::test::Reencoder reencoder{out};
        const DecodeStatus decoded = itch::decode(message, reencoder);
        require(!message.empty() || decoded == DecodeStatus::wrong_length);
        const auto written = reencoder.written();
        require(is_delivered(decoded) != written.empty() && written.size() <= message.size());
        require(std::ranges::equal(written, message.first(written.size())));
      });

  if (parsed.status != moldudp64::PacketStatus::ok) {
    require(status == parsed.status && messages.empty());
    return 0;
  }
  require(messages.size() <= parsed.header.count);
  check_rest(parsed.header, payload, data[size - 1] % (messages.size() + 2), messages, status);
  if (status == moldudp64::PacketStatus::ok) check_rebuilt(parsed.header, payload, messages);
  return 0;
}
