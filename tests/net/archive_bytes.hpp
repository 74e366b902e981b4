#pragma once

// Archives for tests, made in memory as docs/archive-format.md describes them.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <vector>

#include "codec/archive/dictionary.hpp"
#include "codec/archive/frame.hpp"
#include "codec/archive/frame_index.hpp"
#include "codec/archive/seek_table.hpp"
#include "codec/capture/address.hpp"
#include "codec/capture/encoder.hpp"

namespace tapeline::net::test {

struct ArchivedPacket {
  std::int64_t time = 0;
  std::vector<std::byte> datagram;
};

// UDP over IPv4 with a random payload of that many bytes.
inline ArchivedPacket archived_packet(std::int64_t time, std::size_t payload_bytes,
                                      std::uint64_t seed) {
  namespace capture = codec::capture;
  std::mt19937_64 random{seed};
  std::vector<std::byte> payload(payload_bytes);
  std::ranges::generate(payload, [&] { return static_cast<std::byte>(random()); });
  ArchivedPacket packet{.time = time, .datagram = {}};
  packet.datagram.resize(capture::kIpv4UdpHeaderBytes);
  const capture::UdpHeader header{.source = {capture::Address::from_ipv4(0x0A000001), 1'000},
                                  .destination = {capture::Address::from_ipv4(0xEFC04001), 26'400}};
  capture::write_ipv4_udp(packet.datagram, header, payload.size());
  packet.datagram.insert(packet.datagram.end(), payload.begin(), payload.end());
  return packet;
}

struct BuiltArchive {
  std::vector<std::byte> file;
  std::vector<std::byte> content;  // all frames decompressed
  std::vector<codec::archive::FrameSummary> frames;
  std::vector<std::size_t> frame_ends;  // offsets in the file
  std::size_t frames_end = 0;

  void append(std::span<const std::byte> bytes) {
    file.insert(file.end(), bytes.begin(), bytes.end());
  }
};

// Frames as FrameWriter cuts them: a record lies in one frame unless it is larger than that.
inline BuiltArchive build_archive(const std::vector<ArchivedPacket>& packets,
                                  std::size_t frame_bytes,
                                  std::span<const std::byte> dictionary = {}) {
  namespace archive = codec::archive;
  namespace capture = codec::capture;
  BuiltArchive built;
  archive::FrameEncoder encoder{1, dictionary};
  archive::FrameIndexBuilder index;
  archive::SeekTableBuilder seek;
  if (!dictionary.empty()) {
    built.append(archive::dictionary_frame_header(dictionary));
    built.append(dictionary);
    static_cast<void>(seek.add(built.file.size(), 0));
  }
  std::vector<std::byte> content(capture::kPcapHeaderBytes);
  capture::write_file_header(content, capture::TimeUnit::nano, capture::LinkType::raw);
  archive::FrameSummary frame{.first_record = capture::kPcapHeaderBytes};
  const auto end_frame = [&] {
    std::vector<std::byte> out(content.size() + content.size() / 100 + 512);
    const std::size_t bytes = encoder.compress(content, out).frame_bytes;
    frame.offset = built.file.size();
    frame.content_bytes = static_cast<std::uint32_t>(content.size());
    if (frame.packets == 0) frame.first_record = frame.content_bytes;
    static_cast<void>(index.add(frame));
    static_cast<void>(seek.add(bytes, content.size()));
    built.frames.push_back(frame);
    built.append(std::span{out}.first(bytes));
    built.frame_ends.push_back(built.file.size());
    built.content.insert(built.content.end(), content.begin(), content.end());
    content.clear();
    frame = {};
  };
  for (const ArchivedPacket& packet : packets) {
    std::vector<std::byte> record(capture::kRecordHeaderBytes);
    const auto length = static_cast<std::uint32_t>(packet.datagram.size());
    capture::write_record_header(record, capture::TimeUnit::nano, packet.time, length, length);
    record.insert(record.end(), packet.datagram.begin(), packet.datagram.end());
    if (!content.empty() && content.size() + record.size() > frame_bytes) end_frame();
    if (frame.packets == 0) frame.first_record = static_cast<std::uint32_t>(content.size());
    frame.earliest_ns = frame.packets == 0 ? packet.time : std::min(frame.earliest_ns, packet.time);
    frame.latest_ns = frame.packets == 0 ? packet.time : std::max(frame.latest_ns, packet.time);
    ++frame.packets;
    for (std::span<const std::byte> rest{record}; !rest.empty();) {
      const std::size_t room = std::max(frame_bytes, content.size() + 1) - content.size();
      const auto piece = rest.first(std::min(rest.size(), room));
      content.insert(content.end(), piece.begin(), piece.end());
      rest = rest.subspan(piece.size());
      if (!rest.empty()) end_frame();
    }
  }
  if (!content.empty()) end_frame();
  built.frames_end = built.file.size();
  std::size_t index_bytes = 0;
  for (const auto piece : index.pieces(built.frames_end)) {
    built.append(piece);
    index_bytes += piece.size();
  }
  static_cast<void>(seek.add(index_bytes, 0));
  for (const auto piece : seek.pieces()) built.append(piece);
  return built;
}

// Times that rise, but for one packet in eight that comes late; some packets larger than a frame.
inline std::vector<ArchivedPacket> disordered_packets(std::size_t count, std::uint64_t seed,
                                                      std::size_t large_bytes = 0) {
  std::mt19937_64 random{seed};
  std::vector<ArchivedPacket> packets;
  std::int64_t time = 1'000'000'000;
  for (std::size_t i = 0; i < count; ++i) {
    time += static_cast<std::int64_t>(random() % 1'000);
    const auto late = static_cast<std::int64_t>(random() % 8 == 0 ? random() % 5'000 : 0);
    const std::size_t bytes = large_bytes != 0 && random() % 20 == 0 ? large_bytes : random() % 200;
    packets.push_back(archived_packet(time - late, bytes, random()));
  }
  return packets;
}

}  // namespace tapeline::net::test
