#pragma once

// The tables of the views, from what a process says.
//
// Thread safety: pure functions. Each requires that the moment is not empty.

#include <cstddef>
#include <string_view>

#include "app/watch/moment.hpp"
#include "app/watch/screen.hpp"
#include "app/watch/table.hpp"

namespace tapeline::watch {

[[nodiscard]] Table channel_table(const Moment& moment);
[[nodiscard]] Table line_table(const Moment& moment);
[[nodiscard]] Table pool_table(const Moment& moment, std::size_t bar_columns);
[[nodiscard]] Table latency_table(const Moment& moment);
[[nodiscard]] Table archive_table(const Moment& moment);
[[nodiscard]] Table market_table(const Moment& moment);

// The pools once more, each with everything that is known of it in five rows.
[[nodiscard]] Screen pool_cards(const Moment& moment, std::string_view filter, std::size_t columns);

// [####----......]: in use, the most that was in use, and the rest.
[[nodiscard]] Row use_bar(std::uint64_t in_use, std::uint64_t peak, std::uint64_t all,
                          std::size_t columns);

// One character for each count: the darker, the more often.
[[nodiscard]] std::string heat_text(const std::vector<std::uint64_t>& cells);

}  // namespace tapeline::watch
