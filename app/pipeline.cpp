#include "app/pipeline.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>

namespace tapeline {

namespace {

constexpr std::int64_t kNanosPerMilli = 1'000'000;
constexpr std::size_t kBytesPerMib = std::size_t{1024} * 1024;
constexpr std::size_t kHoldBytes = 8 * kBytesPerMib;  // in pooled buffers
constexpr std::size_t kBytesOfASmallPacket = 256;

[[nodiscard]] market::MarketConfig market_config(const MarketConfig& config) {
  market::MarketConfig result;
  result.max_orders_mib = config.max_orders_mib;
  result.preallocated_orders_mib = config.preallocated_orders_mib;
  result.print_history = config.print_history;
  result.scalar_kernels = config.scalar_kernels;
  return result;
}

[[nodiscard]] std::int64_t nanos(std::uint32_t ms) noexcept { return ms * kNanosPerMilli; }

[[nodiscard]] net::SequencerConfig sequencer_config(const PipelineConfig& config) {
  const ChannelConfig& channel = config.channel;
  net::SequencerConfig result;
  result.lines = config.lines;
  result.hold_packets = channel.hold_packets;
  result.hold_bytes = kHoldBytes;
  result.accept_unsequenced = config.accept_unsequenced;
  result.hold_ns = nanos(channel.hold_ms);
  result.line_dead_ns = nanos(channel.line_dead_ms);
  result.conflict_window =
      channel.transport == Transport::moldudp64 ? channel.conflict_window : std::size_t{0};
  result.lines_unknown = !config.live;
  if (!config.live) return result;
  if (!channel.recovery.servers.empty()) {
    result.request_lines = 1;
    result.recovery_ns = nanos(channel.recovery.timeout_ms);
  }
  if (!channel.snapshot.servers.empty()) {
    result.snapshot_ns = nanos(channel.snapshot.timeout_ms);
    result.snapshot_on_join = channel.snapshot.on_join;
    result.snapshot_retry_ns = nanos(channel.snapshot.retry_ms);
    result.hold_bytes = std::max(kHoldBytes, std::size_t{channel.snapshot.hold_mib} * kBytesPerMib);
    result.hold_packets = std::max(result.hold_packets, result.hold_bytes / kBytesOfASmallPacket);
  }
  return result;
}

[[nodiscard]] net::UnixNanos unix_nanos() noexcept {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

[[nodiscard]] double price_of(const market::Level* level, std::uint8_t decimals) noexcept {
  return level == nullptr ? std::numeric_limits<double>::quiet_NaN()
                          : market::to_double(level->price, decimals);
}

[[nodiscard]] status::TopInstrument top_instrument(const market::Market& market,
                                                   market::InstrumentId id) noexcept {
  const market::Instrument& instrument = market.instrument(id);
  const market::SessionTotals totals = market.totals(id);
  const std::uint8_t decimals = instrument.price_decimals;
  status::TopInstrument top;
  top.set_symbol(market.symbol(id));
  top.price_decimals = decimals;
  top.size_decimals = instrument.size_decimals;
  top.volume = totals.volume;
  top.trades = totals.trades;
  if (totals.volume > 0) top.vwap = totals.vwap() / market::units_per_one(decimals);
  if (totals.traded) top.last = market::to_double(totals.last, decimals);
  top.bid = price_of(instrument.book.best(market::Side::buy), decimals);
  top.ask = price_of(instrument.book.best(market::Side::sell), decimals);
  return top;
}

}  // namespace

Pipeline::Pipeline(const PipelineConfig& config, pool::LockFreeBufferPool& pools,
                   archive::ArchiveWriter* archive, market::BarSink* bars)
    : archive_{archive},
      live_{config.live},
      iex_prints_{config.market.iex_prints},
      json_config_{config.json},
      market_{market_config(config.market), pools.simd(), bars},
      itch_{market_},
      sequencer_{sequencer_config(config), pools.serialization()} {
  if (config.feed != FeedKind::unknown) choose_feed(config.feed);
}

bool Pipeline::choose_feed(FeedKind kind) {
  if (feed_kind() != FeedKind::unknown) return feed_kind() == kind;
  if (kind == FeedKind::iex) {
    iex_ = std::make_unique<feed::IexFeed>(market_, iex_prints_);
    sequencer_.set_framing(net::Framing::iextp);
  } else if (kind == FeedKind::json) {
    json_ = std::make_unique<feed::JsonFeed>(market_, json_config_);
  }
  feed_kind_.store(kind, std::memory_order_release);  // release: whoever sees it finds the feed
  return true;
}

// Only before the first message, so an allocation is in no packet's way.
void Pipeline::recognise(const net::PacketBatch& batch) {
  if (batch.empty()) return;
  const net::Framing framing = net::recognise_framing(batch.packets().front().payload());
  choose_feed(framing == net::Framing::iextp ? FeedKind::iex : FeedKind::itch);
}

std::uint64_t Pipeline::messages() const noexcept {
  switch (feed_kind()) {
    case FeedKind::itch: return itch_.counts().messages();
    case FeedKind::iex: return iex_->counts().messages();
    case FeedKind::json: return json_->counts().documents();
    case FeedKind::unknown: break;
  }
  return 0;
}

void Pipeline::note_symbol_gaps() {
  json_->take_gaps([this](const feed::JsonGap& gap) {
    ChannelEvent event{.kind = ChannelEventKind::symbol_gap,
                       .reason = static_cast<std::uint8_t>(gap.of),
                       .first = gap.first,
                       .count = gap.count};
    event.symbol = market::SymbolText::from(market_.symbol(gap.instrument));
    events_.note(event);
  });
  show_state();
}

void Pipeline::Notes::on_line_state(std::size_t line, bool alive) const {
  pipeline.events_.note({.kind = alive ? ChannelEventKind::line_alive : ChannelEventKind::line_dead,
                         .index = static_cast<std::uint32_t>(line)});
}

void Pipeline::Notes::on_snapshot_wanted(std::uint64_t sequence) const {
  pipeline.snapshot_wanted_ = true;
  pipeline.awaits_snapshot_.set(1);
  pipeline.events_.note({.kind = ChannelEventKind::snapshot_wanted, .first = sequence});
}

// What was told of a snapshot must be forgotten before the next message is delivered.
void Pipeline::Notes::on_snapshot_abandoned(net::SnapshotEnd reason) const {
  pipeline.snapshot_wanted_ = false;
  pipeline.awaits_snapshot_.set(0);
  pipeline.abandon_snapshot();
  pipeline.events_.note(
      {.kind = ChannelEventKind::snapshot_not_waited, .reason = static_cast<std::uint8_t>(reason)});
}

void Pipeline::note_gap(const net::GapRange& lost) {
  with_numbered_feed([&](auto& feed) { feed.on_gap(lost); });
  note_settled(lost);
  show_state();
  events_.note(
      {.kind = ChannelEventKind::gap, .first = lost.first, .last_exclusive = lost.last_exclusive});
  if (archive_ == nullptr) return;
  if (loss_notes_ == kMaxLossNotes) return unnoted_losses_.add(1);
  loss_note_[loss_notes_++] = {.session = session_.bytes,
                               .first = lost.first,
                               .last_exclusive = lost.last_exclusive,
                               .time_ns = live_ ? unix_nanos() : last_time_};
}

void Pipeline::hand_on_loss_notes() {
  for (std::size_t i = 0; i < loss_notes_; ++i) {
    if (live_) {
      archive_->note_loss(loss_note_[i]);
    } else {
      archive_->note_loss_blocking(loss_note_[i]);
    }
  }
  loss_notes_ = 0;
}

void Pipeline::note_session(const Session& session, std::uint64_t sequence) {
  session_ = session;
  has_session_ = true;
  with_numbered_feed([&](auto& feed) { feed.on_session(session, sequence); });
  show_state();
  events_.note({.kind = ChannelEventKind::session, .first = sequence, .session = session});
}

void Pipeline::note_end(const Session& session, std::uint64_t next) {
  with_numbered_feed([&](auto& feed) { feed.on_end_of_session(session); });
  events_.note({.kind = ChannelEventKind::end_of_session, .first = next, .session = session});
}

void Pipeline::note_bridged(const net::GapRange& bridged) {
  with_numbered_feed([&](auto& feed) { feed.on_bridged(bridged); });
  note_settled(bridged);
  show_state();
  events_.note({.kind = ChannelEventKind::bridged,
                .first = bridged.first,
                .last_exclusive = bridged.last_exclusive});
}

void Pipeline::show_state() noexcept {
  const bool stale = market_.books_stale() || market_.counts().stale_books.get() > 0;
  const bool lost_of_a_symbol = json_ != nullptr && json_->counts().lost_trades.get() > 0;
  books_stale_.set(stale ? 1 : 0);
  totals_incomplete_.set(market_.totals_incomplete() || lost_of_a_symbol ? 1 : 0);
}

void Pipeline::lose_in_order(const net::GapRange& lost) {
  in_order_.gaps.add(1);
  in_order_.messages_lost.add(lost.count());
  in_order_.expected.set(lost.last_exclusive);
  snapshot_wanted_ = true;
  note_gap(lost);
}

void Pipeline::show_session(const Session& session) noexcept {
  std::uint64_t head = 0;
  std::uint16_t tail = 0;
  std::memcpy(&head, session.bytes.data(), sizeof head);
  std::memcpy(&tail, session.bytes.data() + sizeof head, sizeof tail);
  in_order_.session_head.set(head);
  in_order_.session_tail.set(tail);
}

void Pipeline::begin_session_in_order(const Session& session, std::uint64_t next) {
  show_session(session);
  in_order_.expected.set(next);
  note_session(session, next);
}

void Pipeline::join_session_in_order(const Session& session) {
  constexpr std::uint64_t kLate = 2;  // any number above 1
  show_session(session);
  session_ = session;
  has_session_ = true;
  with_numbered_feed([&](auto& feed) { feed.on_session(session, kLate); });
  show_state();
}

void Pipeline::go_on_in_order(std::uint64_t next) {
  in_order_.expected.set(next);
  events_.note({.kind = ChannelEventKind::session, .first = next, .session = session_});
}

void Pipeline::end_session_in_order() { note_end(session_, in_order_.expected.get()); }

void Pipeline::bridge_in_order(const net::GapRange& bridged) {
  in_order_.bridged.add(bridged.count());
  in_order_.expected.set(bridged.last_exclusive);
  note_bridged(bridged);
}

void Pipeline::begin_snapshot() noexcept {
  itch_.begin_snapshot();
  show_state();
}

void Pipeline::end_snapshot() noexcept {
  itch_.end_snapshot();
  show_state();
}

void Pipeline::abandon_snapshot() noexcept {
  itch_.abandon_snapshot();
  show_state();
}

bool Pipeline::hold_for_snapshot(std::int64_t now_ns) noexcept {
  if (!sequencer_.hold_for_snapshot(now_ns)) return false;
  awaits_snapshot_.set(1);
  return true;
}

void Pipeline::resume_at(std::uint64_t sequence, std::int64_t now_ns) {
  snapshot_wanted_ = false;
  awaits_snapshot_.set(0);
  with_handler(
      [&](auto& handler) { static_cast<void>(sequencer_.resume_at(sequence, now_ns, handler)); });
  hand_on_loss_notes();
}

void Pipeline::let_go(std::int64_t now_ns) {
  with_handler([&](auto& handler) { sequencer_.abandon_snapshot(now_ns, handler); });
  hand_on_loss_notes();
}

void Pipeline::begin_again() {
  with_handler([&](auto& handler) { sequencer_.finish(last_time_, handler); });
  hand_on_loss_notes();
  if (sequencer_.has_session()) return sequencer_.forget_session();
  market_.start_session();  // messages without numbers: no packet will say that a session begins
  show_state();
}

void Pipeline::finish(std::int64_t now_ns) {
  with_handler([&](auto& handler) { sequencer_.finish(now_ns, handler); });
  if (json_ != nullptr) {
    json_->finish();
    note_symbol_gaps();
  }
  hand_on_loss_notes();
  market_.close_all();
  publish();
}

void Pipeline::publish() {
  std::array<market::VolumeRank, status::TopSnapshot::kMaxInstruments> ranks;
  std::array<status::TopInstrument, status::TopSnapshot::kMaxInstruments> top;
  const std::size_t count = market_.top_by_volume(ranks);
  std::transform(
      ranks.begin(), ranks.begin() + static_cast<std::ptrdiff_t>(count), top.begin(),
      [this](const market::VolumeRank& rank) { return top_instrument(market_, rank.instrument); });
  top_.publish({top.data(), count});
  std::uint64_t instruments = 0;
  std::uint64_t levels = 0;
  for (std::size_t i = 0; i < market_.instrument_bound(); ++i) {
    const market::Instrument& instrument = market_.instrument(market::InstrumentId(i));
    if (!instrument.seen) continue;
    ++instruments;
    levels += instrument.book.depth(market::Side::buy) + instrument.book.depth(market::Side::sell);
  }
  instruments_.set(instruments);
  levels_.set(levels);
}

}  // namespace tapeline
