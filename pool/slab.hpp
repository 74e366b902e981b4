#pragma once

// Memory for buffers: one anonymous mapping, every page present before the constructor returns,
// so that the first touch of a buffer costs no page fault.
//
// Thread safety: none needed; constructed and destroyed by one thread.

#include <cstddef>

namespace tapeline::pool {

class Slab {
 public:
  // Maps at least `bytes`, aligned to a page, to a huge page when `huge_pages` asks for them (a
  // wish; the system may refuse). Throws std::system_error when there is no memory.
  Slab(std::size_t bytes, bool huge_pages);
  ~Slab();
  Slab(const Slab&) = delete;
  Slab& operator=(const Slab&) = delete;

  [[nodiscard]] std::byte* data() const noexcept { return data_; }
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }

 private:
  std::byte* data_;
  std::size_t bytes_;
};

}  // namespace tapeline::pool
