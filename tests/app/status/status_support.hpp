#pragma once

// A snapshot in which every number is different, so that a mix-up shows.

#include <string>

#include "app/status/status_snapshot.hpp"

namespace tapeline::status::testing {

// Counts up from `first`, one number per field.
inline pool::BufferCounts numbered_counts(std::uint64_t first) {
  pool::BufferCounts counts;
  counts.acquires = first;
  counts.releases = first + 1;
  counts.cache_hits = first + 2;
  counts.stack_hits = first + 3;
  counts.misses = first + 4;
  counts.fallback_allocations = first + 5;
  counts.refusals = first + 6;
  counts.cas_retries_pop = first + 7;
  counts.cas_retries_push = first + 8;
  counts.in_use = first + 9;
  counts.peak_in_use = first + 10;
  counts.available = first + 11;
  counts.parked = first + 12;
  counts.buffers = first + 13;
  counts.buffer_bytes = first + 14;
  counts.bytes_now = first + 15;
  counts.bytes_peak = first + 16;
  counts.overflow_buffers = first + 17;
  counts.overflow_in_use = first + 18;
  counts.waits = first + 19;
  counts.timeouts = first + 20;
  counts.max_buffers = first + 21;
  counts.grown_buffers = first + 22;
  counts.slabs_grown = first + 23;
  counts.slabs_trimmed = first + 24;
  counts.growth_failures = first + 25;
  return counts;
}

inline HistogramStatus numbered_histogram(std::uint64_t first) {
  return {.bounds_ns = {1023},
          .counts = {first},
          .count = first + 1,
          .sum_ns = first + 2,
          .p50_seconds = 0.5,
          .p99_seconds = 0.99,
          .p999_seconds = 0.999};
}

inline LineStatus line_a() {
  LineStatus line;
  line.name = "A";
  line.group = "239.1.1.1";
  line.port = 26400;
  line.packets = 301;
  line.bytes = 302;
  line.messages_won = 303;
  line.duplicates = 304;
  line.kernel_drops = 305;
  line.receive_buffer_asked_bytes = 306;
  line.receive_buffer_got_bytes = 307;
  line.anomalies = {{"filtered", 308}};
  line.last_packet_age_seconds = 0.25;
  line.share_won = 0.625;
  line.conflicts = 309;
  line.deaths = 310;
  line.lag = numbered_histogram(2);
  return line;
}

inline ChannelStatus itch_channel() {
  ChannelStatus channel;
  channel.name = "itch";
  channel.session = "SESSION001";
  channel.expected_sequence = 201;
  channel.packets = 202;
  channel.messages = 203;
  channel.messages_by_type = {{"A", 204}, {"D", 205}};
  channel.packets_per_second = 206.5;
  channel.messages_per_second = 207.5;
  channel.bytes_per_second = 208.5;
  channel.gaps = 209;
  channel.lost_messages = 210;
  channel.held_packets = 211;
  channel.duplicates = 212;
  channel.unknown_types = 213;
  channel.malformed = {{"too_short", 214}};
  channel.anomalies = {{"foreign_packets", 215}};
  channel.holes_open = 216;
  channel.resolved = {{"line", 217}, {"request", 218}};
  channel.bridged_messages = 219;
  channel.conflicts = 220;
  channel.latency = numbered_histogram(221);
  channel.stale = true;
  channel.incomplete = true;
  channel.recovery.push_back({.server = "10.1.2.3:26500",
                              .requests = 601,
                              .answers = 602,
                              .timeouts = 603,
                              .answer_bytes = 604});
  channel.snapshots.push_back(
      {.state = "idle", .attempts = 701, .applied = 702, .failed = 703, .messages = 704});
  channel.tcp.push_back({.server = "10.1.2.3:26600",
                         .state = "logged in",
                         .logged_in = true,
                         .tries = 801,
                         .connections = 802,
                         .rejected = 803,
                         .silences = 804,
                         .heartbeats = 805,
                         .packets = 806,
                         .bytes = 807,
                         .last_bytes_age_seconds = 0.75});
  channel.lines.push_back(line_a());
  LineStatus silent;
  silent.name = "B";
  silent.alive = false;
  channel.lines.push_back(silent);
  return channel;
}

inline ArchiveStatus archive_of_itch() {
  ArchiveStatus archive;
  archive.feed = "nasdaq";
  archive.channel = "itch";
  archive.state = "failed";
  archive.file = "/archive/nasdaq-itch.pcap.zst";
  archive.packets = 401;
  archive.bytes_in = 402;
  archive.bytes_out = 403;
  archive.bytes_in_per_second = 417.5;
  archive.bytes_out_per_second = 418.5;
  archive.bytes_synced = 419;
  archive.bytes_doubtful = 420;
  archive.files_removed = 421;
  archive.sync_errors = 422;
  archive.outages = 423;
  archive.last_missed = {.packets = 424,
                         .first_time_ns = 425,
                         .last_time_ns = 426,
                         .session = "S",
                         .first = 427,
                         .last = 428};
  archive.missing = {.packets = 429, .first_time_ns = 430, .last_time_ns = 431};
  archive.frames = 404;
  archive.files = 405;
  archive.lost_packets = 406;
  archive.ring_depth = 407;
  archive.ring_capacity = 408;
  archive.gap_batches = 409;
  archive.gap_packets = 410;
  archive.write_errors = 411;
  archive.last_error = "write: No space left on device";
  archive.cpu_seconds = 412.5;
  archive.failed = true;
  archive.failed_ever = true;
  archive.loss_notes = 413;
  archive.complete = false;
  archive.ring_wait = numbered_histogram(414);
  return archive;
}

inline MarketStatus market_of_itch() {
  MarketStatus market;
  market.feed = "nasdaq";
  market.channel = "itch";
  market.instruments = 501;
  market.open_orders = 502;
  market.levels = 503;
  market.trades = 504;
  market.anomalies = {{"unknown_orders", 505}};
  TopInstrument traded;
  traded.set_symbol("AAPL");
  traded.volume = 505;
  traded.trades = 506;
  traded.vwap = 189.1234;
  traded.last = 189.12;
  traded.bid = 189.11;
  traded.ask = 189.13;
  TopInstrument quiet;
  quiet.set_symbol("ZVZZT");
  market.top = {traded, quiet};
  return market;
}

inline StatusSnapshot full_snapshot() {
  StatusSnapshot snapshot;
  snapshot.process.version = "0.1.0";
  snapshot.process.pid = 1;
  snapshot.process.start_time_seconds = 1767623400.5;
  snapshot.process.uptime_seconds = 12.5;
  snapshot.process.resident_bytes = 2;
  snapshot.process.cpu_seconds = 3.25;
  snapshot.process.threads = 4;
  snapshot.process.open_fds = 5;
  snapshot.process.max_fds = 6;
  snapshot.http = {.connections = 901,
                   .answers = 902,
                   .refusals = 903,
                   .displaced = 904,
                   .timed_out = 905,
                   .subscribers = 906};
  snapshot.held.serialization = {.lowest = 911, .rise = 912, .rise_seconds = 60.0};
  snapshot.held.compression = {.lowest = 913, .rise = 0, .rise_seconds = 0.0};
  snapshot.held.simd = {.lowest = 500, .rise = 1, .rise_seconds = 60.0};  // less than instruments
  snapshot.pools.serialization = numbered_counts(1100);
  snapshot.pools.compression = numbered_counts(1200);
  snapshot.pools.simd = numbered_counts(1300);
  FeedStatus feed;
  feed.name = "nasdaq";
  feed.protocol = "itch50-moldudp64";
  feed.channels.push_back(itch_channel());
  snapshot.feeds.push_back(feed);
  snapshot.archives.push_back(archive_of_itch());
  snapshot.markets.push_back(market_of_itch());
  return snapshot;
}

}  // namespace tapeline::status::testing
