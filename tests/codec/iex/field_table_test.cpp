#include "codec/iex/field_table.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "codec/iex/messages.hpp"

namespace tapeline::codec::iex {
namespace {

std::size_t width_of(const Field& field) {
  switch (field.kind) {
    case FieldKind::text: return field.bytes;
    case FieldKind::number1: return 1;
    case FieldKind::number4: return 4;
    case FieldKind::number8:
    case FieldKind::price8: return 8;
  }
  return 0;
}

// Behind the type byte, a delete and a clear of the book have a byte that is reserved.
bool has_reserved_byte(char type) { return type == 'R' || type == 'C'; }

TEST(IexFieldTable, FillsEveryMessageAndNothingElse) {
  for (const MessageType& type : kMessageTypes) {
    std::vector<int> covered(type.bytes, 0);
    const std::size_t prefix =
        has_symbol(type.type) ? kSymbolOffset + kSymbolBytes : kTimestampOffset + 8;
    for (std::size_t i = 0; i < prefix; ++i) covered.at(i) = i == 1 ? 0 : 1;
    if (has_reserved_byte(type.type)) covered.at(1) = 1;
    for (const Field& field : fields_of(type.type)) {
      for (std::size_t i = 0; i < field.bytes; ++i) ++covered.at(field.offset + i);
    }
    EXPECT_THAT(covered, testing::Each(1)) << type.name;
  }
}

TEST(IexFieldTable, HasFieldsOfTheWidthOfTheirKind) {
  for (const MessageType& type : kMessageTypes) {
    for (const Field& field : fields_of(type.type)) {
      EXPECT_EQ(field.bytes, width_of(field)) << type.name << ' ' << field.name;
    }
  }
}

TEST(IexFieldTable, KnowsNoFieldsOfOtherTypes) {
  for (std::size_t letter = 0; letter < kMessageTypeIndex.size(); ++letter) {
    if (kMessageTypeIndex[letter] != kNoMessageType) continue;
    EXPECT_TRUE(fields_of(static_cast<char>(letter)).empty()) << letter;
  }
}

// A name is one column, so it must mean the same kind of thing everywhere.
TEST(IexFieldTable, UsesANameForOneKindOfField) {
  for (const MessageType& one : kMessageTypes) {
    for (const Field& field : fields_of(one.type)) {
      for (const MessageType& other : kMessageTypes) {
        for (const Field& twin : fields_of(other.type)) {
          if (twin.name != field.name) continue;
          EXPECT_EQ(twin.kind, field.kind) << field.name;
        }
      }
    }
  }
}

}  // namespace
}  // namespace tapeline::codec::iex
