#pragma once

// Snapshots over SoupBinTCP as GLIMPSE 5.0 gives them: to each client that logs in, the state of
// the channel after the last message that was sent, then 'G' with the number of the next one, then
// the end of the session.
//
// Logins: sequence 1, as the specification says; others are rejected with 'S', as nothing can be
// resumed. Session blank or that of the channel. That a server closes behind 'G', and that it
// answers with the session of the channel, are not confirmed by a public text.
//
// Thread safety: as SoupService; keep_up() by the same thread.

#include "app/simulate/message_store.hpp"
#include "app/simulate/snapshot_builder.hpp"
#include "app/simulate/soup_stream.hpp"

namespace tapeline::simulate {

class GlimpseService final : public SoupService {
 public:
  // `store` is not owned and must outlive this.
  GlimpseService(const MessageStore& store, const codec::soupbintcp::Session& session)
      : store_{store}, session_{session} {}

  // Takes in at most `most` messages of the store. Returns whether there may be more.
  bool keep_up(std::uint64_t most);

  [[nodiscard]] SoupAdmission open(const codec::soupbintcp::LoginRequest& login) override;

  // False for good when the store dropped messages before they were taken in, or when there were
  // too many orders; then every login is rejected.
  [[nodiscard]] bool is_whole() const noexcept { return !has_missed_ && builder_.is_whole(); }
  [[nodiscard]] const SnapshotBuilder& builder() const noexcept { return builder_; }

 private:
  const MessageStore& store_;
  codec::soupbintcp::Session session_;
  SnapshotBuilder builder_;
  bool has_missed_ = false;
};

}  // namespace tapeline::simulate
