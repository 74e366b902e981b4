#include "app/decode/row_writer.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

namespace tapeline::decode {
namespace {

constexpr Column kA{0};
constexpr Column kB{1};
constexpr Column kC{2};
const std::vector<std::string> kNames{"a", "b", "c"};

std::string written(Format format, const std::function<void(Row&)>& fill,
                    const std::vector<std::string>& names = kNames,
                    TimeFormat times = TimeFormat::iso) {
  std::vector<std::uint16_t> places(names.size());
  std::iota(places.begin(), places.end(), std::uint16_t{0});
  Row row{places};
  TextBuffer out{16};
  RowWriter writer{format, times, names};
  fill(row);
  writer.write(row, out);
  return std::string{out.view()};
}

std::string csv_text(std::string_view text) {
  TextBuffer out{1};
  put_csv_text(out, text);
  return std::string{out.view()};
}

std::string json_text(std::string_view text) {
  TextBuffer out{1};
  put_json_text(out, text);
  return std::string{out.view()};
}

TEST(RowWriter, WritesTheNamesOnceAndOnlyInCsv) {
  TextBuffer out{64};
  RowWriter{Format::csv, TimeFormat::iso, kNames}.write_header(out);
  EXPECT_EQ(out.view(), "a,b,c\n");
  out.clear();
  RowWriter{Format::json, TimeFormat::iso, kNames}.write_header(out);
  RowWriter{Format::text, TimeFormat::iso, kNames}.write_header(out);
  EXPECT_EQ(out.view(), "");
}

TEST(RowWriter, LeavesCellsEmptyInCsvAndOutElsewhere) {
  const auto only_b = [](Row& row) { row.number(kB, 7); };
  EXPECT_EQ(written(Format::csv, only_b), ",7,\n");
  EXPECT_EQ(written(Format::json, only_b), "{\"b\":7}\n");
  EXPECT_EQ(written(Format::text, only_b), "b=7\n");
  const auto nothing = [](Row&) {};
  EXPECT_EQ(written(Format::csv, nothing), ",,\n");
  EXPECT_EQ(written(Format::json, nothing), "{}\n");
  EXPECT_EQ(written(Format::text, nothing), "\n");
}

// CSV readers pass over lines with nothing in them.
TEST(RowWriter, QuotesTheEmptyCellOfAnOnlyColumn) {
  EXPECT_EQ(written(Format::csv, [](Row&) {}, {"a"}), "\"\"\n");
  EXPECT_EQ(written(Format::csv, [](Row& row) { row.number(kA, 1); }, {"a"}), "1\n");
}

TEST(RowWriter, WritesEveryDigit) {
  constexpr auto kMax = std::numeric_limits<std::uint64_t>::max();
  constexpr auto kMin = std::numeric_limits<std::int64_t>::min();
  const auto fill = [](Row& row) {
    row.number(kA, kMax);
    row.signed_number(kB, kMin);
    row.decimal(kC, kMax, 8);
  };
  EXPECT_EQ(written(Format::csv, fill),
            "18446744073709551615,-9223372036854775808,184467440737.09551615\n");
  EXPECT_EQ(
      written(Format::json, fill),
      "{\"a\":18446744073709551615,\"b\":-9223372036854775808,\"c\":184467440737.09551615}\n");
}

TEST(RowWriter, WritesDecimalsExactly) {
  const auto text = [](std::uint64_t value, std::uint8_t digits) {
    return written(Format::csv, [&](Row& row) { row.decimal(kA, value, digits); }, {"a"});
  };
  EXPECT_EQ(text(0, 4), "0.0000\n");
  EXPECT_EQ(text(1, 4), "0.0001\n");
  EXPECT_EQ(text(873'900, 4), "87.3900\n");
  EXPECT_EQ(text(2'000'000'000, 4), "200000.0000\n");
  EXPECT_EQ(text(7, 0), "7\n");
  EXPECT_EQ(text(7, 1), "0.7\n");
  EXPECT_EQ(text(1, 18), "0.000000000000000001\n");
  EXPECT_EQ(written(Format::csv, [](Row& row) { row.signed_decimal(kA, -5, 2); }, {"a"}),
            "-0.05\n");
}

TEST(RowWriter, WritesAveragesWithTheDigitsAskedFor) {
  const auto text = [](double value) {
    return written(Format::csv, [&](Row& row) { row.real(kA, value, 3); }, {"a"});
  };
  EXPECT_EQ(text(1.0005), "1.000\n");
  EXPECT_EQ(text(1.5), "1.500\n");
  EXPECT_EQ(text(std::numeric_limits<double>::max()).size(), 309U + 1 + 3 + 1);
  EXPECT_EQ(text(std::numeric_limits<double>::infinity()), "0\n");
}

TEST(RowWriter, WritesTimes) {
  const auto fill = [](Row& row) {
    row.time(kA, 1'767'582'120'000'755'069);
    row.time_of_day(kB, 34'200'000'000'001);
    row.time(kC, -1);
  };
  EXPECT_EQ(written(Format::csv, fill),
            "2026-01-05T03:02:00.000755069Z,09:30:00.000000001,1969-12-31T23:59:59.999999999Z\n");
  EXPECT_EQ(written(Format::json, fill, kNames, TimeFormat::ns),
            "{\"a\":1767582120000755069,\"b\":34200000000001,\"c\":-1}\n");
  EXPECT_EQ(written(Format::json, [](Row& row) { row.time(kA, 0); }),
            "{\"a\":\"1970-01-01T00:00:00.000000000Z\"}\n");
}

TEST(RowWriter, WritesBooleansAndTextByFormat) {
  const auto fill = [](Row& row) {
    row.boolean(kA, true);
    row.boolean(kB, false);
    row.text(kC, "x y");
  };
  EXPECT_EQ(written(Format::csv, fill), "true,false,x y\n");
  EXPECT_EQ(written(Format::json, fill), "{\"a\":true,\"b\":false,\"c\":\"x y\"}\n");
  EXPECT_EQ(written(Format::text, fill), "a=true b=false c=\"x y\"\n");
  EXPECT_EQ(written(Format::text, [](Row& row) { row.text(kA, ""); }), "a=\"\"\n");
}

TEST(RowWriter, PutsCellsWhereTheColumnsWereAskedFor) {
  Row row{{2, Row::kUnwanted, 0}};
  row.number(kA, 1);
  row.number(kB, 2);
  row.number(kC, 3);
  TextBuffer out{64};
  RowWriter{Format::csv, TimeFormat::iso, kNames}.write(row, out);
  EXPECT_EQ(out.view(), "3,,1\n");
}

TEST(CsvText, QuotesWhatRfc4180Quotes) {
  EXPECT_EQ(csv_text(""), "");
  EXPECT_EQ(csv_text("AAPL"), "AAPL");
  EXPECT_EQ(csv_text("a b"), "a b");
  EXPECT_EQ(csv_text("a,b"), "\"a,b\"");
  EXPECT_EQ(csv_text("a\"b"), "\"a\"\"b\"");
  EXPECT_EQ(csv_text("a\nb\r"), "\"a\nb\r\"");
  EXPECT_EQ(csv_text(" a"), "\" a\"");
  EXPECT_EQ(csv_text(std::string_view{"a\0b", 3}), (std::string{"\"a\0b\"", 5}));
}

TEST(JsonText, EscapesControlsQuotesAndBackslashes) {
  EXPECT_EQ(json_text("AAPL"), "\"AAPL\"");
  EXPECT_EQ(json_text("a\"b\\c"), "\"a\\\"b\\\\c\"");
  EXPECT_EQ(json_text("\n\r\t"), "\"\\n\\r\\t\"");
  EXPECT_EQ(json_text(std::string_view{"\0\x1f\x7f", 3}), "\"\\u0000\\u001f\\u007f\"");
}

TEST(JsonText, PassesUtf8On) {
  for (const char* text : {"\xC2\x80", "\xC3\xA9", "\xE2\x82\xAC", "\xED\x9F\xBF", "\xEF\xBF\xBF",
                           "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF"}) {
    EXPECT_EQ(json_text(text), "\"" + std::string{text} + "\"");
    EXPECT_EQ(csv_text(text), text);
  }
}

// Overlong forms, surrogates, numbers past U+10FFFF, sequences that stop early, lone bytes.
TEST(JsonText, WritesBytesThatAreNoUtf8AsTheirNumbers) {
  EXPECT_EQ(json_text("\xFF"), "\"\xC3\xBF\"");
  EXPECT_EQ(json_text("\x80"), "\"\xC2\x80\"");
  EXPECT_EQ(json_text("a\xC3"), "\"a\xC3\x83\"");
  EXPECT_EQ(json_text("\xC0\xAF"), "\"\xC3\x80\xC2\xAF\"");
  EXPECT_EQ(json_text("\xE0\x80\xAF"), "\"\xC3\xA0\xC2\x80\xC2\xAF\"");
  EXPECT_EQ(json_text("\xED\xA0\x80"), "\"\xC3\xAD\xC2\xA0\xC2\x80\"");
  EXPECT_EQ(json_text("\xF4\x90\x80\x80"), "\"\xC3\xB4\xC2\x90\xC2\x80\xC2\x80\"");
  EXPECT_EQ(json_text("\xE2\x82"), "\"\xC3\xA2\xC2\x82\"");
  EXPECT_EQ(csv_text("\xFF,"), "\"\xC3\xBF,\"");
}

TEST(TextBuffer, GrowsWhenMoreIsAskedFor) {
  TextBuffer out{1};
  std::string expected;
  for (int i = 0; i < 1000; ++i) {
    out.ensure(TextBuffer::kMaxNumberBytes);
    out.put_number(static_cast<std::uint64_t>(i));
    expected += std::to_string(i);
  }
  EXPECT_EQ(out.view(), expected);
}

TEST(TextBuffer, PadsDigitsWithZeros) {
  TextBuffer out{64};
  out.put_digits(7, 1);
  out.put_digits(7, 2);
  out.put_digits(7, 9);
  out.put_digits(123'456'789, 9);
  out.put_digits(1234, 2);
  EXPECT_EQ(out.view(),
            "707000000007123456789"
            "34");
}

}  // namespace
}  // namespace tapeline::decode
