/*
 * The batch layer: each thread keeps at most two batches (pool/thread_cache.hpp), refills an empty
 * cache with the batch on top of the shared stack and flushes the batch that has been here longest
 * when the cache is full. Any thread may release what any other has acquired; threads acquire,
 * release and flush for ever, in any order. Claims: as in stack.pml, and a buffer that is handed
 * out was parked with the thread that hands it out.
 */
#include "free_stack.inc"

#define CAPACITY (2 * BATCH)

inline take_from_cache() {
  parked--;
  assert(owner[cache[parked]] == me);
  owner[cache[parked]] = IN_USE;
  cache[parked] = 0
}

/* The oldest batch, or what there is of it, leaves the cache. */
inline unpark_oldest() {
  slot0 = cache[0];
  count = 1;
#if BATCH == 2
  if
  :: parked > 1 -> slot1 = cache[1]; count = 2
  :: else
  fi;
#endif
  i = 0;
  do
  :: i + count < parked -> cache[i] = cache[i + count]; i++
  :: i + count >= parked && i < parked -> cache[i] = 0; i++
  :: else -> break
  od;
  parked = parked - count;
  i = 0
}

proctype Thread(byte me) {
  LOCALS;
  byte cache[CAPACITY] = 0, parked = 0, released = NO_SLOT;
  do
  :: d_step { parked != 0 -> take_from_cache() }
     COMPLETED(acquire)
  :: parked == 0 ->
     pop();
     d_step {
       if
       :: count == 0
       :: else ->
          cache[0] = slot0;
#if BATCH == 2
          if
          :: count == 2 -> cache[1] = slot1
          :: else
          fi;
#endif
          parked = count;
          forget_slots();
          take_from_cache()
       fi
     }
  :: atomic {
       /* Any buffer in use. */
       do
       :: owner[i] == IN_USE -> released = i; owner[i] = me; break
       :: i < SLOTS - 1 -> i++
       :: else -> break
       od;
       i = 0
     };
     if
     :: released == NO_SLOT
     :: d_step { released != NO_SLOT && parked == CAPACITY -> unpark_oldest() };
        push();
        d_step { cache[parked] = released; parked++; released = NO_SLOT }
     :: d_step {
          released != NO_SLOT && parked != CAPACITY ->
          cache[parked] = released;
          parked++;
          released = NO_SLOT
        }
     fi
     COMPLETED(release)
  :: d_step { parked != 0 -> unpark_oldest() };
     push()
  od
}

init {
  byte i = 0;
  atomic {
    fill();
    do
    :: i < THREADS -> run Thread(i); i++
    :: else -> break
    od
  }
}
