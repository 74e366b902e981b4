#include "codec/capture/decoder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <random>
#include <string>
#include <utility>

#include "codec/capture/datagram.hpp"
#include "tests/codec/capture/capture_file.hpp"
#include "tests/codec/capture/chunked_reader.hpp"

namespace tapeline::codec::capture {
namespace {

using test::add_record;
using test::append;
using test::block;
using test::Bytes;
using test::interface_block;
using test::kPcapFormats;
using test::option;
using test::packet_block;
using test::pcap_header;
using test::PcapFormat;
using test::read_in_chunks;
using test::Reading;
using test::section_block;
using test::Writer;

constexpr std::size_t kChunks[] = {1, 7, 64, 1 << 20};

Bytes numbered(std::size_t size, unsigned first = 0) {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>(first + i);
  return bytes;
}

// A file of three packets and where each of its items ends.
struct ThreePackets {
  Bytes bytes;
  std::vector<std::size_t> item_ends;    // places where the file may end cleanly
  std::vector<std::size_t> record_ends;  // of the packets
};

ThreePackets three_in_pcap(PcapFormat format) {
  ThreePackets file{pcap_header(format, LinkType::ethernet), {}, {}};
  file.item_ends.push_back(file.bytes.size());
  for (const std::size_t size : {60U, 0U, 33U}) {
    add_record(file.bytes, format, 1'600'000'000, static_cast<std::uint32_t>(size), numbered(size));
    file.item_ends.push_back(file.bytes.size());
    file.record_ends.push_back(file.bytes.size());
  }
  return file;
}

ThreePackets three_in_pcapng(bool big) {
  ThreePackets file;
  const auto add = [&file](const Bytes& block, bool packet) {
    append(file.bytes, block);
    file.item_ends.push_back(file.bytes.size());
    if (packet) file.record_ends.push_back(file.bytes.size());
  };
  add(section_block(big), false);
  add(interface_block(big, LinkType::ethernet, option(big, 9, {std::byte{9}})), false);
  add(packet_block(big, 0, 1000, numbered(60)), true);
  add(block(big, 4, numbered(20)), false);  // name resolution, to be passed over
  add(packet_block(big, 0, 2000, numbered(0)), true);
  add(packet_block(big, 0, 3000, numbered(33), 100, option(big, 1, numbered(5))), true);
  return file;
}

void check_every_end(const ThreePackets& file) {
  const Reading whole = read_in_chunks(file.bytes, file.bytes.size());
  ASSERT_TRUE(whole.clean) << whole.fault.text();
  ASSERT_EQ(whole.records.size(), 3U);
  for (std::size_t end = 0; end < file.bytes.size(); ++end) {
    const auto complete = static_cast<std::size_t>(
        std::count_if(file.record_ends.begin(), file.record_ends.end(),
                      [end](std::size_t record_end) { return record_end <= end; }));
    const bool clean = std::count(file.item_ends.begin(), file.item_ends.end(), end) > 0;
    for (const std::size_t chunk : kChunks) {
      const Reading reading = read_in_chunks(std::span{file.bytes}.first(end), chunk);
      ASSERT_EQ(reading.records.size(), complete) << "end " << end << " chunk " << chunk;
      ASSERT_TRUE(
          std::equal(reading.records.begin(), reading.records.end(), whole.records.begin()));
      ASSERT_EQ(reading.clean, clean) << "end " << end << " chunk " << chunk;
      ASSERT_EQ(reading.fault.kind == FaultKind::none, clean);
      ASSERT_LE(reading.fault.offset, end);
    }
  }
}

TEST(CaptureDecoder, DeliversWholePacketsOfPcapThatEndsAtAnyByte) {
  for (const PcapFormat format : kPcapFormats) check_every_end(three_in_pcap(format));
}

TEST(CaptureDecoder, DeliversWholePacketsOfPcapngThatEndsAtAnyByte) {
  check_every_end(three_in_pcapng(false));
  check_every_end(three_in_pcapng(true));
}

TEST(CaptureDecoder, ReadsTimeLengthsAndLinkTypeInEveryPcapFormat) {
  for (const PcapFormat format : kPcapFormats) {
    Bytes file = pcap_header(format, LinkType::linux_sll);
    add_record(file, format, 4'000'000'000U, 123'456, numbered(10), 1500);
    const Reading reading = read_in_chunks(file, 5);
    ASSERT_EQ(reading.records.size(), 1U);
    const std::int64_t fraction = format.nano ? 123'456 : 123'456'000;
    EXPECT_EQ(reading.records[0].time_ns, 4'000'000'000'000'000'000 + fraction);
    EXPECT_EQ(reading.records[0].original_bytes, 1500U);
    EXPECT_EQ(reading.records[0].link_type, LinkType::linux_sll);
    EXPECT_EQ(reading.records[0].data, numbered(10));
  }
}

TEST(CaptureDecoder, FindsPayloadInEveryFormatLinkTypeAndVlanDepth) {
  const Bytes payload = numbered(25);
  for (const PcapFormat format : kPcapFormats) {
    for (const LinkType link : test::kLinkTypes) {
      for (int tags = 0; tags <= (test::has_ether_type(link) ? 2 : 0); ++tags) {
        for (const bool ipv6 : {false, true}) {
          Bytes file = pcap_header(format, link);
          add_record(file, format, 1, 2,
                     test::frame(link, tags, ipv6, test::ip_packet(ipv6, payload)));
          const Reading reading = read_in_chunks(file, 50);
          ASSERT_EQ(reading.records.size(), 1U);
          const auto& record = reading.records[0];
          Datagram datagram;
          ASSERT_EQ(parse_datagram(record.link_type, record.data, record.original_bytes, datagram),
                    SkipReason::none)
              << static_cast<int>(link) << " tags " << tags << " ipv6 " << ipv6;
          const auto found = std::span{record.data}.subspan(
              datagram.ip_offset + datagram.payload_offset, datagram.payload_bytes);
          EXPECT_TRUE(std::equal(found.begin(), found.end(), payload.begin(), payload.end()));
          EXPECT_EQ(datagram.destination.text(), ipv6 ? "[ff02::1]:26400" : "239.0.0.1:26400");
        }
      }
    }
  }
}

TEST(CaptureDecoder, IgnoresChecksumLengthInLinkTypeField) {
  Bytes file = pcap_header({}, LinkType::ethernet);
  file[23] = std::byte{0x24};  // frames end in a check sum of two words
  add_record(file, {}, 1, 2, numbered(60));
  const Reading reading = read_in_chunks(file, 1000);
  ASSERT_EQ(reading.records.size(), 1U);
  EXPECT_EQ(reading.records[0].link_type, LinkType::ethernet);
}

TEST(CaptureDecoder, CountsAndKeepsOddRecords) {
  const PcapFormat format{false, true};
  Bytes file = pcap_header(format, LinkType::ethernet);
  add_record(file, format, 10, 1'000'000'000, numbered(4));
  add_record(file, format, 10, 999'999'999, numbered(4), 3);
  const Reading reading = read_in_chunks(file, 1000);
  ASSERT_EQ(reading.records.size(), 2U);
  EXPECT_EQ(reading.records[0].time_ns, 11'000'000'000);
  EXPECT_EQ(reading.oddities.time_fraction_too_large, 1U);
  EXPECT_EQ(reading.oddities.captured_exceeds_original, 1U);
}

TEST(CaptureDecoder, ReadsLargestRecordAndRefusesLonger) {
  Bytes file = pcap_header({}, LinkType::ethernet);
  add_record(file, {}, 1, 2, numbered(kMaxCapturedBytes));
  const std::size_t second = file.size();
  add_record(file, {}, 1, 2, numbered(kMaxCapturedBytes + 1));
  for (const std::size_t chunk : {std::size_t{1000}, file.size()}) {
    const Reading reading = read_in_chunks(file, chunk);
    ASSERT_EQ(reading.records.size(), 1U);
    EXPECT_EQ(reading.records[0].data.size(), kMaxCapturedBytes);
    EXPECT_EQ(reading.fault.text(), "record at byte " + std::to_string(second) +
                                        ": captured length 262145 exceeds 262144");
  }
}

TEST(CaptureDecoder, SkipsRecordsThatTheCallerCanNotHold) {
  Bytes pcap = pcap_header({}, LinkType::ethernet);
  Bytes pcapng = section_block(true);
  append(pcapng, interface_block(true, LinkType::ethernet));
  for (const std::size_t size : {10U, 200'000U, 20U}) {
    add_record(pcap, {}, 1, 2, numbered(size));
    append(pcapng, packet_block(true, 0, 7, numbered(size)));
  }
  for (const Bytes& file : {pcap, pcapng}) {
    for (const std::size_t chunk : {std::size_t{100}, file.size()}) {
      const Reading reading =
          read_in_chunks(std::span{file}, std::min(chunk, std::size_t{50'000}), 100'000);
      ASSERT_EQ(reading.records.size(), 2U);
      EXPECT_EQ(reading.records[1].data.size(), 20U);
      EXPECT_EQ(reading.skipped, 1U);
      EXPECT_TRUE(reading.clean);
    }
    const Reading torn =
        read_in_chunks(std::span{file}.first(file.size() - 100'000), 1000, 100'000);
    EXPECT_EQ(torn.records.size(), 1U);
    EXPECT_FALSE(torn.clean);
  }
}

TEST(CaptureDecoder, NamesWhatIsNoCapture) {
  const auto fault_of = [](std::uint32_t magic) {
    return read_in_chunks(Writer{true}.u32(magic).u64(0).u64(0).u64(0).bytes(), 100).fault.text();
  };
  EXPECT_THAT(fault_of(0x34CDB2A1), testing::HasSubstr("'modified' pcap"));
  EXPECT_THAT(fault_of(0xA1B2CD34), testing::HasSubstr("'modified' pcap"));
  EXPECT_THAT(fault_of(0x1F8B0808), testing::HasSubstr("gzip"));
  EXPECT_THAT(fault_of(0x28B52FFD), testing::HasSubstr("zstd"));
  EXPECT_THAT(fault_of(0x425A6839), testing::HasSubstr("bzip2"));
  EXPECT_THAT(fault_of(0xFD377A58), testing::HasSubstr("xz"));
  EXPECT_THAT(fault_of(0x7B22610A), testing::HasSubstr("it starts with 7B 22 61 0A"));
  EXPECT_THAT(fault_of(0xD4C3B2A1), testing::HasSubstr("version 0.0 is not supported"));
}

TEST(CaptureDecoder, TellsEmptyFileFromCapture) {
  EXPECT_EQ(read_in_chunks({}, 1).fault.text(),
            "file header at byte 0: truncated file, 4 bytes are needed and 0 are there");
}

Bytes pcapng_with(const Bytes& first, const Bytes& second = {}) {
  Bytes file = section_block(false);
  append(file, first);
  append(file, second);
  return file;
}

TEST(CaptureDecoder, ForgetsByteOrderAndInterfacesAtNewSection) {
  Bytes file = section_block(false);
  append(file, interface_block(false, LinkType::ethernet));
  append(file, interface_block(false, LinkType::raw));
  append(file, packet_block(false, 1, 1'000'000, numbered(8)));
  append(file, section_block(true));
  append(file, interface_block(true, LinkType::linux_sll2, option(true, 9, {std::byte{9}})));
  append(file, packet_block(true, 0, 2'000'000'000, numbered(9)));
  const std::size_t last = file.size();
  append(file, packet_block(true, 1, 2'000'000'000, numbered(9)));
  for (const std::size_t chunk : kChunks) {
    const Reading reading = read_in_chunks(file, chunk);
    ASSERT_EQ(reading.records.size(), 2U);
    EXPECT_EQ(reading.records[0].link_type, LinkType::raw);
    EXPECT_EQ(reading.records[0].time_ns, 1'000'000'000);
    EXPECT_EQ(reading.records[0].interface, 1U);
    EXPECT_EQ(reading.records[1].link_type, LinkType::linux_sll2);
    EXPECT_EQ(reading.records[1].time_ns, 2'000'000'000);
    EXPECT_EQ(reading.fault.text(), "block at byte " + std::to_string(last) +
                                        ": packet of interface 1, but only 1 are described");
  }
}

std::int64_t time_with(std::uint8_t resolution, std::uint64_t ticks, std::int64_t offset = 0) {
  Bytes options = option(false, 9, {std::byte{resolution}});
  append(options, option(false, 14, Writer{false}.u64(static_cast<std::uint64_t>(offset)).bytes()));
  append(options, option(false, 0, {}));
  const Bytes file = pcapng_with(interface_block(false, LinkType::ethernet, options),
                                 packet_block(false, 0, ticks, numbered(4)));
  const Reading reading = read_in_chunks(file, 1000);
  return reading.records.size() == 1 ? reading.records[0].time_ns : -1;
}

TEST(CaptureDecoder, ConvertsEveryTimeResolution) {
  constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
  EXPECT_EQ(time_with(0, 1'700'000'000), 1'700'000'000'000'000'000);
  EXPECT_EQ(time_with(3, 1'700'000'000'123), 1'700'000'000'123'000'000);
  EXPECT_EQ(time_with(6, 1'700'000'000'123'456), 1'700'000'000'123'456'000);
  EXPECT_EQ(time_with(9, 1'700'000'000'123'456'789), 1'700'000'000'123'456'789);
  EXPECT_EQ(time_with(12, 1'700'000'123'456'789'999), 1'700'000'123'456'789);
  EXPECT_EQ(time_with(0x8A, 1'700'000'000ULL * 1024 + 1), 1'700'000'000'000'976'562);
  EXPECT_EQ(time_with(0x80, 17), 17'000'000'000);
  EXPECT_EQ(time_with(0xA0, std::uint64_t{1'700'000'000} << 32U), 1'700'000'000'000'000'000);
  EXPECT_EQ(time_with(0xFF, ~std::uint64_t{0}), 0);
  EXPECT_EQ(time_with(28, ~std::uint64_t{0}), 1);
  EXPECT_EQ(time_with(29, ~std::uint64_t{0}), 0);
  EXPECT_EQ(time_with(127, ~std::uint64_t{0}), 0);
  EXPECT_EQ(time_with(0, ~std::uint64_t{0}), kMax);
  EXPECT_EQ(time_with(6, 5'000'000, 1'700'000'000), 1'700'000'005'000'000'000);
  EXPECT_EQ(time_with(6, 5'000'000, -2), 3'000'000'000);
  EXPECT_EQ(time_with(6, 5, std::numeric_limits<std::int64_t>::max()), kMax);
  EXPECT_EQ(time_with(9, 0, std::numeric_limits<std::int64_t>::min()),
            std::numeric_limits<std::int64_t>::min());
}

TEST(CaptureDecoder, ReadsSimpleAndObsoletePacketBlocks) {
  Bytes file = pcapng_with(interface_block(false, LinkType::raw, {}, 16));
  append(file, packet_block(false, 0, 5, numbered(4)));
  append(file, block(false, 3, Writer{false}.u32(40).raw(numbered(16)).bytes()));
  append(file, block(false, 3, Writer{false}.u32(3).raw(numbered(3)).bytes()));
  append(file,
         block(false, 2,
               Writer{false}.u16(0).u16(7).u32(0).u32(9).u32(5).u32(6).raw(numbered(5)).bytes()));
  append(file,
         block(false, 2, Writer{false}.u16(0).u16(0xFFFF).u32(0).u32(9).u32(0).u32(0).bytes()));
  const Reading reading = read_in_chunks(file, 10);
  ASSERT_TRUE(reading.clean) << reading.fault.text();
  ASSERT_EQ(reading.records.size(), 5U);
  EXPECT_EQ(reading.records[1].data, numbered(16));
  EXPECT_EQ(reading.records[1].original_bytes, 40U);
  EXPECT_EQ(reading.records[1].time_ns, 5000);  // that of the packet before
  EXPECT_EQ(reading.records[2].data, numbered(3));
  EXPECT_EQ(reading.records[3].data, numbered(5));
  EXPECT_EQ(reading.records[3].original_bytes, 6U);
  EXPECT_EQ(reading.records[3].time_ns, 9000);
  EXPECT_EQ(reading.oddities.interface_drops, 7U);
}

TEST(CaptureDecoder, AddsUpDropsThatInterfacesReport) {
  const auto statistics = [](std::uint32_t interface, std::uint64_t drops) {
    Bytes options = option(false, 4, Writer{false}.u64(99).bytes());
    append(options, option(false, 5, Writer{false}.u64(drops).bytes()));
    return block(false, 5, Writer{false}.u32(interface).u64(0).raw(options).bytes());
  };
  Bytes file =
      pcapng_with(interface_block(false, LinkType::raw), interface_block(false, LinkType::raw));
  append(file, statistics(0, 10));
  append(file, statistics(1, 5));
  append(file, statistics(0, 12));    // a total, not an increase
  append(file, statistics(9, 1000));  // nobody's
  const Reading reading = read_in_chunks(file, 10);
  EXPECT_TRUE(reading.clean) << reading.fault.text();
  EXPECT_EQ(reading.oddities.interface_drops, 17U);
}

TEST(CaptureDecoder, StopsAtLyingBlocks) {
  const auto kind_of = [](const Bytes& file) {
    const FaultKind whole = read_in_chunks(file, 1 << 20).fault.kind;
    EXPECT_EQ(read_in_chunks(file, 1).fault.kind, whole);
    return whole;
  };
  const auto with_length = [](std::uint32_t type, std::uint32_t length) {
    return pcapng_with(Writer{false}.u32(type).u32(length).raw(numbered(100)).bytes());
  };
  EXPECT_EQ(kind_of(with_length(4, 0)), FaultKind::block_length);
  EXPECT_EQ(kind_of(with_length(4, 8)), FaultKind::block_length);
  EXPECT_EQ(kind_of(with_length(4, 13)), FaultKind::block_length);
  EXPECT_EQ(kind_of(with_length(4, 0xFFFFFFFC)), FaultKind::block_too_long);
  EXPECT_EQ(kind_of(with_length(1, 16)), FaultKind::block_length);
  EXPECT_EQ(kind_of(with_length(1, kMaxControlBlockBytes + 4)), FaultKind::block_too_long);
  EXPECT_EQ(kind_of(with_length(2, 28)), FaultKind::block_length);
  EXPECT_EQ(kind_of(with_length(3, 12)), FaultKind::block_length);
  EXPECT_EQ(kind_of(with_length(5, 20)), FaultKind::block_length);
  EXPECT_EQ(kind_of(with_length(6, 28)), FaultKind::block_length);
  EXPECT_EQ(kind_of(with_length(4, 108)), FaultKind::block_trailer);

  const Bytes interface = interface_block(false, LinkType::ethernet);
  Bytes wrong_trailer = packet_block(false, 0, 1, numbered(8));
  wrong_trailer.back() = std::byte{1};
  EXPECT_EQ(kind_of(pcapng_with(interface, wrong_trailer)), FaultKind::block_trailer);

  Bytes captured = packet_block(false, 0, 1, numbered(8));
  captured[20] = std::byte{9};
  EXPECT_EQ(kind_of(pcapng_with(interface, captured)), FaultKind::block_captured);
  captured[22] = std::byte{0xFF};
  EXPECT_EQ(kind_of(pcapng_with(interface, captured)), FaultKind::captured_too_long);
  EXPECT_EQ(kind_of(pcapng_with(interface, block(false, 3, Writer{false}.u32(5).u32(0).bytes()))),
            FaultKind::block_captured);
  EXPECT_EQ(kind_of(pcapng_with(block(false, 3, Writer{false}.u32(5).u64(0).bytes()))),
            FaultKind::unknown_interface);

  const Bytes option_past_end = Writer{false}.u16(2).u16(5).u32(0).bytes();
  EXPECT_EQ(kind_of(pcapng_with(interface_block(false, LinkType::raw, option_past_end))),
            FaultKind::option_length);
  Bytes no_order = section_block(false);
  no_order[8] = std::byte{0};
  EXPECT_EQ(kind_of(no_order), FaultKind::byte_order_magic);
  Bytes version = section_block(false);
  version[12] = std::byte{2};
  EXPECT_EQ(kind_of(version), FaultKind::file_version);
  Bytes short_section = section_block(false);
  short_section[4] = std::byte{24};
  EXPECT_EQ(kind_of(short_section), FaultKind::block_length);
}

TEST(CaptureDecoder, BoundsNumberOfInterfaces) {
  Bytes file = section_block(false);
  for (std::uint32_t i = 0; i < kMaxInterfaces; ++i)
    append(file, interface_block(false, LinkType::raw));
  append(file, packet_block(false, kMaxInterfaces - 1, 1, numbered(8)));
  EXPECT_EQ(read_in_chunks(file, 1000).records.size(), 1U);
  append(file, interface_block(false, LinkType::raw));
  EXPECT_EQ(read_in_chunks(file, 1000).fault.kind, FaultKind::too_many_interfaces);
}

TEST(CaptureDecoder, RefusesToSkipWhatIsNoRecord) {
  Bytes options;
  for (int i = 0; i < 500; ++i) append(options, option(false, 2, numbered(8)));
  const Bytes file = pcapng_with(interface_block(false, LinkType::raw, options));
  const Reading reading = read_in_chunks(file, 100, 4096);
  EXPECT_EQ(reading.fault.kind, FaultKind::block_too_long);
  EXPECT_TRUE(read_in_chunks(file, 100).clean);
}

TEST(CaptureDecoder, GivesSameRecordsForEveryChunkingOfDamagedFiles) {
  const Bytes originals[] = {three_in_pcap({false, true}).bytes, three_in_pcap({true, false}).bytes,
                             three_in_pcapng(false).bytes, three_in_pcapng(true).bytes};
  std::mt19937 random{20'240'601};  // NOLINT: a fixed seed, so that a failure can be repeated
  for (int round = 0; round < 4000; ++round) {
    Bytes file = originals[random() % std::size(originals)];
    for (auto flips = 1 + random() % 8; flips > 0; --flips) {
      file[random() % file.size()] ^= static_cast<std::byte>(1U << (random() % 8));
    }
    const Reading whole = read_in_chunks(file, file.size());
    const Reading pieces = read_in_chunks(file, 1 + random() % 40);
    ASSERT_EQ(whole.records, pieces.records) << "round " << round;
    ASSERT_EQ(whole.clean, pieces.clean) << "round " << round;
    ASSERT_EQ(whole.fault.text(), pieces.fault.text()) << "round " << round;
    ASSERT_TRUE(whole.clean || whole.fault.kind != FaultKind::none) << "round " << round;
  }
}

}  // namespace
}  // namespace tapeline::codec::capture
