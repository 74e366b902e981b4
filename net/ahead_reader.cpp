#include "net/ahead_reader.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <utility>

namespace tapeline::net {
namespace {

constexpr std::chrono::seconds kWait{1};  // then looks again; a push or a close() ends it at once

}  // namespace

AheadReader::AheadReader(std::unique_ptr<ByteReader> reader) : reader_{std::move(reader)} {
  for (std::size_t i = 0; i < kBlocks; ++i) {
    blocks_[i].bytes = std::make_unique_for_overwrite<std::byte[]>(kBlockBytes);
    static_cast<void>(free_.try_push(std::size_t{i}));  // has room for all
  }
  thread_ = std::thread{[this] { run(); }};
}

AheadReader::~AheadReader() {
  free_.close();
  thread_.join();
}

// The thread.
void AheadReader::run() {
  std::size_t index = 0;
  for (;;) {
    while (!free_.try_pop(index)) {
      if (free_.closed()) return;
      free_.wait_for(kWait);
    }
    Block& block = blocks_[index];
    ReadResult result;
    do {
      if (free_.closed()) return;
      result = reader_->read({block.bytes.get(), kBlockBytes});
      // A pipe is silent: nobody wants to know while there are bytes to read.
    } while (result.state == ReadState::would_block && !filled_.empty());
    block.count = result.count;
    block.state = result.state;
    block.offset = reader_->offset();
    block.reason = reader_->reason();
    static_cast<void>(filled_.try_push(std::size_t{index}));  // has room for all
    if (result.state == ReadState::end || result.state == ReadState::failed) return;
  }
}

// Waits for a block. Returns whether there are bytes in it; if not, it says why.
bool AheadReader::take_block() {
  if (current_ == kBlocks) {
    while (!filled_.try_pop(current_)) filled_.wait_for(kWait);
    begin_ = 0;
  }
  return begin_ < blocks_[current_].count;
}

ReadResult AheadReader::read(std::span<std::byte> to) {
  std::size_t count = 0;
  while (count < to.size()) {
    const bool has_bytes = take_block();
    const Block& block = blocks_[current_];
    offset_ = block.offset;
    if (!has_bytes) {
      if (count > 0) return {count, ReadState::ok};
      if (block.state == ReadState::failed) return fail(0, block.reason);
      if (block.state == ReadState::end) return {0, ReadState::end};
      static_cast<void>(free_.try_push(std::exchange(current_, kBlocks)));
      return {0, ReadState::would_block};
    }
    const std::size_t taken = std::min(to.size() - count, block.count - begin_);
    std::memcpy(to.data() + count, block.bytes.get() + begin_, taken);
    begin_ += taken;
    count += taken;
    // The last block stays, to say what it says again.
    if (begin_ == block.count && block.state == ReadState::ok) {
      static_cast<void>(free_.try_push(std::exchange(current_, kBlocks)));
    }
  }
  return {count, ReadState::ok};
}

}  // namespace tapeline::net
