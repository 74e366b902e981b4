#pragma once

// Where a session's messages come from, as Player takes them. A feed has
//   std::optional<FeedMessage> next();  the next message, nothing at the end; valid until the next
//                                       call
//   bool is_settled();                  whether the session may end here
//
// Thread safety: none.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "app/simulate/session.hpp"
#include "codec/itch/fields.hpp"

namespace tapeline::simulate {

struct FeedMessage {
  std::span<const std::byte> bytes;
  std::uint64_t time_ns = 0;  // any zero point; never goes back
};

// A generated day. What its ledger has counted must be sent before the session ends.
class GeneratedFeed {
 public:
  // `session` is not owned and must outlive this.
  explicit GeneratedFeed(Session& session) noexcept : session_{session} {}

  [[nodiscard]] std::optional<FeedMessage> next() {
    const std::size_t bytes = session_.next(message_);
    if (bytes == 0) return std::nullopt;
    return FeedMessage{std::span{message_}.first(bytes), session_.time_ns()};
  }
  [[nodiscard]] bool is_settled() const noexcept { return session_.is_settled(); }

 private:
  Session& session_;
  std::array<std::byte, codec::itch::kMaxMessageBytes> message_{};
};

}  // namespace tapeline::simulate
