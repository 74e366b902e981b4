#include "net/tcp_source.hpp"

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <asio/ip/tcp.hpp>
#include <asio/steady_timer.hpp>
#include <cassert>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <ctime>
#include <exception>
#include <stdexcept>
#include <utility>

#include "net/stream_framer.hpp"
#include "net/tcp_header.hpp"

namespace tapeline::net {

namespace {

using asio::ip::tcp;

constexpr std::size_t kSlots = 2;  // an IP datagram holds less than a buffer
constexpr std::size_t kFirstSlot = 64;
static_assert(kSlots * sizeof(Packet) <= kFirstSlot);
constexpr std::size_t kHeaderRoom = 64;  // keeps payloads aligned
static_assert(TcpHeader::kMaxBytes <= kHeaderRoom);
constexpr std::size_t kMinPayloadBytes = 256;
constexpr std::chrono::milliseconds kNoBufferPause{1};

std::int64_t clock_ns(clockid_t clock) noexcept {
  timespec time{};
  ::clock_gettime(clock, &time);
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}
std::int64_t steady_now() noexcept { return clock_ns(CLOCK_MONOTONIC); }
UnixNanos unix_now() noexcept { return clock_ns(CLOCK_REALTIME); }

Endpoint to_endpoint(const tcp::endpoint& endpoint) noexcept {
  sockaddr_storage storage{};
  std::memcpy(&storage, endpoint.data(), std::min(endpoint.size(), sizeof storage));
  return Endpoint{storage};
}

// Asio's own category compares unequal to every std::errc.
std::error_code as_system(const std::error_code& error) noexcept {
  return {error.value(), std::system_category()};
}

std::size_t round_down(std::size_t bytes) noexcept { return bytes / 64 * 64; }

}  // namespace

struct TcpSource::Connection {
  enum class State : std::uint8_t { idle, connecting, open, stopped };

  Connection(asio::io_context& io, Mode mode_asked)
      : mode{mode_asked}, resolver{io}, socket{io}, timer{io}, buffer_pause{io} {}

  // A fresh socket for `endpoint`.
  std::error_code open(const tcp::endpoint& endpoint, std::uint32_t receive_buffer_bytes) {
    std::error_code error;
    socket.close(error);
    socket.open(endpoint.protocol(), error);
    if (!error) socket.non_blocking(true, error);
    if (!error) socket.set_option(tcp::no_delay{true}, error);
    if (!error && receive_buffer_bytes > 0) {
      const auto bytes = static_cast<int>(std::min(receive_buffer_bytes, 0x3FFF'FFFFU));
      socket.set_option(asio::socket_base::receive_buffer_size{bytes}, error);
    }
    return error;
  }

  // Cancels all that is under way. What was to be told already finds another epoch.
  void close() {
    ++epoch;
    std::error_code ignored;
    resolver.cancel();
    timer.cancel();
    buffer_pause.cancel();
    socket.close(ignored);
  }

  Mode mode;
  State state = State::idle;
  std::uint64_t epoch = 0;  // of the try or connection that a handler belongs to
  tcp::resolver resolver;
  tcp::socket socket;
  asio::steady_timer timer;         // limit for connecting, deadline of the protocol, back-off
  asio::steady_timer buffer_pause;  // until the pool is asked again
  std::vector<tcp::endpoint> endpoints;
  std::size_t next_endpoint = 0;
  std::error_code last_error;
  std::int64_t armed_ns = 0;  // deadline that the timer waits for while the connection is open
  TcpHeader header;
};

TcpSource::TcpSource(const TcpSourceConfig& config, SerializationPool& pool,
                     StreamProtocol& protocol)
    : config_{config}, pool_{pool}, protocol_{protocol}, backoff_{config.backoff} {
  if (config_.servers.empty()) throw std::invalid_argument{"a TCP source needs a server"};
  for (const TcpServerConfig& server : config_.servers) {
    if (server.host.empty() || server.port == 0) {
      throw std::invalid_argument{"server \"" + server.host + "\" needs a host and a port"};
    }
  }
  config_.reads_per_wakeup = std::max(config_.reads_per_wakeup, 1U);
  constexpr std::size_t kOverhead = kFirstSlot + kReadablePastEnd;
  const std::size_t buffer_bytes = std::max(pool.buffer_bytes(), kOverhead);
  slot_bytes_ = std::min(round_down((buffer_bytes - kOverhead) / kSlots),
                         round_down(kHeaderRoom + TcpHeader::kMaxPayloadBytes));
  if (slot_bytes_ < kHeaderRoom + kMinPayloadBytes) {
    throw std::invalid_argument{"serialization buffers of " + std::to_string(pool.buffer_bytes()) +
                                " bytes are too small for a TCP source"};
  }
  payload_bytes_ = slot_bytes_ - kHeaderRoom;
}

TcpSource::~TcpSource() {
  try {
    stop();
  } catch (const std::exception&) {  // Asio could not cancel; closing the socket ends it, too
    return;
  }
}

void TcpSource::start(asio::io_context& io, Mode mode) {
  assert(!connection_);
  connection_ = std::make_unique<Connection>(io, mode);
  resolve();
}

void TcpSource::stop() {
  if (!connection_ || connection_->state == Connection::State::stopped) return;
  if (connection_->state == Connection::State::open) {
    const std::span<const std::byte> farewell = protocol_.farewell();
    if (!farewell.empty()) {
      // The last try: whether it works makes no difference.
      static_cast<void>(::send(connection_->socket.native_handle(), farewell.data(),
                               farewell.size(), MSG_NOSIGNAL | MSG_DONTWAIT));
    }
  }
  const bool was_idle = connection_->state == Connection::State::idle;
  connection_->state = Connection::State::stopped;
  connection_->close();
  counters_.is_connected.set(0);
  if (was_idle) return;
  counters_.disconnects[static_cast<std::size_t>(DisconnectReason::stopped)].add(1);
  static_cast<void>(protocol_.on_disconnected({server_, DisconnectReason::stopped, {}}));
}

void TcpSource::resolve() {
  Connection& c = *connection_;
  c.state = Connection::State::connecting;
  c.endpoints.clear();
  c.next_endpoint = 0;
  c.last_error.clear();
  counters_.tries.add(1);
  counters_.server.set(server_);
  c.timer.expires_after(std::chrono::nanoseconds{config_.connect_ns});
  c.timer.async_wait([this, epoch = c.epoch](const std::error_code& error) {
    if (error || epoch != connection_->epoch) return;
    end_connection(DisconnectReason::connect_timeout);
  });
  const TcpServerConfig& server = config_.servers[server_];
  std::error_code error;
  const asio::ip::address address = asio::ip::make_address(server.host, error);
  if (!error) {
    c.endpoints.emplace_back(address, server.port);
    return connect_next();
  }
  auto on_resolved = [this, epoch = c.epoch](const std::error_code& failed,
                                             const tcp::resolver::results_type& results) {
    if (epoch != connection_->epoch) return;
    if (failed) return end_connection(DisconnectReason::resolve_failed, failed);
    for (const auto& entry : results) connection_->endpoints.push_back(entry.endpoint());
    connect_next();
  };
  try {
    c.resolver.async_resolve(server.host, std::to_string(server.port),
                             tcp::resolver::numeric_service, std::move(on_resolved));
  } catch (const std::system_error& failed) {  // no thread for it
    end_connection(DisconnectReason::resolve_failed, failed.code());
  }
}

void TcpSource::connect_next() {
  Connection& c = *connection_;
  std::error_code error;
  while (c.next_endpoint < c.endpoints.size()) {
    const tcp::endpoint endpoint = c.endpoints[c.next_endpoint++];
    error = c.open(endpoint, config_.receive_buffer_bytes);
    if (!error) {
      return c.socket.async_connect(endpoint, [this, epoch = c.epoch](const std::error_code& no) {
        if (epoch != connection_->epoch) return;
        if (!no) return on_open();
        connection_->last_error = as_system(no);
        connect_next();
      });
    }
    c.last_error = as_system(error);
  }
  c.socket.close(error);
  end_connection(DisconnectReason::connect_failed, c.last_error);
}

void TcpSource::on_open() {
  Connection& c = *connection_;
  std::error_code error;
  const Endpoint remote = to_endpoint(c.socket.remote_endpoint(error));
  if (error) return end_connection(DisconnectReason::connection_error, as_system(error));
  const Endpoint local = to_endpoint(c.socket.local_endpoint(error));
  if (error) return end_connection(DisconnectReason::connection_error, as_system(error));
  const std::int64_t now = steady_now();
  c.state = Connection::State::open;
  // As RFC 9293, 3.4.1 wants it: a clock of 4 us, so that a port used again is told apart.
  c.header = TcpHeader{remote, local, static_cast<std::uint32_t>(now / 4'000)};
  counters_.connections.add(1);
  counters_.is_connected.set(1);
  c.timer.cancel();
  const std::uint64_t epoch = ++c.epoch;
  const std::span<const std::byte> greeting = protocol_.on_connected({server_, remote, local}, now);
  if (epoch != c.epoch || !send(greeting)) return;  // stopped by the protocol, or ended
  arm_timer();
  if (c.mode == Mode::waiting) wait();
}

void TcpSource::wait() {
  Connection& c = *connection_;
  c.socket.async_wait(tcp::socket::wait_read,
                      [this, epoch = c.epoch](const std::error_code& error) {
                        if (error || epoch != connection_->epoch) return;
                        drain();
                      });
}

void TcpSource::wait_for_buffer() {
  Connection& c = *connection_;
  c.buffer_pause.expires_after(kNoBufferPause);
  c.buffer_pause.async_wait([this, epoch = c.epoch](const std::error_code& error) {
    if (error || epoch != connection_->epoch) return;
    drain();
  });
}

void TcpSource::drain() {
  for (std::uint32_t reads = 0; reads < config_.reads_per_wakeup; ++reads) {
    switch (receive()) {
      case Received::bytes: break;
      case Received::last_bytes:
      case Received::drained: return wait();
      case Received::no_buffer: return wait_for_buffer();
      case Received::ended: return;
    }
  }
  wait();
}

std::size_t TcpSource::poll_once() {
  if (!connection_ || connection_->state != Connection::State::open) return 0;
  const std::uint64_t before = counters_.reads.get();
  static_cast<void>(receive());
  return counters_.reads.get() - before;
}

TcpSource::Received TcpSource::receive() {
  if (!spare_) spare_ = pool_.try_acquire();
  if (!spare_) {
    counters_.no_buffer.add(1);
    return Received::no_buffer;
  }
  std::array<iovec, kSlots> parts;
  for (std::size_t slot = 0; slot < kSlots; ++slot) {
    parts[slot] = {spare_.data() + kFirstSlot + slot * slot_bytes_ + kHeaderRoom, payload_bytes_};
  }
  const ssize_t count =
      ::readv(connection_->socket.native_handle(), parts.data(), static_cast<int>(kSlots));
  if (count < 0) {
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return Received::drained;
    end_connection(DisconnectReason::connection_error, {errno, std::system_category()});
    return Received::ended;
  }
  if (count == 0) {
    end_connection(DisconnectReason::closed_by_peer);
    return Received::ended;
  }
  const auto bytes = static_cast<std::size_t>(count);
  if (!hand_on(bytes)) return Received::ended;
  return bytes < kSlots * payload_bytes_ ? Received::last_bytes : Received::bytes;
}

// Gives what was read to the protocol. Returns whether the connection goes on.
bool TcpSource::hand_on(std::size_t bytes) {
  const UnixNanos rx_time = unix_now();
  const std::int64_t now = steady_now();
  const std::uint64_t epoch = connection_->epoch;
  const std::size_t header_bytes = connection_->header.bytes();
  std::size_t packets = 0;
  for (std::size_t left = bytes; left > 0; ++packets) {
    const std::size_t payload = std::min(left, payload_bytes_);
    std::byte* const datagram =
        spare_.data() + kFirstSlot + packets * slot_bytes_ + kHeaderRoom - header_bytes;
    connection_->header.write(datagram, payload);
    *packet_slot(spare_, packets) =
        Packet{.datagram = datagram,
               .rx_time = rx_time,
               .datagram_bytes = static_cast<std::uint32_t>(header_bytes + payload),
               .payload_bytes = static_cast<std::uint32_t>(payload),
               .payload_offset = static_cast<std::uint16_t>(header_bytes),
               .line = config_.line,
               .lost_bytes = 0};
    left -= payload;
  }
  counters_.reads.add(1);
  counters_.packets.add(packets);
  counters_.bytes.add(bytes);

  PacketBatch batch{std::move(spare_), packets};
  bool go_on = true;
  for (const Packet& packet : batch.packets()) {
    go_on = protocol_.on_stretch(packet, now) && epoch == connection_->epoch;
    if (!go_on) break;
  }
  protocol_.on_batch(std::move(batch));
  if (epoch != connection_->epoch) return false;  // stopped by the protocol
  if (!go_on) {
    end_connection(protocol_.close_reason());
    return false;
  }
  // A deadline that moves away is found out when the timer rings, which saves arming it per read.
  if (protocol_.next_deadline() < connection_->armed_ns) arm_timer();
  return true;
}

// Returns false if the connection has ended over it. What we send is short: if the kernel does
// not take it at once, the peer has not read for long.
bool TcpSource::send(std::span<const std::byte> bytes) {
  if (bytes.empty()) return true;
  const ssize_t count = ::send(connection_->socket.native_handle(), bytes.data(), bytes.size(),
                               MSG_NOSIGNAL | MSG_DONTWAIT);
  const std::error_code error{count < 0 ? errno : ENOBUFS, std::system_category()};
  protocol_.on_sent(steady_now());
  if (count == static_cast<ssize_t>(bytes.size())) return true;
  end_connection(DisconnectReason::send_failed, error);
  return false;
}

void TcpSource::arm_timer() {
  Connection& c = *connection_;
  c.armed_ns = protocol_.next_deadline();
  if (c.armed_ns == StreamProtocol::kNoDeadline) return;
  const std::int64_t left = std::max<std::int64_t>(c.armed_ns - steady_now(), 0);
  c.timer.expires_after(std::chrono::nanoseconds{left});
  c.timer.async_wait([this, epoch = c.epoch](const std::error_code& error) {
    if (error || epoch != connection_->epoch) return;
    on_timer();
  });
}

void TcpSource::on_timer() {
  Connection& c = *connection_;
  const std::uint64_t epoch = c.epoch;
  const std::int64_t now = steady_now();
  std::error_code ignored;
  if (c.socket.available(ignored) > 0) protocol_.on_alive(now);  // it is we who are slow
  const StreamProtocol::Due due = protocol_.on_timer(now);
  if (epoch != c.epoch) return;  // stopped by the protocol
  if (due.close) return end_connection(protocol_.close_reason());
  if (send(due.send)) arm_timer();
}

void TcpSource::end_connection(DisconnectReason reason, std::error_code error) {
  Connection& c = *connection_;
  c.close();
  c.state = Connection::State::idle;
  counters_.is_connected.set(0);
  counters_.disconnects[static_cast<std::size_t>(reason)].add(1);
  const RetryPlan plan = protocol_.on_disconnected({server_, reason, error});
  if (c.state == Connection::State::idle) follow(plan);  // else stopped by the protocol
}

void TcpSource::follow(const RetryPlan& plan) {
  switch (plan.retry) {
    case Retry::never: connection_->state = Connection::State::stopped; return;
    case Retry::later: return pause(plan.pause_ns);
    case Retry::begin_anew: backoff_.begin_anew(); return pause(backoff_.take_ns());
    case Retry::slowly: backoff_.go_slowly(); break;
    case Retry::back_off: break;
  }
  server_ = (server_ + 1) % config_.servers.size();
  pause(backoff_.take_ns());
}

void TcpSource::pause(std::int64_t pause_ns) {
  Connection& c = *connection_;
  c.timer.expires_after(std::chrono::nanoseconds{pause_ns});
  c.timer.async_wait([this, epoch = c.epoch](const std::error_code& error) {
    if (error || epoch != connection_->epoch) return;
    resolve();
  });
}

}  // namespace tapeline::net
