/*
 * Threads that pop batches and push slots they own, for ever, in any order, in batches of any size.
 * Claims: no slot has two owners; the plain part of a record has one user at a time; the depth
 * that goes with a batch is right; whatever happens, some operation completes (progress labels).
 */
#include "free_stack.inc"

proctype Thread(byte me) {
  LOCALS;
  do
  :: pop();
     d_step { forget_slots() }
  :: atomic {
       /* Any slot that is mine, and perhaps another one. */
       do
       :: owner[i] == me -> slot0 = i; count = 1; break
       :: i < SLOTS - 1 -> i++
       :: else -> break
       od;
#if BATCH == 2
       if
       :: count == 1 ->
          i = 0;
          do
          :: owner[i] == me && i != slot0 -> slot1 = i; count = 2; break
          :: i < SLOTS - 1 -> i++
          :: else -> break
          od
       :: else
       fi;
#endif
       i = 0
     };
     if
     :: count != 0 -> push()
     :: else -> skip COMPLETED(nothing)
     fi
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
