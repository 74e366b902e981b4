#include "net/stream_framer.hpp"

#include <algorithm>
#include <cstring>
#include <new>
#include <stdexcept>
#include <string>
#include <utility>

namespace tapeline::net {

StreamCarry::StreamCarry(SerializationPool& pool, std::size_t max_bytes) {
  if (max_bytes > pool.buffer_bytes() || pool.buffer_bytes() - max_bytes < kReadablePastEnd) {
    throw std::invalid_argument{"a message of " + std::to_string(max_bytes) +
                                " bytes does not fit into a serialization buffer of " +
                                std::to_string(pool.buffer_bytes()) + " bytes"};
  }
  buffer_ = pool.try_acquire();
  if (!buffer_) throw std::runtime_error{"no serialization buffer is left for a stream"};
}

LineCarry::LineCarry(StreamCarry::SerializationPool& pool, const LineFraming& framing)
    : framing_{framing}, pooled_{pool, framing.max_bytes} {}

bool LineCarry::append(std::span<const std::byte> piece) noexcept {
  const std::size_t bytes = size() + piece.size();
  if (bytes <= framing_.max_bytes) {
    pooled_.append(piece.data(), piece.size());
    return true;
  }
  if (bytes > framing_.max_large_bytes || !reserve_large(bytes)) return false;
  if (!is_large()) {
    std::memcpy(large_.get(), pooled_.data(), pooled_.size());
    large_size_ = pooled_.size();
    pooled_.clear();
  }
  std::memcpy(large_.get() + large_size_, piece.data(), piece.size());
  large_size_ = bytes;
  return true;
}

bool LineCarry::reserve_large(std::size_t bytes) noexcept {
  if (bytes <= large_capacity_) return true;
  const std::size_t capacity = std::min(2 * bytes, framing_.max_large_bytes);
  std::unique_ptr<std::byte[]> larger{new (std::nothrow) std::byte[capacity + kReadablePastEnd]};
  if (larger == nullptr) return false;
  if (large_size_ > 0) std::memcpy(larger.get(), large_.get(), large_size_);
  large_ = std::move(larger);
  large_capacity_ = capacity;
  return true;
}

}  // namespace tapeline::net
