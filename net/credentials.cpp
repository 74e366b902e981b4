#include "net/credentials.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <stdexcept>
#include <system_error>

#include "codec/soupbintcp/encoder.hpp"

namespace tapeline::net {

namespace {

constexpr std::size_t kMaxFileBytes = 4096;
constexpr mode_t kOthersBits = S_IRWXG | S_IRWXO;

// The content of a file, wiped when it goes.
struct Content {
  Content() = default;
  Content(const Content&) = delete;
  Content& operator=(const Content&) = delete;
  ~Content() { wipe(std::as_writable_bytes(std::span{bytes})); }

  std::array<char, kMaxFileBytes + 1> bytes{};
  std::size_t size = 0;
};

class Descriptor {
 public:
  explicit Descriptor(const char* path)
      : fd_{::open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)} {}  // a pipe shall not block us
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  [[nodiscard]] int fd() const noexcept { return fd_; }

 private:
  int fd_;
};

[[noreturn]] void refuse(const std::string& where, const std::string& why) {
  throw std::runtime_error{where + ": " + why};
}

[[noreturn]] void refuse_errno(const std::string& where) {
  refuse(where, std::generic_category().message(errno));
}

std::string octal(mode_t mode) {
  std::string digits;
  for (int shift = 9; shift >= 0; shift -= 3) {
    digits.push_back(static_cast<char>('0' + ((mode >> static_cast<unsigned>(shift)) & 7U)));
  }
  return digits;
}

void check(const std::string& where, int fd) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) refuse_errno(where);
  if (!S_ISREG(status.st_mode)) refuse(where, "is no regular file");
  // What we do not own is somebody else's to protect, a secret mounted by root for example.
  if (status.st_uid == ::geteuid() && (status.st_mode & kOthersBits) != 0) {
    refuse(where, "mode " + octal(status.st_mode & 07777U) +
                      " lets others read it; make it 0600 (chmod 600)");
  }
}

void read_all(const std::string& where, int fd, Content& content) {
  while (content.size < content.bytes.size()) {
    const ssize_t count =
        ::read(fd, content.bytes.data() + content.size, content.bytes.size() - content.size);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) refuse_errno(where);
    if (count == 0) return;
    content.size += static_cast<std::size_t>(count);
  }
  refuse(where, "is larger than " + std::to_string(kMaxFileBytes) + " bytes");
}

std::string_view take_line(std::string_view& text) noexcept {
  const std::size_t end = std::min(text.find('\n'), text.size());
  std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  return line;
}

bool is_printable(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

std::string_view variable(const std::string& name) {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): the caller's duty, see the header
  const char* const value = std::getenv(name.c_str());
  if (value == nullptr) refuse("environment variable " + name, "is not set");
  return value;
}

}  // namespace

void wipe(std::span<std::byte> bytes) noexcept {
  if (!bytes.empty()) ::explicit_bzero(bytes.data(), bytes.size());
}

template <std::size_t Width>
void Credentials::Secret<Width>::set(std::string_view text) noexcept {
  std::copy(text.begin(), text.end(), chars.begin());
  size = static_cast<std::uint8_t>(text.size());
}

Credentials::Credentials(const std::string& where, std::string_view username,
                         std::string_view password) {
  if (username.size() > kUsernameBytes) {
    refuse(where, "the user name is longer than " + std::to_string(kUsernameBytes) + " characters");
  }
  if (password.size() > kPasswordBytes) {
    refuse(where, "the password is longer than " + std::to_string(kPasswordBytes) + " characters");
  }
  if (!is_printable(username) || !is_printable(password)) {
    refuse(where, "user name and password must be printable ASCII");
  }
  username_.set(username);
  password_.set(password);
}

Credentials::~Credentials() {
  wipe(std::as_writable_bytes(std::span{&username_, 1}));
  wipe(std::as_writable_bytes(std::span{&password_, 1}));
}

Credentials Credentials::from_file(const std::string& path) {
  const std::string where = "credentials file " + path;
  const Descriptor file{path.c_str()};
  if (file.fd() < 0) refuse_errno(where);
  check(where, file.fd());
  Content content;
  read_all(where, file.fd(), content);

  constexpr std::string_view kUsername = "username=";
  constexpr std::string_view kPassword = "password=";
  std::optional<std::string_view> username;
  std::optional<std::string_view> password;
  std::string_view rest{content.bytes.data(), content.size};
  for (std::size_t number = 1; !rest.empty(); ++number) {
    const std::string_view line = take_line(rest);
    if (line.empty() || line.front() == '#') continue;
    const bool is_username = line.starts_with(kUsername);
    if (!is_username && !line.starts_with(kPassword)) {
      refuse(where, "line " + std::to_string(number) + ": neither username= nor password=");
    }
    auto& field = is_username ? username : password;
    if (field) refuse(where, "line " + std::to_string(number) + ": given twice");
    field = line.substr(is_username ? kUsername.size() : kPassword.size());
  }
  if (!username || !password) refuse(where, "username= and password= are both needed");
  return {where, *username, *password};
}

Credentials Credentials::from_environment(const std::string& username_variable,
                                          const std::string& password_variable) {
  return {"environment variables " + username_variable + " and " + password_variable,
          variable(username_variable), variable(password_variable)};
}

void Credentials::write_login(std::span<std::byte, kLoginBytes> out,
                              const codec::soupbintcp::Session& session,
                              std::uint64_t sequence) const noexcept {
  codec::soupbintcp::write_login_request(out, username_.text(), password_.text(), session,
                                         sequence);
}

}  // namespace tapeline::net
