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

}  // namespace
}  // namespace tapeline::archive
