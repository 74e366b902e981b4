#include "net/open_capture.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/codec/capture/capture_file.hpp"
#include "tests/net/source_reading.hpp"
#include "tests/net/temporary_file.hpp"

namespace tapeline::net {
namespace {

namespace capture = codec::capture::test;
using codec::capture::LinkType;
using test::Bytes;
using test::drain;
using test::SerializationPool;
using test::small_pool;
using test::TemporaryFile;
using test::text;

std::string error_of(const Bytes& content) {
  const TemporaryFile file{content};
  SerializationPool buffers{small_pool()};
  const OpenedCapture opened = open_capture(file.path(), buffers);
  EXPECT_EQ(opened.source == nullptr, !opened.error.empty());
  if (opened.error.empty()) return "";
  EXPECT_EQ(opened.error.rfind(file.path() + ": ", 0), 0U);
  EXPECT_EQ(opened.error.find('\n'), std::string::npos);
  return opened.error.substr(file.path().size() + 2);
}

std::size_t packets_of(const Bytes& content) {
  const TemporaryFile file{content};
  SerializationPool buffers{small_pool()};
  const OpenedCapture opened = open_capture(file.path(), buffers);
  if (!opened.source) {
    ADD_FAILURE() << opened.error;
    return 0;
  }
  return drain(*opened.source).packets.size();
}

TEST(OpenCapture, TellsFormatsByTheirContent) {
  const Bytes packet = capture::ip_packet(false, text("payload"));
  for (const capture::PcapFormat format : capture::kPcapFormats) {
    Bytes pcap = capture::pcap_header(format, LinkType::raw);
    capture::add_record(pcap, format, 1, 1, packet);
    for (const Bytes& stored : {pcap, test::gzip(pcap), test::zstd(pcap)}) {
      EXPECT_EQ(packets_of(stored), 1U);
    }
  }
  for (const bool big : {false, true}) {
    Bytes pcapng = capture::section_block(big);
    capture::append(pcapng, capture::interface_block(big, LinkType::raw));
    capture::append(pcapng, capture::packet_block(big, 0, 1, packet));
    EXPECT_EQ(packets_of(pcapng), 1U);
  }
  const Bytes itch = capture::Writer{true}.u16(12).u8('S').u64(0).u16(0).u8('O').bytes();
  for (const Bytes& stored : {itch, test::gzip(itch), test::zstd(itch)}) {
    EXPECT_EQ(packets_of(stored), 1U);
  }
}

TEST(OpenCapture, TellsJsonLinesByTheirFirstBytes) {
  for (const std::string_view line :
       {"{\"type\":\"match\"}\n", " [1,2]\n", "1618677817.061845: {}\n", "1618: {}\n",
        "1723161600001658384 {\"a\":1}\n", "wss://ws.kraken.com <-> 1618678132.38\n",
        "https://a/b -> 1: {}\n"}) {
    for (const Bytes& stored : {text(line), test::gzip(text(line)), test::zstd(text(line))}) {
      const TemporaryFile file{stored};
      SerializationPool buffers{small_pool()};
      const OpenedCapture opened = open_capture(file.path(), buffers);
      ASSERT_TRUE(opened.source) << line << opened.error;
      EXPECT_EQ(opened.kind, CaptureKind::json_lines);
      EXPECT_EQ(drain(*opened.source).packets.size(), 1U) << line;
    }
  }
}

TEST(OpenCapture, NamesWhatIsSomethingElse) {
  EXPECT_EQ(error_of({}), "is empty");
  EXPECT_EQ(error_of(test::gzip({})), "holds no data once it is decompressed");
  EXPECT_EQ(error_of(test::zstd({})), "holds no data once it is decompressed");
  EXPECT_EQ(error_of(text("a,b,c\n")),
            "neither pcap nor pcapng nor a file of ITCH messages or JSON lines; it starts with 61 "
            "2C 62 2C (text)");
  EXPECT_EQ(error_of(text(std::string_view{"\x7F"
                                           "ELF",
                                           4})),
            "neither pcap nor pcapng nor a file of ITCH messages or JSON lines; it starts with 7F "
            "45 4C 46");
  EXPECT_THAT(error_of(text(std::string_view{"\0\x41S12345", 8})), testing::HasSubstr("neither"));
  EXPECT_THAT(error_of(text(std::string_view{"\0\0S12345", 8})), testing::HasSubstr("neither"));
  EXPECT_THAT(error_of(text(std::string_view{"\0\x0Cz12345", 8})), testing::HasSubstr("neither"));
  EXPECT_THAT(error_of(text("ab")), testing::HasSubstr("it starts with 61 62"));
  EXPECT_THAT(error_of(capture::Writer{true}.u32(0xA1B2CD34).u64(0).bytes()),
              testing::HasSubstr("'modified' pcap file"));
  EXPECT_THAT(error_of(text("BZh9")), testing::HasSubstr("is bzip2 data"));
}

TEST(OpenCapture, NamesTheFileThatIsMissing) {
  SerializationPool buffers{small_pool()};
  const OpenedCapture opened = open_capture("/nowhere/day.pcap", buffers);
  EXPECT_EQ(opened.source, nullptr);
  EXPECT_EQ(opened.error, "/nowhere/day.pcap: no such file");
}

TEST(OpenCapture, ReportsDamageWhereItIsFoundFirst) {
  EXPECT_THAT(error_of(text(std::string_view{"\x1F\x8B\x07\x00xxxx", 8})),
              testing::HasSubstr("damaged gzip data"));
}

}  // namespace
}  // namespace tapeline::net
