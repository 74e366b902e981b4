#include "app/simulate/ledger_file.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace tapeline::simulate {
namespace {

[[nodiscard]] std::vector<std::string> ledger_lines(Session& session, bool with_bars) {
  const std::string path = ::testing::TempDir() + "ledger_" + std::to_string(::getpid());
  std::array<std::byte, codec::itch::kMaxMessageBytes> message;
  while (session.next(message) > 0) {
  }
  OutputFile file{path, true};
  write_ledger(session, with_bars, file);
  file.close();
  std::ifstream in{path};
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  std::filesystem::remove(path);
  return lines;
}

TEST(LedgerFile, HasALineForEachInstrument) {
  Session session{{.messages = 5'000, .instruments = 30}};
  const auto lines = ledger_lines(session, false);
  ASSERT_EQ(lines.size(), 31U);
  EXPECT_EQ(lines[0],
            "{\"locate\":0,\"symbol\":\"\",\"messages\":{\"S\":6,\"V\":1,\"W\":1},\"trades\":0,"
            "\"broken\":0,\"volume\":0,\"notional\":\"0\"}");
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const Instrument& instrument = session.instruments()[i - 1];
    const std::string start = "{\"locate\":" + std::to_string(i) + ",\"symbol\":\"" +
                              std::string{instrument.symbol.trimmed()} + "\",\"messages\":{\"R\":1";
    EXPECT_TRUE(lines[i].starts_with(start)) << lines[i];
    EXPECT_TRUE(lines[i].ends_with("]}")) << lines[i];
    EXPECT_EQ(lines[i].find("seconds"), std::string::npos);
  }
}

TEST(LedgerFile, BestLevelsAndBarsAreThere) {
  Session session{{.messages = 5'000, .instruments = 20, .keep_bars = true}};
  const auto lines = ledger_lines(session, true);
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const auto instrument = static_cast<std::uint16_t>(i - 1);
    const auto bids = session.books().levels(instrument, Side::buy);
    if (!bids.empty()) {
      const std::string best = "\"bids\":[[" + std::to_string(bids.back().price) + "," +
                               std::to_string(bids.back().shares) + ",";
      EXPECT_NE(lines[i].find(best), std::string::npos);
    }
    const auto seconds = second_bars(session.ledger().truths()[i]);
    if (!seconds.empty()) {
      const std::string first = "\"seconds\":[[" + std::to_string(seconds.front().start) + "," +
                                std::to_string(seconds.front().open) + ",";
      EXPECT_NE(lines[i].find(first), std::string::npos);
    }
    EXPECT_NE(lines[i].find("\"minutes\":["), std::string::npos);
  }
}

}  // namespace
}  // namespace tapeline::simulate
