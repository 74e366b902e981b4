#include "app/commands/watch.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cmath>
#include <iostream>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include "app/commands/health_probe.hpp"
#include "app/commands/options.hpp"
#include "app/config.hpp"
#include "app/escaped_text.hpp"
#include "app/stop_signal.hpp"
#include "app/watch/poller.hpp"
#include "app/watch/status_reading.hpp"
#include "app/watch/terminal.hpp"
#include "app/watch/view.hpp"
#include "net/http_client.hpp"

namespace tapeline::commands {
namespace {

constexpr int kHttpOk = 200;
constexpr std::size_t kMaxHeadBytes = 4096;
constexpr std::size_t kScriptColumns = 120;  // of --once where no terminal says another number
constexpr std::size_t kMaxColumns = 1000;
constexpr std::chrono::milliseconds kTick{100};
constexpr std::chrono::seconds kAnswerLimit{5};

struct WatchOptions {
  std::string url = "http://127.0.0.1:9600";
  double interval_s = 1.0;
  bool once = false;
  std::string format = "text";
};

struct Fetched {
  std::optional<watch::StatusDocument> document;
  std::string problem;  // when there is none
};

Fetched fetch(const StatusUrl& url, bool with_json, int cancel) {
  const net::HttpReply reply = net::http_get(url.host, url.port, url.path, kAnswerLimit,
                                             watch::kMaxStatusBytes + kMaxHeadBytes, cancel);
  Fetched fetched;
  fetched.problem = plain_words(reply.fault);
  if (reply.fault != net::HttpFault::none) return fetched;
  if (reply.status != kHttpOk) {
    fetched.problem = "HTTP " + std::to_string(reply.status) + "; is it a tapeline process?";
    return fetched;
  }
  fetched.document = watch::read_status(reply.body, with_json);
  if (!fetched.document) {
    fetched.problem = "an answer, but no status document; is it a tapeline process?";
  }
  return fetched;
}

double steady_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

std::string shown_url(const StatusUrl& url) {
  const bool is_v6 = url.host.find(':') != std::string::npos;
  const std::string host = escaped_text(url.host);
  return "http://" + (is_v6 ? "[" + host + "]" : host) + ":" + std::to_string(url.port);
}

std::size_t columns_of_stdout() {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return kScriptColumns;
  return std::min<std::size_t>(size.ws_col, kMaxColumns);
}

int watch_once(const WatchOptions& options, const StatusUrl& url) {
  const bool json = options.format == "json";
  Fetched fetched = fetch(url, json, net::kNoCancel);
  if (!fetched.document) throw std::runtime_error{shown_url(url) + ": " + fetched.problem};
  if (json) {
    std::cout << fetched.document->json;
    return kExitOk;
  }
  watch::Moment moment;
  moment.take(std::move(fetched.document->reading));
  watch::Connection connection{0.0};
  connection.answered(0.0);
  const watch::Scene scene{.url = shown_url(url),
                           .interval_seconds = options.interval_s,
                           .now_seconds = 0.0,
                           .connection = connection,
                           .moment = moment};
  std::cout << watch::plain_text(watch::draw_all(scene, columns_of_stdout()));
  return kExitOk;
}

void require_terminal() {
  if (::isatty(STDIN_FILENO) == 1 && ::isatty(STDOUT_FILENO) == 1) return;
  throw ConfigError{"watch needs a terminal for input and output; for a script there is --once"};
}

int watch_live(const WatchOptions& options, const StatusUrl& url) {
  require_terminal();
  std::optional<watch::Terminal> terminal;
  try {
    terminal.emplace();
  } catch (const std::runtime_error& error) {
    throw ConfigError{error.what()};
  }
  catch_stop_signals();
  const auto ask = [&url](int cancel) {
    Fetched fetched = fetch(url, false, cancel);
    watch::Answer answer{.reading = std::nullopt, .problem = std::move(fetched.problem)};
    if (fetched.document) answer.reading = std::move(fetched.document->reading);
    return answer;
  };
  watch::Poller poller{ask, std::chrono::milliseconds{std::llround(options.interval_s * 1000)}};
  watch::Connection connection{steady_seconds()};
  watch::Moment moment;
  watch::Choice choice;
  while (!choice.quit && !stop_requested()) {
    if (std::optional<watch::Answer> answer = poller.take()) {
      answer->reading ? connection.answered(steady_seconds())
                      : connection.failed(answer->problem, steady_seconds());
      if (answer->reading && !choice.paused) moment.take(std::move(*answer->reading));
    }
    const watch::Scene scene{.url = shown_url(url),
                             .interval_seconds = options.interval_s,
                             .now_seconds = steady_seconds(),
                             .connection = connection,
                             .moment = moment};
    const watch::Drawn drawn = watch::draw(scene, choice, terminal->size());
    terminal->show(drawn.screen);
    if (const auto key = terminal->next_key(kTick)) watch::press(*key, drawn, choice);
  }
  terminal.reset();  // before anything is waited for
  return kExitOk;
}

int watch_process(const WatchOptions& options, bool format_given) {
  const StatusUrl url = parse_status_url(options.url, "/status");
  if (options.once) return watch_once(options, url);
  if (format_given) throw ConfigError{"--format is for --once"};
  return watch_live(options, url);
}

}  // namespace

void add_watch_command(CLI::App& app, Action& action) {
  auto options = std::make_shared<WatchOptions>();
  CLI::App* command = app.add_subcommand("watch", "A running process in the terminal, like top");
  command->add_option("URL", options->url, "Its status page, default http://127.0.0.1:9600")
      ->type_name("");
  require_number(*command->add_option("--interval", options->interval_s,
                                      "Seconds between two looks, default 1"),
                 0.1, 3600, "seconds");
  command->add_flag("--once", options->once, "Print everything once and end; needs no terminal");
  CLI::Option* format =
      command->add_option("--format", options->format, "of --once: text or json (default text)");
  require_one_of(*format, {"text", "json"});
  command->footer(
      "Keys: h help, q end, 1 to 7 or Tab views, < > sort, / filter, p pause.\n"
      "Exit code: 0 ended by the user or printed, 1 no answer with --once or the terminal is "
      "gone,\n"
      "2 usage, no terminal.\n\n"
      "Examples:\n"
      "  tapeline watch\n"
      "  tapeline watch http://10.0.0.5:9600 --interval 5\n"
      "  tapeline watch --once --format json | jq '.feeds[].channels[].lost_messages'");
  command->callback([options, format, &action] {
    action = [options, format_given = format->count() > 0] {
      return watch_process(*options, format_given);
    };
  });
}

}  // namespace tapeline::commands
