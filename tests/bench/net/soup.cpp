#include "soup.hpp"

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/read.hpp>
#include <asio/write.hpp>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "codec/bytes.hpp"
#include "codec/soupbintcp/encoder.hpp"
#include "load.hpp"
#include "net/soup_source.hpp"
#include "pool/buffer_pool.hpp"

namespace tapeline::bench {

namespace {

constexpr std::size_t kFrameBytes = 50;
constexpr std::size_t kFramesPerWrite = 20'000;

// What a server sends after the login: sequenced packets, one behind the other.
[[nodiscard]] std::vector<std::byte> frames() {
  std::vector<std::byte> bytes(kFrameBytes * kFramesPerWrite, std::byte{'m'});
  for (std::size_t at = 0; at < bytes.size(); at += kFrameBytes) {
    codec::store_be(bytes.data() + at, static_cast<std::uint16_t>(kFrameBytes - 2));
    bytes[at + 2] = std::byte{'S'};
  }
  return bytes;
}

class Server {
 public:
  explicit Server(double seconds) : thread_{[this, seconds] { serve(seconds); }} {}
  ~Server() { thread_.join(); }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  [[nodiscard]] std::uint16_t port() const { return acceptor_.local_endpoint().port(); }

 private:
  void serve(double seconds) {
    pin_to(0);
    asio::ip::tcp::socket peer = acceptor_.accept();
    std::vector<std::byte> login(net::Credentials::kLoginBytes);
    asio::error_code error;
    asio::read(peer, asio::buffer(login), error);
    std::vector<std::byte> out(64);
    out.resize(codec::soupbintcp::write_login_accepted(
        out, codec::soupbintcp::Session::from_text("BENCH"), 1));
    asio::write(peer, asio::buffer(out), error);
    const std::vector<std::byte> bytes = frames();
    const auto end = steady_ns() + static_cast<std::uint64_t>(seconds * 1e9);
    while (!error && steady_ns() < end) asio::write(peer, asio::buffer(bytes), error);
    out.resize(64);
    out.resize(codec::soupbintcp::write_end_of_session(out));
    asio::write(peer, asio::buffer(out), error);
    asio::read(peer, asio::buffer(login), error);  // until the client has closed
  }

  asio::io_context io_;
  asio::ip::tcp::acceptor acceptor_{io_,
                                    asio::ip::tcp::endpoint{asio::ip::address_v4::loopback(), 0}};
  std::thread thread_;
};

struct Counted {
  std::uint64_t messages = 0;
  std::uint64_t bytes = 0;
  std::uint64_t first_ns = 0;
  std::uint64_t last_ns = 0;

  void on_message(std::uint64_t, std::span<const std::byte> message, const net::Packet&) noexcept {
    ++messages;
    bytes += message.size();
  }
  void on_gap(const net::GapRange&) noexcept {}
  void on_batch(net::PacketBatch&& batch) noexcept {
    const net::PacketBatch done{std::move(batch)};
    last_ns = steady_ns();
    if (first_ns == 0) first_ns = last_ns;
  }
};

}  // namespace

double soup_frames_per_second(double seconds) {
  Counted counted;
  const Server server{seconds};
  std::thread client{[&] {
    pin_to(1);
    pool::LockFreeBufferPool pools{pool::LockFreeBufferPoolConfig{}};
    asio::io_context io{1};
    net::SoupSourceConfig config;
    config.tcp.servers = {{"127.0.0.1", server.port()}};
    net::SoupSource<Counted> source{config, net::Credentials{}, pools.serialization(), counted};
    source.start(io);
    io.run();
  }};
  client.join();
  if (counted.messages == 0 || counted.bytes != counted.messages * (kFrameBytes - 3)) {
    throw std::runtime_error("the SoupBinTCP client did not get what was sent");
  }
  return static_cast<double>(counted.messages) * 1e9 /
         static_cast<double>(counted.last_ns - counted.first_ns);
}

}  // namespace tapeline::bench
