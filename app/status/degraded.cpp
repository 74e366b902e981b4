#include "app/status/degraded.hpp"

#include <algorithm>
#include <cmath>
#include <string_view>

namespace tapeline::status {
namespace {

using Lines = std::vector<std::string>;

[[nodiscard]] bool is_silent(const ChannelStatus& channel) {
  // An age that is not known is that of a capture, or of a line before its first packet.
  const auto silent = [](const LineStatus& line) {
    return line.last_packet_age_seconds > kSilenceSeconds;
  };
  const auto known = [](const LineStatus& line) {
    return !std::isnan(line.last_packet_age_seconds);
  };
  const bool any = std::any_of(channel.lines.begin(), channel.lines.end(), known);
  return any && std::all_of(channel.lines.begin(), channel.lines.end(),
                            [&](const auto& line) { return !known(line) || silent(line); });
}

void add_books(const std::string& name, const ChannelStatus& channel, Lines& lines) {
  if (channel.stale) {
    lines.push_back(name + ": books are stale" +
                    (channel.awaits_snapshot ? ", a snapshot is waited for" : ""));
  }
  if (is_silent(channel)) {
    lines.push_back(name + ": no packet for more than " +
                    std::to_string(static_cast<int>(kSilenceSeconds)) + " s");
  }
  for (const TcpStatus& tcp : channel.tcp) {
    if (!tcp.logged_in && !tcp.over) lines.push_back(name + ": TCP session is " + tcp.state);
  }
}

void add_channel(const std::string& name, const ChannelStatus& channel, Lines& lines) {
  add_books(name, channel, lines);
  if (channel.incomplete) lines.push_back(name + ": volumes and VWAPs miss messages");
  for (const LineStatus& line : channel.lines) {
    if (!line.alive) lines.push_back(name + ": line " + line.name + " is dead");
  }
}

void add_held(const StatusSnapshot& snapshot, std::string_view name, HeldStatus HeldStatuses::*pool,
              Lines& lines) {
  if (!may_leak(snapshot, pool)) return;
  const HeldStatus& held = snapshot.held.*pool;
  lines.push_back("pool " + std::string{name} + ": at least " + std::to_string(held.lowest) +
                  " buffers in use all the time, " + std::to_string(held.rise) + " more than " +
                  std::to_string(static_cast<int>(held.rise_seconds)) +
                  " s ago and never fewer since: a leak, or a reader that falls behind");
}

template <typename Function>
void each_channel(const StatusSnapshot& snapshot, Function&& function) {
  for (const FeedStatus& feed : snapshot.feeds) {
    for (const ChannelStatus& channel : feed.channels) {
      function(feed.name + "/" + channel.name, channel);
    }
  }
}

[[nodiscard]] std::string failure_text(const ArchiveStatus& archive) {
  return archive.feed + "/" + archive.channel +
         ": archive can not be written: " + archive.last_error;
}

}  // namespace

bool is_in_sync(const ChannelStatus& channel) {
  const auto off = [](const TcpStatus& tcp) { return !tcp.logged_in && !tcp.over; };
  return channel.packets + channel.messages > 0 && !channel.stale && !channel.awaits_snapshot &&
         !is_silent(channel) && std::none_of(channel.tcp.begin(), channel.tcp.end(), off);
}

bool may_leak(const StatusSnapshot& snapshot, HeldStatus HeldStatuses::*pool) {
  const HeldStatus& held = snapshot.held.*pool;
  if (pool != &HeldStatuses::simd) return held.rise > 0;
  std::uint64_t instruments = 0;
  for (const MarketStatus& market : snapshot.markets) instruments += market.instruments;
  return held.rise > 0 && held.lowest > instruments;
}

std::vector<std::string> degradations(const StatusSnapshot& snapshot) {
  Lines lines;
  each_channel(snapshot, [&](const std::string& name, const ChannelStatus& channel) {
    add_channel(name, channel, lines);
  });
  for (const ArchiveStatus& archive : snapshot.archives) {
    if (archive.failed) {
      lines.push_back(failure_text(archive));
    } else if (!archive.complete) {
      lines.push_back(archive.feed + "/" + archive.channel + ": archive misses packets");
    }
  }
  add_held(snapshot, "serialization", &HeldStatuses::serialization, lines);
  add_held(snapshot, "compression", &HeldStatuses::compression, lines);
  add_held(snapshot, "simd", &HeldStatuses::simd, lines);
  return lines;
}

std::vector<std::string> unready_reasons(const StatusSnapshot& snapshot) {
  Lines lines;
  each_channel(snapshot, [&](const std::string& name, const ChannelStatus& channel) {
    if (!channel.required || is_in_sync(channel)) return;
    const std::size_t before = lines.size();
    add_books(name, channel, lines);
    if (lines.size() == before) lines.push_back(name + ": nothing has been received yet");
  });
  for (const ArchiveStatus& archive : snapshot.archives) {
    if (archive.failed) lines.push_back(failure_text(archive));
  }
  return lines;
}

}  // namespace tapeline::status
