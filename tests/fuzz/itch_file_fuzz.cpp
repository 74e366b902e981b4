// Any bytes as a file of messages with lengths in front: the messages that the source delivers are
// those that a walk over the bytes finds, with numbers in order, whatever the size of its buffers
// and of its datagrams. The first byte chooses the datagrams.

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "codec/bytes.hpp"
#include "codec/moldudp64/decoder.hpp"
#include "net/itch_file_source.hpp"
#include "tests/fuzz/file_of_bytes.hpp"

namespace {

using namespace tapeline;
using fuzz::require;

constexpr std::size_t kLongestMessage = 65'507 - 22;  // of a UDP payload, behind header and length

struct Walk {
  std::vector<std::string> messages;
  bool whole = false;
};

Walk walk(std::span<const std::byte> file) {
  Walk result;
  while (file.size() >= 2) {
    const std::size_t length = codec::load_be<std::uint16_t>(file.data());
    if (length > file.size() - 2 || length > kLongestMessage) return result;
    if (length > 0) {
      result.messages.emplace_back(reinterpret_cast<const char*>(file.data()) + 2, length);
    }
    file = file.subspan(2 + length);
  }
  result.whole = file.empty();
  return result;
}

std::vector<std::string> messages_of(const fuzz::Delivery& delivery) {
  std::vector<std::string> messages;
  for (const auto& packet : delivery.packets) {
    const auto payload = std::as_bytes(std::span{packet.payload});
    const auto status = codec::moldudp64::for_each_message(
        payload, [&](std::uint64_t sequence, std::span<const std::byte> message) {
          require(sequence == messages.size() + 1);
          messages.emplace_back(reinterpret_cast<const char*>(message.data()), message.size());
        });
    require(status == codec::moldudp64::PacketStatus::ok);
  }
  return messages;
}

fuzz::Delivery read(const std::string& path, fuzz::SourcePool& buffers,
                    const net::ItchFileConfig& config) {
  net::ItchFileSource source{net::ByteStream{path}, buffers, config};
  return fuzz::drain(source);
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): the name that libFuzzer calls
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static fuzz::FileOfBytes file;
  static fuzz::SourcePool small{fuzz::pool_of(std::size_t{72} * 1024)};
  static fuzz::SourcePool large{fuzz::pool_of(std::size_t{256} * 1024)};
  if (size < 2) return 0;
  const auto bytes = std::as_bytes(std::span{data, size}).subspan(1);
  file.assign(bytes);
  net::ItchFileConfig config;
  config.payload_bytes = 64 + std::size_t{data[0] & 0x3FU} * 1000;
  config.max_span_ns = (data[0] & 0x40U) != 0 ? 1'000 : 0;
  const fuzz::Delivery one = read(file.path(), small, config);
  require(one == read(file.path(), large, config));
  const net::ByteStream plain{file.path()};
  if (plain.failed() || plain.compression() != net::Compression::none) return 0;
  const Walk expected = walk(bytes);
  require(messages_of(one) == expected.messages);
  require(one.error.empty() == expected.whole);
  return 0;
}
