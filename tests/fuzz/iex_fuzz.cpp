// Any bytes as one IEX message: the status is the one that the table of types asks for, and what
// the encoder makes of the fields is what was read.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "codec/iex/decoder.hpp"
#include "tests/codec/iex/reencode.hpp"

namespace {

using namespace tapeline::codec;

void require(bool condition) {
  if (!condition) std::abort();
}

DecodeStatus expected_status(std::span<const std::byte> message) {
  if (message.empty()) return DecodeStatus::wrong_length;
  const std::size_t index = iex::kMessageTypeIndex[std::to_integer<std::size_t>(message.front())];
  if (index == iex::kNoMessageType) return DecodeStatus::unknown_type;
  const std::size_t known = iex::kMessageTypes[index].bytes;
  if (message.size() < known) return DecodeStatus::wrong_length;
  return message.size() == known ? DecodeStatus::ok : DecodeStatus::ok_longer;
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): the name that libFuzzer calls
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span<const std::byte> message = std::as_bytes(std::span{data, size});
  std::array<std::byte, iex::kMaxMessageBytes> out{};
  iex::test::Reencoder reencoder{out};
  const DecodeStatus status = iex::decode(message, reencoder);
  require(status == expected_status(message));
  const std::span<const std::byte> written = reencoder.written();
  require(is_delivered(status) != written.empty());
  require(written.size() <= message.size());
  require(std::ranges::equal(written, message.first(written.size())));
  return 0;
}
