// Any bytes as a TCP stream, cut anywhere: the messages are those of the stream in one piece, and
// nothing is kept that is longer than allowed. The first bytes of the input choose the framing, its
// limit and the cuts.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <vector>

#include "net/stream_framer.hpp"

namespace {

using namespace tapeline;

void require(bool condition) {
  if (!condition) std::abort();
}

constexpr std::size_t kBufferBytes = 4096;
constexpr std::size_t kChoiceBytes = 4;  // framing, limit, two for the cuts

net::StreamCarry::SerializationPool& buffers() {
  static net::StreamCarry::SerializationPool pool{{.buffer_bytes = kBufferBytes,
                                                   .buffer_count = 8,
                                                   .overflow_buffers = 0,
                                                   .threads = 1,
                                                   .huge_pages = false}};
  return pool;
}

struct Framed {
  std::vector<std::string> messages;
  net::FramerStatus status = net::FramerStatus::ok;
  std::uint64_t malformed = 0;
  std::size_t carried = 0;

  friend bool operator==(const Framed&, const Framed&) = default;
};

template <typename Framer, typename Framing>
Framed frame(const Framing& framing, std::span<const std::byte> stream, std::uint32_t cuts) {
  Framer framer{framing, buffers()};
  Framed framed;
  while (!stream.empty() && framed.status == net::FramerStatus::ok) {
    // A small generator: pieces of 1 to 64 bytes, all of the rest if there are no cuts.
    std::size_t piece = stream.size();
    if (cuts != 0) {
      cuts = cuts * 1'664'525U + 1'013'904'223U;
      piece = std::min<std::size_t>(piece, 1 + (cuts >> 26U));
    }
    // Memory of exactly its size, so that the sanitizer sees a read past the end.
    const std::vector<std::byte> exact(stream.begin(),
                                       stream.begin() + static_cast<std::ptrdiff_t>(piece));
    stream = stream.subspan(piece);
    framed.status = framer.feed(exact, [&](std::span<const std::byte> message) {
      require(message.size() <= framing.max_bytes);
      framed.messages.emplace_back(reinterpret_cast<const char*>(message.data()), message.size());
      return true;
    });
    require(framer.carried_bytes() <= framing.max_bytes + sizeof(std::uint32_t));
  }
  framed.malformed = framer.counters().malformed.get();
  framed.carried = framer.carried_bytes();
  return framed;
}

template <typename Framer, typename Framing>
void check(const Framing& framing, std::span<const std::byte> stream, std::uint32_t cuts) {
  require(frame<Framer>(framing, stream, cuts) == frame<Framer>(framing, stream, 0));
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): the name that libFuzzer calls
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < kChoiceBytes) return 0;
  const std::size_t limit = std::size_t{data[1]} * 8;
  const std::uint32_t cuts = 1U + data[2] + 256U * data[3];
  const auto stream = std::as_bytes(std::span{data, size}).subspan(kChoiceBytes);
  switch (data[0] % 3) {
    case 0:
      check<net::LengthFramer<std::uint16_t>>(
          net::LengthFraming{.min_bytes = 1, .max_bytes = limit}, stream, cuts);
      break;
    case 1:
      check<net::LengthFramer<std::uint32_t>>(
          net::LengthFraming{.min_bytes = 0, .max_bytes = limit}, stream, cuts);
      break;
    default: check<net::LineFramer>(net::LineFraming{.max_bytes = limit}, stream, cuts); break;
  }
  return 0;
}
