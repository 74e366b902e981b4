// However a stream is cut, its messages are the same: those of a plain walk over the whole of it.

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "codec/soupbintcp/decoder.hpp"
#include "net/stream_framer.hpp"
#include "tests/net/source_reading.hpp"
#include "tests/net/stream_text.hpp"

namespace tapeline::net {
namespace {

using testing::feed_by_byte;
using testing::feed_cut;
using testing::Framed;

constexpr std::size_t kMaxBytes = 12;
constexpr std::size_t kLargeBufferBytes = std::size_t{128} * 1024;

// The messages of a stream of lengths, by the definition.
template <typename Length>
Framed walk_lengths(std::string_view stream, const LengthFraming& framing) {
  Framed framed;
  while (stream.size() >= sizeof(Length)) {
    std::size_t length = 0;
    for (std::size_t at = 0; at < sizeof(Length); ++at) {
      length = length * 256 + static_cast<unsigned char>(stream[at]);
    }
    if (length < framing.min_bytes || length > framing.max_bytes) {
      framed.status = FramerStatus::malformed;
      break;
    }
    if (length > stream.size() - sizeof(Length)) break;
    framed.messages.emplace_back(stream.substr(sizeof(Length), length));
    stream.remove_prefix(sizeof(Length) + length);
  }
  return framed;
}

Framed walk_lines(std::string_view stream, std::size_t max_bytes) {
  Framed framed;
  for (std::size_t end = stream.find('\n'); end != std::string_view::npos;
       end = stream.find('\n')) {
    std::string_view line = stream.substr(0, end);
    stream.remove_prefix(end + 1);
    if (line.size() > max_bytes) continue;
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!line.empty()) framed.messages.emplace_back(line);
  }
  return framed;
}

// The packets of a SoupBinTCP stream, by the codec.
Framed walk_packets(std::string_view stream) {
  Framed framed;
  std::span<const std::byte> rest = std::as_bytes(std::span{stream});
  for (;;) {
    const auto packet = codec::soupbintcp::next_packet(rest);
    if (packet.status == codec::soupbintcp::FrameStatus::malformed) {
      framed.status = FramerStatus::malformed;
    }
    if (packet.status != codec::soupbintcp::FrameStatus::ok) return framed;
    framed.messages.push_back(
        std::string(1, static_cast<char>(packet.type)) +
        std::string{reinterpret_cast<const char*>(packet.payload.data()), packet.payload.size()});
    rest = rest.subspan(packet.bytes);
  }
}

std::vector<std::size_t> any_cuts(std::size_t size) {
  auto cuts =
      *rc::gen::container<std::vector<std::size_t>>(rc::gen::inRange<std::size_t>(0, size + 1));
  std::ranges::sort(cuts);
  return cuts;
}

// Mostly whole messages, now and then a length that lies.
template <typename Length>
std::string any_lengths() {
  std::string stream;
  const auto sizes = *rc::gen::container<std::vector<unsigned>>(rc::gen::weightedOneOf<unsigned>(
      {{30, rc::gen::inRange(0U, 13U)}, {1, rc::gen::inRange(13U, 300U)}}));
  for (const unsigned size : sizes) {
    stream += testing::with_length<Length>(std::string(size, static_cast<char>('a' + size % 26)));
  }
  if (*rc::gen::arbitrary<bool>() && !stream.empty()) {
    stream.resize(*rc::gen::inRange<std::size_t>(0, stream.size()));
  }
  return stream;
}

template <typename Framer, typename Framing>
void expect_same(test::SerializationPool& pool, const Framing& framing, const std::string& stream,
                 const Framed& expected) {
  Framer cut{framing, pool};
  RC_ASSERT(feed_cut(cut, stream, any_cuts(stream.size())) == expected);
  Framer bytes{framing, pool};
  RC_ASSERT(feed_by_byte(bytes, stream) == expected);
  Framer whole{framing, pool};
  RC_ASSERT(feed_cut(whole, stream, {}) == expected);
  RC_ASSERT(cut.carried_bytes() == whole.carried_bytes());
  RC_ASSERT(cut.counters().malformed.get() == whole.counters().malformed.get());
}

TEST(StreamFramerProperty, LengthsOf16BitsDoNotDependOnTheCuts) {
  test::SerializationPool pool{test::small_pool(1024, 3)};
  const LengthFraming framing{.min_bytes = 0, .max_bytes = kMaxBytes};
  EXPECT_TRUE(rc::check([&] {
    const std::string stream = any_lengths<std::uint16_t>();
    expect_same<LengthFramer<std::uint16_t>>(pool, framing, stream,
                                             walk_lengths<std::uint16_t>(stream, framing));
  }));
}

TEST(StreamFramerProperty, LengthsOf32BitsDoNotDependOnTheCuts) {
  test::SerializationPool pool{test::small_pool(1024, 3)};
  const LengthFraming framing{.min_bytes = 1, .max_bytes = kMaxBytes};
  EXPECT_TRUE(rc::check([&] {
    const std::string stream = any_lengths<std::uint32_t>();
    expect_same<LengthFramer<std::uint32_t>>(pool, framing, stream,
                                             walk_lengths<std::uint32_t>(stream, framing));
  }));
}

TEST(StreamFramerProperty, LinesDoNotDependOnTheCuts) {
  test::SerializationPool pool{test::small_pool(1024, 3)};
  EXPECT_TRUE(rc::check([&] {
    const auto stream = *rc::gen::container<std::string>(
        rc::gen::weightedElement<char>({{12, 'x'}, {3, '\n'}, {1, '\r'}, {1, '\0'}}));
    expect_same<LineFramer>(pool, LineFraming{.max_bytes = kMaxBytes}, stream,
                            walk_lines(stream, kMaxBytes));
    const LineFraming with_large{.max_bytes = kMaxBytes / 4, .max_large_bytes = kMaxBytes};
    expect_same<LineFramer>(pool, with_large, stream, walk_lines(stream, kMaxBytes));
  }));
}

TEST(StreamFramerProperty, AgreesWithTheCodecOfSoupBinTcpOnAnyBytes) {
  test::SerializationPool pool{test::small_pool(kLargeBufferBytes, 3)};
  const LengthFraming framing{.min_bytes = 1, .max_bytes = codec::soupbintcp::kMaxLength};
  EXPECT_TRUE(rc::check([&] {
    const auto stream = *rc::gen::container<std::string>(
        rc::gen::weightedOneOf<char>({{5, rc::gen::just('\0')},
                                      {5, rc::gen::inRange<char>(0, 9)},
                                      {1, rc::gen::arbitrary<char>()}}));
    expect_same<LengthFramer<std::uint16_t>>(pool, framing, stream, walk_packets(stream));
  }));
}

}  // namespace
}  // namespace tapeline::net
