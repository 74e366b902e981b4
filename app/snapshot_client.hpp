#pragma once

// Fetches snapshots for a channel: logs in to a GLIMPSE 5.0 server, has the channel hold its
// messages, tells the books anew, and has the channel go on behind the snapshot. What goes wrong is
// told and tried again, at the next server, after pauses that double. When a round of all servers
// has failed, the channel goes on without, stale, and is repaired by a later one.
//
// Thread safety: the thread that runs the io_context; the counters may be read by any.
// Ownership:     io, pipeline, input and pool are not owned and must outlive this. Call stop()
//                before the io_context is destroyed.
// Allocation:    a few for each attempt, none for a message.

#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <cstdint>
#include <memory>

#include "app/channel_input.hpp"
#include "app/config.hpp"
#include "app/pipeline.hpp"
#include "net/credentials.hpp"
#include "net/soup_source.hpp"
#include "net/tcp_backoff.hpp"
#include "pool/buffer_pool.hpp"

namespace tapeline {

// Why an attempt failed.
enum class SnapshotFailure : std::uint8_t {
  unreachable,      // no connection, or it ended before the login was answered
  rejected,         // the login
  other_session,    // the snapshot is of another session than the channel
  not_whole,        // it does not begin with its first message
  broken,           // a message of it can not be
  cut_off,          // the connection ended inside it
  timeout,          // it took too long
  too_old,          // it ends before what the channel has delivered
  no_longer_waited  // the channel could not hold its messages any longer
};

[[nodiscard]] const char* to_text(SnapshotFailure failure) noexcept;

struct alignas(pool::kCacheLineBytes) SnapshotCounters {
  pool::Counter attempts;
  pool::Counter applied;
  pool::Counter failed;
  pool::Counter messages;
  pool::Counter state;  // a SnapshotState
};

enum class SnapshotState : std::uint8_t { idle, connecting, receiving, pausing };

[[nodiscard]] const char* to_text(SnapshotState state) noexcept;

class SnapshotClient {
 public:
  SnapshotClient(const SnapshotConfig& config, const net::Credentials& credentials,
                 asio::io_context& io, Pipeline& pipeline, ChannelInput& input,
                 net::TcpSource::SerializationPool& pool);
  ~SnapshotClient();
  SnapshotClient(const SnapshotClient&) = delete;
  SnapshotClient& operator=(const SnapshotClient&) = delete;

  // A snapshot is wanted: begins an attempt, unless one is under way. After a failure the channel
  // does not wait for the next one.
  void want();
  // Messages were delivered or a timer went off: ends an attempt that the channel does not wait
  // for any more.
  void look();
  // Ends everything.
  void stop();

  [[nodiscard]] const SnapshotCounters& counters() const noexcept { return counters_; }

 private:
  // What the session calls.
  struct Handler {
    SnapshotClient& client;
    std::uint64_t attempt;  // calls of an older one are ignored

    void on_login(const net::SoupLogin& login) const;
    void on_message(std::uint64_t sequence, std::span<const std::byte> message,
                    const net::Packet& packet) const;
    void on_gap(const net::GapRange& missing) const;
    void on_rejected(net::SoupSession::RejectReason reason) const;
    void on_end_of_session(const net::SoupSession::Session& session) const;
    void on_disconnected(const net::Disconnected& end) const;
    void on_batch(net::PacketBatch&& batch) const;
  };
  // The source keeps a reference to its handler.
  struct Attempt;

  [[nodiscard]] bool is_needed() const noexcept;
  [[nodiscard]] bool is_current(std::uint64_t attempt) const noexcept {
    return attempt_ != nullptr && attempt == number_;
  }
  void begin_attempt();
  void end_attempt();
  void fail(SnapshotFailure failure);
  void complete(std::uint64_t next_sequence);
  void pause();
  void arm(std::int64_t nanos, void (SnapshotClient::*then)());
  void on_timeout() { fail(SnapshotFailure::timeout); }
  void on_pause_over();
  void set_state(SnapshotState state) noexcept {
    counters_.state.set(static_cast<std::uint64_t>(state));
    state_ = state;
  }

  SnapshotCounters counters_;
  SnapshotConfig config_;
  net::Credentials credentials_;
  asio::io_context& io_;
  Pipeline& pipeline_;
  ChannelInput& input_;
  net::TcpSource::SerializationPool& pool_;
  asio::steady_timer timer_;
  net::TcpBackoff backoff_;
  SnapshotState state_ = SnapshotState::idle;
  std::shared_ptr<Attempt> attempt_;
  std::uint64_t number_ = 0;        // of the attempt
  std::uint64_t timer_number_ = 0;  // of the wait that the timer is for
  std::size_t server_ = 0;
  std::size_t failures_ = 0;    // in a row
  std::uint64_t messages_ = 0;  // of this snapshot
  std::int64_t begun_ns_ = 0;
  bool stopped_ = false;
};

}  // namespace tapeline
