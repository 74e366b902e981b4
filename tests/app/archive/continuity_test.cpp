#include "app/archive/continuity.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <set>
#include <vector>

namespace tapeline::archive {
namespace {

using codec::archive::IndexFraming;
using codec::archive::IndexSession;

constexpr IndexSession kSession{.framing = IndexFraming::moldudp64, .session = {'A'}};
constexpr IndexSession kOther{.framing = IndexFraming::moldudp64, .session = {'B'}};

std::vector<std::pair<std::uint64_t, std::uint64_t>> ranges_of(const Continuity& continuity) {
  std::vector<std::pair<std::uint64_t, std::uint64_t>> ranges;
  for (const MissingRange& range : continuity.missing()) {
    ranges.emplace_back(range.first, range.next);
  }
  return ranges;
}

using Ranges = std::vector<std::pair<std::uint64_t, std::uint64_t>>;

TEST(Continuity, OfNumbersInARowIsWhole) {
  Continuity continuity;
  for (std::uint64_t i = 100; i < 200; i += 5) {
    continuity.on_numbers({kSession, i, i + 5}, {});
    continuity.on_numbers({kSession, i, i + 5}, {});  // the other line
  }
  EXPECT_EQ(ranges_of(continuity), Ranges{});
}

TEST(Continuity, TellsWhatIsMissingAndWhere) {
  Continuity continuity;
  continuity.on_numbers({kSession, 1, 10}, {0, 24});
  continuity.on_numbers({kSession, 15, 20}, {1, 600});
  const std::vector<MissingRange> expected{{kSession, 10, 15, {1, 600}}};
  EXPECT_EQ(continuity.missing(), expected);
}

TEST(Continuity, LatePacketsCloseWhatTheyBring) {
  Continuity continuity;
  continuity.on_numbers({kSession, 1, 10}, {});
  continuity.on_numbers({kSession, 30, 31}, {});
  continuity.on_numbers({kSession, 14, 18}, {});
  EXPECT_EQ(ranges_of(continuity), (Ranges{{10, 14}, {18, 30}}));
  continuity.on_numbers({kSession, 5, 16}, {});
  continuity.on_numbers({kSession, 28, 31}, {});
  EXPECT_EQ(ranges_of(continuity), (Ranges{{18, 28}}));
}

TEST(Continuity, NotesExplainWhatIsMissing) {
  Continuity continuity;
  continuity.on_note(kSession.session, 12, 14);
  continuity.on_numbers({kSession, 1, 10}, {});
  continuity.on_numbers({kSession, 30, 31}, {});
  continuity.on_note(kSession.session, 13, 20);
  continuity.on_note(kSession.session, 25, 40);
  continuity.on_note(kOther.session, 20, 25);
  EXPECT_EQ(ranges_of(continuity), (Ranges{{10, 12}, {20, 25}}));
  EXPECT_EQ(continuity.noted_messages(), 13U);
}

TEST(Continuity, SessionsHaveNumbersOfTheirOwn) {
  Continuity continuity;
  continuity.on_numbers({kSession, 1, 10}, {});
  continuity.on_numbers({kOther, 500, 510}, {});
  continuity.on_numbers({kSession, 10, 12}, {});
  continuity.on_numbers({kOther, 511, 512}, {});
  EXPECT_EQ(ranges_of(continuity), (Ranges{{510, 511}}));
}

TEST(Continuity, IsBounded) {
  Continuity continuity;
  for (std::uint64_t i = 0; i < Continuity::kMaxHoles + 10; ++i) {
    continuity.on_numbers({kSession, 1 + 2 * i, 2 + 2 * i}, {});
  }
  EXPECT_EQ(continuity.missing().size(), Continuity::kMaxHoles);
  EXPECT_GT(continuity.not_followed(), 0U);
}

// Against a set of every number.
TEST(Continuity, AgreesWithTheSetOfNumbersThatCame) {
  std::mt19937_64 random{1};
  for (int round = 0; round < 200; ++round) {
    Continuity continuity;
    std::set<std::uint64_t> came;
    std::set<std::uint64_t> noted;
    std::uint64_t first = 0;
    std::uint64_t highest = 0;
    for (int i = 0; i < 60; ++i) {
      const std::uint64_t begin = 100 + random() % 80;
      const std::uint64_t next = begin + 1 + random() % 6;
      if (random() % 6 == 0) {
        continuity.on_note(kSession.session, begin, next);
        for (std::uint64_t n = begin; n < next; ++n) noted.insert(n);
        continue;
      }
      if (came.empty()) first = begin;
      continuity.on_numbers({kSession, begin, next}, {});
      for (std::uint64_t n = begin; n < next; ++n) came.insert(n);
      highest = std::max(highest, next);
    }
    std::set<std::uint64_t> expected;
    std::uint64_t expected_noted = 0;
    for (std::uint64_t n = first; n < highest; ++n) {
      if (came.contains(n)) continue;
      if (noted.contains(n)) {
        ++expected_noted;
      } else {
        expected.insert(n);
      }
    }
    std::set<std::uint64_t> told;
    for (const auto& [begin, next] : ranges_of(continuity)) {
      for (std::uint64_t n = begin; n < next; ++n) told.insert(n);
    }
    EXPECT_EQ(told, expected) << round;
    EXPECT_EQ(continuity.noted_messages(), expected_noted) << round;
  }
}

}  // namespace
}  // namespace tapeline::archive
