#include <array>
#include <functional>

#include "app/status/metrics.hpp"

namespace tapeline::status {
namespace {

using pool::BufferCounts;

// A flag as 0 or 1; everything else as it is.
template <typename Value>
auto sample_value(const Value& value) {
  if constexpr (std::is_same_v<Value, bool>) {
    return std::uint64_t{value ? 1U : 0U};
  } else {
    return value;
  }
}

template <auto kMember>
void of_process(const StatusSnapshot& snapshot, Samples& samples) {
  samples.add({}, sample_value(std::invoke(kMember, snapshot.process)));
}

template <typename Function>
void each_pool(const StatusSnapshot& snapshot, Function&& function) {
  function(std::string_view{"serialization"}, snapshot.pools.serialization);
  function(std::string_view{"compression"}, snapshot.pools.compression);
  function(std::string_view{"simd"}, snapshot.pools.simd);
}

template <auto kMember>
void of_pool(const StatusSnapshot& snapshot, Samples& samples) {
  each_pool(snapshot, [&samples](std::string_view name, const BufferCounts& counts) {
    samples.add({{"pool", name}}, sample_value(std::invoke(kMember, counts)));
  });
}

template <typename Function>
void each_channel(const StatusSnapshot& snapshot, Function&& function) {
  for (const FeedStatus& feed : snapshot.feeds) {
    for (const ChannelStatus& channel : feed.channels) function(feed, channel);
  }
}

template <auto kMember>
void of_channel(const StatusSnapshot& snapshot, Samples& samples) {
  each_channel(snapshot, [&samples](const FeedStatus& feed, const ChannelStatus& channel) {
    samples.add({{"feed", feed.name}, {"channel", channel.name}},
                sample_value(std::invoke(kMember, channel)));
  });
}

template <auto kMember>
void of_line(const StatusSnapshot& snapshot, Samples& samples) {
  each_channel(snapshot, [&samples](const FeedStatus& feed, const ChannelStatus& channel) {
    for (const LineStatus& line : channel.lines) {
      samples.add({{"feed", feed.name}, {"channel", channel.name}, {"line", line.name}},
                  sample_value(std::invoke(kMember, line)));
    }
  });
}

template <auto kMember>
void of_archive(const StatusSnapshot& snapshot, Samples& samples) {
  for (const ArchiveStatus& archive : snapshot.archives) {
    samples.add({{"feed", archive.feed}, {"channel", archive.channel}},
                sample_value(std::invoke(kMember, archive)));
  }
}

template <auto kMember>
void of_market(const StatusSnapshot& snapshot, Samples& samples) {
  for (const MarketStatus& market : snapshot.markets) {
    samples.add({{"feed", market.feed}, {"channel", market.channel}},
                sample_value(std::invoke(kMember, market)));
  }
}

void build(const StatusSnapshot& snapshot, Samples& samples) {
  samples.add({{"version", snapshot.process.version}}, std::uint64_t{1});
}

void pool_cas_retries(const StatusSnapshot& snapshot, Samples& samples) {
  each_pool(snapshot, [&samples](std::string_view name, const BufferCounts& counts) {
    samples.add({{"pool", name}, {"kind", "pop"}}, counts.cas_retries_pop);
    samples.add({{"pool", name}, {"kind", "push"}}, counts.cas_retries_push);
  });
}

void channel_messages_by_type(const StatusSnapshot& snapshot, Samples& samples) {
  each_channel(snapshot, [&samples](const FeedStatus& feed, const ChannelStatus& channel) {
    for (const NamedCount& type : channel.messages_by_type) {
      samples.add({{"feed", feed.name}, {"channel", channel.name}, {"type", type.name}},
                  type.count);
    }
  });
}

void channel_malformed(const StatusSnapshot& snapshot, Samples& samples) {
  each_channel(snapshot, [&samples](const FeedStatus& feed, const ChannelStatus& channel) {
    for (const NamedCount& kind : channel.malformed) {
      samples.add({{"feed", feed.name}, {"channel", channel.name}, {"kind", kind.name}},
                  kind.count);
    }
  });
}

void channel_anomalies(const StatusSnapshot& snapshot, Samples& samples) {
  each_channel(snapshot, [&samples](const FeedStatus& feed, const ChannelStatus& channel) {
    for (const NamedCount& kind : channel.anomalies) {
      samples.add({{"feed", feed.name}, {"channel", channel.name}, {"kind", kind.name}},
                  kind.count);
    }
  });
}

void line_anomalies(const StatusSnapshot& snapshot, Samples& samples) {
  each_channel(snapshot, [&samples](const FeedStatus& feed, const ChannelStatus& channel) {
    for (const LineStatus& line : channel.lines) {
      for (const NamedCount& kind : line.anomalies) {
        samples.add({{"feed", feed.name},
                     {"channel", channel.name},
                     {"line", line.name},
                     {"kind", kind.name}},
                    kind.count);
      }
    }
  });
}

void channel_resolved(const StatusSnapshot& snapshot, Samples& samples) {
  each_channel(snapshot, [&samples](const FeedStatus& feed, const ChannelStatus& channel) {
    for (const NamedCount& remedy : channel.resolved) {
      samples.add({{"feed", feed.name}, {"channel", channel.name}, {"remedy", remedy.name}},
                  remedy.count);
    }
  });
}

template <auto kMember>
void of_recovery(const StatusSnapshot& snapshot, Samples& samples) {
  each_channel(snapshot, [&samples](const FeedStatus& feed, const ChannelStatus& channel) {
    for (const RecoveryStatus& recovery : channel.recovery) {
      samples.add({{"feed", feed.name}, {"channel", channel.name}, {"server", recovery.server}},
                  std::invoke(kMember, recovery));
    }
  });
}

// Of a part of the channel that there is at most one of.
template <auto kPart, auto kMember>
void of_part(const StatusSnapshot& snapshot, Samples& samples) {
  each_channel(snapshot, [&samples](const FeedStatus& feed, const ChannelStatus& channel) {
    for (const auto& part : std::invoke(kPart, channel)) {
      samples.add({{"feed", feed.name}, {"channel", channel.name}},
                  sample_value(std::invoke(kMember, part)));
    }
  });
}

void market_anomalies(const StatusSnapshot& snapshot, Samples& samples) {
  for (const MarketStatus& market : snapshot.markets) {
    for (const NamedCount& kind : market.anomalies) {
      samples.add({{"feed", market.feed}, {"channel", market.channel}, {"kind", kind.name}},
                  kind.count);
    }
  }
}

constexpr MetricKind kCounter = MetricKind::counter;
constexpr MetricKind kGauge = MetricKind::gauge;
constexpr MetricKind kHistogram = MetricKind::histogram;
constexpr std::string_view kOfChannel = "feed, channel";
constexpr std::string_view kOfLine = "feed, channel, line";
constexpr std::string_view kOfServer = "feed, channel, server";

using Process = ProcessStatus;
using Channel = ChannelStatus;
using Line = LineStatus;
using Archive = ArchiveStatus;
using Market = MarketStatus;
using Recovery = RecoveryStatus;
using Snapshot = SnapshotStatus;
using Tcp = TcpStatus;

// clang-format off
constexpr std::array kMetrics = std::to_array<Metric>({
    {"tapeline_build_info", kGauge, "1", "version",
     "Always 1; the version is in the label.",
     "Tells when another version was started.", build},

    {"tapeline_process_start_time_seconds", kGauge, "seconds", "",
     "Start of the process since 1970-01-01 UTC.",
     "A change is a restart; counters begin at 0 again.", of_process<&Process::start_time_seconds>},
    {"tapeline_process_uptime_seconds", kGauge, "seconds", "",
     "Time since the start of the process.",
     "Rises by one per second while the process lives.", of_process<&Process::uptime_seconds>},
    {"tapeline_process_resident_memory_bytes", kGauge, "bytes", "",
     "Memory of the process that is in RAM.",
     "Flat after start-up but for the order tables, which are bounded.",
     of_process<&Process::resident_bytes>},
    {"tapeline_process_cpu_seconds_total", kCounter, "seconds", "",
     "CPU time of all threads, user and system.",
     "rate() near the number of channels means that the feed threads are full.",
     of_process<&Process::cpu_seconds>},
    {"tapeline_process_threads", kGauge, "threads", "",
     "Threads of the process.",
     "Constant after start-up.", of_process<&Process::threads>},

    {"tapeline_pool_acquires_total", kCounter, "buffers", "pool",
     "Buffers handed out.",
     "Acquires minus releases is what is in use.", of_pool<&BufferCounts::acquires>},
    {"tapeline_pool_releases_total", kCounter, "buffers", "pool",
     "Buffers that came back.",
     "Falls behind acquires for good only when a buffer leaks.", of_pool<&BufferCounts::releases>},
    {"tapeline_pool_cache_hits_total", kCounter, "buffers", "pool",
     "Acquires served by the cache of the calling thread.",
     "Nearly all acquires when one thread takes and gives back; fewer when buffers change threads.",
     of_pool<&BufferCounts::cache_hits>},
    {"tapeline_pool_stack_hits_total", kCounter, "buffers", "pool",
     "Acquires served by the shared stack; each one refills the cache as well.",
     "About one per batch of buffers that change threads.", of_pool<&BufferCounts::stack_hits>},
    {"tapeline_pool_misses_total", kCounter, "attempts", "pool",
     "Attempts that the cache of the calling thread could not serve.",
     "Stack hits, fallback allocations and refusals together.", of_pool<&BufferCounts::misses>},
    {"tapeline_pool_fallback_allocations_total", kCounter, "buffers", "pool",
     "Acquires served by an overflow buffer.",
     "0 in steady state; more means that the pool is small for its load.",
     of_pool<&BufferCounts::fallback_allocations>},
    {"tapeline_pool_refusals_total", kCounter, "attempts", "pool",
     "Attempts that got no buffer.",
     "0; every refusal makes its caller drop or wait. Raise the counts of the pool.",
     of_pool<&BufferCounts::refusals>},
    {"tapeline_pool_waits_total", kCounter, "attempts", "pool",
     "Attempts that had to wait until a buffer came back.",
     "0 in steady state; more means that the pool is small for its load.",
     of_pool<&BufferCounts::waits>},
    {"tapeline_pool_timeouts_total", kCounter, "attempts", "pool",
     "Waits that their deadline ended.",
     "Each is a refusal as well; 0 when the pool is large enough.",
     of_pool<&BufferCounts::timeouts>},
    {"tapeline_pool_cas_retries_total", kCounter, "retries", "pool, kind",
     "Lost races for the head of the shared stack; kind is pop or push.",
     "Small against stack hits; growth is contention between threads.", pool_cas_retries},
    {"tapeline_pool_buffers_in_use", kGauge, "buffers", "pool",
     "Buffers held by somebody now.",
     "Goes up and down; a slow climb that never falls is a leak.", of_pool<&BufferCounts::in_use>},
    {"tapeline_pool_buffers_in_use_peak", kGauge, "buffers", "pool",
     "Most buffers in use at one time.",
     "Compare with tapeline_pool_buffers to size the pool.", of_pool<&BufferCounts::peak_in_use>},
    {"tapeline_pool_buffers_available", kGauge, "buffers", "pool",
     "Buffers on the shared stack, for any thread.",
     "Near 0 for long means that overflow buffers come next.", of_pool<&BufferCounts::available>},
    {"tapeline_pool_buffers_parked", kGauge, "buffers", "pool",
     "Buffers waiting in the caches of threads.",
     "At most two batches per thread.", of_pool<&BufferCounts::parked>},
    {"tapeline_pool_buffers", kGauge, "buffers", "pool",
     "Buffers configured, without the overflow buffers.",
     "Constant. Available, parked and in use add up to this, the grown and the overflow in use.",
     of_pool<&BufferCounts::buffers>},
    {"tapeline_pool_grown_buffers", kGauge, "buffers", "pool",
     "Buffers that are there because the pool grew.",
     "0 unless max_buffers is configured; falls when the pool is trimmed.",
     of_pool<&BufferCounts::grown_buffers>},
    {"tapeline_pool_max_buffers", kGauge, "buffers", "pool",
     "Most buffers there may be, overflow included.",
     "Constant.", of_pool<&BufferCounts::max_buffers>},
    {"tapeline_pool_slabs_grown_total", kCounter, "slabs", "pool",
     "Times the pool grew by a slab.",
     "Stops when the pool fits its load; compare with the slabs trimmed.",
     of_pool<&BufferCounts::slabs_grown>},
    {"tapeline_pool_slabs_trimmed_total", kCounter, "slabs", "pool",
     "Slabs whose memory was given back.",
     "Rises only when somebody trims the pool.", of_pool<&BufferCounts::slabs_trimmed>},
    {"tapeline_pool_growth_failures_total", kCounter, "attempts", "pool",
     "Times the system had no memory for a slab.",
     "0; more means that the host is short of memory, or that a limit is low.",
     of_pool<&BufferCounts::growth_failures>},
    {"tapeline_pool_overflow_buffers", kGauge, "buffers", "pool",
     "Overflow buffers configured.",
     "Constant.", of_pool<&BufferCounts::overflow_buffers>},
    {"tapeline_pool_overflow_buffers_in_use", kGauge, "buffers", "pool",
     "Overflow buffers held by somebody now.",
     "0 in steady state; at tapeline_pool_overflow_buffers refusals follow.",
     of_pool<&BufferCounts::overflow_in_use>},
    {"tapeline_pool_buffer_size_bytes", kGauge, "bytes", "pool",
     "Size of one buffer.",
     "As configured.", of_pool<&BufferCounts::buffer_bytes>},
    {"tapeline_pool_memory_bytes", kGauge, "bytes", "pool",
     "Memory that the buffers occupy now.",
     "Never passes the configured bound.", of_pool<&BufferCounts::bytes_now>},
    {"tapeline_pool_memory_peak_bytes", kGauge, "bytes", "pool",
     "Most memory that the buffers occupied.",
     "Equals the memory now unless the pool was trimmed.",
     of_pool<&BufferCounts::bytes_peak>},

    {"tapeline_channel_expected_sequence", kGauge, "sequence number", kOfChannel,
     "Number of the next message that the channel waits for.",
     "Rises with the feed; starts again with a new session.",
     of_channel<&Channel::expected_sequence>},
    {"tapeline_channel_packets_total", kCounter, "packets", kOfChannel,
     "Packets taken from all lines of the channel.",
     "With two lines about twice the packets of one.", of_channel<&Channel::packets>},
    {"tapeline_channel_messages_total", kCounter, "messages", kOfChannel,
     "Messages delivered in order to the decoder.",
     "rate() is the message rate of the feed.", of_channel<&Channel::messages>},
    {"tapeline_channel_messages_by_type_total", kCounter, "messages", "feed, channel, type",
     "Messages decoded, by their type on the wire.",
     "The mix of a feed changes little from day to day.", channel_messages_by_type},
    {"tapeline_channel_gaps_total", kCounter, "gaps", kOfChannel,
     "Holes in the sequence numbers that nothing closed: declared lost.",
     "0 on a healthy network; look at kernel drops first.", of_channel<&Channel::gaps>},
    {"tapeline_channel_lost_messages_total", kCounter, "messages", kOfChannel,
     "Messages inside those holes.",
     "0; otherwise the books were stale and VWAPs of the session are incomplete.",
     of_channel<&Channel::lost_messages>},
    {"tapeline_channel_bridged_messages_total", kCounter, "messages", kOfChannel,
     "Messages that were not seen but that a snapshot stands for.",
     "0 but for late joins; the books know them, the VWAPs of the session do not.",
     of_channel<&Channel::bridged_messages>},
    {"tapeline_channel_open_holes", kGauge, "holes", kOfChannel,
     "Holes that are waited for or requested now; at most 256 are counted.",
     "Short spikes are reordering; a plateau is a server that does not answer.",
     of_channel<&Channel::holes_open>},
    {"tapeline_channel_closed_holes_total", kCounter, "holes", "feed, channel, remedy",
     "Holes by what closed them: another line or a late packet, a request, a snapshot, or nothing.",
     "lost stays 0; a rise of request means that both lines lose the same packets.",
     channel_resolved},
    {"tapeline_channel_conflicts_total", kCounter, "messages", kOfChannel,
     "Messages whose later copy had other bytes than the first, which was kept.",
     "0; more means that somebody sends what the venue did not.",
     of_channel<&Channel::conflicts>},
    {"tapeline_channel_held_packets", kGauge, "packets", kOfChannel,
     "Early packets held while a hole may still be filled.",
     "Short spikes are reordering; a plateau is a line that lags.",
     of_channel<&Channel::held_packets>},
    {"tapeline_channel_duplicate_messages_total", kCounter, "messages", kOfChannel,
     "Messages that had been delivered before and were dropped.",
     "With two healthy lines as many as messages delivered.", of_channel<&Channel::duplicates>},
    {"tapeline_channel_unknown_messages_total", kCounter, "messages", kOfChannel,
     "Messages of a type that the decoder does not know; they are skipped.",
     "0; more means that the venue changed its format.", of_channel<&Channel::unknown_types>},
    {"tapeline_channel_malformed_total", kCounter, "packets or messages", "feed, channel, kind",
     "Packets and messages that break their format, by kind of damage.",
     "0; the kind says what was wrong.", channel_malformed},
    {"tapeline_channel_anomalies_total", kCounter, "packets or messages", "feed, channel, kind",
     "What should not happen to a sequence and was survived, by kind: packets of a foreign session,"
     " messages later than their loss, holes closed early, positions that were forged.",
     "0; the kind says what it was.", channel_anomalies},
    {"tapeline_channel_stale", kGauge, "0 or 1", kOfChannel,
     "1 while the books miss messages: from a gap until a snapshot or the next session.",
     "0; with 1 do not use the books of this channel.", of_channel<&Channel::stale>},
    {"tapeline_channel_incomplete", kGauge, "0 or 1", kOfChannel,
     "1 while volumes and VWAPs miss messages: from a gap until the next session.",
     "0; with 1 the totals of the session are too small.", of_channel<&Channel::incomplete>},
    {"tapeline_channel_awaits_snapshot", kGauge, "0 or 1", kOfChannel,
     "1 while a snapshot is waited for.",
     "0; with 1 for long look at the snapshot servers.", of_channel<&Channel::awaits_snapshot>},

    {"tapeline_line_packets_total", kCounter, "packets", kOfLine,
     "Packets that came on the line.",
     "The lines of a channel rise together.", of_line<&Line::packets>},
    {"tapeline_line_bytes_total", kCounter, "bytes", kOfLine,
     "Bytes that came on the line, IP headers included.",
     "rate() against the bandwidth of the link.", of_line<&Line::bytes>},
    {"tapeline_line_messages_won_total", kCounter, "messages", kOfLine,
     "Messages whose first copy came on this line.",
     "The shares show which line is ahead.", of_line<&Line::messages_won>},
    {"tapeline_line_share_ratio", kGauge, "ratio", kOfLine,
     "Messages won, of all that the channel delivered.",
     "Near one half with two equal lines; near 0 the line is behind, or of no use.",
     of_line<&Line::share_won>},
    {"tapeline_line_lag_seconds", kHistogram, "seconds", kOfLine,
     "How much later a packet came than the line that brought its first message first.",
     "As the paths differ; a tail that grows is a line with trouble.", of_line<&Line::lag>},
    {"tapeline_line_conflicts_total", kCounter, "messages", kOfLine,
     "Messages of this line that had other bytes than the copy that came first.",
     "0; see tapeline_channel_conflicts_total.", of_line<&Line::conflicts>},
    {"tapeline_line_alive", kGauge, "0 or 1", kOfLine,
     "0 while the line is silent and another line of the channel has packets.",
     "1; with 0 the channel has lost its redundancy.", of_line<&Line::alive>},
    {"tapeline_line_deaths_total", kCounter, "times", kOfLine,
     "Times that the line became silent so.",
     "0.", of_line<&Line::deaths>},
    {"tapeline_line_duplicate_messages_total", kCounter, "messages", kOfLine,
     "Messages that another line had brought before.",
     "Messages won and duplicates together are what the line carried.",
     of_line<&Line::duplicates>},
    {"tapeline_line_kernel_drops_total", kCounter, "packets", kOfLine,
     "Packets that the kernel dropped because the socket's buffer was full.",
     "0; raise the receive buffer or give the thread a core.", of_line<&Line::kernel_drops>},
    {"tapeline_line_anomalies_total", kCounter, "packets or receives", "feed, channel, line, kind",
     "Datagrams from senders that are not permitted, cut datagrams, receives that found no buffer"
     " or failed, by kind.",
     "0; the kind says what it was.", line_anomalies},
    {"tapeline_line_receive_buffer_asked_bytes", kGauge, "bytes", kOfLine,
     "Receive buffer asked for.",
     "As configured.", of_line<&Line::receive_buffer_asked_bytes>},
    {"tapeline_line_receive_buffer_bytes", kGauge, "bytes", kOfLine,
     "Receive buffer that the kernel gave.",
     "Less than asked: raise net.core.rmem_max.", of_line<&Line::receive_buffer_got_bytes>},
    {"tapeline_line_last_packet_age_seconds", kGauge, "seconds", kOfLine,
     "Time since the last packet of the line; absent before the first.",
     "Stays near the venue's heartbeat interval or below; more is a dead line.",
     of_line<&Line::last_packet_age_seconds>},

    {"tapeline_recovery_requests_total", kCounter, "requests", kOfServer,
     "Requests that were sent to the server.",
     "Follows the loss that both lines have.", of_recovery<&Recovery::requests>},
    {"tapeline_recovery_answers_total", kCounter, "packets", kOfServer,
     "Packets of the server that held something that was asked for.",
     "About the requests, or more where an answer takes several packets.",
     of_recovery<&Recovery::answers>},
    {"tapeline_recovery_timeouts_total", kCounter, "requests", kOfServer,
     "Requests that met silence.",
     "Few; rising with the requests the server is away, or does not have the messages.",
     of_recovery<&Recovery::timeouts>},
    {"tapeline_recovery_answer_bytes_total", kCounter, "bytes", kOfServer,
     "Bytes of those answers.",
     "rate() is what recovery adds to the load.", of_recovery<&Recovery::answer_bytes>},

    {"tapeline_snapshot_attempts_total", kCounter, "attempts", kOfChannel,
     "Snapshots that were begun.",
     "Rises with gaps that nothing else closed, and with late joins.",
     of_part<&Channel::snapshots, &Snapshot::attempts>},
    {"tapeline_snapshot_applied_total", kCounter, "snapshots", kOfChannel,
     "Snapshots that were applied to their end.",
     "Attempts less failures.", of_part<&Channel::snapshots, &Snapshot::applied>},
    {"tapeline_snapshot_failures_total", kCounter, "attempts", kOfChannel,
     "Attempts that failed; the log has the reason.",
     "0; they are tried again, at the next server.",
     of_part<&Channel::snapshots, &Snapshot::failed>},
    {"tapeline_snapshot_messages_total", kCounter, "messages", kOfChannel,
     "Messages of snapshots, applied or not.",
     "About one for each open order and snapshot.",
     of_part<&Channel::snapshots, &Snapshot::messages>},

    {"tapeline_tcp_logged_in", kGauge, "0 or 1", kOfChannel,
     "1 while the session is logged in.",
     "1; 0 also while it is held for a snapshot.", of_part<&Channel::tcp, &Tcp::logged_in>},
    {"tapeline_tcp_tries_total", kCounter, "tries", kOfChannel,
     "Tries to connect.",
     "Rises when a server is away.", of_part<&Channel::tcp, &Tcp::tries>},
    {"tapeline_tcp_connections_total", kCounter, "connections", kOfChannel,
     "Connections that were made.",
     "1; more are reconnects, which lose nothing by themselves.",
     of_part<&Channel::tcp, &Tcp::connections>},
    {"tapeline_tcp_rejected_logins_total", kCounter, "logins", kOfChannel,
     "Logins that the server rejected.",
     "0; check the credentials and the session.", of_part<&Channel::tcp, &Tcp::rejected>},
    {"tapeline_tcp_silences_total", kCounter, "connections", kOfChannel,
     "Connections that were ended because the server sent nothing.",
     "0; more are half-open connections.", of_part<&Channel::tcp, &Tcp::silences>},
    {"tapeline_tcp_received_bytes_total", kCounter, "bytes", kOfChannel,
     "Bytes of the stream.",
     "rate() against the bandwidth of the link.", of_part<&Channel::tcp, &Tcp::bytes>},
    {"tapeline_tcp_last_bytes_age_seconds", kGauge, "seconds", kOfChannel,
     "Time since the last bytes of the server; absent before the first.",
     "Stays near the heartbeat interval of the server or below.",
     of_part<&Channel::tcp, &Tcp::last_bytes_age_seconds>},

    {"tapeline_archive_packets_total", kCounter, "packets", kOfChannel,
     "Packets written to the archive.",
     "Equals the packets of the channel less gaps and losses.", of_archive<&Archive::packets>},
    {"tapeline_archive_input_bytes_total", kCounter, "bytes", kOfChannel,
     "Bytes written before compression, as pcap.",
     "Divided by output bytes: the compression ratio.", of_archive<&Archive::bytes_in>},
    {"tapeline_archive_output_bytes_total", kCounter, "bytes", kOfChannel,
     "Bytes written to files, compressed.",
     "rate() is what the disk must take.", of_archive<&Archive::bytes_out>},
    {"tapeline_archive_frames_total", kCounter, "frames", kOfChannel,
     "Independent zstd frames written.",
     "Each holds at most 64 KiB.", of_archive<&Archive::frames>},
    {"tapeline_archive_files_total", kCounter, "files", kOfChannel,
     "Files opened.",
     "More than the plan: look at write errors.", of_archive<&Archive::files>},
    {"tapeline_archive_lost_packets_total", kCounter, "packets", kOfChannel,
     "Packets that the archive took but could not write.",
     "0; these packets are missing from the archive.", of_archive<&Archive::lost_packets>},
    {"tapeline_archive_ring_batches", kGauge, "batches", kOfChannel,
     "Batches waiting for the archive thread.",
     "Near 0; near the capacity the disk or the CPU is too slow.", of_archive<&Archive::ring_depth>},
    {"tapeline_archive_ring_capacity_batches", kGauge, "batches", kOfChannel,
     "Batches that may wait.",
     "As configured.", of_archive<&Archive::ring_capacity>},
    {"tapeline_archive_gap_batches_total", kCounter, "batches", kOfChannel,
     "Batches refused because the ring was full.",
     "0; each one is a gap in the archive, not in the books.", of_archive<&Archive::gap_batches>},
    {"tapeline_archive_gap_packets_total", kCounter, "packets", kOfChannel,
     "Packets in those batches.",
     "0; these packets are missing from the archive.", of_archive<&Archive::gap_packets>},
    {"tapeline_archive_loss_notes_total", kCounter, "notes", kOfChannel,
     "Notes of declared losses of the channel, written between the packets.",
     "One for each gap of the channel.", of_archive<&Archive::loss_notes>},
    {"tapeline_archive_complete", kGauge, "0 or 1", kOfChannel,
     "0 when packets are missing, for a full ring or a failed disk.",
     "1; with 0 the process ends with exit code 1.", of_archive<&Archive::complete>},
    {"tapeline_archive_write_errors_total", kCounter, "errors", kOfChannel,
     "Failed attempts to open or write a file.",
     "0; the reason is in /status. Writing is tried again at intervals.",
     of_archive<&Archive::write_errors>},
    {"tapeline_archive_cpu_seconds_total", kCounter, "seconds", kOfChannel,
     "CPU time of the archive thread.",
     "rate() near 1 means that compression is the limit.", of_archive<&Archive::cpu_seconds>},
    {"tapeline_archive_failed", kGauge, "0 or 1", kOfChannel,
     "1 while the archive can not be written.",
     "0; with 1 packets are being lost to the archive.", of_archive<&Archive::failed>},
    {"tapeline_archive_failed_ever", kGauge, "0 or 1", kOfChannel,
     "1 when the archive failed at any time since the start.",
     "0; with 1 the process ends with exit code 1.", of_archive<&Archive::failed_ever>},

    {"tapeline_market_instruments", kGauge, "instruments", kOfChannel,
     "Instruments known.",
     "Thousands after the directory messages of the morning.", of_market<&Market::instruments>},
    {"tapeline_market_open_orders", kGauge, "orders", kOfChannel,
     "Orders resting in the books.",
     "Returns to near 0 at the end of a session.", of_market<&Market::open_orders>},
    {"tapeline_market_price_levels", kGauge, "levels", kOfChannel,
     "Price levels in the books, both sides.",
     "Follows the open orders.", of_market<&Market::levels>},
    {"tapeline_market_trades_total", kCounter, "trades", kOfChannel,
     "Trades counted into VWAP and bars.",
     "rate() is the trade rate of the market.", of_market<&Market::trades>},
    {"tapeline_market_anomalies_total", kCounter, "messages", "feed, channel, kind",
     "Messages that contradict the market as it was told, and orders or columns that found no room,"
     " by kind; applied as far as they could be.",
     "0 in a session seen from its start; the kind says what it was.", market_anomalies},
});
// clang-format on

}  // namespace

std::span<const Metric> metric_table() noexcept { return kMetrics; }

}  // namespace tapeline::status
