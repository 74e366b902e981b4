#include "app/simulate/message_store.hpp"

#include <algorithm>
#include <cstring>

#include "codec/bytes.hpp"

namespace tapeline::simulate {

namespace {

constexpr std::size_t kLengthBytes = 2;

}  // namespace

std::span<const std::byte> MessageRun::operator[](std::size_t index) const noexcept {
  assert(index < count_);
  const std::byte* const block = chunk_->bytes.get() + chunk_->offsets[skip_ + index];
  return {block + kLengthBytes, codec::load_be<std::uint16_t>(block)};
}

MessageStore::MessageStore(std::size_t history_bytes)
    : max_chunks_{std::max<std::size_t>(history_bytes / kChunkTotal, 2)} {
  assert(history_bytes >= kMinHistoryBytes);
}

void MessageStore::append(std::span<const std::byte> message) {
  assert(message.size() <= kMaxMessageBytes);
  const std::size_t bytes = kLengthBytes + message.size();
  if (writing_ == nullptr || writing_->count == kChunkMessages ||
      kChunkBytes - writing_->used < bytes) {
    start_chunk();
  }
  std::byte* const block = writing_->bytes.get() + writing_->used;
  codec::store_be(block, static_cast<std::uint16_t>(message.size()));
  if (!message.empty()) std::memcpy(block + kLengthBytes, message.data(), message.size());
  writing_->offsets[writing_->count++] = static_cast<std::uint32_t>(writing_->used);
  writing_->used += bytes;
  ++appended_;
}

void MessageStore::start_chunk() {
  auto chunk = std::make_shared<Chunk>();
  chunk->first = appended_;
  chunk->bytes = std::make_unique_for_overwrite<std::byte[]>(kChunkBytes);
  chunk->offsets = std::make_unique_for_overwrite<std::uint32_t[]>(kChunkMessages);
  writing_ = chunk.get();
  std::shared_ptr<Chunk> dropped;  // freed without the lock
  const std::lock_guard lock{mutex_};
  chunks_.push_back(std::move(chunk));
  if (chunks_.size() <= max_chunks_) return;
  dropped = std::move(chunks_.front());
  chunks_.pop_front();
  marks_.first = chunks_.front()->first;
}

void MessageStore::publish() {
  const std::lock_guard lock{mutex_};
  marks_.next = appended_;
}

void MessageStore::end() {
  const std::lock_guard lock{mutex_};
  marks_.next = appended_;
  marks_.has_ended = true;
}

MessageStore::Marks MessageStore::marks() const {
  const std::lock_guard lock{mutex_};
  return marks_;
}

MessageRun MessageStore::read(std::uint64_t sequence) const {
  const std::lock_guard lock{mutex_};
  if (sequence < marks_.first || sequence >= marks_.next) return {};
  const auto behind = std::upper_bound(
      chunks_.begin(), chunks_.end(), sequence,
      [](std::uint64_t wanted, const auto& chunk) { return wanted < chunk->first; });
  const std::shared_ptr<Chunk>& chunk = *(behind - 1);
  const std::uint64_t end =
      behind == chunks_.end() ? marks_.next : std::min((*behind)->first, marks_.next);
  return {chunk, static_cast<std::size_t>(sequence - chunk->first),
          static_cast<std::size_t>(end - sequence)};
}

}  // namespace tapeline::simulate
