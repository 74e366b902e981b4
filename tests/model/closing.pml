/*
 * Destruction of a pool while guards live: PoolCore::close(), release_with() and the end of a
 * thread (pool/pool_core.cpp, pool_core_threads.cpp). Each releaser holds one buffer at the start;
 * the owner may wait for a buffer first, and then closes the pool. Claims: nobody touches the
 * memory after it has been freed; it is freed when the last guard is gone, though no thread ends;
 * the core goes with its last reference, not before.
 *
 * RELEASERS     threads besides the owner
 * NO_BARRIER    if defined, close() does without the barrier in all threads
 * COUNT_FIRST   if defined, a release is counted before the thread is done with the buffer
 * EARLY_DISCARD if defined, the records of the stacks go with the buffers, not with the core
 *
 * A counter is written into a store buffer, which empties at any later time: release_with() has no
 * barrier between its count and its look at the state.
 */
bool waiting = false, closed = false; /* bits of state_ */
byte references = RELEASERS + 1;
bool memory = true; /* of the buffers */
bool core = true;   /* with the stacks */
bool mutex = false;
bool counted[RELEASERS] = false;  /* counters of releases, as other threads see them */
bool buffered[RELEASERS] = false; /* written, still in the store buffer */
byte in_use_by_owner = 0;
byte on_stack = 0;
byte done = 0, ended = 0;

inline touch_memory() {
  if
  :: memory
  :: else -> printf("USED AFTER FREE: the memory\n"); assert(memory)
  fi
}

inline touch_core() {
  if
  :: core
  :: else -> printf("USED AFTER FREE: the core\n"); assert(core)
  fi
}

inline empty_buffer(r) {
  d_step {
    if
    :: buffered[r] -> counted[r] = true; buffered[r] = false
    :: else
    fi
  }
}

inline lock() { d_step { !mutex -> mutex = true; touch_core() } }

inline unreference(count) {
  d_step {
    touch_core();
    references = references - count;
    if
    :: references == 0 -> core = false
    :: else
    fi
  }
}

/* `freed` tells whether this caller did it. */
inline free_buffers_if_unused() {
  lock();
  freed = false;
  sum = RELEASERS + in_use_by_owner;
  i = 0;
  do
  :: i < RELEASERS -> d_step { sum = sum - counted[i]; i++ } /* one counter after the other */
  :: else -> break
  od;
  atomic {
    if
    :: sum == 0 && memory -> memory = false; freed = true
    :: else
    fi;
    sum = 0;
    i = 0
  };
  mutex = false
}

proctype StoreBuffers() {
end:
  do
  :: atomic { buffered[0] -> empty_buffer(0) }
#if RELEASERS > 1
  :: atomic { buffered[1] -> empty_buffer(1) }
#endif
  od
}

proctype Releaser(byte me) {
  byte i = 0, sum = 0;
  bool freed = false, parked = true, saw_waiting = false, saw_closed = false;
#ifndef COUNT_FIRST
  d_step { touch_memory() };
#endif
  buffered[me] = true;
#ifdef COUNT_FIRST
  d_step { touch_memory() };
#endif
  d_step { touch_core(); saw_waiting = waiting; saw_closed = closed };
  if
  :: saw_waiting ->
     empty_buffer(me);
#ifdef EARLY_DISCARD
     d_step { touch_memory() };
#endif
     d_step { touch_core(); on_stack++; parked = false }
  :: else
  fi;
  if
  :: saw_closed ->
     parked = false;
     empty_buffer(me);
     free_buffers_if_unused();
     if
     :: freed -> unreference(1)
     :: else
     fi
  :: else
  fi;
  done++;
  if
  :: skip /* the thread goes on */
  :: /* or ends */
     empty_buffer(me);
     lock();
     d_step {
       if
       :: memory && parked -> on_stack++
       :: else
       fi;
       parked = false
     };
     mutex = false;
     d_step { touch_core(); saw_closed = closed };
     if
     :: saw_closed -> free_buffers_if_unused()
     :: else -> freed = false
     fi;
     if
     :: freed -> unreference(2)
     :: else -> unreference(1)
     fi;
     ended++
  fi
}

proctype Owner() {
  byte i = 0, sum = 0;
  bool freed = false;
  if
  :: skip
  :: waiting = true;
     d_step { empty_buffer(0); empty_buffer(RELEASERS - 1) }; /* the barrier of begin_wait() */
     if
     :: skip /* the deadline */
     :: d_step { on_stack > 0 -> touch_memory(); on_stack--; in_use_by_owner++ }
     fi;
     waiting = false;
     if
     :: in_use_by_owner == 1 -> d_step { touch_memory(); in_use_by_owner-- }
     :: else
     fi
  fi;
  references++;
  closed = true;
  free_buffers_if_unused();
  if
  :: !freed ->
#ifndef NO_BARRIER
     d_step { empty_buffer(0); empty_buffer(RELEASERS - 1) };
#endif
     free_buffers_if_unused()
  :: else
  fi;
  if
  :: freed -> unreference(2)
  :: else -> unreference(1)
  fi;
  done == RELEASERS && !buffered[0] && !buffered[RELEASERS - 1];
  d_step {
    if
    :: memory -> printf("NEVER FREED: the memory\n"); assert(!memory)
    :: else
    fi;
    if
    :: ended == RELEASERS && core -> printf("NEVER FREED: the core\n"); assert(!core)
    :: else
    fi
  }
}

init {
  atomic {
    run StoreBuffers();
    run Releaser(0);
#if RELEASERS > 1
    run Releaser(1);
#endif
    run Owner()
  }
}
