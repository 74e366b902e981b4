#pragma once

// Memory of one packet that is too long for a pooled buffer: allocated for it, given back with the
// batch that owns it. The side path of documents of a megabyte; nothing else goes here.
//
// Thread safety: one owner at a time; may be moved to another thread. The sum that it is counted in
//                may be read by any.
// Units:         bytes.

#include <atomic>
#include <cstddef>
#include <memory>
#include <new>
#include <utility>

namespace tapeline::net {

class LargeBytes {
 public:
  // Bytes that are held by all that share it.
  using Sum = std::shared_ptr<std::atomic<std::size_t>>;

  LargeBytes() = default;
  // Empty when there is no memory.
  LargeBytes(std::size_t bytes, Sum sum) noexcept
      : block_{new (std::nothrow) Block{std::move(sum), bytes}} {
    if (block_ == nullptr) return;
    block_->memory.reset(new (std::nothrow) std::byte[bytes]);
    if (block_->memory == nullptr) {
      block_.reset();
      return;
    }
    // relaxed: a sum to hold against a bound; it orders nothing.
    block_->sum->fetch_add(bytes, std::memory_order_relaxed);
  }

  [[nodiscard]] std::byte* data() const noexcept {
    return block_ == nullptr ? nullptr : block_->memory.get();
  }

 private:
  struct Block {
    Block(Sum counted_in, std::size_t size) noexcept : sum{std::move(counted_in)}, bytes{size} {}
    ~Block() {
      if (memory != nullptr) sum->fetch_sub(bytes, std::memory_order_relaxed);  // as above
    }
    Block(const Block&) = delete;
    Block& operator=(const Block&) = delete;

    Sum sum;
    std::size_t bytes;
    std::unique_ptr<std::byte[]> memory;
  };

  std::unique_ptr<Block> block_;
};

}  // namespace tapeline::net
