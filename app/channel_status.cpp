#include "app/channel_status.hpp"

#include <array>
#include <chrono>
#include <cstring>
#include <iterator>

#include "codec/iex/messages.hpp"
#include "codec/itch/messages.hpp"

namespace tapeline {

namespace {

[[nodiscard]] std::string session_text(const pool::Counter& head_counter,
                                       const pool::Counter& tail_counter) {
  net::Session session;
  const std::uint64_t head = head_counter.get();
  const auto tail = static_cast<std::uint16_t>(tail_counter.get());
  std::memcpy(session.bytes.data(), &head, sizeof head);
  std::memcpy(session.bytes.data() + sizeof head, &tail, sizeof tail);
  return net::session_name(session);
}

using Counts = std::vector<status::NamedCount>;

void append(Counts& to, Counts&& more) {
  to.insert(to.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

void add_malformed_packets(const Pipeline& pipeline, status::ChannelStatus& channel) {
  using codec::PacketStatus;
  const auto& counters = pipeline.sequencer().counters();
  for (std::size_t i = 0; i < codec::kPacketStatusCount; ++i) {
    const auto status = static_cast<PacketStatus>(i);
    if (!codec::is_malformed(status)) continue;
    channel.malformed.push_back(
        {std::string{codec::to_string(status)}, counters.malformed[i].get()});
  }
  channel.malformed.push_back({"datagram_cut", pipeline.cut_packets()});
}

[[nodiscard]] Counts sequence_anomalies(const Pipeline& pipeline) {
  const auto& sequence = pipeline.sequencer().counters();
  return {{"foreign_packets", sequence.foreign.get()},
          {"restarted_sessions", sequence.restarts.get()},
          {"contradicting_offsets", sequence.contradictions.get()},
          {"late_messages", sequence.late.get()},
          {"hold_overflows", sequence.hold_overflows.get()},
          {"resyncs", sequence.resyncs.get()},
          {"stale_ends_of_session", sequence.stale_ends.get()},
          {"unsequenced_dropped", sequence.unsequenced_dropped.get()},
          {"unrecognised_packets", pipeline.unrecognised_packets()},
          {"late_joins", sequence.late_joins.get()},
          {"snapshot_overflows", sequence.snapshot_overflows.get()},
          {"snapshot_timeouts", sequence.snapshot_timeouts.get()},
          {"losses_not_archived", pipeline.unnoted_losses()},
          {"events_not_logged", pipeline.events().lost()}};
}

void read_feed(const feed::ItchFeedCounts& feed, status::ChannelStatus& channel) {
  for (const auto& type : codec::itch::kMessageTypes) {
    const std::uint64_t count = feed.by_type[static_cast<unsigned char>(type.type)].get();
    channel.messages_by_type.push_back({std::string(1, type.type), count});
  }
  channel.unknown_types = feed.unknown_types.get();
  channel.malformed.push_back({"message_too_short", feed.wrong_lengths.get()});
  append(channel.anomalies, {{"bad_timestamps", feed.bad_timestamps.get()},
                             {"unknown_values", feed.unknown_values.get()},
                             {"snapshot_messages_refused", feed.snapshot_refusals.get()}});
}

void read_feed(const feed::IexFeedCounts& feed, status::ChannelStatus& channel) {
  for (const auto& type : codec::iex::kMessageTypes) {
    const std::uint64_t count = feed.by_type[static_cast<unsigned char>(type.type)].get();
    channel.messages_by_type.push_back({std::string(1, type.type), count});
  }
  channel.unknown_types = feed.unknown_types.get();
  channel.malformed.push_back({"message_too_short", feed.wrong_lengths.get()});
  append(channel.anomalies, {{"bad_timestamps", feed.bad_timestamps.get()},
                             {"unknown_values", feed.unknown_values.get()},
                             {"refused_symbols", feed.refused_symbols.get()},
                             {"oversized_events", feed.oversized_events.get()},
                             {"broken_events", feed.broken_events.get()}});
}

void read_feed(const feed::JsonFeedCounts& feed, status::ChannelStatus& channel) {
  using codec::json::DocumentStatus;
  for (std::size_t i = 0; i < codec::json::kKindCount; ++i) {
    channel.messages_by_type.push_back(
        {std::string{to_string(static_cast<codec::json::Kind>(i))}, feed.by_kind[i].get()});
  }
  for (std::size_t i = 0; i < codec::json::kDocumentStatusCount; ++i) {
    if (static_cast<DocumentStatus>(i) == DocumentStatus::ok) continue;
    channel.malformed.push_back(
        {std::string{to_string(static_cast<DocumentStatus>(i))}, feed.by_refusal[i].get()});
  }
  channel.malformed.push_back({"unknown_line", feed.unknown_lines.get()});
  channel.gaps = feed.trade_gaps.get() + feed.update_gaps.get() + feed.bad_checksums.get();
  channel.lost_messages = feed.lost_trades.get() + feed.lost_updates.get();
  channel.duplicates = feed.duplicate_trades.get();
  channel.held_packets = feed.buffered_updates.get();
  append(channel.anomalies, {{"no_venue", feed.no_venue.get()},
                             {"no_symbol", feed.no_symbol.get()},
                             {"bad_prices", feed.bad_prices.get()},
                             {"bad_sizes", feed.bad_sizes.get()},
                             {"bad_times", feed.bad_times.get()},
                             {"stale_snapshots", feed.stale_snapshots.get()},
                             {"early_updates", feed.early_updates.get()},
                             {"bad_updates", feed.bad_updates.get()},
                             {"buffer_drops", feed.buffer_drops.get()},
                             {"bad_checksums", feed.bad_checksums.get()},
                             {"crossed_books", feed.crossed_books.get()}});
}

void read_feed(const Pipeline& pipeline, status::ChannelStatus& channel) {
  channel.messages = pipeline.messages();
  switch (pipeline.feed_kind()) {
    case feed::FeedKind::itch: return read_feed(pipeline.itch().counts(), channel);
    case feed::FeedKind::iex: return read_feed(pipeline.iex().counts(), channel);
    case feed::FeedKind::json: return read_feed(pipeline.json().counts(), channel);
    case feed::FeedKind::unknown: return;
  }
}

[[nodiscard]] Counts market_anomalies(const market::MarketCounts& c) {
  return {{"unknown_orders", c.unknown_orders.get()},
          {"duplicate_orders", c.duplicate_orders.get()},
          {"replaced_onto_open", c.replaced_onto_open.get()},
          {"oversized_takes", c.oversized_takes.get()},
          {"wrong_instruments", c.wrong_instruments.get()},
          {"zero_prices", c.zero_prices.get()},
          {"zero_shares", c.zero_shares.get()},
          {"bad_sides", c.bad_sides.get()},
          {"refused_orders", c.refused_orders.get()},
          {"refused_levels", c.refused_levels.get()},
          {"refused_columns", c.refused_columns.get()},
          {"doubtful_books", c.doubtful_books.get()},
          {"stale_books", c.stale_books.get()},
          {"repeated_levels", c.repeated_levels.get()},
          {"duplicate_matches", c.duplicate_matches.get()},
          {"unknown_breaks", c.unknown_breaks.get()},
          {"repeated_breaks", c.repeated_breaks.get()},
          {"volume_overflows", c.volume_overflows.get()},
          {"time_backwards", c.time_backwards.get()}};
}

void read_in_order(const InOrderCounters& counters, status::ChannelStatus& channel) {
  channel.session = session_text(counters.session_head, counters.session_tail);
  channel.expected_sequence = counters.expected.get();
  channel.gaps = counters.gaps.get();
  channel.lost_messages = counters.messages_lost.get();
  channel.bridged_messages = counters.bridged.get();
}

// One less than powers of two are exact in the histogram: about 1 us to 1 s.
constexpr std::size_t kFirstBound = 10;
constexpr auto kBounds = [] {
  std::array<std::int64_t, 21> bounds{};
  for (std::size_t i = 0; i < bounds.size(); ++i)
    bounds[i] = (std::int64_t{1} << (kFirstBound + i)) - 1;
  return bounds;
}();

}  // namespace

status::HistogramStatus read_histogram(const net::LatencyHistogram& histogram) {
  status::HistogramStatus result;
  result.bounds_ns.assign(kBounds.begin(), kBounds.end());
  result.counts.resize(kBounds.size());
  result.count = histogram.cumulative(kBounds, result.counts);
  result.sum_ns = histogram.sum_ns();
  if (result.count == 0) return result;
  const auto seconds = [&histogram](double fraction) {
    return static_cast<double>(histogram.percentile(fraction)) * 1e-9;
  };
  result.p50_seconds = seconds(0.5);
  result.p99_seconds = seconds(0.99);
  result.p999_seconds = seconds(0.999);
  return result;
}

double age_seconds(std::uint64_t unix_nanos) {
  if (unix_nanos == 0) return status::kUnknown;
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto now_ns = std::chrono::duration_cast<std::chrono::nanoseconds>(now).count();
  return static_cast<double>(now_ns - static_cast<std::int64_t>(unix_nanos)) * 1e-9;
}

status::ChannelStatus read_channel(const Pipeline& pipeline, Transport transport) {
  const auto& sequence = pipeline.sequencer().counters();
  status::ChannelStatus channel;
  channel.session = session_text(sequence.session_head, sequence.session_tail);
  channel.expected_sequence = sequence.expected.get();
  for (std::size_t line = 0; line < pipeline.sequencer().lines(); ++line) {
    channel.packets += pipeline.sequencer().line_counters(line).packets.get();
  }
  channel.gaps = sequence.gaps.get();
  channel.lost_messages = sequence.messages_lost.get();
  channel.held_packets = sequence.held.get();
  channel.duplicates = sequence.duplicates.get();
  add_malformed_packets(pipeline, channel);
  channel.anomalies = sequence_anomalies(pipeline);
  channel.bridged_messages = sequence.messages_bridged.get();
  channel.conflicts = sequence.conflicts.get();
  channel.resolved = {{"line", sequence.filled_by_line.get()},
                      {"request", sequence.filled_by_request.get()},
                      {"snapshot", sequence.bridged_by_snapshot.get()},
                      {"lost", sequence.gaps.get()}};
  channel.stale = pipeline.is_stale();
  channel.incomplete = pipeline.is_incomplete();
  channel.awaits_snapshot = pipeline.awaits_snapshot();
  if (transport == Transport::soupbintcp) read_in_order(pipeline.in_order(), channel);
  read_feed(pipeline, channel);
  return channel;
}

status::LineStatus read_line(const Pipeline& pipeline, std::size_t line,
                             const net::UdpSource* source) {
  const auto& counters = pipeline.sequencer().line_counters(line);
  status::LineStatus result;
  result.packets = counters.packets.get();
  result.bytes = counters.bytes.get();
  result.messages_won = counters.messages_won.get();
  result.duplicates = counters.duplicates.get();
  const std::uint64_t delivered = pipeline.sequencer().counters().messages.get();
  if (delivered > 0) {
    result.share_won = static_cast<double>(result.messages_won) / static_cast<double>(delivered);
  }
  result.conflicts = counters.conflicts.get();
  result.alive = counters.dead.get() == 0;
  result.deaths = counters.deaths.get();
  result.lag = read_histogram(counters.lag);
  if (source != nullptr) {
    result.kernel_drops = source->counters(line).kernel_drops.get();
    result.anomalies = {{"filtered", source->counters(line).filtered.get()},
                        {"truncated", source->counters(line).truncated.get()},
                        {"no_buffer", source->counters(line).no_buffer.get()},
                        {"receive_errors", source->counters(line).errors.get()}};
    result.receive_buffer_got_bytes = source->receive_buffer_bytes(line);
    result.last_packet_age_seconds = age_seconds(counters.last_packet.get());
  }
  return result;
}

status::MarketStatus read_market(const Pipeline& pipeline) {
  const market::Market& market = pipeline.market();
  status::MarketStatus result;
  result.open_orders = market.order_counts().orders.get();
  result.instruments = pipeline.instruments();
  result.levels = pipeline.levels();
  result.trades = market.counts().prints.get();
  result.anomalies = market_anomalies(market.counts());
  static_cast<void>(pipeline.top().read(result.top));
  return result;
}

namespace {

[[nodiscard]] status::MissedStatus read_missed(const archive::Outage& missed) {
  status::MissedStatus result;
  if (missed.packets == 0) return result;
  result.packets = missed.packets;
  result.first_time_ns = missed.first_time;
  result.last_time_ns = missed.last_time;
  if (missed.numbers.next == 0) return result;
  net::Session session;
  std::memcpy(session.bytes.data(), missed.numbers.session.session.data(), session.bytes.size());
  result.session = net::session_name(session);
  result.first = missed.numbers.first;
  result.last = missed.numbers.next - 1;
  return result;
}

}  // namespace

status::ArchiveStatus read_archive(const archive::ArchiveWriter& archive) {
  const archive::ArchiveCounts counts = archive.counts();
  status::ArchiveStatus result;
  result.state = archive::to_text(counts.state);
  result.file = counts.file;
  result.packets = counts.packets;
  result.bytes_in = counts.bytes_in;
  result.bytes_out = counts.bytes_out;
  result.bytes_synced = counts.bytes_synced;
  result.bytes_doubtful = counts.bytes_doubtful;
  result.files_removed = counts.files_removed;
  result.sync_errors = counts.sync_errors;
  result.outages = counts.missed.outages;
  result.last_missed = read_missed(counts.missed.last);
  result.missing = read_missed(counts.missed.open);
  result.frames = counts.frames;
  result.files = counts.files;
  result.lost_packets = counts.lost_packets;
  result.ring_depth = counts.ring_depth;
  result.ring_capacity = counts.ring_capacity;
  result.gap_batches = counts.gap_batches;
  result.gap_packets = counts.gap_packets;
  result.write_errors = counts.write_errors;
  result.last_error = counts.last_error;
  result.cpu_seconds = counts.cpu_seconds;
  result.failed = counts.state == archive::ArchiveState::failed;
  result.failed_ever = counts.failed_ever;
  result.loss_notes = counts.loss_notes;
  result.complete = counts.complete;
  result.ring_wait = read_histogram(archive.ring_wait());
  return result;
}

}  // namespace tapeline
