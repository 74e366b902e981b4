#pragma once

// The session as a SoupBinTCP server sends it: from any message that is held on, as it grows, to
// its end.
//
// Logins: session blank or the current one; sequence 1 or any up to the next one for a start there;
// 0 for a start at the next message that is sent (this reading of 0 is not confirmed by a public
// text). A number that is no longer held starts at the oldest that is. A number beyond the next one
// is rejected with 'S' (not confirmed).
//
// Thread safety: as SoupService.

#include "app/simulate/message_store.hpp"
#include "app/simulate/soup_stream.hpp"

namespace tapeline::simulate {

class LiveService final : public SoupService {
 public:
  // `store` is not owned and must outlive this and the streams.
  LiveService(const MessageStore& store, const codec::soupbintcp::Session& session) noexcept
      : store_{store}, session_{session} {}

  [[nodiscard]] SoupAdmission open(const codec::soupbintcp::LoginRequest& login) override;

 private:
  const MessageStore& store_;
  codec::soupbintcp::Session session_;
};

}  // namespace tapeline::simulate
