#include "net/stream_framer.hpp"

#include <stdexcept>
#include <string>

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

}  // namespace tapeline::net
