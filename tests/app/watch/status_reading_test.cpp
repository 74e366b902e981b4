#include "app/watch/status_reading.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "watch_support.hpp"

namespace tapeline::watch {
namespace {

TEST(StatusReading, HasTheValuesOfTheDocument) {
  const Document json = recorded_document();
  const StatusReading reading = reading_of(json);
  const Document& channel = json["feeds"][0]["channels"][0];
  ASSERT_EQ(reading.channels.size(), 1U);
  EXPECT_EQ(reading.channels[0].name, "nasdaq/totalview");
  EXPECT_EQ(reading.channels[0].expected_sequence, channel["expected_sequence"]);
  EXPECT_EQ(reading.channels[0].latency.count, channel["latency"]["count"]);
  EXPECT_EQ(reading.channels[0].recovered, channel["resolved"]["request"]);
  ASSERT_EQ(reading.channels[0].lines.size(), 2U);
  EXPECT_EQ(reading.channels[0].lines[1].share_won, channel["lines"][1]["share_won"]);
  ASSERT_EQ(reading.pools.size(), 3U);
  EXPECT_EQ(reading.pools[0].name, "serialization");
  EXPECT_EQ(reading.pools[0].peak_in_use, json["pools"]["serialization"]["peak_in_use"]);
  ASSERT_EQ(reading.archives.size(), 1U);
  EXPECT_EQ(reading.archives[0].bytes_out, json["archives"][0]["bytes_out"]);
  EXPECT_EQ(reading.instruments.size(), json["markets"][0]["top"].size());
  EXPECT_EQ(reading.instruments[0].vwap, json["markets"][0]["top"][0]["vwap"]);
}

TEST(StatusReading, GivesTheSameDocumentAsJson) {
  const Document json = recorded_document();
  const std::string text = read_status(json.dump(), true).value().json;
  EXPECT_EQ(Document::parse(text), json);
}

TEST(StatusReading, RefusesWhatIsNoStatusDocument) {
  for (const char* text :
       {"", "{", "[]", "null", "1", "{}", R"({"status":"ok"})", R"({"ready":1,"process":{}})",
        R"({"ready":true,"process":{},"pools":[],"feeds":[]})", "{\"ready\":true}\x01"}) {
    EXPECT_FALSE(read_status(text, true)) << text;
  }
  EXPECT_FALSE(read_status(std::string(kMaxStatusBytes + 1, ' '), false));
}

TEST(StatusReading, RefusesWhatIsNestedTooDeep) {
  const std::string many = std::to_string(kMaxStatusDepth);
  for (const std::size_t depth : {std::size_t{30}, std::size_t{1'000'000}}) {
    const std::string text = R"({"ready":true,"process":{},"pools":{},"feeds":)" +
                             std::string(depth, '[') + std::string(depth, ']') + "}";
    EXPECT_FALSE(read_status(text, false)) << depth << " > " << many;
  }
}

TEST(StatusReading, ReadsWrongTypesAsNothing) {
  Document json = recorded_document();
  json["process"]["uptime_seconds"] = "long";
  json["not_ready"] = {1, "reason"};
  json["markets"] = "none";
  json["archives"] = Document::array({1, nullptr, Document::array()});
  json["pools"]["simd"] = 7;
  Document& channel = json["feeds"][0]["channels"][0];
  channel["packets"] = -1;
  channel["latency"]["counts"] = Document::array({1, 2});
  channel["malformed"] = Document::array({1, "x"});
  const StatusReading reading = reading_of(json);
  EXPECT_EQ(reading.uptime_seconds, 0.0);
  EXPECT_EQ(reading.not_ready, (std::vector<std::string>{"", "reason"}));
  EXPECT_TRUE(reading.instruments.empty());
  EXPECT_EQ(reading.archives.size(), 3U);
  EXPECT_EQ(reading.pools[2].in_use, 0U);
  EXPECT_EQ(reading.channels[0].packets, 0U);
  EXPECT_TRUE(reading.channels[0].latency.bounds_seconds.empty());
}

TEST(StatusReading, ReadsNullAsUnknown) {
  Document json = recorded_document();
  json["markets"][0]["top"][0]["vwap"] = nullptr;
  EXPECT_TRUE(std::isnan(reading_of(json).instruments[0].vwap));
}

TEST(StatusReading, ReadsVolumesWithFractions) {
  Document json = recorded_document();
  json["markets"][0]["top"][0]["volume"] = "12.50000001";
  EXPECT_EQ(reading_of(json).instruments[0].volume, "12.50000001");
}

TEST(StatusReading, EscapesEveryText) {
  Document json = recorded_document();
  json["not_ready"] = {"\x1b]0;title\x07 \xc2\x9b 31m"};
  json["feeds"][0]["name"] = "a\nb";
  json["markets"][0]["top"][0]["symbol"] = "\\\x7f";
  const StatusReading reading = reading_of(json);
  EXPECT_EQ(reading.not_ready[0], "\\x1b]0;title\\x07 \\xc2\\x9b 31m");
  EXPECT_EQ(reading.channels[0].name, "a\\x0ab/totalview");
  EXPECT_EQ(reading.instruments[0].symbol, "\\\\x7f");
}

TEST(StatusReading, ReadsABoundedNumberOfElements) {
  Document json = recorded_document();
  Document& lines = json["feeds"][0]["channels"][0]["lines"];
  for (std::size_t i = 0; i < kMaxElements + 10; ++i) lines.push_back(Document::object());
  const Document channel = json["feeds"][0]["channels"][0];
  json["feeds"][0]["channels"].push_back(channel);
  const StatusReading reading = reading_of(json);
  ASSERT_EQ(reading.channels.size(), 2U);
  EXPECT_EQ(reading.channels[0].lines.size(), kMaxElements);
}

}  // namespace
}  // namespace tapeline::watch
