#include "app/status/degraded.hpp"

namespace tapeline::status {
namespace {

void add_channel(const std::string& name, const ChannelStatus& channel,
                 std::vector<std::string>& lines) {
  if (channel.stale) {
    lines.push_back(name + ": books are stale" +
                    (channel.awaits_snapshot ? ", a snapshot is waited for" : ""));
  }
  if (channel.incomplete) lines.push_back(name + ": volumes and VWAPs miss messages");
  for (const LineStatus& line : channel.lines) {
    if (!line.alive) lines.push_back(name + ": line " + line.name + " is dead");
  }
  for (const TcpStatus& tcp : channel.tcp) {
    if (!tcp.logged_in && !tcp.over) lines.push_back(name + ": TCP session is " + tcp.state);
  }
}

}  // namespace

std::vector<std::string> degradations(const StatusSnapshot& snapshot) {
  std::vector<std::string> lines;
  for (const FeedStatus& feed : snapshot.feeds) {
    for (const ChannelStatus& channel : feed.channels) {
      add_channel(feed.name + "/" + channel.name, channel, lines);
    }
  }
  for (const ArchiveStatus& archive : snapshot.archives) {
    const std::string name = archive.feed + "/" + archive.channel;
    if (archive.failed) {
      lines.push_back(name + ": archive can not be written: " + archive.last_error);
    } else if (!archive.complete) {
      lines.push_back(name + ": archive misses packets");
    }
  }
  return lines;
}

}  // namespace tapeline::status
