#pragma once

// Sends datagrams to one multicast group or unicast address. Runs of packets of equal size (the
// last may be shorter) leave as one UDP_SEGMENT message, and up to 64 messages leave in one call.
// Where the kernel refuses to segment, packets are sent one by one from then on.
//
// Thread safety: one thread; counters may be read by any.
// Errors:        the constructor throws std::runtime_error or std::system_error. send() never
//                throws: it waits a bounded time for room and counts what could not be sent.

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "net/endpoint.hpp"
#include "pool/counter.hpp"

namespace tapeline::net {

using pool::Counter;

struct UdpSenderConfig {
  std::string address{};
  std::uint16_t port = 0;
  std::string interface {};                           // that multicast leaves by; empty: by route
  std::uint8_t hops = 1;                              // time to live of multicast
  bool loopback = true;                               // multicast is heard on this host, too
  bool segment = true;                                // use UDP_SEGMENT
  std::uint32_t send_buffer_bytes = 4 * 1024 * 1024;  // SO_SNDBUF
};

struct UdpSenderCounters {
  Counter packets;  // handed to the kernel
  Counter bytes;
  Counter syscalls;
  Counter waits;      // for room in the kernel
  Counter errors;     // packets that could not be sent
  Counter segmented;  // messages of more than one packet
};

class UdpSender {
 public:
  explicit UdpSender(const UdpSenderConfig& config);
  UdpSender(const UdpSender&) = delete;
  UdpSender& operator=(const UdpSender&) = delete;

  // Sends `packets` in order. Returns how many the kernel took.
  std::size_t send(std::span<const std::span<const std::byte>> packets);

  [[nodiscard]] const UdpSenderCounters& counters() const noexcept { return counters_; }
  [[nodiscard]] bool segments() const noexcept { return segment_; }
  // Where the datagrams come from, as receivers see the port.
  [[nodiscard]] std::uint16_t local_port() const { return socket_.local().port(); }

 private:
  static constexpr std::size_t kMaxMessages = 64;
  static constexpr std::size_t kMaxSegments = 64;  // the kernel's UDP_MAX_SEGMENTS
  static constexpr std::size_t kMaxVectors = 1024;

  struct alignas(cmsghdr) Control {
    std::array<std::byte, CMSG_SPACE(sizeof(std::uint16_t))> bytes;
  };

  [[nodiscard]] std::size_t run_length(std::span<const std::span<const std::byte>> packets) const;
  [[nodiscard]] std::size_t prepare(std::span<const std::span<const std::byte>> packets);
  // Whether to call again after errno; gives up after a bounded number of tries.
  [[nodiscard]] bool wait_for_room(int error, unsigned& tries);

  Endpoint endpoint_;
  Socket socket_;
  bool segment_;
  std::array<mmsghdr, kMaxMessages> messages_{};
  std::array<Control, kMaxMessages> controls_{};
  std::array<iovec, kMaxVectors> vectors_{};
  UdpSenderCounters counters_;
};

}  // namespace tapeline::net
