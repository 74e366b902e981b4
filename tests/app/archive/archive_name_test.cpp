#include "app/archive/archive_name.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace tapeline::archive {
namespace {

TEST(ArchiveName, SpellsUtcToTheNanosecond) {
  EXPECT_EQ(utc_text(1'767'623'400'123'456'789), "20260105T143000.123456789Z");
  EXPECT_EQ(utc_text(0), "19700101T000000.000000000Z");
  EXPECT_EQ(utc_text(951'782'400'000'000'001), "20000229T000000.000000001Z");
  EXPECT_EQ(utc_text(1'767'225'599'999'999'999), "20251231T235959.999999999Z");
}

TEST(ArchiveName, TakesTimesBefore1970As1970) {
  EXPECT_EQ(utc_text(-1), "19700101T000000.000000000Z");
  EXPECT_EQ(utc_text(std::numeric_limits<net::UnixNanos>::min()), "19700101T000000.000000000Z");
}

TEST(ArchiveName, HoldsTheLatestTimeThatThereIs) {
  EXPECT_EQ(utc_text(std::numeric_limits<net::UnixNanos>::max()), "22620411T234716.854775807Z");
}

TEST(ArchiveName, NumbersFilesOfTheSameStart) {
  EXPECT_EQ(archive_file_name("nasdaq", "itch", 0, 0),
            "nasdaq-itch-19700101T000000.000000000Z.pcap.zst");
  EXPECT_EQ(archive_file_name("nasdaq", "itch", 0, 2),
            "nasdaq-itch-19700101T000000.000000000Z-2.pcap.zst");
}

TEST(ArchiveName, AcceptsOnlyPlainNames) {
  for (const char* good : {"a", "itch50", "Nasdaq_TotalView-1.0", "0"}) {
    EXPECT_TRUE(is_name_part(good)) << good;
  }
  for (const char* bad : {"", ".", "..", ".hidden", "-x", "a/b", "a b", "a\n", "\xC3\xA4", "a:b"}) {
    EXPECT_FALSE(is_name_part(bad)) << bad;
  }
  EXPECT_TRUE(is_name_part(std::string(64, 'x')));
  EXPECT_FALSE(is_name_part(std::string(65, 'x')));
  EXPECT_FALSE(is_name_part(std::string_view{"a\0b", 3}));
}

TEST(ArchiveName, IsTakenApartAsItWasPutTogether) {
  for (const net::UnixNanos start : {net::UnixNanos{0}, net::UnixNanos{1'767'623'400'123'456'789},
                                     net::UnixNanos{9'200'000'000'000'000'000}}) {
    for (const unsigned copy : {0U, 1U, 12U}) {
      const std::string name = archive_file_name("a-b", "c.d", start, copy);
      const auto parsed = parse_archive_name(name);
      ASSERT_TRUE(parsed) << name;
      EXPECT_EQ(parsed->source, "a-b-c.d");
      EXPECT_EQ(parsed->start, start);
      EXPECT_EQ(parsed->copy, copy);
      EXPECT_FALSE(parsed->is_open);
      const std::string open_name = name + ".open";
      EXPECT_TRUE(parse_archive_name(open_name)->is_open);
    }
  }
}

TEST(ArchiveName, IsNotReadFromAnotherForm) {
  for (const char* name :
       {"", ".pcap.zst", "Z.pcap.zst", "20260105T143000.123456789Z.pcap.zst",
        "-20260105T143000.123456789Z.pcap.zst", "f-c-20260105T143000.123456789Z.pcap",
        "f-c-20261305T143000.123456789Z.pcap.zst", "f-c-20260230T143000.123456789Z.pcap.zst",
        "f-c-20260105T243000.123456789Z.pcap.zst", "f-c-20260105T14300 .123456789Z.pcap.zst",
        "f-c-20260105T143000.123456789Z-.pcap.zst", "f-c-20260105T143000.123456789Z-0.pcap.zst",
        "f-c-20260105T143000.123456789Z-01.pcap.zst", "f-c-20260105T143000.123456789Zx.pcap.zst",
        "f-c-20260105T143000.123456789Z-99999999999.pcap.zst",
        "f-c-99990105T143000.123456789Z.pcap.zst"}) {
    EXPECT_FALSE(parse_archive_name(name)) << name;
  }
}

}  // namespace
}  // namespace tapeline::archive
