/* The checkpoint protocol of the host against SQLite's locking of the log, for Spin.
 *
 * What is modelled: the wal-index and its locks, the log as a file with salts and frames, and everybody who touches
 * them: writers, a checkpointer with the WAL-reset bug, recovery after a torn header, an application's reader, and a
 * host that can be killed at any step and comes back, or whose locks are let go under its feet because it does not keep
 * up (dead_man.hpp), which it finds out later. One commit is one frame. Names of SQLite's functions stand where
 * their steps are.
 *
 * What is checked, as assertions:
 *   no gap        while the host is attached, no committed frame is destroyed that is not in the shadow WAL;
 *   no false go   a host that comes back, after a crash or after its locks were let go, and believes that it may go
 *                 on has missed nothing;
 *   no reset bug  while the host is attached, and until the first restart without it, nBackfill never exceeds
 *                 mxFrame, whatever the version of SQLite.
 *
 * What is left out:
 *   progress      that a window closes again, or a writer gets its turn: tests show it, the model knows safety only
 *   bytes         frames have no content: checksums, salts that repeat, spilled frames of open transactions
 *   disks         backfilled means in the database; what a power cut takes back is tested (tests/soak)
 *   memory        each statement, and each atomic block, is one step that everybody sees at once
 *   more of us    snapshots (READ0 held beside a guard), the write lock that a forced restart holds, a second host
 *   numbers       CI has one writer, three lifetimes of two frames, one kill or one letting go; -D has more
 *
 * What can be chosen, with -D:
 *   NW=1|2, NCK=0|1|2, READER   how many writers, checkpointers, and whether there is a reader
 *   MAXI, MAXF                  lifetimes of the log, frames in each
 *   NOKILL, NOTORN, NOHOST      no crash of the host, of a writer; no host at all
 *   LETGO                       somebody lets go of the host's locks, once
 *   FIXED                       a checkpointer without the WAL-reset bug
 *   NAIVE                       broken: let the guard go, and take it again
 *   NOFLUSH                     broken: leave state B without holding CKPT once
 *   NOCOPY                      broken: open the window without having copied what is backfilled
 *   NOASK                       broken: do not ask, behind a read, whether the locks still held
 *   NOCKPT                      broken: let go of a window without holding CKPT once
 */

#ifndef MAXI
#define MAXI 3
#endif
#ifndef MAXF
#define MAXF 2
#endif
#ifndef NCK
#define NCK 1
#endif
#ifndef NW
#define NW 2
#endif

/* The wal-index: lifetime (stands for the salts), mxFrame, nBackfill, and whether its two headers differ. */
byte inc = 0, mx = 0, bf = 0;
bool torn = false;

/* The file of the log: lifetime in its header, valid commits, and how many of these the index published. */
byte finc = 0, fmx = 0, pmx = 0;

/* The locks. READ1..4 count as one slot for the applications; the host's guard is a slot of its own in it. */
bool W = false, K = false;                     /* WRITE and CKPT, exclusive */
byte r0 = 0;                                   /* READ0: shared holders */
bool x0 = false;                               /*        an exclusive holder */
byte r1 = 0;                                   /* READ1..4: shared holders among the applications */
bool x1 = false;                               /*           somebody has all four exclusively */
byte rmark = 255;                              /*           the lowest mark of a reader; 255: infinite */
bool guard = false, hR0 = false, hK = false;   /* the host: READ4 with an infinite mark, READ0 shared, CKPT */

/* The shadow WAL's position: lifetime and frames. */
byte sInc = 0, sN = 0;

bool letgo = false;    /* the host's locks were let go, and it can take none any more */
bool noticed = false;  /* it found that out */

/* Seen by the assertions only. */
bool up = false;      /* the host is attached, and has its locks */
bool lost = false;    /* frames were destroyed that no shadow WAL has */
bool crash = false;   /* the host is about to be killed */
bool p3 = false;      /* the host has flushed old checkpointers, and nobody restarted the log without it */

#define R0FREE (r0 == 0 && !hR0 && !x0)
#define R1FREE (r1 == 0 && !guard && !x1)
#define KFREE  (!K && !hK)
#define COPIED (pmx == 0 || (sInc == finc && sN >= pmx))

/* The bytes of the file's lifetime vanish. */
inline destroy() {
  if
  :: COPIED -> skip
  :: else -> assert(!up || crash); lost = true
  fi
}

/* walRestartHdr: the index only, the file is not touched. */
inline restart_hdr() {
  inc++; mx = 0; bf = 0; torn = false;
  if :: !up -> p3 = false :: else fi
}

proctype Writer() {
  byte hi, hm, lk;   /* the header that it read; its read lock: 0 none, 1 READ0, 2 one of READ1..4 */
  do
  :: inc < MAXI ->
     lk = 0;
     atomic { !torn -> hi = inc; hm = mx }
     if                                                     /* walTryBeginRead */
     :: atomic { bf == hm && !x0 -> r0++; lk = 1 }
     :: atomic { bf != hm && !x1 -> r1++; lk = 2 }
     :: else -> goto again
     fi;
     if :: (hi != inc || hm != mx || torn) -> goto out :: else fi;
     if :: atomic { !W -> W = true } :: else -> goto out fi;  /* sqlite3WalBeginWriteTransaction */
     if :: (hi != inc || hm != mx) -> goto outw :: else fi;   /* compares the first header only: may pass when torn */
     if :: goto outw :: skip fi;                              /* nothing written, or rolled back */
     if                                                       /* walRestartLog */
     :: lk == 1 && bf > 0 ->
        if
        :: atomic { R1FREE -> x1 = true };
           atomic { restart_hdr() };
           x1 = false
        :: else
        fi
     :: else
     fi;
     if :: atomic { lk == 1 && !x1 -> r0--; r1++; lk = 2 } :: lk == 2 fi;
     if
     :: goto outw                                             /* rolled back after a restart of the index only */
     :: mx < MAXF ->
        atomic {                                              /* header and frames */
          if :: finc != inc -> destroy(); finc = inc; pmx = 0 :: else fi;
          fmx = mx + 1
        };
        if                                                    /* walIndexWriteHdr */
        :: atomic { mx++; pmx = mx; torn = false }
#ifndef NOTORN
        :: torn = true                                        /* killed inside it */
#endif
        fi
     :: mx >= MAXF -> skip
     fi;
outw: W = false;
out: atomic {
       if :: lk == 1 -> r0-- :: lk == 2 -> r1-- :: else fi;
       lk = 0; hi = 0; hm = 0
     }
again: atomic { hi = 0; hm = 0 }
  :: inc >= MAXI -> break
  od
}

/* walIndexRecover: the file becomes the truth, a ghost commit with it. */
proctype Recoverer() {
end: do
  :: atomic { torn && !W && KFREE -> W = true; K = true };
     atomic { inc = finc; mx = fmx; pmx = fmx; bf = 0; torn = false };
     atomic { K = false; W = false }
  od
}

/* sqlite3WalCheckpoint, passive or TRUNCATE. */
proctype Checkpointer() {
  byte hi, hm, safe;   /* the header that it read; up to where it may backfill */
  bool trunc;
end: do
  :: atomic { inc < MAXI && KFREE -> K = true; trunc = false };
     if :: atomic { !W -> W = true; trunc = true } :: skip fi;
     if :: torn -> goto rel :: atomic { !torn -> hi = inc; hm = mx } fi;   /* walIndexReadHdr */
     if
     :: bf < hm ->
        safe = hm;
        if :: atomic { rmark < safe -> safe = rmark } :: else fi;
        if
        :: safe > bf ->
           if
           :: atomic { R0FREE -> x0 = true };
#ifdef FIXED
              if :: hi != inc -> goto nob :: else fi;
#endif
              atomic { bf = safe; assert(torn || bf <= mx || !p3) };
#ifdef FIXED
nob:
#endif
              x0 = false
           :: else
           fi
        :: else
        fi
     :: else
     fi;
     if
     :: trunc && !torn && bf == mx && hi == inc && hm == mx && inc < MAXI ->
        if
        :: atomic { R1FREE -> x1 = true };
           atomic { restart_hdr() };
           atomic { destroy(); finc = inc; fmx = 0; pmx = 0 };
           x1 = false
        :: else
        fi
     :: else
     fi;
rel: atomic {
       if :: trunc -> W = false :: else fi;
       K = false; trunc = false; hi = 0; hm = 0; safe = 0
     }
  od
}

proctype AppReader() {
end: do
  :: atomic { !torn && bf != mx && !x1 -> r1++; rmark = mx };
     atomic { r1--; rmark = 255 }
  od
}

/* kill -9 of the host, at any step, once. */
proctype Killer() { crash = true }

/* WalGuard::try_let_go, from another thread. */
proctype LetGo() {
  atomic {
#ifdef NOCKPT
    up && (guard || hR0) ->
#else
    up && (guard || hR0) && (!hR0 || hK || KFREE) ->
#endif
    letgo = true; up = false; guard = false; hR0 = false; hK = false
  }
  noticed = true
}

/* What was read counts only if the locks still held behind the read. */
inline copy() {
  atomic {
    if
#ifdef NOASK
    :: !torn && mx > 0 ->
#else
    :: !torn && mx > 0 && !letgo ->
#endif
       if
       :: sInc != inc -> sInc = inc; sN = mx
       :: sInc == inc && mx >= sN -> sN = mx
       :: else
       fi
    :: else
    fi
  }
}

proctype Host() {
end: do
  :: {
     atomic { !x1 && !letgo -> guard = true };                /* attach: the guard comes first */
     atomic {
       !torn ->
       if
       /* The index has the salts of the shadow WAL, and our last frame is still there: go on. */
       :: inc == sInc && mx >= sN && mx > 0 -> assert(!lost)
       /* Anything else: compare the pages of the database, and go on from what the index has now. */
       :: else ->
          lost = false;
          if
          :: mx > 0 -> sInc = inc; sN = mx
          :: else -> sInc = finc; sN = (finc == inc -> 0 : pmx)
          fi
       fi;
       up = true
     };
     atomic { KFREE && !letgo -> hK = true };                 /* no checkpointer from before is left */
     atomic {
       if :: !letgo -> p3 = true; if :: bf > mx -> bf = 0 :: else fi :: else fi;
       hK = false
     };
     copy();
     do
     :: copy()
#ifdef NAIVE
     :: true -> copy(); guard = false; atomic { !x1 && !letgo -> guard = true }
#else
     :: atomic { !x0 && !letgo -> hR0 = true };               /* what is backfilled is frozen from here */
#ifndef NOCOPY
        copy();
#endif
        if
        ::
#ifndef NOCOPY
           atomic { !torn && (bf == 0 || (sInc == inc && sN >= bf)) -> guard = false };
#else
           guard = false;
#endif
           do :: copy() :: break od;                          /* state B: one restart may happen */
           atomic { !x1 && !letgo -> guard = true };
#ifndef NOFLUSH
           atomic { KFREE && !letgo -> hK = true };           /* no checkpointer with an old header is left */
#endif
           atomic { hR0 = false; hK = false }
        :: else -> hR0 = false
        fi
#endif
     od
     } unless {
       atomic {
         crash || noticed ->
         if :: crash -> p3 = false :: else fi;
         crash = false; letgo = false; noticed = false;
         up = false; guard = false; hR0 = false; hK = false
       }
     }
  od
}

init {
  atomic {
    run Writer();
#if NW > 1
    run Writer();
#endif
#ifndef NOTORN
    run Recoverer();
#endif
#if NCK > 0
    run Checkpointer();
#endif
#if NCK > 1
    run Checkpointer();
#endif
#ifdef READER
    run AppReader();
#endif
#ifndef NOHOST
    run Host();
#endif
#ifdef LETGO
    run LetGo();
#endif
#ifndef NOKILL
    run Killer()
#endif
  }
}
