#pragma once

// What a SoupBinTCP server sends to its clients: a service decides about each login and gives the
// client a stream of sequenced packets.
//
// Thread safety: the thread of the server.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "codec/soupbintcp/decoder.hpp"
#include "codec/soupbintcp/encoder.hpp"

namespace tapeline::simulate {

// What one client is sent.
class SoupStream {
 public:
  enum class State : std::uint8_t {
    more,   // it stopped because `out` or the number of messages was used up
    idle,   // nothing more for now
    ended,  // nothing more ever
    lost,   // the next message is no longer held: the client is too far behind
  };
  struct Filled {
    std::size_t bytes = 0;
    std::uint64_t messages = 0;
    State state = State::idle;
  };

  SoupStream() = default;
  SoupStream(const SoupStream&) = delete;
  SoupStream& operator=(const SoupStream&) = delete;
  virtual ~SoupStream() = default;

  // Writes whole sequenced packets to `out`, at most `most` of them.
  // Requires: out.size() >= codec::soupbintcp::kMaxPacketBytes, most > 0.
  [[nodiscard]] virtual Filled fill(std::span<std::byte> out, std::uint64_t most) = 0;

  // Whether fill() would say `lost`.
  [[nodiscard]] virtual bool is_lost() const = 0;
};

struct SoupAdmission {
  std::unique_ptr<SoupStream> stream;  // empty: rejected
  codec::soupbintcp::LoginAccepted accepted{};
  codec::soupbintcp::RejectReason reason = codec::soupbintcp::RejectReason::session_not_available;
};

class SoupService {
 public:
  SoupService() = default;
  SoupService(const SoupService&) = delete;
  SoupService& operator=(const SoupService&) = delete;
  virtual ~SoupService() = default;

  // For a client whose credentials are good.
  [[nodiscard]] virtual SoupAdmission open(const codec::soupbintcp::LoginRequest& login) = 0;
};

// Puts messages into sequenced packets, as SoupStream::fill() does.
class SoupFiller {
 public:
  SoupFiller(std::span<std::byte> out, std::uint64_t most) noexcept : out_{out}, most_{most} {}

  // Returns false, and changes nothing, if there is no room or no more are wanted.
  [[nodiscard]] bool try_add(std::span<const std::byte> message) noexcept {
    if (filled_.messages == most_ ||
        out_.size() - filled_.bytes < codec::soupbintcp::kHeaderBytes + message.size()) {
      return false;
    }
    filled_.bytes += codec::soupbintcp::write_sequenced(out_.subspan(filled_.bytes), message);
    ++filled_.messages;
    return true;
  }

  [[nodiscard]] SoupStream::Filled done(SoupStream::State state) noexcept {
    filled_.state = state;
    return filled_;
  }

 private:
  std::span<std::byte> out_;
  std::uint64_t most_;
  SoupStream::Filled filled_;
};

}  // namespace tapeline::simulate
