#include "app/decode/iex_messages.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "codec/iex/messages.hpp"

namespace tapeline::decode {
namespace {

using codec::iex::kMessageTypes;

// Golden: the price level update of the DEEP specification, 9700 shares of ZIEXT to buy at 99.05.
constexpr std::array<std::uint8_t, 30> kBuyLevel{
    0x38, 0x01, 0xAC, 0x63, 0xC0, 0x20, 0x96, 0x86, 0x6D, 0x14, 0x5A, 0x49, 0x45, 0x58, 0x54,
    0x20, 0x20, 0x20, 0xE4, 0x25, 0x00, 0x00, 0x24, 0x1D, 0x0F, 0x00, 0x00, 0x00, 0x00, 0x00};

class IexMessageRowsTest : public testing::Test {
 protected:
  IexMessageRowsTest() { std::filesystem::remove(path_); }
  ~IexMessageRowsTest() override { std::filesystem::remove(path_); }

  std::string rows(std::span<const std::byte> message, RowFilter filter = {},
                   const IexTypes& types = iex_types({})) {
    const std::vector<std::string_view> fields = iex_fields();
    const Schema schema{SchemaName::parse("messages"), fields};
    Output output{path_, OutputCompression::none, true};
    Table table{Selection{schema, ""}, Format::text, TimeFormat::ns, std::move(filter), output};
    IexMessageRows writer{schema, types, table};
    writer.write({.feed = "f", .channel = "c", .sequence = 7, .receive_ns = 9, .exchange = {5, 0}},
                 message);
    table.finish();
    output.close();
    std::ifstream in{path_};
    return {std::istreambuf_iterator<char>{in}, {}};
  }

  std::string path_ = testing::TempDir() + "iex_rows_" + std::to_string(::getpid());
};

TEST_F(IexMessageRowsTest, ShowsEveryFieldOfAMessage) {
  EXPECT_EQ(rows(std::as_bytes(std::span{kBuyLevel})),
            "feed=f channel=c sequence=7 receive_time=9 exchange_time=5 symbol=ZIEXT type=8 "
            "timestamp=1471980632572715948 event_flags=1 size=9700 price=99.0500\n");
}

TEST_F(IexMessageRowsTest, ShowsNegativePricesAndTimes) {
  auto message = kBuyLevel;
  std::fill_n(message.begin() + 2, 8, 0xFF);
  std::fill_n(message.begin() + 22, 8, 0xFF);
  EXPECT_THAT(rows(std::as_bytes(std::span{message})),
              testing::EndsWith("timestamp=-1 event_flags=1 size=9700 price=-0.0001\n"));
}

TEST_F(IexMessageRowsTest, LeavesOutWhatIsNotWanted) {
  const auto message = std::as_bytes(std::span{kBuyLevel});
  const std::vector<std::string_view> only{"sell_level_update"};
  EXPECT_EQ(rows(message, {}, iex_types(only)), "");
  EXPECT_EQ(rows(message, {.symbols = {"ZIEX"}, .from = {}, .to = {}}), "");
  EXPECT_NE(rows(message, {.symbols = {"ZIEXT"}, .from = {}, .to = {}}), "");
}

TEST(IexTypes, GoByCharacterOrName) {
  const std::vector<std::string_view> names{"8", "trade_report", "order_replace"};
  const IexTypes types = iex_types(names);
  EXPECT_EQ(std::count(types.begin(), types.end(), true), 2);
  EXPECT_TRUE(types['8']);
  EXPECT_TRUE(types['T']);
  const IexTypes all = iex_types({});
  EXPECT_EQ(static_cast<std::size_t>(std::count(all.begin(), all.end(), true)),
            kMessageTypes.size());
}

}  // namespace
}  // namespace tapeline::decode
