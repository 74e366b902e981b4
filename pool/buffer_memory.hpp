#pragma once

// Memory for the buffers of one pool: address space for all that there may ever be, memory for the
// stretches that are committed. What is committed is present, so that the first touch of a buffer
// costs no page fault.
//
// Thread safety: none; one thread at a time calls commit(), decommit() and bytes().
// Units:         bytes; offsets count from data(). Stretches need not be whole pages: a page that
//                two of them share has memory as long as one of them has.

#include <cstddef>
#include <vector>

namespace tapeline::pool {

class BufferMemory {
 public:
  struct Options {
    std::size_t max_stretches = 1;  // committed at one time
    bool huge_pages = false;        // a wish; the system may refuse
    int numa_node = -1;             // all memory comes from this node; -1: from any
  };
  // Some offsets: [begin, end).
  struct Stretch {
    std::size_t begin = 0;
    std::size_t end = 0;
    friend bool operator==(const Stretch&, const Stretch&) = default;
  };

  // Reserves address space, aligned to a page, to a huge page when these are wished for and fit.
  // Throws std::system_error when there is none.
  BufferMemory(std::size_t bytes, const Options& options);
  ~BufferMemory();
  BufferMemory(const BufferMemory&) = delete;
  BufferMemory& operator=(const BufferMemory&) = delete;

  // Puts memory behind a stretch. Returns 0, or the error number; then nothing has changed.
  // Requires: not empty, within bytes_reserved(), shares no byte with another committed stretch.
  [[nodiscard]] int commit(Stretch stretch) noexcept;
  // Takes the memory away again, and with it the bytes. Returns how much has been given back.
  // Requires: the same stretch has been committed.
  std::size_t decommit(Stretch stretch) noexcept;

  [[nodiscard]] std::byte* data() const noexcept { return data_; }
  [[nodiscard]] std::size_t bytes_reserved() const noexcept { return reserved_; }
  [[nodiscard]] std::size_t bytes() const noexcept { return committed_bytes_; }

 private:
  [[nodiscard]] bool page_in_use(std::size_t page) const noexcept;
  [[nodiscard]] Stretch own_pages(Stretch stretch) const noexcept;
  [[nodiscard]] int make_present(Stretch pages) const noexcept;
  void take_away(Stretch pages) const noexcept;
  void unpoison_all(Stretch stretch) const noexcept;

  Options options_;
  std::size_t page_bytes_;
  std::size_t reserved_;
  std::byte* data_ = nullptr;
  std::size_t committed_bytes_ = 0;
  std::vector<Stretch> committed_;
};

}  // namespace tapeline::pool
