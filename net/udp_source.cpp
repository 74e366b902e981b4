#include "net/udp_source.hpp"

#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/steady_timer.hpp>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <ctime>
#include <optional>
#include <stdexcept>
#include <utility>

#include "net/endpoint.hpp"
#include "net/ip_header.hpp"

namespace tapeline::net {

namespace {

constexpr std::size_t kMaxBatchPackets = 64;
constexpr std::size_t kStampBytes = CMSG_SPACE(sizeof(timespec));
constexpr std::size_t kControlBytes = kStampBytes + CMSG_SPACE(sizeof(int));
// More than a train can have behind its first bytes.
constexpr std::size_t kTailBytes = std::size_t{64} * 1024;
constexpr std::chrono::milliseconds kNoBufferPause{1};
constexpr std::chrono::milliseconds kErrorPause{100};
constexpr std::uint32_t kMinDatagramBytes = 64;

struct alignas(cmsghdr) Control {
  std::array<std::byte, kControlBytes> bytes;
};

UnixNanos to_nanos(const timespec& time) noexcept {
  return UnixNanos{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

UnixNanos unix_now() noexcept {
  timespec time{};
  ::clock_gettime(CLOCK_REALTIME, &time);
  return to_nanos(time);
}

std::uint32_t set_receive_buffer(const Socket& socket, std::uint32_t asked_bytes) {
  const int asked = static_cast<int>(std::min(asked_bytes, 0x3FFF'FFFFU));
  if (!socket.try_set(SOL_SOCKET, SO_RCVBUFFORCE, asked)) {  // needs CAP_NET_ADMIN
    socket.set(SOL_SOCKET, SO_RCVBUF, asked, "cannot set SO_RCVBUF");
  }
  int got = 0;
  socklen_t length = sizeof got;
  if (::getsockopt(socket.fd(), SOL_SOCKET, SO_RCVBUF, &got, &length) != 0) {
    Socket::throw_errno("cannot read SO_RCVBUF");
  }
  return static_cast<std::uint32_t>(got) / 2;  // the kernel doubles what it is asked for
}

void set_arrival_options(const Socket& socket) {
  socket.set(SOL_SOCKET, SO_TIMESTAMPNS, 1, "cannot set SO_TIMESTAMPNS");
}

void bind_to(const Socket& socket, const Endpoint& endpoint) {
  if (::bind(socket.fd(), endpoint.data(), endpoint.size()) != 0) {
    Socket::throw_errno("cannot bind to " + endpoint.text());
  }
}

void join(const Socket& socket, const Endpoint& group, unsigned interface) {
  if (group.is_v6()) {
    const ipv6_mreq request{group.v6(), interface};
    socket.set(IPPROTO_IPV6, IPV6_JOIN_GROUP, request, "cannot join the group");
    static_cast<void>(socket.try_set(IPPROTO_IPV6, IPV6_MULTICAST_ALL, 0));  // since Linux 4.20
  } else {
    ip_mreqn request{};
    request.imr_multiaddr = group.v4();
    request.imr_ifindex = static_cast<int>(interface);
    socket.set(IPPROTO_IP, IP_ADD_MEMBERSHIP, request, "cannot join the group");
    socket.set(IPPROTO_IP, IP_MULTICAST_ALL, 0, "cannot set IP_MULTICAST_ALL");
  }
}

// The servers of a request line. Throws unless they are unicast and of one IP version.
std::vector<Endpoint> server_endpoints(const UdpLineConfig& config) {
  std::vector<Endpoint> servers;
  const unsigned interface = interface_index(config.interface);
  for (const UdpServer& server : config.servers) {
    Endpoint& endpoint = servers.emplace_back(server.address, server.port);
    if (endpoint.is_multicast() || endpoint.is_wildcard() || server.port == 0) {
      throw std::runtime_error{"server " + endpoint.text() + " is no address to send requests to"};
    }
    if (endpoint.family() != servers.front().family()) {
      throw std::runtime_error{"servers " + servers.front().text() + " and " + endpoint.text() +
                               " are not of one IP version"};
    }
    if (endpoint.is_link_local()) endpoint.set_scope(interface);
  }
  return servers;
}

// Where datagrams to `peer` leave from, as the kernel would route them now; the port is that of
// `bound`. Sends nothing. `bound` itself if there is no route.
Endpoint routed_from(const Endpoint& peer, const Endpoint& bound) {
  const Socket probe{peer.family()};
  if (::connect(probe.fd(), peer.data(), peer.size()) != 0) return bound;
  Endpoint local = probe.local();
  local.set_port(bound.port());
  return local;
}

// A socket for requests and their answers, bound to one address, or to all of this host.
Socket open_request_line(const UdpLineConfig& config, const std::vector<Endpoint>& servers,
                         Endpoint& endpoint) {
  if (!config.sources.empty()) {
    throw std::runtime_error{"a line with servers hears nobody else; it can not have sources"};
  }
  const Endpoint& server = servers.front();
  const char* const any = server.is_v6() ? "::" : "0.0.0.0";
  endpoint = Endpoint{config.address.empty() ? any : config.address, config.port};
  if (endpoint.is_multicast() || endpoint.family() != server.family()) {
    throw std::runtime_error{"\"" + config.address + "\" is no address to reach server " +
                             server.text() + " from"};
  }
  if (endpoint.is_link_local()) endpoint.set_scope(interface_index(config.interface));
  Socket socket{endpoint.family()};
  set_arrival_options(socket);
  bind_to(socket, endpoint);
  endpoint = socket.local();
  if (endpoint.is_wildcard()) endpoint = routed_from(server, endpoint);
  return socket;
}

Socket open_line(const UdpLineConfig& config, Endpoint& endpoint) {
  const unsigned interface = interface_index(config.interface);
  endpoint = Endpoint{config.address, config.port};
  if (endpoint.is_wildcard()) {
    throw std::runtime_error{"\"" + config.address +
                             "\" stands for every address; name the group or one address"};
  }
  if (endpoint.is_multicast() && config.port == 0) {
    throw std::runtime_error{"a multicast line needs a port"};
  }
  if (endpoint.is_link_local()) endpoint.set_scope(interface);

  Socket socket{endpoint.family()};
  // Several listeners may share a group. On a unicast address the option would let a second
  // process take the datagrams of the first without a word.
  if (endpoint.is_multicast()) {
    socket.set(SOL_SOCKET, SO_REUSEADDR, 1, "cannot set SO_REUSEADDR");
  }
  set_arrival_options(socket);
  // Bound to the group: datagrams of other groups on this port do not arrive here.
  bind_to(socket, endpoint);
  if (endpoint.is_multicast()) join(socket, endpoint, interface);
  endpoint = socket.local();
  return socket;
}

[[noreturn]] void throw_for_line(const UdpLineConfig& config, const std::exception& error) {
  throw std::runtime_error{"line " + config.name + ": " + error.what()};
}

}  // namespace

struct UdpSource::Line {
  // What the control messages say of an arrival.
  struct Arrival {
    UnixNanos time = 0;             // 0: not told
    std::size_t segment_bytes = 0;  // of the datagrams of a train; 0: it is one datagram
  };

  Line(const UdpLineConfig& config, std::uint16_t line_index, std::uint32_t buffer_bytes_asked,
       bool gro)
      : index{line_index},
        servers{server_endpoints(config)},
        socket{servers.empty() ? open_line(config, endpoint)
                               : open_request_line(config, servers, endpoint)},
        header{endpoint} {
    buffer_bytes = set_receive_buffer(socket, buffer_bytes_asked);
    for (const std::string& address : config.sources) {
      const Endpoint& source = sources.emplace_back(address, std::uint16_t{0});
      if (source.family() != endpoint.family()) {
        throw std::runtime_error{"source " + address + " and address " + config.address +
                                 " are not of one IP version"};
      }
    }
    const bool trains = gro && socket.try_set(SOL_UDP, UDP_GRO, 1);
    // Memory that only trains touch.
    if (trains) tails = std::make_unique_for_overwrite<std::byte[]>(kMaxBatchPackets * kTailBytes);
    for (std::size_t at = 0; at < kMaxBatchPackets; ++at) {
      if (trains) vectors[at][1] = {tails.get() + at * kTailBytes, kTailBytes};
      messages[at].msg_hdr.msg_name = &names[at];
      messages[at].msg_hdr.msg_iov = vectors[at].data();
      messages[at].msg_hdr.msg_iovlen = trains ? 2 : 1;
      messages[at].msg_hdr.msg_control = controls[at].bytes.data();
    }
    received = kMaxBatchPackets;
  }

  // Makes ready for a receive into the slots from `first` on; what the last one left as it was
  // is not written again.
  void arm(std::byte* first, std::size_t slot_bytes, std::size_t payload_bytes) noexcept {
    for (std::size_t at = 0; at < received; ++at) {
      messages[at].msg_hdr.msg_namelen = sizeof(sockaddr_storage);
      messages[at].msg_hdr.msg_controllen = kControlBytes;
    }
    received = 0;
    if (std::exchange(armed, first) == first) return;
    for (std::size_t at = 0; at < kMaxBatchPackets; ++at) {
      vectors[at][0] = {first + at * slot_bytes, payload_bytes};
    }
  }

  // Whether a message of the last receive may be a train: only then is there more to tell of it
  // than its time.
  [[nodiscard]] bool has_trains() const noexcept {
    return tails != nullptr &&
           std::any_of(
               messages.begin(), messages.begin() + static_cast<std::ptrdiff_t>(received),
               [](const mmsghdr& message) { return message.msg_hdr.msg_controllen > kStampBytes; });
  }
  [[nodiscard]] bool is_cutting() const noexcept { return static_cast<bool>(train_heads); }

  // Copies payload bytes [offset, offset + count) of a message.
  void copy_payload(std::size_t message, std::size_t offset, std::size_t count,
                    std::byte* out) const noexcept {
    for (const iovec& part : vectors[message]) {
      if (offset < part.iov_len) {
        const std::size_t here = std::min(count, part.iov_len - offset);
        std::memcpy(out, static_cast<const std::byte*>(part.iov_base) + offset, here);
        out += here;
        count -= here;
        offset += here;
      }
      if (count == 0) return;
      offset -= part.iov_len;
    }
  }

  [[nodiscard]] bool permits(const sockaddr_storage& sender) const noexcept {
    if (!servers.empty()) {
      return std::any_of(servers.begin(), servers.end(), [&](const Endpoint& server) {
        return server.same_port(sender) && server.same_address(sender);
      });
    }
    if (sources.empty()) return true;
    return std::any_of(sources.begin(), sources.end(),
                       [&](const Endpoint& source) { return source.same_address(sender); });
  }

  // The kernel's counter has 32 bits and wraps.
  void note_drops(std::uint32_t total) noexcept {
    counters.kernel_drops.add(total - last_drops);
    last_drops = total;
  }

  [[nodiscard]] static Arrival read_control(const msghdr& message) noexcept {
    Arrival arrival;
    msghdr header_copy = message;
    for (cmsghdr* at = CMSG_FIRSTHDR(&header_copy); at != nullptr;
         at = CMSG_NXTHDR(&header_copy, at)) {
      if (at->cmsg_level == SOL_SOCKET && at->cmsg_type == SCM_TIMESTAMPNS &&
          at->cmsg_len >= CMSG_LEN(sizeof(timespec))) {
        timespec stamp{};
        std::memcpy(&stamp, CMSG_DATA(at), sizeof stamp);
        arrival.time = to_nanos(stamp);
      } else if (at->cmsg_level == SOL_UDP && at->cmsg_type == UDP_GRO &&
                 at->cmsg_len >= CMSG_LEN(sizeof(int))) {
        int bytes = 0;
        std::memcpy(&bytes, CMSG_DATA(at), sizeof bytes);
        arrival.segment_bytes = static_cast<std::size_t>(std::max(bytes, 0));
      }
    }
    return arrival;
  }

  std::uint16_t index;
  std::vector<Endpoint> servers;  // of a request line
  Endpoint endpoint;
  Socket socket;
  IpHeader header;
  std::vector<Endpoint> sources;
  std::uint32_t buffer_bytes = 0;
  std::uint32_t last_drops = 0;
  std::array<mmsghdr, kMaxBatchPackets> messages{};
  std::array<std::array<iovec, 2>, kMaxBatchPackets> vectors{};
  std::array<sockaddr_storage, kMaxBatchPackets> names{};
  std::array<Control, kMaxBatchPackets> controls{};
  std::size_t received = 0;    // messages of the last receive
  std::byte* armed = nullptr;  // what `vectors` point to
  bool is_drained = false;     // the last receive left nothing behind

  std::unique_ptr<std::byte[]> tails;      // where trains go on behind their slots
  pool::SerializationGuard train_heads{};  // the slots, while trains are being cut
  std::size_t cut_message = 0;             // where to go on cutting
  std::size_t cut_offset = 0;
  std::optional<asio::posix::stream_descriptor> readiness;
  std::optional<asio::steady_timer> pause;
  UdpLineCounters counters;
};

UdpSource::UdpSource(const UdpSourceConfig& config, SerializationPool& pool)
    : pool_{pool},
      batch_packets_{std::clamp<std::uint32_t>(config.batch_packets, 1, kMaxBatchPackets)},
      reads_per_wakeup_{std::max(config.reads_per_wakeup, 1U)},
      max_payload_bytes_{std::clamp<std::size_t>(config.max_datagram_bytes, kMinDatagramBytes,
                                                 IpHeader::kMaxPayloadBytes)} {
  // Every slot begins on a multiple of 32 bytes, like the descriptors in front of them.
  slot_bytes_ = (IpHeader::kMaxBytes + max_payload_bytes_ + 31) / 32 * 32;
  const std::size_t buffer_bytes = pool.counts().buffer_bytes;
  batch_packets_ = static_cast<std::uint32_t>(
      std::min<std::size_t>(batch_packets_, buffer_bytes / (slot_bytes_ + sizeof(Packet))));
  if (batch_packets_ == 0) {
    throw std::runtime_error{"a datagram of " + std::to_string(max_payload_bytes_) +
                             " bytes does not fit into a serialization buffer of " +
                             std::to_string(buffer_bytes) + " bytes"};
  }
  for (const UdpLineConfig& line : config.lines) {
    try {
      lines_.push_back(std::make_unique<Line>(line, static_cast<std::uint16_t>(lines_.size()),
                                              config.receive_buffer_bytes, config.gro));
    } catch (const std::exception& error) {
      throw_for_line(line, error);
    }
  }
}

UdpSource::~UdpSource() {
  try {
    stop();
  } catch (const std::exception&) {  // Asio could not cancel; closing the sockets ends it, too
    return;
  }
}

UdpSource::Received UdpSource::receive(std::size_t index, PacketBatch& batch) {
  Line& line = *lines_[index];
  if (!take_spare(line)) return Received::no_buffer;
  if (!line.is_cutting()) {
    const Received received = receive_messages(line);
    if (received != Received::packets) return received;
    if (!line.is_cutting()) return hand_on(line, fill(line), batch);
    if (!take_spare(line)) return Received::no_buffer;
  }
  return hand_on(line, cut_trains(line), batch);
}

bool UdpSource::take_spare(Line& line) {
  if (!spare_) spare_ = pool_.try_acquire();
  if (!spare_) line.counters.no_buffer.add(1);
  return static_cast<bool>(spare_);
}

// One recvmmsg into spare_, which moves to where trains are cut from if there are any.
UdpSource::Received UdpSource::receive_messages(Line& line) {
  line.arm(slot(0), slot_bytes_, max_payload_bytes_);
  const int count = ::recvmmsg(line.socket.fd(), line.messages.data(), batch_packets_,
                               MSG_DONTWAIT | MSG_TRUNC, nullptr);
  if (count < 0) {
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return Received::drained;
    line.counters.errors.add(1);
    return Received::failed;
  }
  line.received = static_cast<std::size_t>(count);
  line.is_drained = line.received < batch_packets_;
  if (line.has_trains()) {
    line.counters.trains.add(1);
    line.train_heads = std::move(spare_);
    line.cut_message = line.cut_offset = 0;
  }
  return Received::packets;
}

UdpSource::Received UdpSource::hand_on(Line& line, std::size_t packets, PacketBatch& batch) {
  if (packets > 0) {
    line.counters.batches.add(1);
    batch = PacketBatch{std::move(spare_), packets};
  }
  return Received::packets;
}

// Where the payload of the packet `at` of spare_ goes; its headers lie in front of it.
std::byte* UdpSource::slot(std::size_t at) const noexcept {
  return spare_.data() + batch_packets_ * sizeof(Packet) + at * slot_bytes_ + IpHeader::kMaxBytes;
}

// Writes headers and descriptors for the datagrams just received; returns how many are handed on.
std::size_t UdpSource::fill(Line& line) {
  std::size_t packets = 0;
  for (std::size_t at = 0; at < line.received; ++at) {
    if (!line.permits(line.names[at])) {
      line.counters.filtered.add(1);
      continue;
    }
    const mmsghdr& message = line.messages[at];
    describe(line, packets++, static_cast<std::byte*>(line.vectors[at][0].iov_base),
             {.sender = &line.names[at],
              .time = Line::read_control(message.msg_hdr).time,
              // Asked for with MSG_TRUNC, msg_len is the whole length, not what was stored.
              .bytes = message.msg_len});
  }
  return packets;
}

// Goes on cutting trains into the slots of spare_; returns how many packets are handed on. Ends
// with all slots taken or all trains cut.
std::size_t UdpSource::cut_trains(Line& line) {
  std::size_t packets = 0;
  for (; line.cut_message < line.received; ++line.cut_message, line.cut_offset = 0) {
    const sockaddr_storage& sender = line.names[line.cut_message];
    const mmsghdr& message = line.messages[line.cut_message];
    const Line::Arrival arrival = Line::read_control(message.msg_hdr);
    const bool is_train = arrival.segment_bytes != 0;
    const bool permitted = line.permits(sender);
    do {  // once for an empty datagram, too
      if (packets == batch_packets_) return packets;
      const std::size_t left = message.msg_len - line.cut_offset;
      const std::size_t bytes = is_train ? std::min(arrival.segment_bytes, left) : left;
      if (permitted) {
        std::byte* const payload = slot(packets);
        line.copy_payload(line.cut_message, line.cut_offset, std::min(bytes, max_payload_bytes_),
                          payload);
        describe(line, packets++, payload,
                 {.sender = &sender, .time = arrival.time, .bytes = bytes});
      } else {
        line.counters.filtered.add(1);
      }
      line.cut_offset += bytes;
    } while (line.cut_offset < message.msg_len);
  }
  line.train_heads.release();
  return packets;
}

// Writes headers and descriptor of packet `at` of spare_, whose payload lies in its slot.
void UdpSource::describe(Line& line, std::size_t at, std::byte* payload, const Datagram& received) {
  const std::size_t payload_bytes = std::min(received.bytes, max_payload_bytes_);
  const std::size_t lost_bytes = received.bytes - payload_bytes;
  if (lost_bytes > 0) line.counters.truncated.add(1);
  const std::size_t header_bytes = line.header.bytes();
  std::byte* const datagram = payload - header_bytes;
  line.header.write(datagram, *received.sender, payload_bytes);
  *packet_slot(spare_, at) =
      Packet{.datagram = datagram,
             .rx_time = received.time != 0 ? received.time : unix_now(),
             .datagram_bytes = static_cast<std::uint32_t>(header_bytes + payload_bytes),
             .payload_bytes = static_cast<std::uint32_t>(payload_bytes),
             .payload_offset = static_cast<std::uint16_t>(header_bytes),
             .line = line.index,
             .lost_bytes = static_cast<std::uint32_t>(lost_bytes)};
  line.counters.packets.add(1);
  line.counters.bytes.add(payload_bytes);
}

void UdpSource::start(asio::io_context& io, Sink sink) {
  sink_ = std::move(sink);
  for (const auto& line : lines_) {
    line->readiness.emplace(io, line->socket.fd());
    line->pause.emplace(io);
    wait(*line);
  }
}

void UdpSource::stop() {
  for (const auto& line : lines_) {
    line->pause.reset();                              // cancels
    if (line->readiness) line->readiness->release();  // the socket keeps the descriptor
    line->readiness.reset();
  }
}

void UdpSource::wait(Line& line) {
  if (!line.readiness) return;  // stopped by the sink
  line.readiness->async_wait(asio::posix::descriptor_base::wait_read,
                             [this, &line](const asio::error_code& error) {
                               if (!error) drain(line);
                             });
}

void UdpSource::wait_for(Line& line, std::chrono::milliseconds pause) {
  if (!line.pause) return;  // stopped by the sink
  line.pause->expires_after(pause);
  line.pause->async_wait([this, &line](const asio::error_code& error) {
    if (!error) drain(line);
  });
}

void UdpSource::drain(Line& line) {
  for (std::uint32_t reads = 0; reads < reads_per_wakeup_ && line.readiness; ++reads) {
    PacketBatch batch;
    switch (receive(line.index, batch)) {
      case Received::packets:
        if (!batch.empty()) sink_(std::move(batch));
        if (line.is_drained && !line.is_cutting()) return wait(line);
        break;
      case Received::drained: return wait(line);
      case Received::no_buffer: return wait_for(line, kNoBufferPause);
      case Received::failed: return wait_for(line, kErrorPause);
    }
  }
  if (line.is_cutting()) return wait_for(line, std::chrono::milliseconds{0});
  wait(line);
}

std::size_t UdpSource::poll_once(const Sink& sink) {
  std::size_t batches = 0;
  for (const auto& line : lines_) {
    PacketBatch batch;
    if (receive(line->index, batch) != Received::packets || batch.empty()) continue;
    sink(std::move(batch));
    ++batches;
  }
  return batches;
}

bool UdpSource::send_request(std::size_t index, std::size_t server,
                             std::span<const std::byte> request) noexcept {
  Line& line = *lines_[index];
  const Endpoint& to = line.servers[server];
  const ssize_t sent = ::sendto(line.socket.fd(), request.data(), request.size(), MSG_DONTWAIT,
                                to.data(), to.size());
  const bool taken = sent == static_cast<ssize_t>(request.size());
  (taken ? line.counters.requests : line.counters.send_errors).add(1);
  return taken;
}

void UdpSource::refresh_kernel_drops() {
  for (const auto& line : lines_) {
    std::array<std::uint32_t, SK_MEMINFO_VARS> memory{};
    socklen_t length = sizeof memory;
    if (::getsockopt(line->socket.fd(), SOL_SOCKET, SO_MEMINFO, memory.data(), &length) == 0) {
      line->note_drops(memory[SK_MEMINFO_DROPS]);
    }
  }
}

std::size_t UdpSource::lines() const noexcept { return lines_.size(); }
const UdpLineCounters& UdpSource::counters(std::size_t line) const noexcept {
  return lines_[line]->counters;
}
std::uint32_t UdpSource::receive_buffer_bytes(std::size_t line) const noexcept {
  return lines_[line]->buffer_bytes;
}
std::uint16_t UdpSource::port(std::size_t line) const noexcept {
  return lines_[line]->endpoint.port();
}
std::uint32_t UdpSource::batch_packets() const noexcept { return batch_packets_; }

}  // namespace tapeline::net
