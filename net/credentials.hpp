#pragma once

// Name and password of a session. There is no way to read them back: no accessor, no operator<<,
// no formatter; they leave only inside a login request. Wiped when destroyed.
//
// Thread safety: a value; reading it from several threads is safe.
// Errors:        the functions that load throw std::runtime_error, one line that names the file or
//                the variable and never what was read.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "codec/soupbintcp/packet.hpp"

namespace tapeline::net {

class Credentials {
 public:
  static constexpr std::size_t kUsernameBytes = codec::soupbintcp::kUsernameBytes;
  static constexpr std::size_t kPasswordBytes = codec::soupbintcp::kPasswordBytes;
  static constexpr std::size_t kLoginBytes =
      codec::soupbintcp::kHeaderBytes + codec::soupbintcp::kLoginRequestBytes;

  Credentials() noexcept = default;  // blank, for servers that ask for none
  Credentials(const Credentials&) noexcept = default;
  Credentials& operator=(const Credentials&) noexcept = default;
  ~Credentials();

  // From lines "username=..." and "password=..."; empty lines and lines that begin with # are
  // passed over, everything behind the = counts. As ssh does with keys, refuses a file of ours
  // that group or others may read. Also refuses what is no regular file or larger than 4 KiB.
  [[nodiscard]] static Credentials from_file(const std::string& path);

  // From two variables of the environment. Call it before there are threads that change it.
  [[nodiscard]] static Credentials from_environment(const std::string& username_variable,
                                                    const std::string& password_variable);

  // Writes the login request of SoupBinTCP; wipe it once it is sent.
  void write_login(std::span<std::byte, kLoginBytes> out, const codec::soupbintcp::Session& session,
                   std::uint64_t sequence) const noexcept;

 private:
  // Throws unless both fit and are printable ASCII; `where` begins the message.
  Credentials(const std::string& where, std::string_view username, std::string_view password);

  template <std::size_t Width>
  struct Secret {
    std::array<char, Width> chars{};
    std::uint8_t size = 0;

    void set(std::string_view text) noexcept;
    [[nodiscard]] std::string_view text() const noexcept { return {chars.data(), size}; }
  };

  Secret<kUsernameBytes> username_;
  Secret<kPasswordBytes> password_;
};

// Overwrites bytes that held a secret, in a way that the compiler does not leave out.
void wipe(std::span<std::byte> bytes) noexcept;

}  // namespace tapeline::net
