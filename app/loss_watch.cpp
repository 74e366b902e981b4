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

// Once when an outage begins and once when it ends, with what is missing; a full ring comes and
// goes too often for that.
void LossWatch::look_at(const status::ArchiveStatus& archive, const Tell& tell) {
  const std::string name = archive.feed + "/" + archive.channel + ": ";
  note(name + "packets not archived, the ring was full", archive.gap_packets, "", tell);
  note(name + "archive files not known to be on disk", archive.sync_errors, archive.last_error,
       tell);
  std::uint64_t& failed = seen_[name + "failed"];
  if (archive.failed && failed == 0) {
    tell(name + "the archive can not be written (" + archive.last_error +
         "); the feed goes on, writing is tried again");
  }
  failed = archive.failed ? 1 : 0;
  std::uint64_t& outages = seen_[name + "outages"];
  if (archive.outages > outages)
    tell(name + "archive goes on, " + missed_text(archive.last_missed));
  outages = archive.outages;
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
    look_at(archive, tell);
  }
  note("serialization pool: refusals", snapshot.pools.serialization.refusals, "", tell);
  note("compression pool: refusals", snapshot.pools.compression.refusals, "", tell);
}

}  // namespace tapeline
