#pragma once

// What a session has sent so far, for the servers that send it again: messages by number, from 1
// on, the oldest ones dropped when there is no room for them.
//
// The messages lie in chunks, each behind its length in two bytes, as in a MoldUDP64 packet. A
// chunk is only ever appended to: a reader takes a share of it under the lock, together with how
// many of its messages are published, and reads those without one.
//
// Thread safety: append(), publish() and end() by one thread, the rest by any. A MessageRun belongs
//                to one thread.
// Progress:      the lock is held to look a chunk up or to move a mark, never to copy messages.
// Lifetime:      a run keeps its messages, also when the store drops them or is gone.
// Memory:        at most history_bytes, and the chunks that runs hold.

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <span>
#include <utility>

namespace tapeline::simulate {

namespace detail {

struct StoreChunk {
  std::uint64_t first = 0;                   // number of the first message
  std::unique_ptr<std::byte[]> bytes;        // blocks: length and message
  std::unique_ptr<std::uint32_t[]> offsets;  // of each block
  // Of the writer only.
  std::size_t used = 0;
  std::uint32_t count = 0;
};

}  // namespace detail

// Messages that follow each other.
class MessageRun {
 public:
  MessageRun() = default;

  [[nodiscard]] bool empty() const noexcept { return count_ == 0; }
  [[nodiscard]] std::size_t size() const noexcept { return count_; }
  // Requires: index < size(). Valid as long as this run or a copy of it.
  [[nodiscard]] std::span<const std::byte> operator[](std::size_t index) const noexcept;

 private:
  friend class MessageStore;
  MessageRun(std::shared_ptr<const detail::StoreChunk> chunk, std::size_t skip, std::size_t count)
      : chunk_{std::move(chunk)}, skip_{skip}, count_{count} {}

  std::shared_ptr<const detail::StoreChunk> chunk_;
  std::size_t skip_ = 0;
  std::size_t count_ = 0;
};

class MessageStore {
 public:
  static constexpr std::size_t kMinHistoryBytes = std::size_t{1} << 20U;
  static constexpr std::size_t kMaxMessageBytes = 0xFFFF;

  // Requires: history_bytes >= kMinHistoryBytes.
  explicit MessageStore(std::size_t history_bytes);

  // Adds the next message, which nobody sees before publish().
  // Requires: message.size() <= kMaxMessageBytes.
  void append(std::span<const std::byte> message);
  void publish();
  // Everything was published and no more will come.
  void end();

  struct Marks {
    std::uint64_t first = 1;  // the oldest message that is held
    std::uint64_t next = 1;   // one past the newest
    bool has_ended = false;
  };
  [[nodiscard]] Marks marks() const;

  // Published messages from `sequence` on, as far as they lie together. Empty if that message is
  // not held: no longer, or not yet.
  [[nodiscard]] MessageRun read(std::uint64_t sequence) const;

 private:
  using Chunk = detail::StoreChunk;

  static constexpr std::size_t kChunkBytes = std::size_t{256} * 1024;
  static constexpr std::size_t kChunkMessages = std::size_t{16} * 1024;
  static constexpr std::size_t kChunkTotal = kChunkBytes + kChunkMessages * sizeof(std::uint32_t);

  void start_chunk();

  std::size_t max_chunks_;
  Chunk* writing_ = nullptr;    // the last of chunks_
  std::uint64_t appended_ = 1;  // one past the last message, published or not
  mutable std::mutex mutex_;
  std::deque<std::shared_ptr<Chunk>> chunks_;  // guarded, and so are the marks
  Marks marks_;
};

}  // namespace tapeline::simulate
