#include "app/simulate/request_server.hpp"

#include <algorithm>
#include <asio/buffer.hpp>
#include <asio/ip/address.hpp>
#include <stdexcept>

#include "app/simulate/live_link.hpp"
#include "codec/bytes.hpp"

namespace tapeline::simulate {

namespace {

using Udp = asio::ip::udp;

constexpr int kReceiveBufferBytes = 4 * 1024 * 1024;

[[nodiscard]] codec::capture::Address address_of(const asio::ip::address& address) {
  if (address.is_v4()) return codec::capture::Address::from_ipv4(address.to_v4().to_uint());
  const auto bytes = address.to_v6().to_bytes();
  const auto* const at = reinterpret_cast<const std::byte*>(bytes.data());
  return {codec::load_be<std::uint64_t>(at), codec::load_be<std::uint64_t>(at + 8)};
}

[[nodiscard]] Udp::socket listen_on(asio::io_context& io, const codec::capture::Endpoint& listen) {
  const Udp::endpoint endpoint{asio::ip::make_address(listen.address.text()), listen.port};
  try {
    Udp::socket socket{io, endpoint};
    socket.non_blocking(true);
    std::error_code ignored;
    socket.set_option(asio::socket_base::receive_buffer_size{kReceiveBufferBytes}, ignored);
    return socket;
  } catch (const std::system_error& error) {
    throw std::runtime_error{"cannot listen on " + listen.text() + ": " + error.code().message()};
  }
}

}  // namespace

RequestServer::RequestServer(asio::io_context& io, const codec::capture::Endpoint& listen,
                             RequestAnswerer& answerer)
    : answerer_{answerer}, socket_{listen_on(io, listen)}, port_{socket_.local_endpoint().port()} {
  wait();
}

void RequestServer::wait() {
  socket_.async_wait(Udp::socket::wait_read, [this](std::error_code error) {
    if (error) return;  // closed
    drain();
    wait();
  });
}

void RequestServer::drain() {
  const std::uint64_t now_ns = SteadyClock::now_ns();
  for (int reads = 0; reads < kReadsPerWakeup; ++reads) {
    Udp::endpoint peer;
    std::error_code error;
    const std::size_t bytes = socket_.receive_from(asio::buffer(input_), peer, 0, error);
    if (error == asio::error::would_block) return;
    if (error) continue;  // what an earlier answer met: a peer that is gone
    const auto packet =
        answerer_.answer(std::span{input_}.first(bytes), address_of(peer.address()), now_ns);
    if (packet.empty()) continue;
    if (answerer_.delay_ns() == 0) {
      send(packet, peer);
    } else if (delayed_.size() == kMaxDelayed) {
      answerer_.counters().unsent.add();
    } else {
      delayed_.push_back({now_ns + answerer_.delay_ns(), peer,
                          std::vector<std::byte>(packet.begin(), packet.end())});
    }
  }
}

void RequestServer::send(std::span<const std::byte> packet, const Udp::endpoint& peer) {
  std::error_code error;
  socket_.send_to(asio::buffer(packet.data(), packet.size()), peer, 0, error);
  if (error) answerer_.counters().unsent.add();
}

void RequestServer::tick(std::uint64_t now_ns) {
  while (!delayed_.empty() && delayed_.front().due_ns <= now_ns) {
    send(delayed_.front().packet, delayed_.front().peer);
    delayed_.pop_front();
  }
}

void RequestServer::stop() {
  std::error_code ignored;
  socket_.close(ignored);
  delayed_.clear();
}

}  // namespace tapeline::simulate
