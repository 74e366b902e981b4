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
constexpr std::string_view kOfChannel = "feed, channel";
constexpr std::string_view kOfLine = "feed, channel, line";

using Process = ProcessStatus;
using Channel = ChannelStatus;
using Line = LineStatus;
using Archive = ArchiveStatus;
using Market = MarketStatus;

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
     "Attempts that got no buffer because the bound is reached.",
     "0; every refusal makes its caller drop or wait. Raise the counts of the pool.",
     of_pool<&BufferCounts::refusals>},
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
     "Constant. Available, parked and in use add up to this and the overflow in use.",
     of_pool<&BufferCounts::buffers>},
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
     "Equals the memory now unless overflow buffers came and went.",
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
     "Holes in the sequence numbers that no line filled in time.",
     "0 on a healthy network; look at kernel drops first.", of_channel<&Channel::gaps>},
    {"tapeline_channel_lost_messages_total", kCounter, "messages", kOfChannel,
     "Messages inside those holes.",
     "0; otherwise books and VWAPs of the channel are stale.", of_channel<&Channel::lost_messages>},
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
     "1 when messages were lost that books and VWAPs would have needed.",
     "0; with 1 treat the figures of this channel as incomplete.", of_channel<&Channel::stale>},

    {"tapeline_line_packets_total", kCounter, "packets", kOfLine,
     "Packets that came on the line.",
     "The lines of a channel rise together.", of_line<&Line::packets>},
    {"tapeline_line_bytes_total", kCounter, "bytes", kOfLine,
     "Bytes that came on the line, IP headers included.",
     "rate() against the bandwidth of the link.", of_line<&Line::bytes>},
    {"tapeline_line_messages_won_total", kCounter, "messages", kOfLine,
     "Messages whose first copy came on this line.",
     "The shares show which line is ahead.", of_line<&Line::messages_won>},
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
