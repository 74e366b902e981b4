#pragma once

// What a market counts: mostly what should not happen. Everything here was survived: it was
// applied as far as it could be, and the books and VWAPs it touched say that they are doubtful.
//
// Thread safety: written by the thread that feeds the market, read by any.

#include "pool/counter.hpp"

namespace tapeline::market {

using pool::Counter;

struct alignas(64) MarketCounts {
  // Orders.
  Counter unknown_orders;      // execute, cancel, remove or replace of a reference without an order
  Counter duplicate_orders;    // add of a reference that has an order; the first one stays
  Counter replaced_onto_open;  // replace to a reference that has an order; both rules apply
  Counter oversized_takes;     // more shares executed or cancelled than were left
  Counter wrong_instruments;   // the message names another instrument than its order
  Counter zero_prices;         // adds, replaces and prints with price 0; applied as they are
  Counter zero_shares;         // adds, replaces, executes and cancels of no shares
  Counter bad_sides;           // adds and levels with neither side; refused
  // No memory, too many pages share a set (see OrderTableCounts), or a book was cleared too often.
  Counter refused_orders;
  Counter refused_levels;  // no memory, or a side has reached its bound of levels
  Counter doubtful_books;  // times a book that was whole became doubtful by one of the above

  // Books told by levels or quotes.
  Counter absent_levels;    // removals of levels that are not there: normal for some venues
  Counter repeated_levels;  // prices that came more than once in a snapshot; the last one stands
  Counter hidden_quotes;    // quotes of instruments whose levels are told; not applied
  Counter stale_marks;      // times a book became stale by itself, not by a gap of the channel
  Counter stale_books;      // how many are so now

  // Prints.
  Counter prints;              // in volume and VWAP
  Counter unprintable;         // executions that are told again by a cross
  Counter empty_prints;        // crosses of no shares
  Counter duplicate_matches;   // a match number that the history still holds; the later one is kept
  Counter breaks;              // prints taken back
  Counter unknown_breaks;      // of a print that was never seen or is no longer remembered
  Counter repeated_breaks;     // of a print that was taken back before
  Counter unprintable_breaks;  // of an execution that was not in volume anyway
  Counter breaks_after_close;  // taken back from the session, but not from a bar already told
  Counter volume_overflows;    // prints left out because the volume would pass 64 bits

  // Bars and time.
  Counter folds;            // columns folded by the kernel
  Counter refused_columns;  // bars that went without a column because the pool was empty
  Counter second_bars;
  Counter minute_bars;
  Counter time_backwards;  // messages older than one before them
  Counter gaps;
};

}  // namespace tapeline::market
