// How soon and how much: tapeline's receiving path over loopback beside a bare recvmmsg loop in the
// same run, in turns. Sender and receiver are pinned to a processor each.
//
// Usage: net_bench [--repetitions N] [--json FILE] [--quick]
//
// Latency:  from the kernel's receive time stamp to the decoded event with its book updated
//           (tapeline) or to the return of recvmmsg (bare), one message per packet, 100,000/s.
// Rate:     the largest at which nothing is lost, found by halving an interval; each step is tried
//           twice, and once is enough, since the machine may be shared.
// CPU:      of the receiving thread per packet, waiting, at a rate that both hold.

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "load.hpp"
#include "receivers.hpp"
#include "soup.hpp"

namespace tapeline::bench {
namespace {

using MakeReceiver = std::unique_ptr<Receiver> (*)(const ReceiverOptions&);
constexpr std::uint32_t kSmallBufferBytes = 4 * 1024 * 1024;

struct Lengths {
  double latency_seconds = 3.0;
  double trial_seconds = 0.5;
  double cpu_seconds = 2.0;
  double hold_seconds = 10.0;
  double soup_seconds = 2.0;
  int halvings = 6;
};

using Figures = std::map<std::string, std::vector<double>>;

struct Run {
  Load::Sent sent;
  std::uint64_t received = 0;
  double cpu_seconds = 0.0;

  [[nodiscard]] bool is_whole() const noexcept {
    return received == sent.packets && sent.refused == 0;
  }
};

Run run_once(Receiver& receiver, Load::Kind kind, double rate, double seconds, std::size_t burst) {
  Load load{kind, receiver.port()};
  receiver.start();
  Run run;
  run.sent = load.send(rate, seconds, burst);
  receiver.stop();
  run.received = receiver.packets();
  run.cpu_seconds = receiver.cpu_seconds();
  return run;
}

void measure_latency(Figures& figures, const std::string& name, MakeReceiver make, Mode mode,
                     const Lengths& lengths) {
  const auto receiver = make({.mode = mode, .depth = Depth::books, .time_events = true});
  run_once(*receiver, Load::Kind::single_message, 100'000, lengths.latency_seconds, 1);
  figures[name + "_p50_ns"].push_back(receiver->times().percentile_ns(0.5));
  figures[name + "_p99_ns"].push_back(receiver->times().percentile_ns(0.99));
  figures[name + "_p999_ns"].push_back(receiver->times().percentile_ns(0.999));
}

// The highest rate without loss, packets per second as really sent.
double largest_rate(MakeReceiver make, Mode mode, Load::Kind kind, const Lengths& lengths) {
  constexpr double kLowest = 50'000;
  constexpr double kHighest = 3'000'000;
  constexpr int kTries = 2;
  double low = kLowest;
  double high = kHighest;
  double best = 0.0;
  for (int step = 0; step < lengths.halvings; ++step) {
    const double rate = std::sqrt(low * high);
    double held = 0.0;
    double sent = 0.0;
    for (int attempt = 0; attempt < kTries && held == 0.0; ++attempt) {
      const auto receiver = make({.mode = mode});
      const Run run = run_once(*receiver, kind, rate, lengths.trial_seconds, 64);
      sent = run.sent.per_second();
      if (run.is_whole()) held = sent;
    }
    if (held > 0.0) {
      best = std::max(best, held);
      low = rate;
      if (sent < rate * 0.9) break;  // the sender can not do more
    } else {
      high = rate;
    }
  }
  return best;
}

void measure_cpu(Figures& figures, const std::string& name, MakeReceiver make,
                 const ReceiverOptions& options, Load::Kind kind, const Lengths& lengths) {
  const auto receiver = make(options);
  const Run run = run_once(*receiver, kind, 200'000, lengths.cpu_seconds, 64);
  figures[name].push_back(run.cpu_seconds * 1e9 / static_cast<double>(run.received));
}

void measure_hold(Figures& figures, const std::string& name, Mode mode, double rate,
                  const Lengths& lengths) {
  const auto receiver =
      tapeline_receiver({.mode = mode, .receive_buffer_bytes = kSmallBufferBytes});
  const Run run = run_once(*receiver, Load::Kind::bytes_200, rate, lengths.hold_seconds, 64);
  figures[name + "_lost"].push_back(static_cast<double>(run.sent.packets - run.received));
  figures[name + "_rate"].push_back(run.sent.per_second());
}

void measure_all(Figures& figures, int repetition, const Lengths& lengths) {
  struct Peer {
    const char* name;
    MakeReceiver make;
  };
  std::vector<Peer> peers{{"bare", bare_receiver}, {"tapeline", tapeline_receiver}};
  if (repetition % 2 == 1) std::swap(peers[0], peers[1]);
  for (const auto& [mode, mode_name] : {std::pair{Mode::wait, "wait"}, {Mode::spin, "spin"}}) {
    for (const Peer& peer : peers) {
      const std::string name = std::string{peer.name} + "_" + mode_name;
      measure_latency(figures, name, peer.make, mode, lengths);
    }
    for (const auto& [kind, size] :
         {std::pair{Load::Kind::bytes_200, "200"}, {Load::Kind::bytes_1400, "1400"}}) {
      for (const Peer& peer : peers) {
        const std::string name = std::string{peer.name} + "_" + mode_name + "_rate_" + size;
        figures[name].push_back(largest_rate(peer.make, mode, kind, lengths));
      }
    }
  }
  for (const auto& [kind, size] :
       {std::pair{Load::Kind::bytes_200, "200"}, {Load::Kind::bytes_1400, "1400"}}) {
    for (const Peer& peer : peers) {
      const std::string name = std::string{peer.name} + "_cpu_ns_" + size;
      measure_cpu(figures, name, peer.make, {}, kind, lengths);
    }
    measure_cpu(figures, std::string{"apart_cpu_ns_"} + size, tapeline_receiver, {.gro = false},
                kind, lengths);
    measure_cpu(figures, std::string{"books_cpu_ns_"} + size, tapeline_receiver,
                {.depth = Depth::books}, kind, lengths);
  }
  figures["soup_frames"].push_back(soup_frames_per_second(lengths.soup_seconds));
}

}  // namespace
}  // namespace tapeline::bench

int main(int argc, char** argv) {
  using namespace tapeline::bench;
  int repetitions = 7;
  std::string json;
  Lengths lengths;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument == "--repetitions" && i + 1 < argc) {
      repetitions = std::max(1, std::atoi(argv[++i]));
    } else if (argument == "--json" && i + 1 < argc) {
      json = argv[++i];
    } else if (argument == "--quick") {
      lengths = {.latency_seconds = 0.5,
                 .trial_seconds = 0.1,
                 .cpu_seconds = 0.3,
                 .hold_seconds = 1.0,
                 .soup_seconds = 0.3,
                 .halvings = 5};
    } else {
      std::fprintf(stderr, "usage: net_bench [--repetitions N] [--json FILE] [--quick]\n");
      return 2;
    }
  }
  pin_to(0);
  Figures figures;
  for (int repetition = 0; repetition < repetitions; ++repetition) {
    std::fprintf(stderr, "repetition %d of %d\n", repetition + 1, repetitions);
    measure_all(figures, repetition, lengths);
  }
  constexpr int kHoldRuns = 3;
  for (int run = 0; run < kHoldRuns; ++run) {
    measure_hold(figures, "hold_wait_400k", Mode::wait, 400'000, lengths);
    measure_hold(figures, "hold_spin_600k", Mode::spin, 600'000, lengths);
  }
  const std::string text = nlohmann::json{{"figures", figures}}.dump(2);
  if (json.empty()) {
    std::puts(text.c_str());
  } else {
    std::ofstream{json} << text << '\n';
  }
  return 0;
}
