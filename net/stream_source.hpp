#pragma once

// A plain TCP stream of messages as a source: no login, no session, no numbers of its own. The
// framer says where messages end (net/stream_framer.hpp: LineFramer, LengthFramer). Messages are
// numbered as they come, from 1 on, over all connections; what was sent while there was none is
// lost without a trace.
//
// The handler has
//   void on_message(std::uint64_t number, std::span<const std::byte> message, const Packet&);
//   void on_batch(PacketBatch&&);
// and, each only if it has it, on_connected() and on_disconnected(), all as in SoupSource.
//
// Thread safety, errors: as SoupSource.

#include <asio/io_context.hpp>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "net/stream_framer.hpp"
#include "net/stream_protocol.hpp"
#include "net/tcp_source.hpp"
#include "pool/counter.hpp"

namespace tapeline::net {

template <typename Framing>
struct StreamSourceConfig {
  TcpSourceConfig tcp{};
  Framing framing{};
  std::int64_t watchdog_ns = 0;  // connect again after this time without receiving; 0: never
};

struct alignas(pool::kCacheLineBytes) StreamCounters {
  pool::Counter messages;
};

template <typename Framer, typename Framing, typename Handler>
class StreamSource final : private StreamProtocol {
 public:
  using Mode = TcpSource::Mode;

  // `pool` and `handler` are not owned and must outlive this.
  StreamSource(const StreamSourceConfig<Framing>& config, TcpSource::SerializationPool& pool,
               Handler& handler)
      : watchdog_ns_{config.watchdog_ns},
        handler_{handler},
        framer_{config.framing, pool},
        tcp_{config.tcp, pool, *this} {}

  void start(asio::io_context& io, Mode mode = Mode::waiting) { tcp_.start(io, mode); }
  void stop() { tcp_.stop(); }
  std::size_t poll_once() { return tcp_.poll_once(); }

  [[nodiscard]] const StreamCounters& counters() const noexcept { return counters_; }
  [[nodiscard]] const FramerCounters& framer_counters() const noexcept {
    return framer_.counters();
  }
  [[nodiscard]] const TcpCounters& tcp_counters() const noexcept { return tcp_.counters(); }

 private:
  std::span<const std::byte> on_connected(const Connected& peer, std::int64_t now_ns) override {
    connected_messages_ = messages_;
    received_ns_ = now_ns;
    open_ = true;
    if constexpr (requires { handler_.on_connected(peer); }) handler_.on_connected(peer);
    return {};
  }
  void on_sent(std::int64_t /*now_ns*/) override {}
  void on_alive(std::int64_t now_ns) override { received_ns_ = now_ns; }

  bool on_stretch(const Packet& packet, std::int64_t now_ns) override {
    received_ns_ = now_ns;
    const FramerStatus status =
        framer_.feed(packet.payload(), [&](std::span<const std::byte> message) {
          handler_.on_message(++messages_, message, packet);
          return open_;
        });
    counters_.messages.set(messages_);
    if (status == FramerStatus::malformed) close_reason_ = DisconnectReason::malformed;
    return status == FramerStatus::ok;
  }
  void on_batch(PacketBatch&& batch) override { handler_.on_batch(std::move(batch)); }

  [[nodiscard]] std::int64_t next_deadline() const override {
    return watchdog_ns_ > 0 ? received_ns_ + watchdog_ns_ : kNoDeadline;
  }
  Due on_timer(std::int64_t now_ns) override {
    if (now_ns < next_deadline()) return {};
    close_reason_ = DisconnectReason::silent;
    return {.send = {}, .close = true};
  }
  [[nodiscard]] DisconnectReason close_reason() const override { return close_reason_; }
  std::span<const std::byte> farewell() override { return {}; }

  RetryPlan on_disconnected(const Disconnected& end) override {
    open_ = false;
    framer_.reset();
    const bool worked = messages_ != connected_messages_;
    connected_messages_ = messages_;
    if constexpr (requires { handler_.on_disconnected(end); }) handler_.on_disconnected(end);
    const bool damaged = end.reason == DisconnectReason::malformed;
    return {.retry = worked && !damaged ? Retry::begin_anew : Retry::back_off};
  }

  StreamCounters counters_;  // first: it is aligned to a cache line
  std::int64_t watchdog_ns_;
  std::int64_t received_ns_ = 0;
  std::uint64_t messages_ = 0;
  std::uint64_t connected_messages_ = 0;  // when the connection was made
  bool open_ = false;
  DisconnectReason close_reason_ = DisconnectReason::stopped;
  Handler& handler_;
  Framer framer_;
  TcpSource tcp_;
};

template <typename Handler>
using LineSource = StreamSource<LineFramer, LineFraming, Handler>;
template <typename Length, typename Handler>
using LengthSource = StreamSource<LengthFramer<Length>, LengthFraming, Handler>;

}  // namespace tapeline::net
