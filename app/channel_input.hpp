#pragma once

// Where the messages of a live channel come from: UDP lines with their re-requests (udp_input.hpp)
// or a TCP session (tcp_input.hpp). Calls are per batch or rarer.
//
// Thread safety: start(), poll_once(), stop(), drain() and what is about snapshots by the thread of
//                the channel; note_*() and the statuses by any.

#include <asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "app/status/status_snapshot.hpp"
#include "codec/moldudp64/packet.hpp"

namespace tapeline {

class ChannelInput {
 public:
  using Session = codec::moldudp64::Session;

  // Called on the thread of the channel when a batch or a timer was worked on.
  using Progress = std::function<void()>;

  ChannelInput() = default;
  ChannelInput(const ChannelInput&) = delete;
  ChannelInput& operator=(const ChannelInput&) = delete;
  virtual ~ChannelInput() = default;

  // With `spinning`, poll_once() is called all the time and reads; otherwise `io` tells when.
  virtual void start(asio::io_context& io, bool spinning) = 0;
  // One read of everything, without waiting, and what is due. Returns the batches handed on.
  virtual std::size_t poll_once() = 0;
  // Begins nothing new; the io_context may still run.
  virtual void stop() = 0;
  // Takes what the kernel still holds, declares what is open. Bounded in time.
  virtual void finish() = 0;
  // About once a second.
  virtual void refresh() = 0;

  // Keeps all messages from now on until resume_at() or let_go(), or until there is no room, when
  // awaits_snapshot() becomes false. The snapshot is of session `of`. Returns false, and does
  // nothing, when it can not: there is no session.
  [[nodiscard]] virtual bool hold(const Session& of, std::int64_t now_ns) = 0;
  [[nodiscard]] virtual bool can_resume_at(std::uint64_t sequence) const = 0;
  // No snapshot will come for now: goes on without.
  virtual void let_go(std::int64_t now_ns) = 0;
  // The books stand for all messages below `sequence`. Requires: can_resume_at(sequence).
  virtual void resume_at(std::uint64_t sequence, std::int64_t now_ns) = 0;
  // A snapshot is waited for: held for, or wanted for a gap.
  [[nodiscard]] virtual bool awaits_snapshot() const = 0;

  // One line each, for the log at the start.
  struct Note {
    bool is_warning = false;
    std::string text;
  };
  [[nodiscard]] virtual std::vector<Note> describe() const = 0;

  [[nodiscard]] virtual std::uint64_t packets() const = 0;
  [[nodiscard]] virtual std::uint64_t bytes() const = 0;
  // Fills what only the input knows.
  virtual void read(status::ChannelStatus& channel) const = 0;
};

}  // namespace tapeline
