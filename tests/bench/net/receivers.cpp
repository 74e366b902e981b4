#include "receivers.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <time.h>

#include <algorithm>
#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <chrono>
#include <cmath>
#include <cstring>
#include <stdexcept>

#include "app/feed/itch_feed.hpp"
#include "app/market/market.hpp"
#include "codec/itch/decoder.hpp"
#include "load.hpp"
#include "net/endpoint.hpp"
#include "net/sequencer.hpp"
#include "net/udp_source.hpp"

namespace tapeline::bench {

namespace {

constexpr std::size_t kBatch = 64;
constexpr std::size_t kSlotBytes = 2048;
constexpr int kPollMs = 20;
constexpr std::chrono::milliseconds kSettle{30};

std::int64_t nanos(const timespec& time) noexcept {
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

std::int64_t clock_ns(clockid_t clock) noexcept {
  timespec time{};
  ::clock_gettime(clock, &time);
  return nanos(time);
}

class BareReceiver final : public Receiver {
 public:
  explicit BareReceiver(const ReceiverOptions& options)
      : options_{options}, slots_(kBatch * kSlotBytes) {
    const net::Endpoint any{"127.0.0.1", 0};
    const int size = static_cast<int>(options.receive_buffer_bytes);
    if (!socket_.try_set(SOL_SOCKET, SO_RCVBUFFORCE, size)) {
      socket_.set(SOL_SOCKET, SO_RCVBUF, size, "cannot set SO_RCVBUF");
    }
    socket_.set(SOL_SOCKET, SO_TIMESTAMPNS, 1, "cannot set SO_TIMESTAMPNS");
    if (::bind(socket_.fd(), any.data(), any.size()) != 0) {
      net::Socket::throw_errno("cannot bind");
    }
    for (std::size_t i = 0; i < kBatch; ++i) {
      vectors_[i] = {slots_.data() + i * kSlotBytes, kSlotBytes};
      messages_[i].msg_hdr.msg_iov = &vectors_[i];
      messages_[i].msg_hdr.msg_iovlen = 1;
      messages_[i].msg_hdr.msg_control = controls_[i].bytes.data();
    }
  }

  [[nodiscard]] std::uint16_t port() const override { return socket_.local().port(); }

 private:
  struct alignas(cmsghdr) Control {
    std::array<std::byte, CMSG_SPACE(sizeof(timespec))> bytes;
  };

  void run() override {
    while (true) {
      const bool ending = stopping();
      if (options_.mode == Mode::wait) {
        pollfd ready{socket_.fd(), POLLIN, 0};
        ::poll(&ready, 1, kPollMs);
      }
      while (drain() > 0) {
      }
      if (ending) return;
    }
  }

  int drain() noexcept {
    for (mmsghdr& message : messages_) message.msg_hdr.msg_controllen = sizeof(Control);
    const int count = ::recvmmsg(socket_.fd(), messages_.data(), kBatch, MSG_DONTWAIT, nullptr);
    if (count <= 0) return 0;
    packets_ += static_cast<std::uint64_t>(count);
    if (options_.time_events) {
      for (int i = 0; i < count; ++i) note(messages_[static_cast<std::size_t>(i)].msg_hdr);
    }
    return count;
  }

  void note(msghdr& header) noexcept {
    const cmsghdr* const control = CMSG_FIRSTHDR(&header);
    if (control == nullptr) return;
    timespec stamp{};
    std::memcpy(&stamp, CMSG_DATA(control), sizeof stamp);
    times_.add(clock_ns(CLOCK_REALTIME) - nanos(stamp));
  }

  ReceiverOptions options_;
  net::Socket socket_{AF_INET};
  std::vector<std::byte> slots_;
  std::array<iovec, kBatch> vectors_{};
  std::array<mmsghdr, kBatch> messages_{};
  std::array<Control, kBatch> controls_{};
};

class TapelineReceiver final : public Receiver {
 public:
  explicit TapelineReceiver(const ReceiverOptions& options)
      : options_{options},
        pools_{pool::LockFreeBufferPoolConfig{}},
        market_{market::MarketConfig{}, pools_.simd()},
        feed_{market_},
        source_{source_config(options), pools_.serialization()},
        sequencer_{{.lines = 1}, pools_.serialization()} {}

  [[nodiscard]] std::uint16_t port() const override { return source_.port(0); }

 private:
  static net::UdpSourceConfig source_config(const ReceiverOptions& options) {
    net::UdpSourceConfig config;
    config.lines.push_back({.name = "A", .address = "127.0.0.1"});
    config.receive_buffer_bytes = options.receive_buffer_bytes;
    config.gro = options.gro;
    return config;
  }

  struct CountOnly {
    std::uint64_t messages = 0;
    void on_message(std::uint64_t, std::span<const std::byte>, const net::Packet&) noexcept {
      ++messages;
    }
    void on_gap(const net::GapRange&) noexcept {}
  };
  // Decodes into a sum; what a handler does that keeps nothing.
  struct Decoded {
    std::uint64_t sum = 0;
    template <typename View>
    void operator()(const View& view) noexcept {
      sum += view.timestamp_ns();
    }
  };
  struct DecodeOnly {
    Decoded decoded;
    void on_message(std::uint64_t, std::span<const std::byte> message,
                    const net::Packet&) noexcept {
      static_cast<void>(codec::itch::decode(message, decoded));
    }
    void on_gap(const net::GapRange&) noexcept {}
  };
  struct Books {
    TapelineReceiver& receiver;
    void prefetch(std::span<const std::byte> message) const { receiver.feed_.prefetch(message); }
    void on_message(std::uint64_t sequence, std::span<const std::byte> message,
                    const net::Packet& packet) const {
      receiver.feed_.on_message(sequence, message, packet);
      if (receiver.options_.time_events) {
        receiver.times_.add(clock_ns(CLOCK_REALTIME) - packet.rx_time);
      }
    }
    void on_gap(const net::GapRange& gap) const { receiver.feed_.on_gap(gap); }
  };

  template <typename Handler>
  void take(const net::PacketBatch& batch, Handler& handler) {
    const std::int64_t now = clock_ns(CLOCK_MONOTONIC);
    packets_ += batch.packets().size();
    for (const net::Packet& packet : batch.packets()) sequencer_.on_packet(packet, now, handler);
  }
  void on_batch(net::PacketBatch&& batch) {
    const net::PacketBatch owned{std::move(batch)};
    switch (options_.depth) {
      case Depth::messages: return take(owned, count_only_);
      case Depth::decoded: return take(owned, decode_only_);
      case Depth::books: {
        Books handler{*this};
        return take(owned, handler);
      }
    }
  }

  void run() override {
    const net::UdpSource::Sink sink = [this](net::PacketBatch&& batch) {
      on_batch(std::move(batch));
    };
    if (options_.mode == Mode::wait) {
      const auto work = asio::make_work_guard(io_);
      source_.start(io_, sink);
      io_.run();
      return;
    }
    while (source_.poll_once(sink) > 0 || !stopping()) {
    }
  }
  void wake() override {
    asio::post(io_, [this] {
      source_.stop();
      io_.stop();
    });
  }

  ReceiverOptions options_;
  pool::LockFreeBufferPool pools_;
  market::Market market_;
  feed::ItchFeed feed_;
  CountOnly count_only_;
  DecodeOnly decode_only_;
  asio::io_context io_{1};
  net::UdpSource source_;
  net::Sequencer sequencer_;
};

}  // namespace

double Times::percentile_ns(double fraction) const noexcept {
  const auto wanted = static_cast<std::uint64_t>(std::ceil(fraction * static_cast<double>(total_)));
  std::uint64_t seen = 0;
  for (std::size_t step = 0; step < counts_.size(); ++step) {
    seen += counts_[step];
    if (seen >= wanted) return static_cast<double>(step * kStepNs);
  }
  return 0.0;
}

void Receiver::start() {
  std::atomic<bool> running{false};
  thread_ = std::thread{[this, &running] {
    pin_to(1);
    running.store(true);
    running.notify_one();
    const std::int64_t before = clock_ns(CLOCK_THREAD_CPUTIME_ID);
    run();
    cpu_seconds_ = static_cast<double>(clock_ns(CLOCK_THREAD_CPUTIME_ID) - before) * 1e-9;
  }};
  running.wait(false);
}

void Receiver::stop() {
  std::this_thread::sleep_for(kSettle);  // a benchmark: what is in the socket buffer is taken now
  stopping_.store(true);
  wake();
  thread_.join();
}

std::unique_ptr<Receiver> bare_receiver(const ReceiverOptions& options) {
  return std::make_unique<BareReceiver>(options);
}
std::unique_ptr<Receiver> tapeline_receiver(const ReceiverOptions& options) {
  return std::make_unique<TapelineReceiver>(options);
}

}  // namespace tapeline::bench
