#pragma once

// The ledger of a session as JSON lines: the messages that belong to no instrument first, then one
// line for each instrument in the order of locates.
//
//   {"locate":1,"symbol":"ABC","messages":{"A":9,...},"trades":2,"broken":0,"volume":300,
//    "notional":"7530000","bids":[[price,shares,orders],...],"asks":[...]}
//
// Best levels come first. Prices are in 1/10,000 dollar, notional in the same unit times shares, as
// text because it may pass 64 bits. With bars, each of "seconds" and "minutes" is a list of
// [start,open,high,low,close,volume,"notional",trades]; start counts from midnight.
//
// Thread safety: none.

#include "app/simulate/iex_session.hpp"
#include "app/simulate/output_file.hpp"
#include "app/simulate/session.hpp"

namespace tapeline::simulate {

// Requires: session.is_settled(). Throws if the file can not be written.
void write_ledger(const Session& session, bool with_bars, OutputFile& file);

// The same of a day as IEX tells it: a line for each instrument, without messages and bars, with
//   "events":40,"books":"9f3c..."
// the number of its events and IexTruth::books_digest, 16 hexadecimal digits.
void write_ledger(const IexSession& session, OutputFile& file);

}  // namespace tapeline::simulate
