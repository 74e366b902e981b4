#include "app/simulate/soup_server.hpp"

#include <algorithm>
#include <array>
#include <asio/buffer.hpp>
#include <asio/ip/address.hpp>
#include <stdexcept>
#include <utility>

#include "app/simulate/live_link.hpp"

namespace tapeline::simulate {

namespace {

constexpr std::uint64_t kFarewellNs = 5'000'000'000;  // for a client to close its side

[[nodiscard]] asio::ip::tcp::acceptor listen_on(asio::io_context& io,
                                                const codec::capture::Endpoint& listen) {
  const asio::ip::tcp::endpoint endpoint{asio::ip::make_address(listen.address.text()),
                                         listen.port};
  try {
    return asio::ip::tcp::acceptor{io, endpoint};  // with SO_REUSEADDR
  } catch (const std::system_error& error) {
    throw std::runtime_error{"cannot listen on " + listen.text() + ": " + error.code().message()};
  }
}

}  // namespace

// One connection. Its reads and writes share the ownership, so that it outlives them.
class SoupServer::Client : public std::enable_shared_from_this<SoupServer::Client> {
 public:
  Client(asio::ip::tcp::socket socket, SoupSession::Shared& shared)
      : socket_{std::move(socket)},
        counters_{shared.counters},
        session_{shared, SteadyClock::now_ns()},
        output_(SoupSession::kMinFillBytes) {
    std::error_code ignored;
    socket_.set_option(asio::ip::tcp::no_delay{true}, ignored);
    socket_.non_blocking(true, ignored);
  }

  void start() { read(); }

  void tick(std::uint64_t now_ns) {
    if (!socket_.is_open()) return;
    if (is_finished_) {
      if (now_ns - finished_ns_ >= kFarewellNs) close();
      return;
    }
    session_.on_timer(now_ns);
    if (session_.is_broken()) return close();
    pump(now_ns);
  }

  void close() {
    std::error_code ignored;
    socket_.close(ignored);
  }

  [[nodiscard]] bool is_open() const { return socket_.is_open(); }

 private:
  void read() {
    socket_.async_read_some(asio::buffer(input_),
                            [self = shared_from_this()](std::error_code error, std::size_t bytes) {
                              self->on_read(error, bytes);
                            });
  }

  void on_read(std::error_code error, std::size_t bytes) {
    if (!socket_.is_open()) return;
    if (error) {
      if (!is_finished_) counters_.disconnects.add();
      return close();
    }
    const std::uint64_t now_ns = SteadyClock::now_ns();
    session_.on_bytes(std::as_bytes(std::span{input_}.first(bytes)), now_ns);
    if (session_.is_broken()) return close();
    pump(now_ns);
    if (socket_.is_open()) read();
  }

  // Writes what the session wants to say, unless a write is going on.
  void pump(std::uint64_t now_ns) {
    if (is_writing_ || is_finished_) return;
    written_ = 0;
    filled_ = session_.fill(output_, now_ns);
    if (filled_ > 0) return write();
    switch (session_.end()) {
      case SoupSession::End::none: return;
      case SoupSession::End::in_order: return finish(now_ns);
      case SoupSession::End::at_once: return close();
      case SoupSession::End::reset: return reset();
    }
  }

  void write() {
    is_writing_ = true;
    const std::size_t bytes = std::min(filled_ - written_, session_.most_bytes_at_once());
    socket_.async_write_some(asio::buffer(output_.data() + written_, bytes),
                             [self = shared_from_this()](std::error_code error, std::size_t sent) {
                               self->on_written(error, sent);
                             });
  }

  void on_written(std::error_code error, std::size_t sent) {
    is_writing_ = false;
    if (!socket_.is_open()) return;
    if (error) {
      counters_.disconnects.add();
      return close();
    }
    written_ += sent;
    if (written_ < filled_) return write();
    pump(SteadyClock::now_ns());
  }

  // The client sees the end behind all that was written.
  void finish(std::uint64_t now_ns) {
    std::error_code ignored;
    socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
    is_finished_ = true;
    finished_ns_ = now_ns;
  }

  void reset() {
    std::error_code ignored;
    socket_.set_option(asio::socket_base::linger{true, 0}, ignored);
    close();
  }

  asio::ip::tcp::socket socket_;
  SoupCounters& counters_;
  SoupSession session_;
  std::array<char, 4096> input_{};
  std::vector<std::byte> output_;
  std::size_t filled_ = 0;
  std::size_t written_ = 0;
  bool is_writing_ = false;
  bool is_finished_ = false;
  std::uint64_t finished_ns_ = 0;
};

SoupServer::SoupServer(asio::io_context& io, SoupServerConfig config, SoupService& service)
    : shared_{.service = service,
              .accounts = std::move(config.accounts),
              .faults = config.faults,
              .counters = {}},
      max_clients_{config.max_clients},
      acceptor_{listen_on(io, config.listen)},
      port_{acceptor_.local_endpoint().port()} {
  accept();
}

SoupServer::~SoupServer() = default;

void SoupServer::accept() {
  is_accepting_ = true;
  acceptor_.async_accept([this](std::error_code error, asio::ip::tcp::socket socket) {
    is_accepting_ = false;
    if (is_stopped_) return;
    if (error) return;  // no descriptors, perhaps: tried again at the next tick
    on_accept(std::move(socket));
    accept();
  });
}

void SoupServer::on_accept(asio::ip::tcp::socket socket) {
  shared_.counters.connections.add();
  if (clients_.size() >= max_clients_) {
    shared_.counters.turned_away.add();
    return;  // closes it
  }
  clients_.push_back(std::make_shared<Client>(std::move(socket), shared_));
  clients_.back()->start();
}

void SoupServer::tick(std::uint64_t now_ns) {
  if (is_stopped_) return;
  if (!is_accepting_) accept();
  for (const auto& client : clients_) client->tick(now_ns);
  std::erase_if(clients_, [](const auto& client) { return !client->is_open(); });
}

void SoupServer::stop() {
  is_stopped_ = true;
  std::error_code ignored;
  acceptor_.close(ignored);
  for (const auto& client : clients_) client->close();
  clients_.clear();
}

}  // namespace tapeline::simulate
