#pragma once

// Packets out of a file of JSON documents, one a line: plain, or with the time and the URL of a
// recording in front (codec/json/recorded_line.hpp).
//
// A packet is one line, without its line end and without headers: datagram and payload are the
// same bytes, so these packets are nothing for an archive of datagrams. Its receive time is that of
// the line; of a line that tells none, that of the line before, 0 at first. Empty lines are passed
// over. Behind each payload codec::json::kPaddingBytes bytes may be read.
//
// A line that does not fit into a pooled buffer (a snapshot of a large book) travels alone, in
// memory of its own that its batch owns: counted, at most JsonFileConfig::max_large_bytes of it at
// a time. A line longer than max_line_bytes is counted and passed over.
//
// Thread safety: see net/pull_source.hpp.
// Memory:        one buffer of the pool while a batch is being made, and as much as the longest
//                line that is allowed and was met, 256 KiB at least.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "net/byte_stream.hpp"
#include "net/packet_batch.hpp"
#include "net/pull_source.hpp"
#include "pool/buffer_pool.hpp"

namespace tapeline::net {

struct JsonFileConfig {
  std::size_t max_line_bytes = std::size_t{64} * 1024 * 1024;
  std::size_t max_large_bytes = std::size_t{256} * 1024 * 1024;
};

class JsonFileSource final : public PullSource {
 public:
  // `buffers` is not owned and must outlive the source.
  JsonFileSource(ByteStream stream, pool::BufferPool<pool::SerializationKind>& buffers,
                 const JsonFileConfig& config = {});

  [[nodiscard]] PacketBatch next() override;

  [[nodiscard]] std::span<const SourceLine> lines() const noexcept override { return {&line_, 1}; }
  [[nodiscard]] std::uint64_t bytes_read() const noexcept override { return stream_.bytes_read(); }
  [[nodiscard]] std::optional<std::uint64_t> size_bytes() const noexcept override {
    return stream_.size_bytes();
  }

  // Whether a file that begins like this holds JSON documents. Looks at 16 bytes at most.
  [[nodiscard]] static bool recognises(std::span<const std::byte> first) noexcept;

 private:
  enum class Stop : std::uint8_t { buffer_full, large_line, no_bytes };

  void begin_buffer() noexcept;
  [[nodiscard]] Stop pack();
  // The next line that is complete, without its end; nothing when more bytes are needed.
  [[nodiscard]] std::optional<std::span<const std::byte>> staged_line() noexcept;
  void consume(std::size_t line_bytes) noexcept;
  void describe(std::span<const std::byte> line, std::size_t packet) noexcept;
  [[nodiscard]] PacketBatch take_large();
  [[nodiscard]] bool refill();
  [[nodiscard]] bool grow_staged();
  [[nodiscard]] PacketBatch hand_over();
  void conclude();
  [[nodiscard]] bool is_drained() const noexcept {
    return input_ == ReadState::end || input_ == ReadState::failed;
  }

  ByteStream stream_;
  pool::BufferPool<pool::SerializationKind>& buffers_;
  JsonFileConfig config_;
  SourceLine line_{};

  pool::SerializationGuard buffer_;
  std::size_t packet_count_ = 0;
  std::size_t descriptors_ = 0;
  std::size_t buffer_end_ = 0;  // of the bytes written to the buffer

  std::unique_ptr<std::byte[]> staged_;  // bytes of the file, as they are
  std::size_t staged_bytes_ = 0;         // size of the memory
  std::size_t staged_begin_ = 0;
  std::size_t staged_end_ = 0;
  std::size_t searched_end_ = 0;  // there is no line end between staged_begin_ and here
  bool skipping_ = false;         // up to the end of a line that is too long
  ReadState input_ = ReadState::ok;
  UnixNanos last_time_ = 0;
  std::shared_ptr<std::atomic<std::size_t>> large_bytes_;  // of lines that are still held
};

}  // namespace tapeline::net
