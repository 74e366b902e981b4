#pragma once

// Packets of one framing into rows, whatever the venue. Every session is a channel of its own, with
// a sequencer that puts its lines together: the first copy of a message makes the row.
//
// A session is met with a packet of it that is whole. There are at most kMaxChannels; packets of
// more, and packets that are something else, are counted and passed over.
//
// A Venue makes rows of the messages of one session:
//   Framing, kFraming, kFramingName   how its packets carry them (net/framing.hpp)
//   kMessageTypes, kMessageTypeIndex  the tables of its messages
//   Shared                            what all its channels share: schema, table, ...; has lines(),
//                                     the bound of the packets' lines
//   Venue(const net::Session&, Shared&)
//   label()                           "itch50/TAPELINE01"
//   on_message(std::uint64_t sequence, std::span<const std::byte> message, const net::Packet&)
//                                     of a known type, and not shorter than that
//   feed()                            nullptr, or what is told of sessions, gaps and prefetching
//   finish()
//
// Thread safety: none.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/decode/market_rows.hpp"
#include "app/decode/packet_decoder.hpp"
#include "app/market/market.hpp"
#include "net/framing.hpp"
#include "net/sequencer.hpp"
#include "pool/buffer_pool.hpp"

namespace tapeline::decode {

// "1 packet", "2 packets".
[[nodiscard]] inline std::string counted(std::uint64_t count, std::string_view what) {
  return std::to_string(count) + " " + std::string{what} + (count == 1 ? "" : "s");
}

// The market of a channel, and the rows that are made of it.
template <typename Feed>
struct FedMarket {
  template <typename... FeedConfig>
  FedMarket(const Schema& schema, Table& table, const SymbolNames& names,
            pool::LockFreeBufferPool& pools, const FeedConfig&... of_feed)
      : rows{schema, table, names},
        market{config(), pools.simd(), &rows},
        feed{market, of_feed...} {
    rows.attach(market);
  }

  MarketRows rows;
  market::Market market;
  Feed feed;

 private:
  // Memory comes as it is needed: there may be many channels, and few messages.
  [[nodiscard]] static market::MarketConfig config() {
    market::MarketConfig config;
    config.preallocated_orders_mib = 1;
    config.preallocated_levels_mib = 1;
    return config;
  }
};

template <typename Venue>
class SessionDecoder final : public PacketDecoder {
 public:
  static constexpr std::size_t kMaxChannels = 64;

  // The arguments are those of Venue::Shared; the pools are not owned and must outlive this.
  template <typename... Arguments>
  explicit SessionDecoder(pool::LockFreeBufferPool& pools, Arguments&&... arguments)
      : pools_{pools}, shared_{std::forward<Arguments>(arguments)...} {}

  void on_packets(std::span<const net::Packet> packets) override {
    for (const net::Packet& packet : packets) {
      if (shared_.table().is_done()) return;
      Channel* const channel = channel_of(packet);
      if (channel != nullptr) channel->on_packet(packet);
    }
  }
  void finish() override {
    for (const auto& channel : channels_) channel->finish();
  }
  [[nodiscard]] std::vector<std::string> notes() const override {
    std::vector<std::string> notes;
    for (const auto& channel : channels_) channel->add_notes(notes);
    if (strange_packets_ != 0) {
      notes.push_back(counted(strange_packets_, "packet") + " not of " +
                      std::string{Venue::kFramingName} + " left out");
    }
    if (surplus_packets_ != 0) {
      notes.push_back(counted(surplus_packets_, "packet") + " of more than " +
                      std::to_string(kMaxChannels) + " sessions left out");
    }
    return notes;
  }

 private:
  using Shared = typename Venue::Shared;

  class Channel {
   public:
    Channel(const net::Session& session, Shared& shared, pool::LockFreeBufferPool& pools)
        : session_{session},
          sequencer_{sequencer_config(shared.lines()), pools.serialization()},
          venue_{session, shared} {}

    [[nodiscard]] const net::Session& session() const noexcept { return session_; }

    void on_packet(const net::Packet& packet) {
      last_time_ = packet.rx_time;
      sequencer_.on_packet(packet, packet.rx_time, Handler{*this});
    }
    void finish() {
      sequencer_.finish(last_time_, Handler{*this});
      venue_.finish();
    }

    void add_notes(std::vector<std::string>& notes) const {
      const auto note = [&](const std::string& text) {
        notes.push_back(venue_.label() + ": " + text);
      };
      const net::SequencerCounters& seen = sequencer_.counters();
      if (seen.gaps.get() != 0) {
        note(counted(seen.messages_lost.get(), "message") + " missing in " +
             counted(seen.gaps.get(), "gap"));
      }
      if (seen.conflicts.get() != 0) {
        note(counted(seen.conflicts.get(), "message") + " not the same on all lines");
      }
      std::uint64_t malformed = 0;
      for (const auto& counter : seen.malformed) malformed += counter.get();
      if (malformed != 0) note(counted(malformed, "malformed packet"));
      if (unknown_types_ != 0)
        note(counted(unknown_types_, "message") + " of unknown types left out");
      if (short_ != 0) note(counted(short_, "message") + " too short for the type left out");
    }

   private:
    struct Handler {
      Channel& channel;

      void prefetch(std::span<const std::byte> message) const noexcept {
        if (auto* const feed = channel.venue_.feed()) feed->prefetch(message);
      }
      void on_message(std::uint64_t sequence, std::span<const std::byte> message,
                      const net::Packet& packet) const {
        channel.on_message(sequence, message, packet);
      }
      void on_gap(const net::GapRange& lost) const noexcept {
        if (auto* const feed = channel.venue_.feed()) feed->on_gap(lost);
      }
      void on_session(const net::Session& session, std::uint64_t sequence) const noexcept {
        if (auto* const feed = channel.venue_.feed()) feed->on_session(session, sequence);
      }
    };

    [[nodiscard]] static net::SequencerConfig sequencer_config(std::size_t lines) {
      net::SequencerConfig config;
      config.framing = Venue::kFraming;
      config.lines = lines;
      config.lines_unknown = true;
      config.accept_unsequenced = true;
      config.hold_packets = 4096;
      config.hold_bytes = std::size_t{4} << 20U;  // of the job's pool
      return config;
    }

    void on_message(std::uint64_t sequence, std::span<const std::byte> message,
                    const net::Packet& packet) {
      const std::size_t type =
          message.empty()
              ? Venue::kMessageTypes.size()
              : Venue::kMessageTypeIndex[std::to_integer<unsigned char>(message.front())];
      if (type == Venue::kMessageTypes.size()) [[unlikely]] {
        ++unknown_types_;
        return;
      }
      if (message.size() < Venue::kMessageTypes[type].bytes) [[unlikely]] {
        ++short_;
        return;
      }
      venue_.on_message(sequence, message, packet);
    }

    net::Session session_;
    net::Sequencer sequencer_;
    Venue venue_;
    net::UnixNanos last_time_ = 0;
    std::uint64_t unknown_types_ = 0;
    std::uint64_t short_ = 0;
  };

  // nullptr if the packet belongs to none.
  [[nodiscard]] Channel* channel_of(const net::Packet& packet) {
    const net::ParsedPacket parsed = Venue::Framing::parse(packet.payload());
    if (parsed.status == net::PacketStatus::too_short) {
      ++strange_packets_;
      return nullptr;
    }
    const net::Session& session = parsed.header.session;
    if (last_ < channels_.size() && channels_[last_]->session() == session) [[likely]] {
      return channels_[last_].get();
    }
    for (last_ = 0; last_ < channels_.size(); ++last_) {
      if (channels_[last_]->session() == session) return channels_[last_].get();
    }
    return open_channel(packet, parsed);
  }

  [[nodiscard]] Channel* open_channel(const net::Packet& packet, const net::ParsedPacket& parsed) {
    using net::PacketStatus;
    if (parsed.status == PacketStatus::heartbeat || parsed.status == PacketStatus::end_of_session) {
      return nullptr;  // of a session without messages so far: there is nothing to show
    }
    const bool is_whole = parsed.status == PacketStatus::ok &&
                          (packet.lost_bytes != 0 ||
                           Venue::Framing::for_each_block(parsed.header, packet.payload(), 0,
                                                          [](auto, auto) {}) == PacketStatus::ok);
    if (!is_whole) {
      ++strange_packets_;
      return nullptr;
    }
    if (channels_.size() == kMaxChannels) {
      ++surplus_packets_;
      return nullptr;
    }
    last_ = channels_.size();
    channels_.push_back(std::make_unique<Channel>(parsed.header.session, shared_, pools_));
    return channels_.back().get();
  }

  pool::LockFreeBufferPool& pools_;
  Shared shared_;
  std::vector<std::unique_ptr<Channel>> channels_;
  std::size_t last_ = 0;  // the channel of the packet before
  std::uint64_t strange_packets_ = 0;
  std::uint64_t surplus_packets_ = 0;  // of sessions beyond the bound
};

}  // namespace tapeline::decode
