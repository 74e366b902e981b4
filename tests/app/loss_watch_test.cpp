#include "app/loss_watch.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace tapeline {
namespace {

using Lines = std::vector<std::string>;

struct Watched {
  Watched() {
    archive.feed = "f";
    archive.channel = "c";
  }
  Lines look() {
    status::StatusSnapshot snapshot;
    snapshot.archives.push_back(archive);
    Lines lines;
    watch.look(snapshot, [&](const std::string& line) { lines.push_back(line); });
    return lines;
  }

  status::ArchiveStatus archive;
  LossWatch watch;
};

TEST(LossWatch, TellsAnOutageOfTheArchiveWhenItBeginsAndWhenItEnds) {
  Watched watched;
  EXPECT_EQ(watched.look(), Lines{});
  watched.archive.failed = true;
  watched.archive.last_error = "write: No space left on device";
  watched.archive.lost_packets = 10;
  EXPECT_EQ(watched.look(),
            Lines{"f/c: the archive can not be written (write: No space left on device); the feed "
                  "goes on, writing is tried again"});
  watched.archive.lost_packets = 1000;
  EXPECT_EQ(watched.look(), Lines{});  // once per outage
  watched.archive.failed = false;
  watched.archive.outages = 1;
  watched.archive.last_missed = {.packets = 1000,
                                 .first_time_ns = 1'767'623'400'000'000'001,
                                 .last_time_ns = 1'767'623'401'000'000'000,
                                 .session = "S1",
                                 .first = 5,
                                 .last = 2004};
  EXPECT_EQ(watched.look(),
            Lines{"f/c: archive goes on, 1,000 packets missed from 2026-01-05 14:30:00.000000001 "
                  "to 2026-01-05 14:30:01.000000000 (session S1, 5 to 2004)"});
  EXPECT_EQ(watched.look(), Lines{});
}

TEST(LossWatch, TellsFullRingsAndFailedSyncsAsTheyRise) {
  Watched watched;
  watched.archive.gap_packets = 64;
  EXPECT_EQ(watched.look(),
            Lines{"f/c: packets not archived, the ring was full: 64 more, 64 in all"});
  watched.archive.gap_packets = 100;
  watched.archive.sync_errors = 1;
  watched.archive.last_error = "sync: Input/output error";
  EXPECT_EQ(watched.look(),
            (Lines{"f/c: packets not archived, the ring was full: 36 more, 100 in all",
                   "f/c: archive files not known to be on disk: 1 more, 1 in all (sync: "
                   "Input/output error)"}));
}

}  // namespace
}  // namespace tapeline
