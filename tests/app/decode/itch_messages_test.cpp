#include "app/decode/itch_messages.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "codec/itch/messages.hpp"

namespace tapeline::decode {
namespace {

using codec::itch::Field;
using codec::itch::FieldKind;
using codec::itch::kMessageTypes;
using codec::itch::MessageType;

// Golden: a real 'F' (add order with participant).
constexpr std::string_view kAddOrderMpid =
    "4606ca00001f1aced99936000000000120be75530000006443415359202020200026fd40464c5455";

std::vector<std::byte> bytes_of(std::string_view hex) {
  std::vector<std::byte> bytes;
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    bytes.push_back(static_cast<std::byte>(std::stoi(std::string{hex.substr(i, 2)}, nullptr, 16)));
  }
  return bytes;
}

class ItchMessageRowsTest : public testing::Test {
 protected:
  ItchMessageRowsTest() { std::filesystem::remove(path_); }
  ~ItchMessageRowsTest() override { std::filesystem::remove(path_); }

  std::string rows(const std::vector<std::vector<std::byte>>& messages, RowFilter filter = {},
                   const ItchTypes& types = itch_types({})) {
    const std::vector<std::string_view> fields = itch_fields();
    const Schema schema{SchemaName::parse("messages"), fields};
    Output output{path_, OutputCompression::none, true};
    Table table{Selection{schema, ""}, Format::text, TimeFormat::ns, std::move(filter), output};
    ItchMessageRows writer{schema, types, table};
    ItchSymbols symbols;
    MessageHead head{.feed = "f", .channel = "c", .sequence = 0, .receive_ns = {}, .exchange = {}};
    for (const auto& message : messages) {
      ++head.sequence;
      writer.write(head, message, symbols);
    }
    table.finish();
    output.close();
    std::ifstream in{path_};
    return {std::istreambuf_iterator<char>{in}, {}};
  }

  std::string path_ = testing::TempDir() + "itch_rows_" + std::to_string(::getpid());
};

TEST_F(ItchMessageRowsTest, ShowsEveryFieldOfAMessage) {
  EXPECT_EQ(rows({bytes_of(kAddOrderMpid)}),
            "feed=f channel=c sequence=1 exchange_time=0 symbol=CASY type=F "
            "stock_locate=1738 tracking_number=0 timestamp=34199999977782 order_ref=18923125 "
            "shares=100 price=255.5200 side=S stock=CASY mpid=FLTU\n");
}

TEST_F(ItchMessageRowsTest, NamesTheSymbolOfALocateThatWasTold) {
  std::vector<std::byte> remove = bytes_of("440d1900001f1aced840ed000000000165b51a");
  EXPECT_THAT(rows({remove}), testing::Not(testing::HasSubstr("symbol=")));
  remove[1] = std::byte{0x06};
  remove[2] = std::byte{0xCA};
  EXPECT_THAT(rows({bytes_of(kAddOrderMpid), remove}), testing::HasSubstr("symbol=CASY type=D"));
}

TEST_F(ItchMessageRowsTest, LearnsSymbolsFromMessagesThatAreNotShown) {
  std::vector<std::byte> remove = bytes_of("4406ca00001f1aced840ed000000000165b51a");
  const std::vector<std::string_view> only{"order_delete"};
  const std::string text = rows({bytes_of(kAddOrderMpid), remove}, {}, itch_types(only));
  EXPECT_THAT(text, testing::HasSubstr("sequence=2 exchange_time=0 symbol=CASY"));
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1);
}

TEST(ItchFieldTable, FillsEveryMessageAndNothingElse) {
  for (const MessageType& type : kMessageTypes) {
    std::vector<int> covered(type.bytes, 0);
    for (std::size_t i = 0; i < codec::itch::kPrefixBytes; ++i) covered[i] = 1;
    for (const Field& field : codec::itch::fields_of(type.type)) {
      for (std::size_t i = 0; i < field.bytes; ++i) ++covered.at(field.offset + i);
    }
    EXPECT_THAT(covered, testing::Each(1)) << type.name;
  }
  EXPECT_TRUE(codec::itch::fields_of('z').empty());
}

TEST(ItchFieldTable, AgreesOnTheOffsetOfTheSymbol) {
  for (int letter = 0; letter < 256; ++letter) {
    const auto type = static_cast<char>(letter);
    std::uint8_t offset = 0;
    for (const Field& field : codec::itch::fields_of(type)) {
      if (field.name == "stock") offset = field.offset;
    }
    EXPECT_EQ(codec::itch::stock_offset(type), offset) << letter;
  }
}

// A name is one column, so it must mean the same kind of thing everywhere.
TEST(ItchFieldTable, UsesANameForOneKindOfField) {
  for (const MessageType& one : kMessageTypes) {
    for (const Field& field : codec::itch::fields_of(one.type)) {
      for (const MessageType& other : kMessageTypes) {
        for (const Field& twin : codec::itch::fields_of(other.type)) {
          if (twin.name != field.name) continue;
          const bool numbers = field.name == "shares";  // 64 bits wide in a cross
          EXPECT_TRUE(twin.kind == field.kind || numbers) << field.name;
        }
      }
    }
  }
}

TEST(ItchTypes, GoByLetterOrName) {
  const std::vector<std::string_view> names{"A", "operational_halt"};
  const ItchTypes types = itch_types(names);
  EXPECT_EQ(std::count(types.begin(), types.end(), true), 2);
  EXPECT_TRUE(types['A']);
  EXPECT_TRUE(types['h']);
  const ItchTypes all = itch_types({});
  EXPECT_EQ(std::count(all.begin(), all.end(), true), 23);
}

}  // namespace
}  // namespace tapeline::decode
