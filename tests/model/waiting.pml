/*
 * Waiting for a buffer (pool/pool_core_wait.cpp). Releasers park a buffer with themselves or push
 * it on the shared stack, then look at the bit that waiters set; those who see it push all they
 * have parked and wake the waiters. Claims: nobody sleeps for ever while a buffer is on the stack;
 * a release that comes after a waiter's barrier does not leave its buffer parked.
 *
 * WAITERS, RELEASERS, BUFFERS  BUFFERS is what each releaser holds at the start
 * NO_BARRIER    if defined, a waiter does without the barrier in all threads
 * LOOK_FIRST    if defined, a waiter reads the word it sleeps on after it has looked at the stack
 *
 * A push is written into a store buffer, which empties at any later time: a release has no barrier
 * between its push and its look at the bit.
 */
bool waiting = false; /* bit of state_ */
byte waiters = 0;     /* under the mutex */
bool mutex = false;
byte wake_ups = 0;
byte on_stack = 0;
byte buffered[RELEASERS] = 0; /* pushed, still in the store buffer */

/* For the assertions only. */
bool past_barrier[WAITERS] = false;
bool asleep[WAITERS] = false;

inline empty_buffer(r) { on_stack = on_stack + buffered[r]; buffered[r] = 0 }

proctype StoreBuffers() {
end:
  do
  :: d_step { buffered[0] != 0 -> empty_buffer(0) }
#if RELEASERS > 1
  :: d_step { buffered[1] != 0 -> empty_buffer(1) }
#endif
  od
}

proctype Releaser(byte me) {
  byte held = BUFFERS, parked = 0, i = 0;
  bool saw_waiting = false;
  do
  :: held != 0 ->
     held--;
     if
     :: parked++ /* into the cache */
     :: buffered[me] = buffered[me] + 1 /* the cache is full */
     fi;
     d_step {
       saw_waiting = waiting;
       do
       :: i < WAITERS ->
          if
          :: past_barrier[i] && !saw_waiting ->
             printf("ASLEEP FOR EVER: releaser %d does not see the waiter\n", me);
             assert(false)
          :: else
          fi;
          i++
       :: else -> break
       od;
       i = 0
     };
     if
     :: saw_waiting ->
        buffered[me] = buffered[me] + parked;
        parked = 0;
        d_step { empty_buffer(me); wake_ups++ } /* release: the push is seen before the word */
     :: else
     fi;
     saw_waiting = false
  :: held == 0 -> break
  od
}

inline take_batch() {
  if
  :: on_stack >= 2 -> on_stack = on_stack - 2; parked = 1; served = true
  :: on_stack == 1 -> on_stack = 0; served = true
  :: else
  fi
}

proctype Waiter(byte me) {
  byte seen = 0, parked = 0;
  bool served = false, others = false;
  atomic { !mutex -> mutex = true };
  if
  :: waiters == 0 -> waiting = true
  :: else
  fi;
  waiters++;
  mutex = false;
#ifndef NO_BARRIER
  d_step { empty_buffer(0); empty_buffer(RELEASERS - 1); past_barrier[me] = true };
#endif
  do
  :: skip;
#ifndef LOOK_FIRST
     seen = wake_ups;
#endif
     d_step { take_batch() };
#ifdef LOOK_FIRST
     seen = wake_ups;
#endif
     if
     :: served -> break
     :: else ->
        asleep[me] = true;
        d_step { wake_ups != seen -> asleep[me] = false }
     fi
  od;
  atomic { !mutex -> mutex = true };
  d_step { waiters--; past_barrier[me] = false; others = (waiters != 0) };
  if
  :: !others -> waiting = false
  :: else
  fi;
  mutex = false;
  if
  :: others && parked != 0 ->
     d_step { on_stack = on_stack + parked; parked = 0 };
     wake_ups++
  :: else
  fi
}

/* When nobody can do anything any more. */
proctype Monitor() {
  timeout;
  d_step {
    if
    :: asleep[0] && on_stack != 0 -> printf("ASLEEP FOR EVER: waiter 0\n"); assert(on_stack == 0)
#if WAITERS > 1
    :: asleep[1] && on_stack != 0 -> printf("ASLEEP FOR EVER: waiter 1\n"); assert(on_stack == 0)
#endif
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
    run Waiter(0);
#if WAITERS > 1
    run Waiter(1);
#endif
    run Monitor()
  }
}
