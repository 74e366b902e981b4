#pragma once

// A channel over TCP without a session: JSON documents, one a line.
//
// The documents carry their own numbers. What was sent while there was no connection is lost, and
// so is a line that was too long: both make the books stale until the venue tells them anew. There
// are no snapshots to wait for.
//
// Thread safety, ownership: as ChannelInput; what is passed by reference must outlive this.

#include <asio/io_context.hpp>
#include <cstdint>
#include <memory>
#include <vector>

#include "app/channel_input.hpp"
#include "app/config.hpp"
#include "app/pipeline.hpp"
#include "net/stream_source.hpp"
#include "pool/buffer_pool.hpp"

namespace tapeline {

class LinesInput final : public ChannelInput {
 public:
  // Throws std::runtime_error when the pool is empty.
  LinesInput(const ChannelConfig& config, Pipeline& pipeline,
             net::TcpSource::SerializationPool& pool, Progress progress);
  ~LinesInput() override;

  void start(asio::io_context& io, bool spinning) override;
  std::size_t poll_once() override { return source_.poll_once(); }
  void stop() override { source_.stop(); }
  void finish() override { pipeline_.finish(0); }
  void refresh() override {}

  [[nodiscard]] bool hold(const Session& /*of*/, std::int64_t /*now_ns*/) override { return false; }
  [[nodiscard]] bool can_resume_at(std::uint64_t /*sequence*/) const override { return false; }
  void let_go(std::int64_t /*now_ns*/) override {}
  void resume_at(std::uint64_t /*sequence*/, std::int64_t /*now_ns*/) override {}
  [[nodiscard]] bool awaits_snapshot() const override { return false; }

  [[nodiscard]] std::vector<Note> describe() const override;
  [[nodiscard]] std::uint64_t packets() const override {
    return source_.tcp_counters().packets.get();
  }
  [[nodiscard]] std::uint64_t bytes() const override { return source_.tcp_counters().bytes.get(); }
  void read(status::ChannelStatus& channel) const override;

 private:
  // What the source calls.
  struct Handler {
    LinesInput& input;

    void on_message(std::uint64_t /*number*/, std::span<const std::byte> document,
                    const net::Packet& packet) const noexcept {
      input.pipeline_.deliver_document(document, packet);
    }
    void on_batch(net::PacketBatch&& batch) const;
    void on_connected(const net::Connected& peer) const;
    void on_disconnected(const net::Disconnected& end) const;
  };

  JsonLinesConfig config_;
  Pipeline& pipeline_;
  Progress progress_;
  Handler handler_{*this};
  net::LineSource<Handler> source_;
  std::uint64_t passed_over_ = 0;  // lines that were too long, as far as the feed knows of them
  pool::Counter last_bytes_;       // UnixNanos of the last read
};

}  // namespace tapeline
