// What it costs the feed to be watched: the same session is replayed again and again in one
// process, without a visitor and with each kind of visitor in turns. A round has one replay of each
// kind; every other round goes backwards, so that what drifts meets all alike. The processor time
// is that of the feed's thread alone.
//
// usage: status_bench SESSION [--rounds N]
//
// Prints one JSON document; tests/bench/report_status.py makes a table of it. The session is from
// the page cache, one line (A), on one thread.

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstring>
#include <ctime>
#include <exception>
#include <iostream>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "app/replay.hpp"
#include "net/http_client.hpp"

namespace tapeline {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// Sleeps that an end cuts short.
class Pause {
 public:
  // Whether the end has not come.
  bool wait(milliseconds time) {
    std::unique_lock lock{mutex_};
    return !changed_.wait_for(lock, time, [this] { return ended_; });
  }
  void end() {
    const std::lock_guard lock{mutex_};
    ended_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool ended_ = false;
};

int connect_to(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  sockaddr plain{};
  std::memcpy(&plain, &address, sizeof address);
  ::connect(fd, &plain, sizeof address);  // goes on by itself
  return fd;
}

// Looks at a replay while it runs; its destructor ends that.
class Visitor {
 public:
  Visitor() = default;
  Visitor(const Visitor&) = delete;
  Visitor& operator=(const Visitor&) = delete;
  virtual ~Visitor() = default;
  // How often it got what it wanted.
  [[nodiscard]] virtual std::uint64_t looks() = 0;
};

class Nobody final : public Visitor {
 public:
  [[nodiscard]] std::uint64_t looks() override { return 0; }
};

// A dashboard on /events, and a scrape of /metrics in each interval.
class Watcher final : public Visitor {
 public:
  Watcher(std::uint16_t port, milliseconds interval)
      : dashboard_{[this, port] { read_events(port); }}, scraper_{[this, port, interval] {
          do {
            scrapes_ +=
                net::http_get("127.0.0.1", port, "/metrics", milliseconds{5000}, 1U << 20).status ==
                200;
          } while (pause_.wait(interval));
        }} {}
  ~Watcher() override { end(); }
  [[nodiscard]] std::uint64_t looks() override {
    end();
    return std::min(events_, scrapes_);
  }

 private:
  void end() {
    pause_.end();
    if (dashboard_.joinable()) dashboard_.join();
    if (scraper_.joinable()) scraper_.join();
  }
  void read_events(std::uint16_t port) {
    const int fd = connect_to(port);
    constexpr std::string_view kRequest = "GET /events HTTP/1.1\r\nHost: x\r\n\r\n";
    bool sent = false;
    while (pause_.wait(milliseconds{0})) {
      pollfd polled{fd, static_cast<short>(sent ? POLLIN : POLLOUT), 0};
      if (::poll(&polled, 1, 20) <= 0) continue;
      if (!sent) {
        sent = ::send(fd, kRequest.data(), kRequest.size(), MSG_NOSIGNAL) > 0;
        continue;
      }
      std::array<char, 65536> part{};
      const ssize_t got = ::recv(fd, part.data(), part.size(), 0);
      if (got == 0) break;
      const std::string_view text{part.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0))};
      events_ += text.find("data: ") != std::string_view::npos;
    }
    ::close(fd);
  }

  Pause pause_;
  std::uint64_t events_ = 0;
  std::uint64_t scrapes_ = 0;
  std::thread dashboard_;
  std::thread scraper_;
};

// Connections that each send a byte of a request in a second; one that the server closed comes
// again with the next byte.
class SlowClients final : public Visitor {
 public:
  SlowClients(std::uint16_t port, std::size_t count) : peers_(count, -1) {
    for (int& peer : peers_) peer = connect_to(port);
    thread_ = std::thread{[this, port] {
      while (pause_.wait(milliseconds{1000})) send_bytes(port);
    }};
  }
  ~SlowClients() override { end(); }
  [[nodiscard]] std::uint64_t looks() override {
    end();
    return peers_.size();
  }

 private:
  void end() {
    pause_.end();
    if (!thread_.joinable()) return;
    thread_.join();
    for (const int peer : peers_) ::close(peer);
  }
  void send_bytes(std::uint16_t port) {
    for (int& peer : peers_) {
      char answer = 0;
      if (::recv(peer, &answer, 1, MSG_PEEK) == 0) {
        ::close(peer);
        peer = connect_to(port);
      }
      ::send(peer, "G", 1, MSG_NOSIGNAL);
    }
  }

  Pause pause_;
  std::vector<int> peers_;
  std::thread thread_;
};

struct Kind {
  std::string_view name;
  std::unique_ptr<Visitor> (*visit)(std::uint16_t port);
};

constexpr std::array<Kind, 4> kKinds{{
    {"alone", [](std::uint16_t) -> std::unique_ptr<Visitor> { return std::make_unique<Nobody>(); }},
    {"watched",
     [](std::uint16_t port) -> std::unique_ptr<Visitor> {
       return std::make_unique<Watcher>(port, milliseconds{1000});
     }},
    {"watched_often",
     [](std::uint16_t port) -> std::unique_ptr<Visitor> {
       return std::make_unique<Watcher>(port, milliseconds{20});
     }},
    {"attacked",
     [](std::uint16_t port) -> std::unique_ptr<Visitor> {
       return std::make_unique<SlowClients>(port, 500);
     }},
}};

double cpu_seconds_of_thread() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

nlohmann::json replay(const std::string& session, const Kind& kind) {
  Config config = replay_config();
  config.status.enabled = true;
  config.status.port = 0;
  Replay replay{config, {session}};
  const std::unique_ptr<Visitor> visitor = kind.visit(replay.status_port());
  const double cpu = cpu_seconds_of_thread();
  const Clock::time_point started = Clock::now();
  replay.run();
  const double wall = std::chrono::duration<double>(Clock::now() - started).count();
  const double spent = cpu_seconds_of_thread() - cpu;
  if (!replay.errors().empty()) throw std::runtime_error{replay.errors().front()};
  return {{"kind", kind.name},
          {"messages", replay.messages()},
          {"wall_seconds", wall},
          {"cpu_seconds", spent},
          {"looks", visitor->looks()}};
}

int run(const std::string& session, int rounds) {
  nlohmann::json all = nlohmann::json::array();
  static_cast<void>(replay(session, kKinds[0]));  // what is done once is done
  for (int round = 0; round < rounds; ++round) {
    nlohmann::json passes = nlohmann::json::array();
    for (std::size_t i = 0; i < kKinds.size(); ++i) {
      // Another one begins each time; every other round goes backwards.
      const std::size_t at = (i + static_cast<std::size_t>(round) / 2) % kKinds.size();
      passes.push_back(replay(session, kKinds.at(round % 2 == 0 ? at : kKinds.size() - 1 - at)));
    }
    all.push_back(std::move(passes));
  }
  std::cout << nlohmann::json{{"rounds", std::move(all)}}.dump(1) << '\n';
  return 0;
}

}  // namespace
}  // namespace tapeline

int main(int argc, char** argv) {
  try {
    const bool has_rounds = argc == 4 && std::string_view{argv[2]} == "--rounds";
    if (argc != 2 && !has_rounds) throw std::runtime_error{"usage: SESSION [--rounds N]"};
    return tapeline::run(argv[1], has_rounds ? std::stoi(argv[3]) : 15);
  } catch (const std::exception& error) {
    std::cerr << "status_bench: " << error.what() << '\n';
    return 1;
  }
}
