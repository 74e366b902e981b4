#pragma once

// What a channel turned out to carry, in the words of its publisher.
//
// Thread safety: the thread that feeds the pipeline.

#include <cstdint>
#include <string>

#include "app/pipeline.hpp"

namespace tapeline {

// "Nasdaq TotalView-ITCH 5.0", "IEX DEEP 1.0", "Coinbase JSON"; "not recognised" when most messages
// are of no known type, or there was none.
[[nodiscard]] std::string feed_name(const Pipeline& pipeline);

// The day of the last session where its exchange is, "2026-01-05"; empty if it is not known.
// `last_packet` is when the last packet was captured, nanoseconds since 1970.
[[nodiscard]] std::string session_day(const Pipeline& pipeline, std::int64_t last_packet);

}  // namespace tapeline
