#pragma once

// What of a process does not work as it should just now, in words: what an operator has to see
// without looking for it. And what of it means that its books can not be relied on.
//
// Thread safety: pure functions.

#include <string>
#include <vector>

#include "app/status/status_snapshot.hpp"

namespace tapeline::status {

// One line each, such as "nasdaq/totalview: line B is dead"; empty when all is well.
[[nodiscard]] std::vector<std::string> degradations(const StatusSnapshot& snapshot);

// Why the process is not ready: a required channel that is not in sync, an archive that can not be
// written. Empty when it is ready. What is here is a degradation too, or the wait for a beginning.
[[nodiscard]] std::vector<std::string> unready_reasons(const StatusSnapshot& snapshot);

// The books of the channel are those of the venue, as far as is known: messages come, none is
// missing, and no line has been silent for kSilenceSeconds.
[[nodiscard]] bool is_in_sync(const ChannelStatus& channel);

// Several heartbeat intervals of any venue.
inline constexpr double kSilenceSeconds = 15.0;

// Buffers of the pool stay in use that nobody should hold any more; see pool_watch.hpp. A column of
// trades for each instrument (simd) is no leak.
[[nodiscard]] bool may_leak(const StatusSnapshot& snapshot, HeldStatus HeldStatuses::*pool);

}  // namespace tapeline::status
