#pragma once

// Archives of MoldUDP64 packets, written to a folder by the archive's own writer.

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "app/archive/frame_writer.hpp"
#include "codec/capture/encoder.hpp"
#include "codec/moldudp64/encoder.hpp"
#include "tests/app/archive/archive_support.hpp"
#include "tests/app/archive/test_packets.hpp"

namespace tapeline::archive::testing {

// `count` messages of 20 bytes from `sequence` on, to 239.192.64.<line>:26400.
inline TestPacket mold_packet(std::int64_t time, std::uint64_t sequence, std::uint16_t count,
                              std::string_view session = "TAPELINE01", unsigned line = 1) {
  namespace capture = codec::capture;
  namespace mold = codec::moldudp64;
  Bytes payload(2'000);
  mold::PacketBuilder builder{payload};
  builder.start(mold::Session::from_text(session), sequence);
  std::array<std::byte, 20> message{};
  message[0] = std::byte{'X'};
  for (std::uint16_t i = 0; i < count; ++i) {
    message[1] = static_cast<std::byte>(sequence + i);
    message[2] = static_cast<std::byte>((sequence + i) >> 8U);
    EXPECT_TRUE(builder.try_add(message));
  }
  const auto built = builder.finish();
  TestPacket packet{.time = time, .original_bytes = 0, .bytes = {}};
  packet.bytes.resize(capture::kIpv4UdpHeaderBytes);
  const capture::UdpHeader header{
      .source = {capture::Address::from_ipv4(0x0A000001), 1'000},
      .destination = {capture::Address::from_ipv4(0xEFC04000U + line), 26'400}};
  capture::write_ipv4_udp(packet.bytes, header, built.size());
  packet.bytes.insert(packet.bytes.end(), built.begin(), built.end());
  packet.original_bytes = static_cast<std::uint32_t>(packet.bytes.size());
  return packet;
}

// Packets of five messages, one after the other from sequence 1 on, a microsecond apart.
inline std::vector<TestPacket> mold_packets(std::size_t count, std::int64_t start = kStartTime) {
  std::vector<TestPacket> packets;
  for (std::size_t i = 0; i < count; ++i) {
    packets.push_back(mold_packet(start + static_cast<std::int64_t>(i) * 1'000, 1 + 5 * i, 5));
  }
  return packets;
}

class ArchiveOnDiskTest : public ::testing::Test {
 protected:
  // Writes through `fill(FrameWriter&)` and returns the path of the one file that was made.
  template <typename Fill>
  std::string write(const std::string& channel, Fill&& fill) {
    FrameWriterConfig config;
    config.directory = folder_.path();
    config.feed = "feed";
    config.channel = channel;
    config.flush_ms = 0;
    FileCalls calls;
    ArchiveCounters counters;
    FrameWriter writer{config, buffers_, calls, counters};
    fill(writer);
    writer.close();
    return writer.file_path();
  }
  std::string write(const std::vector<TestPacket>& packets, const std::string& channel = "1") {
    return write(channel, [&](FrameWriter& writer) {
      for (const TestPacket& packet : packets) writer.append(packet.view(), 0);
    });
  }

  static Bytes load(const std::string& path) {
    std::ifstream file{path, std::ios::binary};
    const std::string text{std::istreambuf_iterator<char>{file}, {}};
    const auto bytes = std::as_bytes(std::span{text});
    return {bytes.begin(), bytes.end()};
  }
  static void store(const std::string& path, const Bytes& bytes) {
    std::ofstream file{path, std::ios::binary | std::ios::trunc};
    file.write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
  }

  TemporaryFolder folder_;
  // Small, so that there are many frames.
  pool::BufferPool<pool::CompressionKind> buffers_{{.buffer_bytes = 4096,
                                                    .buffer_count = 8,
                                                    .overflow_buffers = 0,
                                                    .growth_thread = false,
                                                    .threads = 1,
                                                    .huge_pages = false}};
};

}  // namespace tapeline::archive::testing
