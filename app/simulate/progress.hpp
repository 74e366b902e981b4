#pragma once

// How far a session has come, as a bar on stderr that goes away at the end.
//
// Thread safety: none.

#include <cstdint>

namespace tapeline::simulate {

class Progress {
 public:
  // Shown on a terminal, or when `wanted`. `stop` is asked by keep_going().
  Progress(std::uint64_t total_messages, bool wanted, bool (*stop)() noexcept);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // Returns false when the work should end.
  [[nodiscard]] bool keep_going(std::uint64_t messages);

 private:
  void show(std::uint64_t messages);

  std::uint64_t total_;
  bool (*stop_)() noexcept;
  bool shows_;
  bool shown_ = false;
  std::uint64_t next_ns_ = 0;
};

}  // namespace tapeline::simulate
