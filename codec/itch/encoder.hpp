#pragma once

// Writes Nasdaq TotalView-ITCH 5.0 messages into the caller's memory.
//
// Every function requires that `out` holds the message (kMaxMessageBytes always suffices) and
// returns the number of bytes written. Values are written as given, whether the specification
// knows them or not. Units are those of fields.hpp; the fields are described in messages.hpp.
//
// Thread safety: pure functions.

#include "codec/itch/encoder_admin.hpp"
#include "codec/itch/encoder_order.hpp"
#include "codec/itch/encoder_trade.hpp"
