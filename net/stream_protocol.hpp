#pragma once

// What a TCP source asks of the protocol that is spoken over its connection. Calls are per
// connection, per read and per timer, never per message.
//
// Thread safety: one thread, that of the source.

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>
#include <system_error>

#include "net/endpoint.hpp"
#include "net/packet_batch.hpp"

namespace tapeline::net {

// Why a connection, or the try to make one, ended.
enum class DisconnectReason : std::uint8_t {
  stopped,           // by us
  resolve_failed,    // the name of the server
  connect_failed,    // refused, unreachable
  connect_timeout,   // no answer
  closed_by_peer,    // in good order, but without a word that the session is over
  connection_error,  // reset, mostly
  send_failed,       // the peer does not take what we send
  silent,            // nothing came for the time of the watchdog
  login_timeout,     // no answer to the login
  malformed,         // bytes that are no packet, or a packet that is wrong in itself
  protocol_error,    // a packet out of place
  rejected,          // the login
  end_of_session,    // the session is over
  other_session,     // the server is in another session: to be asked for from its start
};

inline constexpr std::size_t kDisconnectReasonCount = 14;

[[nodiscard]] constexpr std::string_view to_string(DisconnectReason reason) noexcept {
  switch (reason) {
    case DisconnectReason::stopped: return "stopped";
    case DisconnectReason::resolve_failed: return "resolve_failed";
    case DisconnectReason::connect_failed: return "connect_failed";
    case DisconnectReason::connect_timeout: return "connect_timeout";
    case DisconnectReason::closed_by_peer: return "closed_by_peer";
    case DisconnectReason::connection_error: return "connection_error";
    case DisconnectReason::send_failed: return "send_failed";
    case DisconnectReason::silent: return "silent";
    case DisconnectReason::login_timeout: return "login_timeout";
    case DisconnectReason::malformed: return "malformed";
    case DisconnectReason::protocol_error: return "protocol_error";
    case DisconnectReason::rejected: return "rejected";
    case DisconnectReason::end_of_session: return "end_of_session";
    case DisconnectReason::other_session: return "other_session";
  }
  return "invalid";
}

struct Connected {
  std::size_t server = 0;  // index in the configuration
  Endpoint remote;
  Endpoint local;
};

struct Disconnected {
  std::size_t server = 0;  // index in the configuration
  DisconnectReason reason = DisconnectReason::stopped;
  std::error_code error{};  // of the system, if it had one to tell
};

// What to do after a connection has ended.
enum class Retry : std::uint8_t {
  back_off,    // the next server, after a pause that grows from try to try
  begin_anew,  // the connection had worked: the same server, the shortest pause
  slowly,      // the next server, after the longest pause
  later,       // the same server, after a pause that the protocol names
  never,
};

struct RetryPlan {
  Retry retry = Retry::back_off;
  std::int64_t pause_ns = 0;  // for `later`
};

class StreamProtocol {
 public:
  static constexpr std::int64_t kNoDeadline = std::numeric_limits<std::int64_t>::max();

  struct Due {
    std::span<const std::byte> send;  // may be empty
    bool close = false;               // close_reason() says why
  };

  // A connection was made. Returns what to send first; may be empty.
  [[nodiscard]] virtual std::span<const std::byte> on_connected(const Connected& peer,
                                                                std::int64_t now_ns) = 0;
  // What was to be sent is sent.
  virtual void on_sent(std::int64_t now_ns) = 0;
  // The peer is alive, though what it sent can not be read yet.
  virtual void on_alive(std::int64_t now_ns) = 0;
  // The payload of `packet` is the next stretch of the stream. Returns false to close.
  [[nodiscard]] virtual bool on_stretch(const Packet& packet, std::int64_t now_ns) = 0;
  // The batch whose packets were given to on_stretch(); all of it came in, even if not all was
  // asked for.
  virtual void on_batch(PacketBatch&& batch) = 0;
  [[nodiscard]] virtual std::int64_t next_deadline() const = 0;
  [[nodiscard]] virtual Due on_timer(std::int64_t now_ns) = 0;
  [[nodiscard]] virtual DisconnectReason close_reason() const = 0;
  // What to send before we close; may be empty.
  [[nodiscard]] virtual std::span<const std::byte> farewell() = 0;
  [[nodiscard]] virtual RetryPlan on_disconnected(const Disconnected& end) = 0;

 protected:
  StreamProtocol() = default;
  StreamProtocol(const StreamProtocol&) = default;
  StreamProtocol& operator=(const StreamProtocol&) = default;
  ~StreamProtocol() = default;
};

}  // namespace tapeline::net
