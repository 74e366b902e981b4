#pragma once

// Who may log in to the servers of a simulated exchange. The names and passwords can be compared
// with a login, but not read out or printed.
//
// The file has one account a line, the user name and the password with white space in between;
// empty lines and lines that begin with '#' are passed over.
//
// Thread safety: values.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "codec/soupbintcp/decoder.hpp"

namespace tapeline::simulate {

class Accounts {
 public:
  static constexpr std::size_t kMaxAccounts = 1'000;
  static constexpr std::size_t kMaxFileBytes = 65'536;

  // Everybody may.
  Accounts() = default;

  // Throws std::runtime_error, one line with the path and the number of the line, never with its
  // content.
  [[nodiscard]] static Accounts from_file(const std::string& path);
  // The same for the content of a file; `name` is for the error.
  [[nodiscard]] static Accounts from_text(std::string_view text, const std::string& name);

  [[nodiscard]] bool accept(const codec::soupbintcp::LoginRequest& login) const noexcept;

 private:
  struct Account {
    std::string user;
    std::string password;
  };

  bool everybody_ = true;
  std::vector<Account> accounts_;
};

}  // namespace tapeline::simulate
