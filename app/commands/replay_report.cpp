#include "app/commands/replay_report.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>
#include <utility>

#include "app/commands/usage.hpp"
#include "app/summary.hpp"

namespace tapeline::commands {

namespace {

using net::SourceCounter;

constexpr double kNanos = 1e-9;

struct Rates {
  double packets = 0.0;
  double bits = 0.0;
};

[[nodiscard]] Rates rates_of(const Resend& resend) {
  const double seconds = resend.elapsed_seconds();
  if (seconds <= 0.0) return {};
  return {static_cast<double>(resend.packets()) / seconds,
          static_cast<double>(resend.bytes()) * 8.0 / seconds};
}

void add_row(std::string& out, const char* label, const std::string& text) {
  out += fmt::format("{:<12}{}\n", label, text);
}

// What the files held beside packets that can be sent.
[[nodiscard]] std::vector<std::pair<std::string, std::uint64_t>> left_out(const Resend& resend) {
  std::vector<std::pair<std::string, std::uint64_t>> counts;
  for (const auto reason :
       {SourceCounter::unknown_link_type, SourceCounter::non_ip, SourceCounter::fragment,
        SourceCounter::not_udp, SourceCounter::truncated, SourceCounter::bad_length,
        SourceCounter::filtered, SourceCounter::oversized}) {
    counts.emplace_back(net::to_string(reason), resend.input().counted(reason));
  }
  counts.emplace_back("outside_from_and_to", resend.input().left_out());
  counts.emplace_back("cut_packets", resend.cut());
  counts.emplace_back("without_route", resend.unrouted());
  counts.emplace_back("send_errors", resend.errors());
  return counts;
}

[[nodiscard]] std::int64_t late(const Resend& resend, double fraction) {
  return resend.pacer().lateness().percentile(fraction);
}

}  // namespace

void show_progress(const ReplayProgress& progress, std::string_view what) {
  constexpr std::size_t kWidth = 30;
  const double seconds = std::max(progress.elapsed_seconds, kNanos);
  std::string bar;
  if (progress.bytes_total > 0) {
    const double done =
        static_cast<double>(progress.bytes_read) / static_cast<double>(progress.bytes_total);
    const auto filled = std::min(kWidth, static_cast<std::size_t>(done * kWidth));
    bar = fmt::format("[{}{}] {:3.0f} %  ", std::string(filled, '#'),
                      std::string(kWidth - filled, '.'), done * 100.0);
  }
  std::cerr << fmt::format("\r{}{} {}, {:.2f} M/s, {:.3g}x real time\033[K", bar,
                           grouped(progress.done), what,
                           static_cast<double>(progress.done) / seconds / 1e6,
                           progress.captured_seconds / seconds)
            << std::flush;
}

void clear_progress() { std::cerr << "\r\033[K" << std::flush; }

std::string resend_text(const Resend& resend) {
  std::string out;
  for (const std::string& file : resend.files()) add_row(out, "capture", one_line(file));
  const Rates rates = rates_of(resend);
  add_row(out, "sent",
          fmt::format("{} packets, {} bytes of payload in {:.3f} s: {:.0f} packets/s, {:.1f} "
                      "Mbit/s, {:.3g}x real time",
                      grouped(resend.packets()), grouped(resend.bytes()), resend.elapsed_seconds(),
                      rates.packets, rates.bits / 1e6,
                      resend.captured_seconds() / std::max(resend.elapsed_seconds(), kNanos)));
  if (resend.pacer().is_paced()) {
    const auto us = [&](double fraction) {
      return static_cast<double>(late(resend, fraction)) / 1e3;
    };
    add_row(out, "pace",
            fmt::format("{:g} times the recorded one; packets were late by {:.0f} us (p50), "
                        "{:.0f} us (p99), {:.0f} us (most)",
                        resend.speed(), us(0.5), us(0.99), us(1.0)));
  }
  if (resend.input().loops_begun() > 1) {
    add_row(out, "loops", grouped(resend.input().loops_begun()));
  }
  if (resend.interrupted()) add_row(out, "interrupted", "the rest was not sent");
  for (const ResendCount& count : resend.counts()) {
    add_row(out, "to",
            fmt::format("{}{}: {} packets, {} bytes", count.captured.text(),
                        !count.target                     ? " (not sent)"
                        : *count.target == count.captured ? ""
                                                          : " -> " + count.target->text(),
                        grouped(count.packets), grouped(count.bytes)));
  }
  std::string missing;
  for (const auto& [name, count] : left_out(resend)) {
    if (count == 0) continue;
    missing += fmt::format("{}{} {}", missing.empty() ? "" : ", ", name, grouped(count));
  }
  if (!missing.empty()) add_row(out, "not sent", missing);
  return out;
}

std::string resend_json(const Resend& resend) {
  nlohmann::ordered_json json;
  auto& summary = json["summary"];
  summary["command"] = "replay";
  summary["files"] = resend.files();
  summary["elapsed_seconds"] = resend.elapsed_seconds();
  summary["captured_seconds"] = resend.captured_seconds();
  summary["interrupted"] = resend.interrupted();
  summary["loops"] = resend.input().loops_begun();
  summary["packets"] = resend.packets();
  summary["bytes"] = resend.bytes();
  summary["packets_per_second"] = rates_of(resend).packets;
  summary["bits_per_second"] = rates_of(resend).bits;
  if (resend.pacer().is_paced()) {
    summary["pace"] = {{"speed", resend.speed()},
                       {"late_p50_seconds", static_cast<double>(late(resend, 0.5)) * kNanos},
                       {"late_p99_seconds", static_cast<double>(late(resend, 0.99)) * kNanos},
                       {"late_max_seconds", static_cast<double>(late(resend, 1.0)) * kNanos}};
  }
  summary["destinations"] = nlohmann::ordered_json::array();
  for (const ResendCount& count : resend.counts()) {
    nlohmann::ordered_json row;
    row["captured"] = count.captured.text();
    if (count.target) {
      row["target"] = count.target->text();
    } else {
      row["target"] = nullptr;
    }
    row["packets"] = count.packets;
    row["bytes"] = count.bytes;
    summary["destinations"].push_back(std::move(row));
  }
  for (const auto& [name, count] : left_out(resend)) summary["not_sent"][name] = count;
  return json.dump(2, ' ', true, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace tapeline::commands
