#include "app/simulate/accounts.hpp"

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <stdexcept>
#include <system_error>

namespace tapeline::simulate {

namespace {

constexpr std::string_view kBlank = " \t\r";

// The first word of `text`, which loses it.
[[nodiscard]] std::string_view take_word(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(kBlank), text.size()));
  const std::size_t end = std::min(text.find_first_of(kBlank), text.size());
  const std::string_view word = text.substr(0, end);
  text.remove_prefix(end);
  return word;
}

}  // namespace

Accounts Accounts::from_file(const std::string& path) {
  errno = 0;
  std::ifstream file{path, std::ios::binary};
  std::string text(kMaxFileBytes + 1, '\0');
  if (!file.read(text.data(), static_cast<std::streamsize>(text.size())) && !file.eof()) {
    const int error = errno != 0 ? errno : EIO;
    throw std::runtime_error{path + ": " + std::generic_category().message(error)};
  }
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > kMaxFileBytes) throw std::runtime_error{path + ": longer than 64 KiB"};
  return from_text(text, path);
}

Accounts Accounts::from_text(std::string_view text, const std::string& name) {
  namespace soup = codec::soupbintcp;
  Accounts accounts;
  accounts.everybody_ = false;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const auto fail = [&](const std::string& what) {
      std::string message = name;
      message.append(": line ").append(std::to_string(number)).append(": ").append(what);
      throw std::runtime_error{message};
    };
    const std::string_view user = take_word(line);
    if (user.empty() || user.front() == '#') continue;
    const std::string_view password = take_word(line);
    if (password.empty()) fail("a user without a password: each line is USER PASSWORD");
    if (!take_word(line).empty()) fail("more than USER PASSWORD");
    if (user.size() > soup::kUsernameBytes) fail("a user name has at most 6 characters");
    if (password.size() > soup::kPasswordBytes) fail("a password has at most 10 characters");
    if (accounts.accounts_.size() == kMaxAccounts) fail("more than 1000 accounts");
    accounts.accounts_.push_back({std::string{user}, std::string{password}});
  }
  if (accounts.accounts_.empty()) throw std::runtime_error{name + ": no account in it"};
  return accounts;
}

bool Accounts::accept(const codec::soupbintcp::LoginRequest& login) const noexcept {
  bool is_known = everybody_;
  for (const Account& account : accounts_) {
    if (login.is_by(account.user, account.password)) is_known = true;
  }
  return is_known;
}

}  // namespace tapeline::simulate
