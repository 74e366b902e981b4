#pragma once

// A range of addresses that is reserved once and becomes memory from its front, in steps.
// The range never moves, so what lies in it can be found by adding an offset to its start.
// Memory that was never written reads as zero and costs nothing until it is touched.
//
// Thread safety: none; one thread grows and uses it.
// Ownership:     unmaps the range when it ends.
// Units:         bytes.

#include <cstddef>
#include <type_traits>

namespace tapeline::market {

class MappedRegion {
 public:
  // Throws std::system_error when the address space can not be reserved.
  explicit MappedRegion(std::size_t reserved_bytes);
  ~MappedRegion();
  MappedRegion(const MappedRegion&) = delete;
  MappedRegion& operator=(const MappedRegion&) = delete;

  // Makes at least the first `bytes` bytes usable. Returns false, and changes nothing, when the
  // range is shorter or the kernel refuses.
  [[nodiscard]] bool commit(std::size_t bytes) noexcept;

  // Touches the first `bytes` bytes so that later use meets no page fault.
  // Requires: bytes <= committed_bytes().
  void populate(std::size_t bytes) noexcept;

  // Makes all of it zero again and gives the memory behind it back; it stays usable.
  void clear() noexcept;

  [[nodiscard]] std::byte* data() const noexcept { return data_; }
  [[nodiscard]] std::size_t committed_bytes() const noexcept { return committed_bytes_; }
  [[nodiscard]] std::size_t reserved_bytes() const noexcept { return reserved_bytes_; }

  static constexpr std::size_t kStepBytes = std::size_t{2} * 1024 * 1024;  // one huge page

 private:
  void* mapping_ = nullptr;
  std::size_t mapping_bytes_ = 0;
  std::byte* data_ = nullptr;  // first address of the mapping that is a multiple of kStepBytes
  std::size_t reserved_bytes_ = 0;
  std::size_t committed_bytes_ = 0;
};

// Throws std::system_error.
[[noreturn]] void throw_out_of_memory();

// `count` values of T in zeroed memory that is touched only where it is used.
// Requires: all bits zero is a valid T.
template <typename T>
class MappedArray {
 public:
  static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);

  // Throws std::system_error when the memory can not be had.
  explicit MappedArray(std::size_t count) : region_{count * sizeof(T)} {
    if (!region_.commit(count * sizeof(T))) throw_out_of_memory();
  }

  // All values zero again.
  void clear() noexcept { region_.clear(); }

  [[nodiscard]] T& operator[](std::size_t index) noexcept { return values()[index]; }
  [[nodiscard]] const T& operator[](std::size_t index) const noexcept { return values()[index]; }

 private:
  [[nodiscard]] T* values() const noexcept { return reinterpret_cast<T*>(region_.data()); }

  MappedRegion region_;
};

}  // namespace tapeline::market
