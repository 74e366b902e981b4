#pragma once

// One channel from batches to books and archive: sequencer, feed, market, and the ring to the
// archive thread. Connects them; decides nothing about a message.
//
// Three ways in. Packets with numbers, of lines: deliver() and on_timer(), through the sequencer.
// Messages that come in order by themselves, of a TCP session: the in-order calls. Documents that
// carry their own numbers (JSON): deliver() as well, past the sequencer.
//
// Which feed reads them is configured, or the first packet tells it: see choose_feed().
//
// Thread safety: everything that is not const by one thread, the feed thread; everything const by
//                any thread, except market() and sequencer(), which are the feed thread's too.
// Ownership:     pool, archive and bar sink are not owned and must outlive this.
// Allocation:    none per packet.

#include <array>
#include <atomic>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include "app/archive/archive_writer.hpp"
#include "app/channel_events.hpp"
#include "app/config.hpp"
#include "app/feed/feed_kind.hpp"
#include "app/feed/iex_feed.hpp"
#include "app/feed/itch_feed.hpp"
#include "app/feed/json_feed.hpp"
#include "app/market/market.hpp"
#include "app/status/top_snapshot.hpp"
#include "net/packet_batch.hpp"
#include "net/sequencer.hpp"
#include "pool/buffer_pool.hpp"

namespace tapeline {

struct PipelineConfig {
  feed::FeedKind feed = feed::FeedKind::itch;
  std::size_t lines = 2;
  bool accept_unsequenced = false;  // deliver packets with sequence 0 (anonymised captures)
  bool live = false;                // remedies are at hand, and the archive is not waited for
  ChannelConfig channel;
  MarketConfig market;
  feed::JsonFeedConfig json{};
};

// Where a channel without a sequencer is. Written by the feed thread, read by any.
struct alignas(pool::kCacheLineBytes) InOrderCounters {
  pool::Counter expected;      // number of the next message, 0 before a session
  pool::Counter session_head;  // the first eight and the last two bytes of the session's name
  pool::Counter session_tail;
  pool::Counter gaps;           // declared lost
  pool::Counter messages_lost;  // in these
  pool::Counter bridged;        // messages that a snapshot stands for
};

class Pipeline {
 public:
  using FeedKind = feed::FeedKind;
  using Session = codec::moldudp64::Session;

  // `archive` and `bars` may be nullptr. Throws std::system_error when memory can not be had.
  Pipeline(const PipelineConfig& config, pool::LockFreeBufferPool& pools,
           archive::ArchiveWriter* archive, market::BarSink* bars);

  // Packets of a socket; `now_ns` is a steady clock. Then archive() takes the batch.
  void deliver(const net::PacketBatch& batch, std::int64_t now_ns) {
    if (feed_kind() == FeedKind::unknown) [[unlikely]]
      recognise(batch);
    with_entry([&](auto&& enter) {
      for (const net::Packet& packet : batch.packets()) enter(packet, now_ns);
    });
    if (feed_kind() == FeedKind::json) note_symbol_gaps();
  }
  // A full ring is a counted gap of the archive.
  void archive(net::PacketBatch&& batch) {
    if (archive_ == nullptr) return;
    archive_->offer(std::move(batch));
    if (loss_notes_ != 0) [[unlikely]]
      hand_on_loss_notes();
  }

  // A batch of a capture, whose time stamps are the clock. Waits for the archive.
  // `before(packet)` is called in front of each packet; false ends the batch there, also for the
  // archive.
  template <typename Before>
  void on_captured_batch(net::PacketBatch&& batch, Before&& before) {
    if (feed_kind() == FeedKind::unknown) [[unlikely]]
      recognise(batch);
    std::size_t played = 0;
    with_entry([&](auto&& enter) {
      for (const net::Packet& packet : batch.packets()) {
        if (!before(packet)) break;
        ++played;
        note_time(packet.rx_time);
        enter(packet, packet.rx_time);
      }
    });
    if (feed_kind() == FeedKind::json) note_symbol_gaps();
    batch.truncate(played);
    if (archive_ == nullptr) return;
    archive_->offer_blocking(std::move(batch));
    if (loss_notes_ != 0) [[unlikely]]
      hand_on_loss_notes();
  }

  void on_timer(std::int64_t now_ns) {
    with_handler([&](auto& handler) { sequencer_.on_timer(now_ns, handler); });
    hand_on_loss_notes();
  }
  [[nodiscard]] std::int64_t next_deadline() const noexcept { return sequencer_.next_deadline(); }

  // In order: a message, a range that will not come, a session that begins for us with message
  // `next`, the end of one.
  void deliver_in_order(std::uint64_t sequence, std::span<const std::byte> message) noexcept {
    in_order_.expected.set(sequence + 1);
    itch_.apply(message);
  }
  void lose_in_order(const net::GapRange& lost);
  void begin_session_in_order(const Session& session, std::uint64_t next);
  // The same for a session that is joined behind a snapshot: which message is next,
  // go_on_in_order() says after it.
  void join_session_in_order(const Session& session);
  void go_on_in_order(std::uint64_t next);
  void end_session_in_order();
  void bridge_in_order(const net::GapRange& bridged);

  // Documents of a stream without packets of their own; then end_documents(), once for all that
  // came together. Documents may have been lost: the connection ended, or a line was too long.
  // Requires: the feed is json.
  void deliver_document(std::span<const std::byte> document, const net::Packet& packet) noexcept {
    json_->on_message(std::uint64_t{0}, document, packet);
  }
  void end_documents() { note_symbol_gaps(); }
  void lose_documents() {
    json_->on_loss();
    note_symbol_gaps();
  }

  // Snapshots: begin, apply each message, then end, or abandon. No message may be delivered in
  // between. end_snapshot() also has the sequencer go on, if it is used.
  void begin_snapshot() noexcept;
  [[nodiscard]] feed::SnapshotResult apply_snapshot(std::span<const std::byte> message) noexcept {
    return itch_.apply_snapshot(message);
  }
  void end_snapshot() noexcept;
  void abandon_snapshot() noexcept;

  // Of the sequencer; see there.
  [[nodiscard]] bool hold_for_snapshot(std::int64_t now_ns) noexcept;
  void resume_at(std::uint64_t sequence, std::int64_t now_ns);
  void let_go(std::int64_t now_ns);
  // fn(const net::GapRange&) for what was declared lost or bridged since the last call, as far as
  // it is remembered.
  template <typename Fn>
  void take_settled(Fn&& fn) {
    for (std::size_t i = 0; i < settled_; ++i) fn(settled_ranges_[i]);
    settled_ = 0;
  }
  // Whether a snapshot was wanted since the last call.
  [[nodiscard]] bool take_snapshot_wanted() noexcept {
    return std::exchange(snapshot_wanted_, false);
  }

  // Another input follows: it may go on with the session, or be of another one.
  void begin_next_input() noexcept { sequencer_.allow_session_change(); }
  // The input is played again, from its first message: declares open holes, and what follows is a
  // session of its own. Requires: the feed is not json.
  void begin_again();

  // End of the input: declares open holes, delivers what is held, closes open bars.
  void finish(std::int64_t now_ns);

  // Lets the status thread see the most active instruments, and how many there are, as it is now.
  void publish();

  [[nodiscard]] const net::Sequencer& sequencer() const noexcept { return sequencer_; }
  // Of the messages that come now. Feed thread only.
  [[nodiscard]] const Session& session() const noexcept { return session_; }
  [[nodiscard]] bool has_session() const noexcept { return has_session_; }
  [[nodiscard]] const InOrderCounters& in_order() const noexcept { return in_order_; }
  // The feed in use, once it is known: set before the first message and never changed.
  [[nodiscard]] FeedKind feed_kind() const noexcept {
    return feed_kind_.load(std::memory_order_acquire);  // acquire: the feed was made before
  }
  // Returns whether `kind` reads the messages from now on: false when another feed does already.
  // Throws std::bad_alloc or std::system_error when there is no memory for it.
  bool choose_feed(FeedKind kind);
  [[nodiscard]] const feed::ItchFeed& itch() const noexcept { return itch_; }
  // Requires: feed_kind() is iex, or json.
  [[nodiscard]] const feed::IexFeed& iex() const noexcept { return *iex_; }
  [[nodiscard]] const feed::JsonFeed& json() const noexcept { return *json_; }
  // That were decoded, of any kind: messages, or documents.
  [[nodiscard]] std::uint64_t messages() const noexcept;
  [[nodiscard]] const market::Market& market() const noexcept { return market_; }
  [[nodiscard]] market::Market& market() noexcept { return market_; }
  [[nodiscard]] const archive::ArchiveWriter* archive() const noexcept { return archive_; }
  [[nodiscard]] const status::TopSnapshot& top() const noexcept { return top_; }
  [[nodiscard]] ChannelEvents& events() noexcept { return events_; }
  [[nodiscard]] const ChannelEvents& events() const noexcept { return events_; }
  // The books miss messages: from a gap, or the wait for a snapshot, until one was applied.
  [[nodiscard]] bool is_stale() const noexcept {
    return books_stale_.get() != 0 || awaits_snapshot_.get() != 0;
  }
  // Volumes and VWAPs miss messages: from the first gap to the end of the session.
  [[nodiscard]] bool is_incomplete() const noexcept { return totals_incomplete_.get() != 0; }
  [[nodiscard]] bool awaits_snapshot() const noexcept { return awaits_snapshot_.get() != 0; }
  [[nodiscard]] std::uint64_t cut_packets() const noexcept { return cut_packets_.get(); }
  // Declared losses that were not handed to the archive because there were too many at a time.
  [[nodiscard]] std::uint64_t unnoted_losses() const noexcept { return unnoted_losses_.get(); }

  // As of the last publish().
  [[nodiscard]] std::uint64_t instruments() const noexcept { return instruments_.get(); }
  [[nodiscard]] std::uint64_t levels() const noexcept { return levels_.get(); }

  // Capture time of the first and last packet; {0, 0} before one.
  [[nodiscard]] std::pair<net::UnixNanos, net::UnixNanos> time_span() const noexcept {
    return {first_time_, last_time_};
  }

 private:
  static constexpr std::size_t kMaxLossNotes = 64;  // of one batch
  static constexpr std::size_t kMaxSettled = 64;

  // What the sequencer calls: passes on, and notes what an operator wants to read in the log.
  struct Notes {
    Pipeline& pipeline;

    void on_gap(const net::GapRange& lost) const { pipeline.note_gap(lost); }
    void on_session(const Session& session, std::uint64_t sequence) const {
      pipeline.note_session(session, sequence);
    }
    void on_end_of_session(const Session& session) const {
      pipeline.note_end(session, pipeline.sequencer_.expected());
    }
    void on_resync(std::uint64_t sequence) const {
      pipeline.events_.note({.kind = ChannelEventKind::resync, .first = sequence});
    }
    void on_line_state(std::size_t line, bool alive) const;
    void on_snapshot_wanted(std::uint64_t sequence) const;
    void on_snapshot_abandoned(net::SnapshotEnd reason) const;
    void on_bridged(const net::GapRange& bridged) const { pipeline.note_bridged(bridged); }
  };
  template <typename Feed>
  struct Handler : Notes {
    Feed& feed;

    void prefetch(std::span<const std::byte> message) const noexcept requires requires {
      feed.prefetch(message);
    }
    { feed.prefetch(message); }
    void on_message(std::uint64_t sequence, std::span<const std::byte> message,
                    const net::Packet& packet) const noexcept {
      feed.on_message(sequence, message, packet);
    }
  };

  // fn(feed) with the feed in use, of those that are numbered by the channel.
  template <typename Fn>
  void with_numbered_feed(Fn&& fn) {
    switch (feed_kind()) {
      case FeedKind::itch: return fn(itch_);
      case FeedKind::iex: return fn(*iex_);
      case FeedKind::json:
      case FeedKind::unknown: return;
    }
  }
  // fn(handler) for the sequencer.
  template <typename Fn>
  void with_handler(Fn&& fn) {
    with_numbered_feed([&](auto& feed) {
      Handler<std::remove_reference_t<decltype(feed)>> handler{{*this}, feed};
      fn(handler);
    });
  }
  // fn(enter) with enter(packet, now_ns), the way in for a packet.
  template <typename Fn>
  void with_entry(Fn&& fn) {
    if (feed_kind() == FeedKind::json) {
      return fn([this](const net::Packet& packet, std::int64_t) {
        json_->on_message(std::uint64_t{0}, packet.payload(), packet);
      });
    }
    with_handler([&](auto& handler) {
      fn([&](const net::Packet& packet, std::int64_t now_ns) {
        count_cut(packet);
        sequencer_.on_packet(packet, now_ns, handler);
      });
    });
  }
  void recognise(const net::PacketBatch& batch);
  void note_symbol_gaps();

  void count_cut(const net::Packet& packet) noexcept {
    if (packet.lost_bytes != 0) [[unlikely]]
      cut_packets_.add(1);
  }
  void note_time(net::UnixNanos time) noexcept {
    if (first_time_ == 0) [[unlikely]]
      first_time_ = time;
    last_time_ = time;
  }
  void note_gap(const net::GapRange& lost);
  void note_session(const Session& session, std::uint64_t sequence);
  void note_end(const Session& session, std::uint64_t next);
  void note_bridged(const net::GapRange& bridged);
  void show_session(const Session& session) noexcept;
  void note_settled(const net::GapRange& range) noexcept {
    if (settled_ < kMaxSettled) settled_ranges_[settled_++] = range;
  }
  void show_state() noexcept;
  void hand_on_loss_notes();

  archive::ArchiveWriter* archive_;
  bool live_;
  feed::IexPrintRules iex_prints_;
  feed::JsonFeedConfig json_config_;
  market::Market market_;
  feed::ItchFeed itch_;
  std::unique_ptr<feed::IexFeed> iex_;
  std::unique_ptr<feed::JsonFeed> json_;
  std::atomic<FeedKind> feed_kind_{FeedKind::unknown};
  net::Sequencer sequencer_;
  InOrderCounters in_order_;
  Session session_{};  // meaningless unless has_session_
  bool has_session_ = false;
  ChannelEvents events_;
  status::TopSnapshot top_;
  bool snapshot_wanted_ = false;
  std::size_t loss_notes_ = 0;
  std::array<codec::archive::LossNote, kMaxLossNotes> loss_note_{};
  std::size_t settled_ = 0;
  std::array<net::GapRange, kMaxSettled> settled_ranges_{};
  pool::Counter cut_packets_;
  pool::Counter unnoted_losses_;
  pool::Counter books_stale_;        // 0 or 1
  pool::Counter totals_incomplete_;  // 0 or 1
  pool::Counter awaits_snapshot_;    // 0 or 1
  pool::Counter instruments_;
  pool::Counter levels_;
  net::UnixNanos first_time_ = 0;
  net::UnixNanos last_time_ = 0;
};

}  // namespace tapeline
