#pragma once

// Looks at the counts of losses now and then and tells each kind that rose, once per look.
//
// Thread safety: one thread.

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "app/status/status_snapshot.hpp"

namespace tapeline {

class LossWatch {
 public:
  using Tell = std::function<void(const std::string& line)>;

  // Calls `tell` for each count that is higher than at the last look; the first look compares
  // with zero.
  void look(const status::StatusSnapshot& snapshot, const Tell& tell);

 private:
  void look_at(const status::ArchiveStatus& archive, const Tell& tell);
  void note(const std::string& what, std::uint64_t count, const std::string& why, const Tell& tell);

  std::map<std::string, std::uint64_t> seen_;
};

}  // namespace tapeline
