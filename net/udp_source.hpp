#pragma once

// The lines of a channel as UDP sockets: one socket per line, drained with recvmmsg straight into
// pooled buffers, up to 64 datagrams in one call. Datagrams that the kernel hands over as a train
// (UDP_GRO) are copied once, when it is cut.
//
// Two ways to drive it. start() waits for readiness with Asio and hands every batch to a sink;
// poll_once() asks all lines without waiting, for a thread that spins. Not both at a time.
//
// A line with servers is a request line: its socket sends requests to them, and only what comes
// back from one of them, address and port, is a packet of that line.
//
// Thread safety: one thread, that which runs the io_context or polls. Counters may be read by any.
// Ownership:     a batch owns its buffer. The pool is not owned and must outlive this. After
//                start(), call stop() before the io_context is destroyed, and do not run the
//                io_context any more when this is destroyed.
// Errors:        the constructor throws std::runtime_error or std::system_error, one line each
//                that names the line. Later errors are counted and tried again.
// Allocation:    none after start-up; an empty pool leaves the datagrams in the kernel.

#include <asio/io_context.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "net/packet_batch.hpp"
#include "pool/buffer_pool.hpp"
#include "pool/counter.hpp"

namespace tapeline::net {

using pool::Counter;

struct UdpServer {
  std::string address{};
  std::uint16_t port = 0;
};

struct UdpLineConfig {
  std::string name{};                  // "A"
  std::string address{};               // multicast group, or a unicast address of this host
  std::uint16_t port = 0;              // 0 with a unicast address: any free one
  std::string interface {};            // to join the group on; empty: by route
  std::vector<std::string> sources{};  // permitted senders; empty: any

  // Makes it a request line. All of one IP version; `address` is unicast, or empty: any of this
  // host. `sources` must be empty.
  std::vector<UdpServer> servers{};
};

struct UdpSourceConfig {
  std::vector<UdpLineConfig> lines{};
  std::uint32_t receive_buffer_bytes = 8 * 1024 * 1024;  // SO_RCVBUF, per line
  std::uint32_t max_datagram_bytes = 1968;               // payload; what is longer is cut
  std::uint32_t batch_packets = 64;     // per recvmmsg; fewer if they do not fit into a buffer
  std::uint32_t reads_per_wakeup = 16;  // then the other lines have their turn

  // Lets the kernel hand over datagrams of one sender and one length as one train (UDP_GRO), where
  // it got them as one: several times cheaper. The packets of a train have the time stamp of its
  // first, and a train that finds the receive buffer full is one kernel drop.
  bool gro = true;
};

struct alignas(pool::kCacheLineBytes) UdpLineCounters {
  Counter packets;  // handed on
  Counter bytes;    // UDP payload of these
  Counter batches;
  Counter trains;        // receives in which datagrams came as trains
  Counter kernel_drops;  // the kernel's receive buffer was full; a train counts as one
  Counter truncated;     // longer than max_datagram_bytes; handed on, cut
  Counter filtered;      // from a sender that is not permitted; dropped
  Counter no_buffer;     // times that the pool was empty
  Counter errors;        // failed receives
  Counter requests;      // handed to the kernel
  Counter send_errors;   // requests that it did not take
};

class UdpSource {
 public:
  using Sink = std::function<void(PacketBatch&&)>;
  using SerializationPool = pool::BufferPool<pool::SerializationKind>;

  enum class Received : std::uint8_t {
    packets,    // perhaps none, if all came from senders that are not permitted
    drained,    // nothing is waiting
    no_buffer,  // the pool is empty; datagrams may be waiting
    failed,     // counted; try again later
  };

  UdpSource(const UdpSourceConfig& config, SerializationPool& pool);
  ~UdpSource();
  UdpSource(const UdpSource&) = delete;
  UdpSource& operator=(const UdpSource&) = delete;

  // One recvmmsg on `line`, without waiting. `batch` is set only on packets.
  [[nodiscard]] Received receive(std::size_t line, PacketBatch& batch);

  // Begins to wait for all lines; batches go to `sink` on the thread that runs `io`.
  void start(asio::io_context& io, Sink sink);
  // Ends the waiting. Call it on the thread that runs the io_context.
  void stop();

  // One receive() on every line. Returns the batches handed on.
  std::size_t poll_once(const Sink& sink);

  // Sends one datagram to a server of a request line, without waiting. Returns whether the kernel
  // took it. Requires: `line` has such a server.
  bool send_request(std::size_t line, std::size_t server,
                    std::span<const std::byte> request) noexcept;

  // Asks the kernel for its drops. Call it now and then.
  void refresh_kernel_drops();

  [[nodiscard]] std::size_t lines() const noexcept;
  [[nodiscard]] const UdpLineCounters& counters(std::size_t line) const noexcept;
  // What the kernel gave, to be compared with receive_buffer_bytes: less is worth a warning.
  [[nodiscard]] std::uint32_t receive_buffer_bytes(std::size_t line) const noexcept;
  [[nodiscard]] std::uint16_t port(std::size_t line) const noexcept;
  [[nodiscard]] std::uint32_t batch_packets() const noexcept;

 private:
  struct Line;
  void wait(Line& line);
  void wait_for(Line& line, std::chrono::milliseconds pause);
  void drain(Line& line);

  struct Datagram {
    const sockaddr_storage* sender;
    UnixNanos time;     // 0: now
    std::size_t bytes;  // as sent
  };
  [[nodiscard]] bool take_spare(Line& line);
  [[nodiscard]] Received receive_messages(Line& line);
  [[nodiscard]] Received hand_on(Line& line, std::size_t packets, PacketBatch& batch);
  [[nodiscard]] std::byte* slot(std::size_t at) const noexcept;
  [[nodiscard]] std::size_t fill(Line& line);
  [[nodiscard]] std::size_t cut_trains(Line& line);
  void describe(Line& line, std::size_t at, std::byte* payload, const Datagram& received);

  SerializationPool& pool_;
  std::uint32_t batch_packets_;
  std::uint32_t reads_per_wakeup_;
  std::size_t slot_bytes_;
  std::size_t max_payload_bytes_;
  std::vector<std::unique_ptr<Line>> lines_;
  pool::SerializationGuard spare_;  // taken for a receive that brought nothing
  Sink sink_;
};

}  // namespace tapeline::net
