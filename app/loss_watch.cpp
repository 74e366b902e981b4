#include "app/loss_watch.hpp"

#include "app/summary.hpp"

namespace tapeline {

void LossWatch::note(const std::string& what, std::uint64_t count, const std::string& why,
                     const Tell& tell) {
  std::uint64_t& seen = seen_[what];
  if (count > seen) {
    tell(what + ": " + grouped(count - seen) + " more, " + grouped(count) + " in all" +
         (why.empty() ? "" : " (" + why + ")"));
  }
  seen = count;
}

void LossWatch::look(const status::StatusSnapshot& snapshot, const Tell& tell) {
  for (const status::FeedStatus& feed : snapshot.feeds) {
    for (const status::ChannelStatus& channel : feed.channels) {
      const std::string name = feed.name + "/" + channel.name + ": ";
      for (const auto& kind : channel.malformed) {
        note(name + "malformed, " + kind.name, kind.count, "", tell);
      }
      for (const auto& kind : channel.anomalies) note(name + kind.name, kind.count, "", tell);
      note(name + "messages of unknown types", channel.unknown_types, "", tell);
      for (const status::LineStatus& line : channel.lines) {
        const std::string of_line = name + "line " + line.name + ": ";
        note(of_line + "packets dropped by the kernel", line.kernel_drops,
             "raise net.core.rmem_max and receive_buffer_bytes", tell);
        for (const auto& kind : line.anomalies) note(of_line + kind.name, kind.count, "", tell);
      }
    }
  }
  for (const status::ArchiveStatus& archive : snapshot.archives) {
    const std::string name = archive.feed + "/" + archive.channel + ": packets not archived";
    note(name + ", the ring was full", archive.gap_packets, "", tell);
    note(name, archive.lost_packets, archive.last_error, tell);
  }
  note("serialization pool: refusals", snapshot.pools.serialization.refusals, "", tell);
  note("compression pool: refusals", snapshot.pools.compression.refusals, "", tell);
}

}  // namespace tapeline
