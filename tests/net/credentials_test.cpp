#include "net/credentials.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <ostream>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

#include "codec/soupbintcp/decoder.hpp"
#include "tests/net/temporary_file.hpp"

namespace tapeline::net {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

template <typename T>
concept Streamable = requires(std::ostream& out, const T& value) {
  out << value;
};
template <typename T>
concept Stringable = requires(const T& value) {
  to_string(value);
}
|| requires(const T& value) { std::to_string(value); }
|| std::convertible_to<T, std::string> || std::convertible_to<T, std::string_view>;
template <typename T>
concept Formattable = fmt::is_formattable<T>::value;

static_assert(Streamable<std::string> && Formattable<std::string> && Stringable<std::string>);
static_assert(!Streamable<Credentials> && !Formattable<Credentials> && !Stringable<Credentials>);

class CredentialsFile : public test::TemporaryFile {
 public:
  explicit CredentialsFile(std::string_view content, mode_t mode = 0600)
      : TemporaryFile{test::text(content)} {
    ::chmod(path().c_str(), mode);
  }
};

// What the server will read of them.
bool are(const Credentials& credentials, std::string_view username, std::string_view password) {
  std::array<std::byte, Credentials::kLoginBytes> out{};
  credentials.write_login(out, {}, 1);
  const auto parsed = codec::soupbintcp::next_packet(out);
  const auto request = codec::soupbintcp::parse_login_request(parsed.payload);
  return request && request->is_by(username, password);
}

std::string error_of(const std::string& path) {
  try {
    static_cast<void>(Credentials::from_file(path));
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "";
}

std::string error_in(std::string_view content) {
  const CredentialsFile file{content};
  const std::string error = error_of(file.path());
  EXPECT_THAT(error, StartsWith("credentials file " + file.path() + ": "));
  return error;
}

TEST(Credentials, AreReadFromAFile) {
  const CredentialsFile file{"# of the test\r\n\npassword= p#ss=\r\nusername=ABC\n"};
  EXPECT_TRUE(are(Credentials::from_file(file.path()), "ABC", "p#ss="));
  const CredentialsFile no_newline{"username=USERSX\npassword=0123456789"};
  EXPECT_TRUE(are(Credentials::from_file(no_newline.path()), "USERSX", "0123456789"));
  const CredentialsFile blank{"username=\npassword="};
  EXPECT_TRUE(are(Credentials::from_file(blank.path()), "", ""));
}

TEST(Credentials, WriteTheLoginWithSessionAndSequence) {
  const CredentialsFile file{"username=ABC\npassword=secret\n"};
  std::array<std::byte, Credentials::kLoginBytes> out{};
  Credentials::from_file(file.path())
      .write_login(out, codec::soupbintcp::Session::from_text("TODAY"), 77);
  const auto request =
      codec::soupbintcp::parse_login_request(codec::soupbintcp::next_packet(out).payload);
  ASSERT_TRUE(request);
  EXPECT_EQ(request->session().text(), "TODAY");
  EXPECT_EQ(request->sequence(), 77U);
}

TEST(Credentials, FileThatOthersMayReadIsRefused) {
  for (const mode_t mode : {0640U, 0604U, 0620U, 0601U, 0777U}) {
    const CredentialsFile file{"username=ABC\npassword=secret\n", mode};
    EXPECT_THAT(error_of(file.path()), AllOf(StartsWith("credentials file " + file.path() + ": "),
                                             HasSubstr("others"), HasSubstr("chmod 600")))
        << mode;
  }
  const CredentialsFile open{"username=ABC\npassword=secret\n", 0644};
  EXPECT_THAT(error_of(open.path()), HasSubstr("mode 0644 "));
  const CredentialsFile read_only{"username=ABC\npassword=secret\n", 0400};
  EXPECT_EQ(error_of(read_only.path()), "");
}

TEST(Credentials, ErrorsNameTheLineAndNeverWhatWasRead) {
  EXPECT_THAT(
      error_in("username=ABC\nsecret\n"),
      AllOf(EndsWith(": line 2: neither username= nor password="), Not(HasSubstr("secret"))));
  EXPECT_THAT(error_in("username=ABC\n"), EndsWith(": username= and password= are both needed"));
  EXPECT_THAT(error_in(""), EndsWith(": username= and password= are both needed"));
  EXPECT_THAT(error_in("username=A\nusername=B\npassword=C\n"), EndsWith(": line 2: given twice"));
  EXPECT_THAT(
      error_in("username=ABCDEFG\npassword=x\n"),
      AllOf(EndsWith("the user name is longer than 6 characters"), Not(HasSubstr("ABCDEFG"))));
  EXPECT_THAT(
      error_in("username=ABC\npassword=01234567890\n"),
      AllOf(EndsWith("the password is longer than 10 characters"), Not(HasSubstr("0123456789"))));
  EXPECT_THAT(error_in("username=ABC\npassword=\x01\n"), EndsWith("must be printable ASCII"));
  EXPECT_THAT(error_in(std::string(5000, '#')), EndsWith(": is larger than 4096 bytes"));
}

TEST(Credentials, FileMustBeARegularFile) {
  EXPECT_THAT(error_of("/no/such/file"), EndsWith("No such file or directory"));
  EXPECT_THAT(error_of("/dev/null"), EndsWith(": is no regular file"));
  EXPECT_THAT(error_of(::testing::TempDir()), EndsWith(": is no regular file"));
}

// NOLINTBEGIN(concurrency-mt-unsafe): the tests have one thread
TEST(Credentials, AreReadFromTheEnvironment) {
  ::setenv("TAPELINE_TEST_USER", "ABC", 1);
  ::setenv("TAPELINE_TEST_PASSWORD", "secret", 1);
  EXPECT_TRUE(are(Credentials::from_environment("TAPELINE_TEST_USER", "TAPELINE_TEST_PASSWORD"),
                  "ABC", "secret"));
  ::setenv("TAPELINE_TEST_PASSWORD", "01234567890", 1);
  try {
    static_cast<void>(
        Credentials::from_environment("TAPELINE_TEST_USER", "TAPELINE_TEST_PASSWORD"));
    ADD_FAILURE() << "a password of 11 characters was taken";
  } catch (const std::runtime_error& error) {
    EXPECT_STREQ(error.what(),
                 "environment variables TAPELINE_TEST_USER and TAPELINE_TEST_PASSWORD: "
                 "the password is longer than 10 characters");
  }
  ::unsetenv("TAPELINE_TEST_PASSWORD");
  try {
    static_cast<void>(
        Credentials::from_environment("TAPELINE_TEST_USER", "TAPELINE_TEST_PASSWORD"));
    ADD_FAILURE() << "a variable that is not set was taken";
  } catch (const std::runtime_error& error) {
    EXPECT_STREQ(error.what(), "environment variable TAPELINE_TEST_PASSWORD: is not set");
  }
  ::unsetenv("TAPELINE_TEST_USER");
}
// NOLINTEND(concurrency-mt-unsafe)

TEST(Credentials, AreWipedWhenDestroyed) {
  const CredentialsFile file{"username=ABC\npassword=secret\n"};
  alignas(Credentials) std::array<std::byte, sizeof(Credentials)> memory{};
  const auto text = [&] {
    return std::string_view{reinterpret_cast<const char*>(memory.data()), memory.size()};
  };
  auto* const credentials = new (memory.data()) Credentials{Credentials::from_file(file.path())};
  EXPECT_THAT(text(), HasSubstr("secret"));
  std::destroy_at(credentials);
  EXPECT_THAT(text(), Not(HasSubstr("secret")));
  EXPECT_THAT(text(), Not(HasSubstr("ABC")));
}

}  // namespace
}  // namespace tapeline::net
