#include "app/commands/simulate_live.hpp"

#include <algorithm>
#include <ctime>
#include <iostream>
#include <string_view>
#include <vector>

#include "app/commands/command.hpp"
#include "app/commands/simulate_report.hpp"
#include "app/simulate/arguments.hpp"
#include "app/simulate/capture_feed.hpp"
#include "app/simulate/exchange.hpp"
#include "app/simulate/ledger_file.hpp"
#include "app/simulate/live_link.hpp"
#include "app/simulate/player.hpp"
#include "app/simulate/progress.hpp"
#include "app/simulate/publishing_link.hpp"
#include "app/stop_signal.hpp"

namespace tapeline::commands {

namespace {

using codec::capture::Endpoint;

constexpr std::string_view kDateOfFiles = "2026-01-05";
constexpr std::uint64_t kSecondNs = 1'000'000'000;
constexpr std::uint64_t kDefaultMessages = 1'000'000;
constexpr std::uint64_t kUnpacedMessagesPerSecond = 5'000'000;  // more than one core makes
constexpr std::uint32_t kDefaultInstruments = 8'000;
constexpr std::uint64_t kMessagesPerInstrument = 50;
constexpr std::uint64_t kServerLingerSeconds = 3;
constexpr std::uint64_t kRequestFaultSeed = 0x5EED'0001;  // other numbers than those of the lines

// Messages for the rate and duration asked for; a short one ends before the session does.
[[nodiscard]] std::uint64_t messages_to_last(const SimulateOptions& options) {
  const std::uint64_t rate = simulate::parse_rate(options.rate).value_or(0);
  const auto per_second = static_cast<double>(rate == 0 ? kUnpacedMessagesPerSecond : rate);
  // IEX takes fewer messages for the same day, but not less than half of them.
  const double share = options.is_iex() ? 2.0 : 1.0;
  const auto messages = static_cast<std::uint64_t>(options.duration_s * per_second * share);
  return std::max(messages, simulate::minimum_messages(
                                std::max(options.instruments, simulate::kMinInstruments)));
}

// Another session each second, so that a receiver that saw the last one end follows this one.
[[nodiscard]] std::string fresh_session() {
  constexpr long kNineDigits = 1'000'000'000;
  const std::string digits = std::to_string(std::time(nullptr) % kNineDigits);
  return "T" + std::string(9 - digits.size(), '0') + digits;
}

[[nodiscard]] simulate::LineSession mold_session(const SimulateOptions& options) {
  return codec::moldudp64::Session::from_text(options.session.empty() ? fresh_session()
                                                                      : options.session);
}

[[nodiscard]] simulate::LineSession fresh_iex_session(codec::iextp::Protocol protocol,
                                                      std::uint32_t channel) {
  return codec::iextp::Session::from(protocol, channel,
                                     static_cast<std::uint32_t>(std::time(nullptr)));
}

[[nodiscard]] std::vector<net::UdpSenderConfig> live_lines(const SimulateOptions& options) {
  std::vector<net::UdpSenderConfig> lines;
  if (options.lines == "none") return lines;
  for (const char name : options.lines) {
    const auto group =
        simulate::parse_endpoint(name == 'A' ? options.to_a : options.to_b).value_or(Endpoint{});
    net::UdpSenderConfig line;
    line.address = group.address.text();
    line.port = group.port;
    line.interface = options.interface;
    lines.push_back(line);
  }
  return lines;
}

// What is wrong with a flag's value, with the flag in front.
template <typename Parse>
[[nodiscard]] auto parse_flag(const char* flag, const std::string& text, Parse parse) {
  try {
    return parse(text);
  } catch (const std::invalid_argument& error) {
    throw ConfigError{std::string{flag} + ": " + error.what()};
  }
}

[[nodiscard]] simulate::FaultPlan fault_plan(const SimulateOptions& options,
                                             const simulate::LineSession& session) {
  auto plan = parse_flag("--faults", options.faults, simulate::parse_faults);
  if (plan.server != simulate::ServerFaultPlan{} && options.request_server.empty()) {
    throw ConfigError{"--faults: server-loss and the like are for --request-server"};
  }
  if (plan.touches_lines() && options.lines == "none") {
    throw ConfigError{"--faults: there is no line for them with --lines none"};
  }
  if (std::holds_alternative<codec::iextp::Session>(session) && plan.makes_packets()) {
    throw ConfigError{"--faults: malformed, damage and foreign make packets of MoldUDP64"};
  }
  if (options.lines == "B") plan.lines[0] = plan.lines[1];  // the only line, and yet line b
  return plan;
}

[[nodiscard]] simulate::SoupServerConfig soup_config(const std::string& listen,
                                                     const char* faults_flag,
                                                     const std::string& faults,
                                                     const SimulateOptions& options) {
  simulate::SoupServerConfig config;
  config.listen = simulate::parse_listen_endpoint(listen).value_or(Endpoint{});
  config.faults = parse_flag(faults_flag, faults, simulate::parse_soup_faults);
  if (!options.credentials_file.empty()) {
    config.accounts =
        prepare([&] { return simulate::Accounts::from_file(options.credentials_file); });
  }
  return config;
}

[[nodiscard]] simulate::ExchangeConfig exchange_config(const SimulateOptions& options,
                                                       const simulate::FaultPlan& faults,
                                                       const codec::moldudp64::Session& session) {
  constexpr std::size_t kMaxGlimpseClients = 8;  // each of them has a snapshot of its own
  simulate::ExchangeConfig config;
  config.session = session;
  config.history_bytes = options.history_mib << 20U;
  if (!options.request_server.empty()) {
    simulate::RequestServerConfig requests;
    requests.listen = simulate::parse_listen_endpoint(options.request_server).value_or(Endpoint{});
    requests.answers.packet_bytes = options.packet_bytes;
    requests.answers.rate = options.request_rate;
    if (!options.request_peers.empty() && options.request_peers != "any") {
      requests.answers.peers = simulate::parse_addresses(options.request_peers);
    }
    requests.faults = faults.server;
    requests.seed = options.seed ^ kRequestFaultSeed;
    config.requests = std::move(requests);
  }
  if (!options.soup_server.empty()) {
    config.soup = soup_config(options.soup_server, "--soup-faults", options.soup_faults, options);
  }
  if (!options.glimpse_server.empty()) {
    config.glimpse =
        soup_config(options.glimpse_server, "--glimpse-faults", options.glimpse_faults, options);
    config.glimpse->max_clients = kMaxGlimpseClients;
  }
  return config;
}

// When the steady clock was at 0.
[[nodiscard]] std::int64_t zero_unix_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return static_cast<std::int64_t>(now.tv_sec) * static_cast<std::int64_t>(kSecondNs) +
         now.tv_nsec - static_cast<std::int64_t>(simulate::SteadyClock::now_ns());
}

[[nodiscard]] simulate::PlayOptions play_options(const SimulateOptions& options,
                                                 const simulate::LineSession& session) {
  simulate::PlayOptions play;
  play.session = session;
  play.zero_unix_ns = zero_unix_ns();
  play.cut = cut_options(options, false);
  play.rate = simulate::parse_rate(options.rate).value_or(0);
  if (!options.pace.empty()) {
    play.rate = 0;
    play.speed = simulate::parse_pace(options.pace).value_or(0);
  }
  play.duration_ns = static_cast<std::uint64_t>(options.duration_s * 1e9);
  play.lead_ns = options.lead_s * kSecondNs;
  play.linger_ns =
      options.linger_s.value_or(options.has_server() ? kServerLingerSeconds : 0) * kSecondNs;
  return play;
}

void tell_ports(const simulate::Exchange& exchange, const SimulateOptions& options) {
  const auto tell = [](const char* what, const std::string& listen, std::uint16_t port) {
    const auto endpoint = simulate::parse_listen_endpoint(listen).value_or(Endpoint{});
    std::cerr << what << " on " << Endpoint{endpoint.address, port}.text() << '\n';
  };
  if (exchange.requests() != nullptr) {
    tell("re-request server", options.request_server, exchange.request_port());
  }
  if (exchange.soup() != nullptr) {
    tell("SoupBinTCP server", options.soup_server, exchange.soup()->port());
  }
  if (exchange.glimpse() != nullptr) {
    tell("GLIMPSE server", options.glimpse_server, exchange.glimpse()->port());
  }
  std::cerr << std::flush;
}

// Everything of a live session but its messages.
class LiveSession {
 public:
  LiveSession(const SimulateOptions& options, const simulate::LineSession& session)
      : options_{options}, session_{session}, record_{open_output(options.record, options.force)} {
    const simulate::FaultPlan faults = fault_plan(options, session);
    const auto lines = live_lines(options);
    prepare([&] {
      const simulate::FrameFormat format = frame_format(options);
      if (lines.empty()) {
        link_ = std::make_unique<simulate::LiveLink>(lines, format, record_.get());
      } else {
        link_ = std::make_unique<simulate::LiveLink>(lines, format, record_.get(), faults,
                                                     options.seed);
      }
    });
    if (!options.has_server()) return;
    prepare([&] {
      exchange_ = std::make_unique<simulate::Exchange>(
          exchange_config(options, faults, std::get<codec::moldudp64::Session>(session_)));
    });
    tell_ports(*exchange_, options);
    exchange_->start();
  }

  template <typename Feed>
  void play(Feed& feed, std::uint64_t messages) {
    simulate::Progress progress{messages, options_.progress, stop_requested};
    if (exchange_ == nullptr) {
      play_on(*link_, feed, progress);
    } else {
      simulate::PublishingLink link{*link_, exchange_->store()};
      play_on(link, feed, progress);
      exchange_->stop();
    }
    if (record_) record_->close();
  }

  // Prints what happened, and throws if it was not what was asked for.
  void conclude(const simulate::CaptureFeed* capture) const {
    const LiveReport report{.options = options_,
                            .session = simulate::session_name(session_),
                            .counts = counts_,
                            .link = *link_,
                            .exchange = exchange_.get(),
                            .capture = capture};
    if (options_.format == "json") {
      std::cout << live_report_json(report) << std::flush;
    } else {
      std::cerr << live_report_text(report) << std::flush;
    }
    if (exchange_ != nullptr && !exchange_->failure().empty()) {
      throw std::runtime_error{"the servers failed: " + exchange_->failure()};
    }
    if (capture != nullptr && !capture->error().empty()) {
      throw std::runtime_error{capture->error()};
    }
    if (link_->unsent() > 0) {
      throw std::runtime_error{std::to_string(link_->unsent()) +
                               " packets could not be sent: is the interface up, and does it have "
                               "a route for the groups?"};
    }
  }

 private:
  template <typename Link, typename Feed>
  void play_on(Link& link, Feed& feed, simulate::Progress& progress) {
    simulate::SteadyClock clock;
    simulate::Player player{play_options(options_, session_), feed, clock, link, progress};
    counts_ = player.play();
  }

  const SimulateOptions& options_;
  simulate::LineSession session_;
  std::unique_ptr<simulate::OutputFile> record_;
  std::unique_ptr<simulate::LiveLink> link_;
  std::unique_ptr<simulate::Exchange> exchange_;
  simulate::PlayCounts counts_;
};

void play_capture(const SimulateOptions& options) {
  simulate::CaptureFeedConfig config;
  config.max_messages = options.messages;
  config.packet_bytes = options.packet_bytes;
  config.stop = stop_requested;
  const auto feed =
      prepare([&] { return std::make_unique<simulate::CaptureFeed>(options.from, config); });
  const auto& iex = feed->iex_session();
  if (iex) check_iex_options(options);
  LiveSession live{
      options, iex ? fresh_iex_session(iex->protocol(), iex->channel()) : mold_session(options)};
  live.play(*feed, options.messages);
  live.conclude(feed.get());
}

void play_generated(const SimulateOptions& options) {
  const simulate::SessionConfig config = session_config(options);
  const auto session = prepare([&] { return std::make_unique<simulate::Session>(config); });
  const auto ledger = open_output(options.ledger, options.force);
  LiveSession live{options, mold_session(options)};
  simulate::GeneratedFeed feed{*session};
  live.play(feed, config.messages);
  close_ledger(*session, options, ledger.get());
  live.conclude(nullptr);
}

void play_generated_iex(const SimulateOptions& options) {
  const simulate::SessionConfig config = session_config(options);
  const auto session = prepare([&] { return std::make_unique<simulate::Session>(config); });
  const auto ledger = open_output(options.ledger, options.force);
  LiveSession live{options, fresh_iex_session(iex_protocol(options), kIexChannel)};
  simulate::IexSession day{*session, iex_protocol(options), midnight_ns(options)};
  simulate::IexSessionFeed feed{day};
  live.play(feed, config.messages);
  close_ledger(day, ledger.get());
  live.conclude(nullptr);
}

}  // namespace

std::unique_ptr<simulate::OutputFile> open_output(const std::string& path, bool force) {
  if (path.empty()) return nullptr;
  return prepare([&] { return std::make_unique<simulate::OutputFile>(path, force); });
}

void close_ledger(const simulate::Session& session, const SimulateOptions& options,
                  simulate::OutputFile* ledger) {
  if (ledger == nullptr) return;
  simulate::write_ledger(session, options.bars, *ledger);
  ledger->close();
}

void close_ledger(const simulate::IexSession& session, simulate::OutputFile* ledger) {
  if (ledger == nullptr) return;
  simulate::write_ledger(session, *ledger);
  ledger->close();
}

codec::iextp::Protocol iex_protocol(const SimulateOptions& options) {
  using codec::iextp::Protocol;
  if (options.feed == "tops") return Protocol::tops;
  return options.feed == "deep-plus" ? Protocol::deep_plus : Protocol::deep;
}

std::int64_t midnight_ns(const SimulateOptions& options) {
  constexpr std::int64_t kDayNs = 86'400 * static_cast<std::int64_t>(kSecondNs);
  if (!options.date.empty()) return simulate::parse_date(options.date).value_or(0);
  if (!options.write.empty()) return simulate::parse_date(kDateOfFiles).value_or(0);
  const std::int64_t now_ns = std::time(nullptr) * static_cast<std::int64_t>(kSecondNs);
  return now_ns - now_ns % kDayNs;
}

simulate::SessionConfig session_config(const SimulateOptions& options) {
  simulate::SessionConfig config;
  config.seed = options.seed;
  config.keep_bars = options.bars;
  config.messages = kDefaultMessages;
  if (options.messages != 0) {
    config.messages = options.messages;
  } else if (options.write.empty() && options.duration_s > 0) {
    config.messages = messages_to_last(options);
  }
  config.instruments = options.instruments;
  if (config.instruments == 0) {
    config.instruments = static_cast<std::uint32_t>(std::clamp<std::uint64_t>(
        config.messages / kMessagesPerInstrument, simulate::kMinInstruments, kDefaultInstruments));
  }
  if (options.messages == 0) {  // nobody asked for a number that is too small for the rest
    config.messages = std::max(config.messages, simulate::minimum_messages(config.instruments));
  }
  return config;
}

simulate::FrameFormat frame_format(const SimulateOptions& options) {
  return {.unit = options.precision == "nano" ? codec::capture::TimeUnit::nano
                                              : codec::capture::TimeUnit::micro,
          .vlan = options.vlan};
}

simulate::CutOptions cut_options(const SimulateOptions& options, bool line_b) {
  simulate::CutOptions cut;
  cut.packet_bytes =
      line_b && options.packet_bytes_b != 0 ? options.packet_bytes_b : options.packet_bytes;
  cut.packet_messages = options.packet_messages;
  return cut;
}

int play_live(const SimulateOptions& options) {
  if (!options.from.empty()) {
    play_capture(options);
  } else if (options.is_iex()) {
    play_generated_iex(options);
  } else {
    play_generated(options);
  }
  return kExitOk;
}

}  // namespace tapeline::commands
