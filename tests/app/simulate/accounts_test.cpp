#include "app/simulate/accounts.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

#include "codec/soupbintcp/encoder.hpp"

namespace tapeline::simulate {
namespace {

namespace soup = codec::soupbintcp;

bool accepts(const Accounts& accounts, std::string_view user, std::string_view password) {
  std::vector<std::byte> out(soup::kHeaderBytes + soup::kLoginRequestBytes);
  soup::write_login_request(out, user, password, soup::Session::from_text(""), 1);
  const auto login = soup::parse_login_request(std::span{out}.subspan(soup::kHeaderBytes));
  return login && accounts.accept(*login);
}

std::string problem_of(std::string_view text) {
  try {
    static_cast<void>(Accounts::from_text(text, "file"));
    return "none";
  } catch (const std::runtime_error& error) {
    return error.what();
  }
}

TEST(Accounts, EverybodyIsAcceptedWithoutAFile) {
  EXPECT_TRUE(accepts(Accounts{}, "", ""));
  EXPECT_TRUE(accepts(Accounts{}, "any", "body"));
}

TEST(Accounts, OnlyThoseOfTheFileAreAccepted) {
  const Accounts accounts =
      Accounts::from_text("# who may\n\nfirst one\n  second\ttwo\r\nlast longestpw", "file");
  EXPECT_TRUE(accepts(accounts, "first", "one"));
  EXPECT_TRUE(accepts(accounts, "second", "two"));
  EXPECT_TRUE(accepts(accounts, "SECOND", "Two"));
  EXPECT_FALSE(accepts(accounts, "first", "two"));
  EXPECT_FALSE(accepts(accounts, "", ""));
  EXPECT_FALSE(accepts(accounts, "#", "who"));
}

TEST(Accounts, WhatIsWrongIsToldWithoutTheContent) {
  EXPECT_EQ(problem_of(""), "file: no account in it");
  EXPECT_EQ(problem_of("# only this\n"), "file: no account in it");
  EXPECT_EQ(problem_of("a b\nhunter2\n"),
            "file: line 2: a user without a password: each line is USER PASSWORD");
  EXPECT_EQ(problem_of("a b c"), "file: line 1: more than USER PASSWORD");
  EXPECT_EQ(problem_of("sevench pwd"), "file: line 1: a user name has at most 6 characters");
  EXPECT_EQ(problem_of("user elevenchars"), "file: line 1: a password has at most 10 characters");
}

TEST(Accounts, MissingFileIsNamed) {
  try {
    static_cast<void>(Accounts::from_file("/nonexistent/accounts"));
    FAIL();
  } catch (const std::runtime_error& error) {
    EXPECT_STREQ(error.what(), "/nonexistent/accounts: No such file or directory");
  }
}

}  // namespace
}  // namespace tapeline::simulate
