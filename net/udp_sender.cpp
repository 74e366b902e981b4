#include "net/udp_sender.hpp"

#include <netinet/udp.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <stdexcept>

namespace tapeline::net {

namespace {

constexpr std::size_t kMaxMessageBytes = 65'507;  // payload of an IPv4 datagram
constexpr unsigned kMaxTries = 100;
constexpr int kPollMs = 100;
constexpr long kQueueFullPauseNs = 100'000;

// What the kernel or a driver answers when it can not segment this.
bool refuses_segments(int error) noexcept {
  return error == EINVAL || error == EIO || error == EOPNOTSUPP || error == ENOPROTOOPT ||
         error == EMSGSIZE;
}

void set_multicast(const Socket& socket, const Endpoint& group, const UdpSenderConfig& config) {
  const unsigned interface = interface_index(config.interface);
  const int hops = config.hops;
  const int loopback = config.loopback ? 1 : 0;
  if (group.is_v6()) {
    if (interface != 0) {
      socket.set(IPPROTO_IPV6, IPV6_MULTICAST_IF, interface, "cannot set IPV6_MULTICAST_IF");
    }
    socket.set(IPPROTO_IPV6, IPV6_MULTICAST_HOPS, hops, "cannot set IPV6_MULTICAST_HOPS");
    socket.set(IPPROTO_IPV6, IPV6_MULTICAST_LOOP, loopback, "cannot set IPV6_MULTICAST_LOOP");
    return;
  }
  if (interface != 0) {
    ip_mreqn request{};
    request.imr_ifindex = static_cast<int>(interface);
    socket.set(IPPROTO_IP, IP_MULTICAST_IF, request, "cannot set IP_MULTICAST_IF");
  }
  socket.set(IPPROTO_IP, IP_MULTICAST_TTL, hops, "cannot set IP_MULTICAST_TTL");
  socket.set(IPPROTO_IP, IP_MULTICAST_LOOP, loopback, "cannot set IP_MULTICAST_LOOP");
}

}  // namespace

UdpSender::UdpSender(const UdpSenderConfig& config)
    : endpoint_{config.address, config.port},
      socket_{endpoint_.family()},
      segment_{config.segment} {
  if (config.port == 0) throw std::runtime_error{"a sender needs a port to send to"};
  if (endpoint_.is_multicast()) set_multicast(socket_, endpoint_, config);
  if (endpoint_.is_link_local()) endpoint_.set_scope(interface_index(config.interface));
  const int buffer_bytes = static_cast<int>(std::min(config.send_buffer_bytes, 0x3FFF'FFFFU));
  if (!socket_.try_set(SOL_SOCKET, SO_SNDBUFFORCE, buffer_bytes)) {  // needs CAP_NET_ADMIN
    socket_.set(SOL_SOCKET, SO_SNDBUF, buffer_bytes, "cannot set SO_SNDBUF");
  }
}

// Packets at the front of `packets` that make one message.
std::size_t UdpSender::run_length(std::span<const std::span<const std::byte>> packets) const {
  const std::size_t size = packets.front().size();
  if (!segment_ || size == 0) return 1;
  std::size_t bytes = size;
  std::size_t count = 1;
  while (count < packets.size() && count < kMaxSegments) {
    const std::size_t next = packets[count].size();
    if (next == 0 || next > size || bytes + next > kMaxMessageBytes) break;
    bytes += next;
    ++count;
    if (next < size) break;  // a shorter one ends the message
  }
  return count;
}

// Fills messages_ from the front of `packets`; returns the number of messages.
std::size_t UdpSender::prepare(std::span<const std::span<const std::byte>> packets) {
  std::size_t messages = 0;
  std::size_t vectors = 0;
  while (!packets.empty() && messages < kMaxMessages && vectors + kMaxSegments <= kMaxVectors) {
    const std::size_t run = run_length(packets);
    msghdr& header = messages_[messages].msg_hdr;
    header = msghdr{};
    header.msg_name = const_cast<sockaddr*>(endpoint_.data());  // the kernel only reads it
    header.msg_namelen = endpoint_.size();
    header.msg_iov = &vectors_[vectors];
    header.msg_iovlen = run;
    for (const std::span<const std::byte> packet : packets.first(run)) {
      vectors_[vectors++] = {const_cast<std::byte*>(packet.data()), packet.size()};
    }
    if (run > 1) {
      header.msg_control = controls_[messages].bytes.data();
      header.msg_controllen = sizeof(Control);
      cmsghdr* const control = CMSG_FIRSTHDR(&header);
      control->cmsg_level = SOL_UDP;
      control->cmsg_type = UDP_SEGMENT;
      control->cmsg_len = CMSG_LEN(sizeof(std::uint16_t));
      const auto segment = static_cast<std::uint16_t>(packets.front().size());
      std::memcpy(CMSG_DATA(control), &segment, sizeof segment);
    }
    packets = packets.subspan(run);
    ++messages;
  }
  return messages;
}

bool UdpSender::wait_for_room(int error, unsigned& tries) {
  const bool full = error == EAGAIN || error == EWOULDBLOCK || error == ENOBUFS;
  if (error == EINTR) return true;
  if (!full || ++tries > kMaxTries) return false;
  counters_.waits.add(1);
  if (error == ENOBUFS) {  // the interface's queue, which poll() does not know
    const timespec pause{0, kQueueFullPauseNs};
    ::nanosleep(&pause, nullptr);
  } else {
    pollfd room{socket_.fd(), POLLOUT, 0};
    ::poll(&room, 1, kPollMs);
  }
  return true;
}

std::size_t UdpSender::send(std::span<const std::span<const std::byte>> packets) {
  std::size_t sent = 0;
  unsigned tries = 0;
  while (!packets.empty()) {
    const std::size_t messages = prepare(packets);
    const int taken =
        ::sendmmsg(socket_.fd(), messages_.data(), static_cast<unsigned>(messages), 0);
    counters_.syscalls.add(1);
    if (taken > 0) {
      tries = 0;
      std::size_t run_packets = 0;
      for (std::size_t at = 0; at < static_cast<std::size_t>(taken); ++at) {
        run_packets += messages_[at].msg_hdr.msg_iovlen;
        counters_.bytes.add(messages_[at].msg_len);
        if (messages_[at].msg_hdr.msg_iovlen > 1) counters_.segmented.add(1);
      }
      counters_.packets.add(run_packets);
      sent += run_packets;
      packets = packets.subspan(run_packets);
      continue;
    }
    const int error = errno;
    const std::size_t first_run = messages_[0].msg_hdr.msg_iovlen;
    if (first_run > 1 && refuses_segments(error)) {
      segment_ = false;
    } else if (!wait_for_room(error, tries)) {
      counters_.errors.add(first_run);
      packets = packets.subspan(first_run);
      tries = 0;
    }
  }
  return sent;
}

}  // namespace tapeline::net
