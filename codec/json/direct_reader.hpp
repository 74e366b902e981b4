#pragma once

// Reads the commonest messages in the very spelling in which their venues send them: fields in the
// usual order, no white space, no escapes, plain ASCII. One pass over the bytes, without the index
// that a general parser has to build first. It never finds a fault: what it does not know, and what
// is wrong, is left to the kernel (kernel.hpp), which comes to the same result for what is read
// here.
//
// Known: Binance trade, aggTrade, bookTicker and depthUpdate, spot and futures, with and without an
// envelope; Coinbase match, last_match and l2update.

#include <string_view>

#include "codec/json/decoder.hpp"
#include "codec/json/decoder_state.hpp"

namespace tapeline::codec::json::detail {

// True if `out` is filled. If not, `out` and the arrays of `state` hold anything.
// Requires: kPaddingBytes readable bytes behind `text`.
[[nodiscard]] bool read_directly(DecoderState& state, Venue venue, std::string_view text,
                                 Document& out) noexcept;

}  // namespace tapeline::codec::json::detail
