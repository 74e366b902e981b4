#pragma once

// A SoupBinTCP session as a source: the client's side over TCP, with login, resume, heartbeats,
// watchdog and reconnects. Messages are framed where they were read and given to the handler with
// their numbers; static dispatch, nothing virtual per message.
//
// The handler has what SoupSession::on_content() asks for, and
//   void on_batch(PacketBatch&&);                // after its messages: to be archived or dropped
//   void on_connected(const Connected&);         // if it has it
//   void on_disconnected(const Disconnected&);   // if it has it; also of tries that failed
// A message is valid during the call. The packet that comes with it is the one that its last bytes
// came in; it gives the receive time, the message need not lie in it. The handler may call stop().
//
// Thread safety, errors: as TcpSource. The constructor also takes one buffer of the pool, for what
// is cut by the end of a read, and throws if there is none.

#include <asio/io_context.hpp>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "net/credentials.hpp"
#include "net/soup_session.hpp"
#include "net/stream_framer.hpp"
#include "net/stream_protocol.hpp"
#include "net/tcp_source.hpp"

namespace tapeline::net {

struct SoupSourceConfig {
  TcpSourceConfig tcp{};
  SoupSessionConfig session{};
};

template <typename Handler>
class SoupSource final : private StreamProtocol {
 public:
  using Mode = TcpSource::Mode;

  // `pool` and `handler` are not owned and must outlive this.
  SoupSource(const SoupSourceConfig& config, const Credentials& credentials,
             TcpSource::SerializationPool& pool, Handler& handler)
      : handler_{handler},
        credentials_{credentials},
        session_{config.session},
        framer_{{.min_bytes = 1, .max_bytes = codec::soupbintcp::kMaxLength}, pool},
        tcp_{config.tcp, pool, *this} {}

  void start(asio::io_context& io, Mode mode = Mode::waiting) { tcp_.start(io, mode); }
  // Logs out and does not connect again.
  void stop() { tcp_.stop(); }
  std::size_t poll_once() { return tcp_.poll_once(); }

  [[nodiscard]] const SoupSession& session() const noexcept { return session_; }
  [[nodiscard]] const SoupCounters& counters() const noexcept { return session_.counters(); }
  [[nodiscard]] const FramerCounters& framer_counters() const noexcept {
    return framer_.counters();
  }
  [[nodiscard]] const TcpCounters& tcp_counters() const noexcept { return tcp_.counters(); }

 private:
  std::span<const std::byte> on_connected(const Connected& peer, std::int64_t now_ns) override {
    framer_.reset();
    const std::span<const std::byte> login = session_.connect(credentials_, now_ns);
    if constexpr (requires { handler_.on_connected(peer); }) handler_.on_connected(peer);
    return login;
  }
  void on_sent(std::int64_t now_ns) override { session_.note_sent(now_ns); }
  void on_alive(std::int64_t now_ns) override { session_.note_received(now_ns); }

  bool on_stretch(const Packet& packet, std::int64_t now_ns) override {
    session_.note_received(now_ns);
    const FramerStatus status =
        framer_.feed(packet.payload(), [&](std::span<const std::byte> content) {
          return session_.on_content(content, packet, handler_);
        });
    session_.end_stretch();
    if (status == FramerStatus::malformed) session_.note_malformed();
    return status == FramerStatus::ok;
  }
  void on_batch(PacketBatch&& batch) override { handler_.on_batch(std::move(batch)); }

  [[nodiscard]] std::int64_t next_deadline() const override { return session_.next_deadline(); }
  Due on_timer(std::int64_t now_ns) override { return session_.on_timer(now_ns); }
  [[nodiscard]] DisconnectReason close_reason() const override { return session_.close_reason(); }
  std::span<const std::byte> farewell() override { return session_.logout(); }

  RetryPlan on_disconnected(const Disconnected& end) override {
    framer_.reset();
    const RetryPlan plan = session_.disconnected(end.reason);
    if constexpr (requires { handler_.on_disconnected(end); }) handler_.on_disconnected(end);
    return plan;
  }

  Handler& handler_;
  Credentials credentials_;
  SoupSession session_;
  LengthFramer<std::uint16_t> framer_;
  TcpSource tcp_;
};

}  // namespace tapeline::net
