#pragma once

// A channel over TCP: the messages of a SoupBinTCP session, which come in order by themselves.
//
// A snapshot needs messages held: the session is ended for it, and begun again behind the snapshot;
// the server keeps them meanwhile.
//
// Thread safety, ownership: as ChannelInput; what is passed by reference must outlive this.

#include <asio/io_context.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "app/channel_input.hpp"
#include "app/config.hpp"
#include "app/pipeline.hpp"
#include "net/credentials.hpp"
#include "net/soup_source.hpp"
#include "pool/buffer_pool.hpp"

namespace tapeline {

class TcpInput final : public ChannelInput {
 public:
  // With `snapshot_first` nothing is received before resume_at() or let_go().
  TcpInput(const ChannelConfig& config, const net::Credentials& credentials, Pipeline& pipeline,
           net::TcpSource::SerializationPool& pool, bool snapshot_first, Progress progress);
  ~TcpInput() override;

  void start(asio::io_context& io, bool spinning) override;
  std::size_t poll_once() override;
  void stop() override;
  void finish() override;
  void refresh() override;

  [[nodiscard]] bool hold(const Session& of, std::int64_t now_ns) override;
  void let_go(std::int64_t now_ns) override;
  [[nodiscard]] bool can_resume_at(std::uint64_t sequence) const override;
  void resume_at(std::uint64_t sequence, std::int64_t now_ns) override;
  [[nodiscard]] bool awaits_snapshot() const override { return held_; }

  [[nodiscard]] std::vector<Note> describe() const override;
  [[nodiscard]] std::uint64_t packets() const override { return counters_.packets.get(); }
  [[nodiscard]] std::uint64_t bytes() const override { return counters_.bytes.get(); }
  void read(status::ChannelStatus& channel) const override;

 private:
  // What the session calls. Calls of a link that was ended are ignored.
  struct Handler {
    TcpInput& input;
    std::uint64_t link;

    [[nodiscard]] bool is_current() const noexcept { return link == input.number_; }
    void on_login(const net::SoupLogin& login) const;
    void on_session(const Session& session, std::uint64_t next) const;
    void on_message(std::uint64_t sequence, std::span<const std::byte> message,
                    const net::Packet& /*packet*/) const {
      if (is_current()) [[likely]]
        input.pipeline_.deliver_in_order(sequence, message);
    }
    void on_gap(const net::GapRange& missing) const;
    void on_end_of_session(const Session& session) const;
    void on_rejected(net::SoupSession::RejectReason reason) const;
    void on_connected(const net::Connected& peer) const;
    void on_disconnected(const net::Disconnected& end) const;
    void on_batch(net::PacketBatch&& batch) const;
  };
  struct Link;

  // Sums over all links, brought up to date by refresh().
  struct alignas(pool::kCacheLineBytes) Counters {
    pool::Counter packets;
    pool::Counter bytes;
    pool::Counter tries;
    pool::Counter connections;
    pool::Counter is_connected;
    pool::Counter is_logged_in;
    pool::Counter is_held;
    pool::Counter is_over;  // the session has ended, the next one is waited for
    pool::Counter server;
    pool::Counter last_bytes;  // UnixNanos of the last read
    pool::Counter heartbeats;
    pool::Counter duplicates;
    pool::Counter rejected;
    pool::Counter silences;   // of the server, found by the watchdog
    pool::Counter malformed;  // packets and streams
    pool::Counter no_buffer;
    pool::Counter no_link;  // times that there was no buffer to begin with
  };

  void open_link(std::uint64_t sequence);
  void close_link();
  void copy_counters(const Link& link);

  ChannelConfig config_;
  net::Credentials credentials_;
  Pipeline& pipeline_;
  net::TcpSource::SerializationPool& pool_;
  Progress progress_;
  asio::io_context* io_ = nullptr;
  bool spinning_ = false;
  bool held_;
  bool stopped_ = false;
  std::optional<Session> resumed_;  // the session that the snapshot was of
  std::shared_ptr<Link> link_;
  std::uint64_t number_ = 0;  // of the link
  std::uint64_t wanted_sequence_ = 1;
  Counters counters_;
  struct Sums;
  std::unique_ptr<Sums> ended_;  // of the links before this one
};

}  // namespace tapeline
