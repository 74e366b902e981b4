#include "app/commands/health_probe.hpp"

#include <httplib.h>

#include <algorithm>
#include <charconv>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include "app/config.hpp"
#include "app/config_document.hpp"
#include "codec/json/health.hpp"

namespace tapeline::commands {
namespace {

constexpr int kHttpOk = 200;
constexpr std::size_t kMaxAnswerBytes = codec::json::kMaxHealthBytes;

[[noreturn]] void throw_bad_url(std::string_view text) {
  throw ConfigError{quoted_for_message(text) +
                    " is not the address of a status page; write http://HOST:PORT, such as "
                    "http://127.0.0.1:9600"};
}

std::string plain_words(httplib::Error error, bool out_of_time) {
  if (out_of_time) return "no answer in time";
  switch (error) {
    case httplib::Error::Connection: return "nothing answers there";
    case httplib::Error::ConnectionTimeout: return "no answer in time";
    case httplib::Error::Canceled: return "the answer is too long";
    case httplib::Error::Read: return "the connection broke before the answer was whole";
    default: return "no HTTP answer (" + httplib::to_string(error) + ")";
  }
}

// Stops a client when its time is up, unless it is done before.
class Deadline {
 public:
  Deadline(httplib::Client& client, std::chrono::milliseconds limit)
      : thread_{[this, &client, limit] {
          std::unique_lock lock{mutex_};
          if (changed_.wait_for(lock, limit, [this] { return done_; })) return;
          passed_ = true;
          // A connection that is only being made has no socket to stop yet: keep at it.
          while (
              !changed_.wait_for(lock, std::chrono::milliseconds{20}, [this] { return done_; })) {
            client.stop();
          }
        }} {}
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;
  ~Deadline() { finish(); }

  // Returns whether the time was up.
  bool finish() {
    {
      const std::lock_guard lock{mutex_};
      done_ = true;
    }
    changed_.notify_one();
    if (thread_.joinable()) thread_.join();
    return passed_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool done_ = false;
  bool passed_ = false;
  std::thread thread_;  // last: it uses the others
};

}  // namespace

StatusUrl parse_status_url(std::string_view text) {
  constexpr std::string_view kScheme = "http://";
  std::string_view rest = text;
  if (rest.starts_with(kScheme)) {
    rest.remove_prefix(kScheme.size());
  } else if (rest.find("://") != std::string_view::npos) {
    throw_bad_url(text);
  }
  StatusUrl url;
  const std::size_t slash = rest.find('/');
  if (slash != std::string_view::npos && slash + 1 < rest.size()) url.path = rest.substr(slash);
  rest = rest.substr(0, slash);

  const bool bracketed = rest.starts_with('[');
  const std::size_t host_end = bracketed ? rest.find(']') : rest.find(':');
  if (bracketed && host_end == std::string_view::npos) throw_bad_url(text);
  url.host = bracketed ? rest.substr(1, host_end - 1) : rest.substr(0, host_end);
  std::string_view port = host_end == std::string_view::npos ? "" : rest.substr(host_end);
  if (bracketed) port.remove_prefix(1);
  if (!port.empty()) {
    const char* const end = port.data() + port.size();
    const auto parsed = std::from_chars(port.data() + 1, end, url.port);
    const bool whole = parsed.ec == std::errc{} && parsed.ptr == end;
    if (port.front() != ':' || !whole || url.port == 0) throw_bad_url(text);
  }
  const auto bad = [](char letter) {
    return static_cast<unsigned char>(letter) <= 0x20 || letter == 0x7F || letter == '@';
  };
  if (url.host.empty() || std::any_of(text.begin(), text.end(), bad)) throw_bad_url(text);
  return url;
}

HealthAnswer probe_health(const StatusUrl& url, std::chrono::milliseconds limit) {
  httplib::Client client{url.host, url.port};
  client.set_connection_timeout(limit);
  client.set_read_timeout(limit);
  client.set_write_timeout(limit);
  client.set_follow_location(false);
  HealthAnswer answer;
  Deadline deadline{client, limit};
  const httplib::Result result = client.Get(url.path, [&](const char* data, std::size_t bytes) {
    if (answer.body.size() + bytes > kMaxAnswerBytes) return false;
    answer.body.append(data, bytes);
    return true;
  });
  const bool out_of_time = deadline.finish();
  if (!result) {
    answer.problem = plain_words(result.error(), out_of_time);
    return answer;
  }
  const std::optional<bool> ok = codec::json::health_is_ok(answer.body);
  answer.healthy = result->status == kHttpOk && ok.value_or(false);
  if (answer.healthy) return answer;
  const std::string status = "HTTP " + std::to_string(result->status);
  answer.problem = ok.has_value() ? status + " " + quoted_for_message(answer.body)
                                  : status + ", but no health document; is it a tapeline process?";
  return answer;
}

}  // namespace tapeline::commands
