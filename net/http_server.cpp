#include "net/http_server.hpp"

#include <httplib.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstring>
#include <deque>
#include <map>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include "net/endpoint.hpp"

namespace tapeline::net {

namespace {

constexpr std::size_t kWorkers = 4;
constexpr std::size_t kMaxQueued = 32;
constexpr std::size_t kMaxRequestBytes = 8192;
constexpr int kBacklog = 64;
constexpr std::chrono::seconds kRequestTime{5};
constexpr std::chrono::seconds kAnswerTime{5};

using Clock = std::chrono::steady_clock;

// One connection as httplib sees it, within bounds: bytes and time of the request, time of the
// answer. A byte on `stop_fd` ends it at once.
class BoundedStream final : public httplib::Stream {
 public:
  BoundedStream(int fd, int stop_fd) noexcept
      : fd_{fd}, stop_fd_{stop_fd}, read_until_{Clock::now() + kRequestTime} {}

  bool is_readable() const override { return at_ < filled_ || wait(POLLIN, read_until_); }
  bool is_writable() const override { return wait(POLLOUT, write_until()); }

  ssize_t read(char* to, std::size_t size) override {
    if (at_ == filled_ && !refill()) return -1;
    const std::size_t count = std::min(size, filled_ - at_);
    std::memcpy(to, buffer_.data() + at_, count);
    at_ += count;
    return static_cast<ssize_t>(count);
  }

  ssize_t write(const char* from, std::size_t size) override {
    for (;;) {
      if (!wait(POLLOUT, write_until())) return -1;
      const ssize_t sent = ::send(fd_, from, size, MSG_NOSIGNAL | MSG_DONTWAIT);
      if (sent >= 0 || (errno != EAGAIN && errno != EINTR)) return sent;
    }
  }

  void get_remote_ip_and_port(std::string& /*ip*/, int& /*port*/) const override {}
  void get_local_ip_and_port(std::string& /*ip*/, int& /*port*/) const override {}
  socket_t socket() const override { return fd_; }

 private:
  // The buffer is as long as a request may be and is filled once.
  bool refill() {
    while (filled_ < buffer_.size() && wait(POLLIN, read_until_)) {
      const ssize_t got =
          ::recv(fd_, buffer_.data() + filled_, buffer_.size() - filled_, MSG_DONTWAIT);
      if (got > 0) {
        filled_ += static_cast<std::size_t>(got);
        return true;
      }
      if (got == 0 || (errno != EAGAIN && errno != EINTR)) return false;
    }
    return false;
  }

  Clock::time_point write_until() const {
    if (write_until_ == Clock::time_point{}) write_until_ = Clock::now() + kAnswerTime;
    return write_until_;
  }

  bool wait(short events, Clock::time_point until) const {
    for (;;) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now());
      if (left.count() <= 0) return false;
      std::array<pollfd, 2> polled{pollfd{fd_, events, 0}, pollfd{stop_fd_, POLLIN, 0}};
      const int ready = ::poll(polled.data(), polled.size(), static_cast<int>(left.count()));
      if (ready < 0 && errno != EINTR) return false;
      if (ready > 0) return polled[1].revents == 0;
    }
  }

  int fd_;
  int stop_fd_;
  Clock::time_point read_until_;
  mutable Clock::time_point write_until_{};  // counted from the first write on
  std::array<char, kMaxRequestBytes> buffer_{};
  std::size_t at_ = 0;
  std::size_t filled_ = 0;
};

// Four threads and a short queue. What does not fit is run at once by the accepting thread, and
// so is what is left at the end: there it closes its connection unanswered.
class BoundedQueue final : public httplib::TaskQueue {
 public:
  BoundedQueue() {
    workers_.reserve(kWorkers);
    for (std::size_t worker = 0; worker < kWorkers; ++worker) {
      workers_.emplace_back([this] { work(); });
    }
  }

  void enqueue(std::function<void()> task) override {
    {
      const std::lock_guard lock{mutex_};
      if (tasks_.size() < kMaxQueued) {
        tasks_.push_back(std::move(task));
        filled_.notify_one();
        return;
      }
    }
    task();
  }

  void shutdown() override {
    {
      const std::lock_guard lock{mutex_};
      ended_ = true;
    }
    filled_.notify_all();
    for (std::thread& worker : workers_) worker.join();
    for (const std::function<void()>& task : tasks_) task();
    tasks_.clear();
  }

 private:
  void work() {
    std::unique_lock lock{mutex_};
    for (;;) {
      filled_.wait(lock, [this] { return ended_ || !tasks_.empty(); });
      if (ended_) return;
      const std::function<void()> task = std::move(tasks_.front());
      tasks_.pop_front();
      lock.unlock();
      task();
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable filled_;
  std::deque<std::function<void()>> tasks_;
  bool ended_ = false;
  std::vector<std::thread> workers_;
};

void block_signals() {
  sigset_t all;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

void set_text(httplib::Response& response, int status, const char* text) {
  response.status = status;
  response.set_content(text, "text/plain; charset=utf-8");
}

}  // namespace

struct HttpServer::Impl final : httplib::Server {
  Impl() : stop_fd{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)} {
    if (stop_fd < 0) Socket::throw_errno("cannot open an eventfd");
    new_task_queue = [] { return new BoundedQueue; };  // deleted by httplib
    // Without SO_REUSEPORT, which httplib sets by default: with it a second process could bind the
    // same port and take half of the connections.
    set_socket_options([](socket_t fd) {
      const int on = 1;
      ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    });
    set_pre_routing_handler([this](const httplib::Request& request, httplib::Response& response) {
      // Pages are sent whole. httplib would build an answer of any size from a list of ranges; its
      // request is an object of its own that is not const.
      const_cast<httplib::Request&>(request).ranges.clear();
      answer(request, response);
      return HandlerResponse::Handled;
    });
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() override { ::close(stop_fd); }

  void answer(const httplib::Request& request, httplib::Response& response) const {
    const auto page = pages.find(request.path);
    if (page == pages.end()) return set_text(response, 404, "not found\n");
    if (request.method != "GET" && request.method != "HEAD") {
      response.set_header("Allow", "GET, HEAD");
      return set_text(response, 405, "method not allowed\n");
    }
    try {
      const HttpResponse made = page->second();
      response.status = made.status;
      response.set_content(made.body, made.content_type);
    } catch (const std::exception&) {
      set_text(response, 500, "internal error\n");
    }
  }

  bool process_and_close_socket(socket_t fd) override {
    bool answered = false;
    if (std::this_thread::get_id() != accepting.load()) {
      try {
        BoundedStream stream{fd, stop_fd};
        bool closed = false;
        answered = process_request(stream, true, closed, nullptr);
      } catch (const std::exception&) {
        answered = false;  // a request that httplib can not parse: the connection is closed
      }
    }
    // Read what came behind the request, or the kernel resets the connection and the peer may
    // lose the answer.
    ::shutdown(fd, SHUT_WR);
    std::array<char, kMaxRequestBytes> rest{};
    static_cast<void>(::recv(fd, rest.data(), rest.size(), MSG_DONTWAIT));
    ::close(fd);
    return answered;
  }

  void bind(const std::string& address, std::uint16_t wanted) {
    static_cast<void>(Endpoint{address, wanted});  // throws unless it is an IP address
    errno = 0;
    const int got = wanted == 0 ? bind_to_any_port(address)
                                : (bind_to_port(address, wanted) ? int{wanted} : -1);
    if (got > 0) {
      // Again, with a longer queue than the five of httplib: with it, a burst of connections waits
      // a second for the peer's kernel to try again.
      ::listen(svr_sock_.load(), kBacklog);
      port = static_cast<std::uint16_t>(got);
      return;
    }
    const int error = errno;
    const std::string place = address + " port " + std::to_string(wanted);
    if (error == EADDRINUSE) throw std::runtime_error{place + " is in use by another process"};
    throw std::runtime_error{"cannot listen on " + place + ": " +
                             std::generic_category().message(error)};
  }

  void run() {
    thread = std::thread{[this] {
      block_signals();  // inherited by the workers; an interrupted accept() would end httplib
      accepting.store(std::this_thread::get_id());
      listen_after_bind();
    }};
    while (!is_running()) std::this_thread::yield();  // before that, httplib ignores stop()
  }

  int stop_fd;
  std::uint16_t port = 0;
  std::map<std::string, HttpServer::Handler, std::less<>> pages;
  std::atomic<std::thread::id> accepting{};  // this thread accepts, it never answers
  std::thread thread;
};

HttpServer::HttpServer() : impl_{std::make_unique<Impl>()} {}

HttpServer::~HttpServer() { stop(); }

void HttpServer::get(const std::string& path, Handler handler) {
  impl_->pages[path] = std::move(handler);
}

void HttpServer::start(const std::string& address, std::uint16_t port) {
  impl_->bind(address, port);
  impl_->run();
}

std::uint16_t HttpServer::port() const noexcept { return impl_->port; }

void HttpServer::stop() {
  if (!impl_->thread.joinable()) return;
  const std::uint64_t one = 1;
  static_cast<void>(::write(impl_->stop_fd, &one, sizeof one));
  impl_->httplib::Server::stop();
  impl_->thread.join();
}

}  // namespace tapeline::net
