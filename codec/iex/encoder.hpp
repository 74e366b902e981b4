#pragma once

// Writes messages of IEX TOPS, DEEP and DEEP+ into the caller's memory.
//
// Every function requires that `out` holds the message (kMaxMessageBytes always suffices) and
// returns the number of bytes written. Values are written as given, whether the specifications
// know them or not. Units are those of fields.hpp; the fields are described in messages.hpp.
//
// Thread safety: pure functions.

#include "codec/iex/encoder_admin.hpp"
#include "codec/iex/encoder_book.hpp"
#include "codec/iex/encoder_trade.hpp"
