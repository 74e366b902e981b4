#pragma once

// A TCP connection to one of several servers as a source: connects, reads straight into pooled
// buffers, up to a whole buffer in one call, and connects again when the connection ends. What is
// spoken over it is the protocol's affair (net/soup_source.hpp, net/stream_source.hpp).
//
// What one call read becomes one or two packets of a batch: the stream's bytes, behind IP and TCP
// headers of our making (net/tcp_header.hpp), so that an archive can store them. Their receive time
// is the clock at the read; TCP gives no time stamps. What we send is never in a batch.
//
// Two ways to read. Waiting: Asio tells when there is something. Polling: poll_once() asks without
// waiting, for a thread that spins; it also has to call io.poll() now and then, since connecting
// and timers go through the io_context in both modes.
//
// Thread safety: one thread, that which runs the io_context. Counters may be read by any.
// Ownership:     pool and protocol are not owned and must outlive this. Call stop() before the
//                io_context is destroyed, and do not run the io_context any more when this is
//                destroyed. The protocol may call stop() from any of its functions.
// Errors:        the constructor throws std::invalid_argument. Later errors are counted, told to
//                the protocol, and tried again.
// Allocation:    none per read; an empty pool leaves the bytes in the kernel.

#include <array>
#include <asio/io_context.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <system_error>
#include <vector>

#include "net/packet_batch.hpp"
#include "net/stream_protocol.hpp"
#include "net/tcp_backoff.hpp"
#include "pool/buffer_pool.hpp"
#include "pool/counter.hpp"

namespace tapeline::net {

struct TcpServerConfig {
  std::string host{};  // name or address
  std::uint16_t port = 0;
};

struct TcpSourceConfig {
  std::vector<TcpServerConfig> servers{};   // tried in turn
  std::uint16_t line = 0;                   // index of the line in its channel
  std::uint32_t receive_buffer_bytes = 0;   // SO_RCVBUF; 0: the kernel tunes it
  std::uint32_t reads_per_wakeup = 16;      // then others have their turn
  std::int64_t connect_ns = 5'000'000'000;  // limit for the name and the connection
  TcpBackoffConfig backoff{};
};

struct alignas(pool::kCacheLineBytes) TcpCounters {
  pool::Counter tries;         // to connect
  pool::Counter connections;   // made
  pool::Counter is_connected;  // 1 or 0
  pool::Counter server;        // index of the last one tried
  pool::Counter reads;         // batches
  pool::Counter packets;
  pool::Counter bytes;
  pool::Counter no_buffer;                                        // times that the pool was empty
  std::array<pool::Counter, kDisconnectReasonCount> disconnects;  // by reason
};

class TcpSource {
 public:
  using SerializationPool = pool::BufferPool<pool::SerializationKind>;

  enum class Mode : std::uint8_t { waiting, polling };

  TcpSource(const TcpSourceConfig& config, SerializationPool& pool, StreamProtocol& protocol);
  ~TcpSource();
  TcpSource(const TcpSource&) = delete;
  TcpSource& operator=(const TcpSource&) = delete;

  // Begins to connect. Requires: not started before.
  void start(asio::io_context& io, Mode mode);
  // Says farewell, closes, and does not connect again.
  void stop();

  // One read, if there is a connection and something to read. Returns the batches handed on.
  std::size_t poll_once();

  [[nodiscard]] bool is_connected() const noexcept { return counters_.is_connected.get() != 0; }
  [[nodiscard]] const TcpCounters& counters() const noexcept { return counters_; }

 private:
  enum class Received : std::uint8_t {
    bytes,
    last_bytes,  // fewer than there was room for: nothing is waiting, most likely
    drained,
    no_buffer,
    ended,  // the connection
  };
  struct Connection;
  struct Layout;

  void resolve();
  void connect_next();
  void on_open();
  void wait();
  void wait_for_buffer();
  void drain();
  [[nodiscard]] Received receive();
  [[nodiscard]] bool hand_on(std::size_t bytes);
  [[nodiscard]] bool send(std::span<const std::byte> bytes);
  void arm_timer();
  void on_timer();
  void end_connection(DisconnectReason reason, std::error_code error = {});
  void follow(const RetryPlan& plan);
  void pause(std::int64_t pause_ns);

  TcpCounters counters_;  // first: it is aligned to a cache line
  TcpSourceConfig config_;
  SerializationPool& pool_;
  StreamProtocol& protocol_;
  TcpBackoff backoff_;
  std::size_t slot_bytes_;     // of a packet's part of the buffer, headers first
  std::size_t payload_bytes_;  // that fit into a slot behind the headers
  std::size_t server_ = 0;
  pool::SerializationGuard spare_;  // taken for a read that brought nothing
  std::unique_ptr<Connection> connection_;
};

}  // namespace tapeline::net
