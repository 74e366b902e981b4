#pragma once

// One channel from batches to books and archive: sequencer, feed, market, and the ring to the
// archive thread. Connects them; decides nothing about a message.
//
// Thread safety: on_*(), finish() and publish() by one thread, the feed thread; everything const
//                by any thread, except market() and sequencer(), which are the feed thread's too.
// Ownership:     pool, archive and bar sink are not owned and must outlive this.
// Allocation:    none per packet.

#include <array>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>

#include "app/archive/archive_writer.hpp"
#include "app/channel_events.hpp"
#include "app/config.hpp"
#include "app/feed/itch_feed.hpp"
#include "app/market/market.hpp"
#include "app/status/top_snapshot.hpp"
#include "net/packet_batch.hpp"
#include "net/sequencer.hpp"
#include "pool/buffer_pool.hpp"

namespace tapeline {

struct PipelineConfig {
  std::size_t lines = 2;
  bool accept_unsequenced = false;  // deliver packets with sequence 0 (anonymised captures)
  ChannelConfig channel;
  MarketConfig market;
};

class Pipeline {
 public:
  // `archive` and `bars` may be nullptr. Throws std::system_error when memory can not be had.
  Pipeline(const PipelineConfig& config, pool::LockFreeBufferPool& pools,
           archive::ArchiveWriter* archive, market::BarSink* bars);

  // A batch from a socket; `now_ns` is a steady clock. A full archive ring is a counted gap.
  void on_live_batch(net::PacketBatch&& batch, std::int64_t now_ns) {
    Handler handler{*this};
    for (const net::Packet& packet : batch.packets()) {
      count_cut(packet);
      sequencer_.on_packet(packet, now_ns, handler);
    }
    if (archive_ != nullptr) archive_->offer(std::move(batch));
  }

  // A batch of a capture, whose time stamps are the clock. Waits for the archive.
  // `before(packet)` is called in front of each packet; false ends the batch there, also for the
  // archive.
  template <typename Before>
  void on_captured_batch(net::PacketBatch&& batch, Before&& before) {
    Handler handler{*this};
    std::size_t played = 0;
    for (const net::Packet& packet : batch.packets()) {
      if (!before(packet)) break;
      ++played;
      count_cut(packet);
      note_time(packet.rx_time);
      sequencer_.on_packet(packet, packet.rx_time, handler);
    }
    batch.truncate(played);
    if (archive_ != nullptr) archive_->offer_blocking(std::move(batch));
  }

  void on_timer(std::int64_t now_ns) {
    Handler handler{*this};
    sequencer_.on_timer(now_ns, handler);
  }
  [[nodiscard]] std::int64_t next_deadline() const noexcept { return sequencer_.next_deadline(); }

  // One of several inputs ended: declares open holes; the next may be of another session.
  void end_input() {
    Handler handler{*this};
    sequencer_.finish(last_time_, handler);
    sequencer_.allow_session_change();
  }

  // End of the input: declares open holes, delivers what is held, closes open bars.
  void finish(std::int64_t now_ns);

  // Lets the status thread see the most active instruments, and how many there are, as it is now.
  void publish();

  [[nodiscard]] const net::Sequencer& sequencer() const noexcept { return sequencer_; }
  [[nodiscard]] const feed::ItchFeed& feed() const noexcept { return feed_; }
  [[nodiscard]] const market::Market& market() const noexcept { return market_; }
  [[nodiscard]] market::Market& market() noexcept { return market_; }
  [[nodiscard]] const archive::ArchiveWriter* archive() const noexcept { return archive_; }
  [[nodiscard]] const status::TopSnapshot& top() const noexcept { return top_; }
  [[nodiscard]] ChannelEvents& events() noexcept { return events_; }
  [[nodiscard]] const ChannelEvents& events() const noexcept { return events_; }
  // Books and VWAPs of this session miss messages.
  [[nodiscard]] bool is_stale() const noexcept { return stale_.get() != 0; }
  [[nodiscard]] std::uint64_t cut_packets() const noexcept { return cut_packets_.get(); }

  // As of the last publish().
  [[nodiscard]] std::uint64_t instruments() const noexcept { return instruments_.get(); }
  [[nodiscard]] std::uint64_t levels() const noexcept { return levels_.get(); }

  // Capture time of the first and last packet; {0, 0} before one.
  [[nodiscard]] std::pair<net::UnixNanos, net::UnixNanos> time_span() const noexcept {
    return {first_time_, last_time_};
  }

 private:
  // What the sequencer calls: passes on, and notes what an operator wants to read in the log.
  struct Handler {
    Pipeline& pipeline;

    void prefetch(std::span<const std::byte> message) const noexcept {
      pipeline.feed_.prefetch(message);
    }
    void on_message(std::uint64_t sequence, std::span<const std::byte> message,
                    const net::Packet& packet) const noexcept {
      pipeline.feed_.on_message(sequence, message, packet);
    }
    void on_gap(const net::GapRange& lost) const noexcept {
      pipeline.feed_.on_gap(lost);
      pipeline.stale_.set(1);
      pipeline.events_.note({.kind = ChannelEventKind::gap,
                             .first = lost.first,
                             .last_exclusive = lost.last_exclusive});
    }
    void on_session(const codec::moldudp64::Session& session, std::uint64_t sequence) const {
      pipeline.feed_.on_session(session, sequence);
      pipeline.stale_.set(sequence > 1 ? 1 : 0);
      pipeline.events_.note(
          {.kind = ChannelEventKind::session, .first = sequence, .session = session});
    }
    void on_end_of_session(const codec::moldudp64::Session& session) const {
      pipeline.feed_.on_end_of_session(session);
      pipeline.events_.note({.kind = ChannelEventKind::end_of_session,
                             .first = pipeline.sequencer_.expected(),
                             .session = session});
    }
    void on_resync(std::uint64_t sequence) const {
      pipeline.events_.note({.kind = ChannelEventKind::resync, .first = sequence});
    }
  };

  void count_cut(const net::Packet& packet) noexcept {
    if (packet.lost_bytes != 0) [[unlikely]]
      cut_packets_.add(1);
  }
  void note_time(net::UnixNanos time) noexcept {
    if (first_time_ == 0) [[unlikely]]
      first_time_ = time;
    last_time_ = time;
  }

  archive::ArchiveWriter* archive_;
  market::Market market_;
  feed::ItchFeed feed_;
  net::Sequencer sequencer_;
  ChannelEvents events_;
  status::TopSnapshot top_;
  pool::Counter cut_packets_;
  pool::Counter stale_;  // 0 or 1
  pool::Counter instruments_;
  pool::Counter levels_;
  net::UnixNanos first_time_ = 0;
  net::UnixNanos last_time_ = 0;
};

}  // namespace tapeline
