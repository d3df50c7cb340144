"""The one state machine: time-ordered events in, situations counted.

Rules by their numbers in docs/rules.md. Nothing here knows a scheme: a situation holds every fact that any bill
can depend on. Functions take the `State` and change it in place; `replay` is the only entry.
Twin: tests/oracle.
"""

from __future__ import annotations

from gstrace.events.tables import NULL, Kind, Origin, Phase, Task
from gstrace.jit import inlined, njit
from gstrace.replay import situations as s
from gstrace.replay.situations import EVENT_BITS, Event
from gstrace.replay.state import (
    BIN,
    CALL,
    CELLS,
    COMM,
    DEAD,
    DEPTH,
    DUMPS,
    EPOCH,
    EPOCH_NOW,
    EXITING,
    FAULTED,
    FIRST,
    FS_BASE,
    FS_SELECTOR,
    FS_VALUE,
    GS_BASE,
    GS_SELECTOR,
    GS_VALUE,
    HELD_FS,
    HELD_FS_NULL_SEG,
    HELD_GS,
    INFERRED,
    KERNEL,
    LAST,
    LAST_ACTION,
    LAST_LINE,
    LAST_NMI,
    LAST_PREV,
    LAST_W,
    MAX_BINS,
    NEWBORN,
    NOBODY,
    NOW,
    NR,
    OUT,
    PEND,
    PEND_CPU,
    PEND_SEQ,
    PEND_TS,
    PEND_VIA,
    PEND_W,
    PID,
    RUN,
    SEGMENT,
    SHIFT,
    SLOTS,
    STARTED,
    SYMBOLS,
    T0,
    TGEN,
    THREAD_FIELDS,
    TID,
    WINDOW,
    WINDOWS,
)

DONE, GROW, COARSEN, FULL = range(4)
"""What `replay` may say: all rows taken; make room (`grow`); double the windows' width; empty `emitted`."""

SPARE = 64
"""Room that one event may need in cells, slots or emitted rows, apart from a loss that spans windows."""

_BASES = {name: number for number, name in enumerate(s.FIELDS[Event.SWITCH_GS][3].values)}
ZERO, ZERO_SET, LOW, HIGH = (_BASES[n] for n in ("zero", "zero_set", "low", "high"))
UNKNOWN_BASE, NONZERO = _BASES["unknown"], _BASES["nonzero"]
NULL_SELECTOR, SET_SELECTOR, UNKNOWN_SELECTOR = range(3)
NO, YES, MAYBE = range(3)
SYSCALL, INTERRUPT, PAGE_FAULT, EXCEPTION = range(4)
NMI_KERNEL, NMI_USER, NMI_UNKNOWN = range(3)

_VIA = EVENT_BITS
ENTRY, RETURN, ARRIVAL, NMI = (int(e) for e in (Event.ENTRY, Event.RETURN, Event.ARRIVAL, Event.NMI))
OPEN_INTERRUPT, MAYBE_RETURN = int(Event.INTERRUPT), int(Event.MAYBE_RETURN)
FORKED, EXECED, EXITED = int(Event.FORK), int(Event.EXEC), int(Event.EXIT)
MAYBE_CORE_DUMP, LOST, LOST_UNCOUNTED = (int(e) for e in (Event.MAYBE_CORE_DUMP, Event.LOST, Event.LOST_UNCOUNTED))
SWITCH_GS, SWITCH_FS = int(Event.SWITCH_GS), int(Event.SWITCH_FS)
SET_GS, SET_FS, GET_GS, GET_FS = (int(e) for e in (Event.SET_GS, Event.SET_FS, Event.GET_GS, Event.GET_FS))


def _shift(event: Event, field: str) -> int:
    at = EVENT_BITS
    for f in s.fields(event):
        if f.name == field:
            return at
        at += f.width
    raise KeyError(field)


_INFERRED = _shift(Event.SWITCH_GS, "inferred")
_PREV_SELECTOR, _NEXT_SELECTOR = _shift(Event.SWITCH_GS, "prev_selector"), _shift(Event.SWITCH_GS, "next_selector")
_PREV_BASE, _NEXT_BASE = _shift(Event.SWITCH_GS, "prev_base"), _shift(Event.SWITCH_GS, "next_base")
_DIFFERS, _DIFFERS_NULL_SEG = _shift(Event.SWITCH_FS, "differs"), _shift(Event.SWITCH_FS, "differs_null_seg")
_SUCCEEDS, _SIZE = _shift(Event.SET_GS, "succeeds"), _shift(Event.SET_GS, "size")
SIZE_HIGH, SIZE_LOW, SIZE_UNKNOWN = range(3)

K_SYS_ENTER, K_SYS_EXIT, K_ARCH_PRCTL = int(Kind.SYS_ENTER), int(Kind.SYS_EXIT), int(Kind.ARCH_PRCTL)
K_SWITCH, K_TASK, K_IRQ, K_EXCEPTION = int(Kind.SWITCH), int(Kind.TASK), int(Kind.IRQ), int(Kind.EXCEPTION)
K_NMI, K_SIGNAL, K_MARKER, K_LOSS = int(Kind.NMI), int(Kind.SIGNAL), int(Kind.MARKER), int(Kind.LOSS)
T_FOUND, T_FORK, T_EXEC, T_EXIT, T_RENAME = (int(t) for t in Task)
FROM_USER, FROM_KERNEL = int(Origin.USER), int(Origin.KERNEL)
IRQ_ENTRY, IRQ_EXIT = int(Phase.ENTRY), int(Phase.EXIT)

ARCH_SET_GS, ARCH_SET_FS, ARCH_GET_FS, ARCH_GET_GS = 0x1001, 0x1002, 0x1003, 0x1004
CLONE_THREAD, CLONE_SETTLS = 0x10000, 0x80000
NR_EXECVE, NR_MODIFY_LDT, NR_SET_THREAD_AREA, NR_EXECVEAT = 59, 154, 205, 322
FOUR_GIB = 1 << 32
SIGILL, SIGTRAP, SIGBUS, SIGFPE, SIGSEGV = 4, 5, 7, 8, 11
TRAP_PERF = 6
CORE_SIGNALS = 1 << 3 | 1 << 4 | 1 << 5 | 1 << 6 | 1 << 7 | 1 << 8 | 1 << 11 | 1 << 24 | 1 << 25 | 1 << 31

GONE = 0x10 | 0x20
"""prev_state of a thread that never runs again: dead or zombie. An exiting one may still be preempted or sleep."""

IDLE, STRANGER = 0, 1


@inlined
def scatter(where, what):
    """A cell's place, spread over all bits: neither windows (high bits of `where`) nor situations may share one."""
    # Factors of 16 bits: nothing overflows, compiled or not.
    mixed = (where >> 16) * 40503 + (where & 0xFFFF) * 60493 + (what >> 22) * 48271 + (what & 0x3FFFFF) * 37813
    return mixed ^ mixed >> 11 ^ mixed >> 23


@inlined
def emit(st, emitted, w, cpu, slot, code, n, ts, seq):
    """Count n of a situation in its cell; with room in `emitted`, list it too. `emitted[0, 0]` is the rows used."""
    where, what = w << 16 | cpu, slot << 22 | code
    mask = st.where.size - 1
    at = scatter(where, what) & mask
    while st.where[at] != where or st.what[at] != what:
        if st.where[at] < 0:
            st.where[at] = where
            st.what[at] = what
            st.g[CELLS] += 1
            break
        at = (at + 1) & mask
    st.times[at] += n
    if emitted.shape[0] > 1:
        row = emitted[0, 0] + 1
        emitted[0, 0] = row
        emitted[row, 0] = seq
        emitted[row, 1] = ts
        emitted[row, 2] = cpu
        emitted[row, 3] = slot
        emitted[row, 4] = code
        emitted[row, 5] = n
        emitted[row, 6] = st.window_segment[w]


# ---- threads ----


@njit
def symbol(st, nonzero):
    """A base that nobody knows, different from every other name: odd if it cannot be 0."""
    st.g[SYMBOLS] += 1
    return -(2 * st.g[SYMBOLS] + (1 if nonzero else 0))


@njit
def forget_bases(st, slot):
    """Both bases could be anything; a kernel thread's are zero (RULES T1)."""
    t = st.threads[slot]
    if t[KERNEL] == YES:
        t[GS_VALUE], t[FS_VALUE] = 0, 0
        t[GS_BASE], t[FS_BASE] = ZERO, ZERO
    else:
        t[GS_VALUE], t[FS_VALUE] = symbol(st, False), symbol(st, False)
        t[GS_BASE], t[FS_BASE] = UNKNOWN_BASE, UNKNOWN_BASE


@njit
def new_thread(st, tid, generation, ts):
    """A slot for a thread not seen before: nothing is known but that tids 0 and 2 are the kernel's."""
    slot = st.g[SLOTS]
    st.g[SLOTS] += 1
    t = st.threads[slot]
    for i in range(THREAD_FIELDS):
        t[i] = 0
    t[TID], t[TGEN], t[COMM], t[FIRST], t[LAST] = tid, generation, -1, ts, ts
    t[KERNEL] = YES if tid == 0 or tid == 2 else MAYBE
    t[CALL] = MAYBE
    t[EPOCH] = st.g[EPOCH_NOW]
    forget_bases(st, slot)
    return slot


@inlined
def thread(st, tid, ts):
    """The slot of a tid now; after a loss (T6) what a lost event could have changed is unknown."""
    if tid < 0 or tid >= st.tidmap.size:
        st.threads[STRANGER, PEND] = 0
        st.threads[STRANGER, CALL] = MAYBE
        forget_bases(st, STRANGER)
        return STRANGER
    slot = st.tidmap[tid] - 1
    if slot < 0 or st.threads[slot, DEAD]:
        generation = 0 if slot < 0 else st.threads[slot, TGEN] + 1
        slot = new_thread(st, tid, generation, ts)
        st.tidmap[tid] = slot + 1
    t = st.threads[slot]
    if t[EPOCH] != st.g[EPOCH_NOW]:
        t[EPOCH] = st.g[EPOCH_NOW]
        forget_bases(st, slot)
        if slot != IDLE:
            t[CALL] = MAYBE
            t[NEWBORN] = 0
            t[PEND] = 2 if t[PEND] > 0 else 0
    t[LAST] = ts
    return slot


@njit
def is_user(st, slot):
    """This thread came from user mode: whatever it was taken for, it is no kernel thread."""
    t = st.threads[slot]
    if t[KERNEL] != NO and slot > STRANGER:
        was = t[KERNEL]
        t[KERNEL] = NO
        if was == YES:
            forget_bases(st, slot)


# ---- the return that is due (E2, E5, E7) ----


@inlined
def arm(st, slot, via, w, cpu, ts, seq):
    """The thread is in the kernel and will return to user mode, here and now unless a switch comes first."""
    t = st.threads[slot]
    t[PEND], t[PEND_VIA], t[PEND_W], t[PEND_CPU], t[PEND_TS], t[PEND_SEQ] = 1, via, w, cpu, ts, seq


@inlined
def prove_return(st, emitted, slot):
    """The thread is seen in user mode again: its return happened where it was last due."""
    t = st.threads[slot]
    if t[PEND] > 0:
        code = RETURN | t[PEND_VIA] << _VIA
        emit(st, emitted, t[PEND_W], t[PEND_CPU], slot, code, 1, t[PEND_TS], t[PEND_SEQ])
        t[PEND] = 0


@njit
def doubt_return(st, emitted, slot):
    """The return happened where it was due, or an interrupt since then came before it."""
    t = st.threads[slot]
    code = MAYBE_RETURN | t[PEND_VIA] << _VIA
    emit(st, emitted, t[PEND_W], t[PEND_CPU], slot, code, 1, t[PEND_TS], t[PEND_SEQ])


@njit
def elsewhere(st, slot, w, cpu):
    """Whether the place where the return was due is another window of the workload or another CPU."""
    t = st.threads[slot]
    return t[PEND_CPU] != cpu or st.window_segment[t[PEND_W]] != st.window_segment[w]


@njit
def carry_return(st, emitted, slot, w, cpu, ts, seq):
    """The thread runs again: a return still due happens here (E7)."""
    t = st.threads[slot]
    t[OUT] = 0
    if t[PEND] == 0:
        return
    if t[PEND] == 2 and elsewhere(st, slot, w, cpu):
        doubt_return(st, emitted, slot)
    arm(st, slot, t[PEND_VIA], w, cpu, ts, seq)


# ---- switches (S1–S4) ----


@njit
def differs(held, value, kernel):
    """Whether a scheme that writes on change writes: the CPU's base is not next's, and next is no kernel thread."""
    if kernel == YES:
        return NO
    if held == NOBODY:
        return MAYBE
    if held == value:
        return NO
    # A symbol that may be anything equals nobody knows what; one that is not 0 is another thread's TLS.
    held_open, value_open = held < 0 and held % 2 == 0, value < 0 and value % 2 == 0
    return MAYBE if held_open or value_open or kernel == MAYBE else YES


@njit
def put(cpu_row, field, value, kernel, wrote):
    """The base that a CPU holds after a switch."""
    if kernel == NO:
        cpu_row[field] = value
    elif kernel == MAYBE and wrote != NO:
        cpu_row[field] = NOBODY


@njit
def save_base(t, base, selector):
    """Switched out with a selector, a thread's base in its thread struct is 0 from then on (S2)."""
    if t[selector] == SET_SELECTOR:
        t[base] = ZERO
    elif t[selector] == UNKNOWN_SELECTOR and t[base] > ZERO_SET:
        t[base] = UNKNOWN_BASE


@njit
def switch(st, emitted, prev, nxt, inferred, w, cpu, ts, seq):
    """One context switch, recorded or inferred: both ledgers' situations, then the CPU's and the threads' new state."""
    p, n, c = st.threads[prev], st.threads[nxt], st.cpus[cpu]
    save_base(p, GS_BASE, GS_SELECTOR)
    save_base(p, FS_BASE, FS_SELECTOR)
    kernel = n[KERNEL]
    gs = differs(c[HELD_GS], n[GS_VALUE], kernel)
    fs = differs(c[HELD_FS], n[FS_VALUE], kernel)
    fs_null_seg = differs(c[HELD_FS_NULL_SEG], n[FS_VALUE], kernel)
    code = SWITCH_GS | inferred << _INFERRED | p[GS_SELECTOR] << _PREV_SELECTOR | n[GS_SELECTOR] << _NEXT_SELECTOR
    code |= p[GS_BASE] << _PREV_BASE | n[GS_BASE] << _NEXT_BASE | gs << _DIFFERS
    emit(st, emitted, w, cpu, prev, code, 1, ts, seq)
    code = SWITCH_FS | inferred << _INFERRED | p[FS_SELECTOR] << _PREV_SELECTOR | n[FS_SELECTOR] << _NEXT_SELECTOR
    code |= p[FS_BASE] << _PREV_BASE | n[FS_BASE] << _NEXT_BASE | fs << _DIFFERS | fs_null_seg << _DIFFERS_NULL_SEG
    emit(st, emitted, w, cpu, prev, code, 1, ts, seq)
    put(c, HELD_GS, n[GS_VALUE], kernel, gs)
    put(c, HELD_FS, n[FS_VALUE], kernel, fs)
    put(c, HELD_FS_NULL_SEG, n[FS_VALUE], kernel, fs_null_seg)
    p[OUT] = 1
    c[RUN] = nxt
    c[DEPTH] = 0
    carry_return(st, emitted, nxt, w, cpu, ts, seq)


@inlined
def runs(st, emitted, slot, w, cpu, ts, seq):
    """This thread runs on this CPU. If another one should, a switch was not traced (T10): replay it as inferred."""
    c = st.cpus[cpu]
    if c[RUN] == slot:
        return
    if c[RUN] < 0:
        c[RUN] = slot
        carry_return(st, emitted, slot, w, cpu, ts, seq)
        return
    ran = st.threads[c[RUN]]
    if ran[CALL] == YES and (ran[NR] == NR_EXECVE or ran[NR] == NR_EXECVEAT) and ran[PID] == st.threads[slot, TID]:
        c[RUN] = slot  # a thread that execs takes its leader's number: no switch
        return
    st.g[INFERRED] += 1
    switch(st, emitted, c[RUN], slot, 1, w, cpu, ts, seq)


# ---- entries (E1–E6), NMIs (N1–N3) ----


@inlined
def enters(st, emitted, slot, via, w, cpu, ts, seq):
    """An arrival from user mode: whatever was due has happened, and a new return is."""
    is_user(st, slot)
    prove_return(st, emitted, slot)
    t = st.threads[slot]
    t[CALL], t[NEWBORN], t[FAULTED] = NO, 0, 0
    emit(st, emitted, w, cpu, slot, ENTRY | via << _VIA, 1, ts, seq)
    arm(st, slot, via, w, cpu, ts, seq)


@njit
def infer_origin(st, slot, depth, origin):
    """Where an interrupt came from: the call chain's word, else the thread's state, else unknown."""
    if origin != 0:
        return origin
    t = st.threads[slot]
    if t[KERNEL] == YES or t[CALL] == YES or t[NEWBORN] or t[EXITING] or depth > 0:
        return FROM_KERNEL
    return 0


@njit
def interrupt(st, emitted, slot, a, phase, origin, w, cpu, ts, seq):
    c = st.cpus[cpu]
    is_line = a & 0xFF == 0
    line, action = a >> 8 & 0xFFFFFF, a >> 32
    if phase == IRQ_EXIT:
        c[DEPTH] = max(0, c[DEPTH] - 1)
        if is_line and c[LAST_LINE] == line:
            return
        c[LAST_LINE] = -1
        return
    # Handlers that share a line run one after the other for one interrupt, the first of them first (T9).
    shared = is_line and c[LAST_LINE] == line and c[LAST_ACTION] != action
    if not shared:
        c[LAST_LINE], c[LAST_ACTION] = (line, action) if is_line else (-1, 0)
    if origin == FROM_USER:
        c[DEPTH] = 0
    if not shared:
        origin = infer_origin(st, slot, c[DEPTH], origin)
        if origin == FROM_USER:
            enters(st, emitted, slot, INTERRUPT, w, cpu, ts, seq)
        elif origin == FROM_KERNEL:
            emit(st, emitted, w, cpu, slot, ARRIVAL | INTERRUPT << _VIA, 1, ts, seq)
        else:
            emit(st, emitted, w, cpu, slot, OPEN_INTERRUPT | INTERRUPT << _VIA, 1, ts, seq)
            if st.threads[slot, PEND] == 1:
                st.threads[slot, PEND] = 2
    if phase == IRQ_ENTRY:
        c[DEPTH] += 1


@njit
def nmi(st, emitted, slot, handler, origin, w, cpu, ts, seq):
    """One row per handler: further handlers right behind the first are of the same NMI (N3)."""
    c = st.cpus[cpu]
    same = c[LAST_NMI] >= 0 and c[LAST_ACTION] != handler
    if c[LAST_NMI] < 0:
        c[LAST_ACTION] = handler
    c[LAST_NMI] = 1
    if same:
        return
    if slot == c[LAST_PREV] and slot != c[RUN]:
        origin = FROM_KERNEL  # inside the switch, after its event
    origin = infer_origin(st, slot, c[DEPTH], origin)
    where = NMI_USER if origin == FROM_USER else NMI_KERNEL if origin == FROM_KERNEL else NMI_UNKNOWN
    if origin == FROM_USER:
        is_user(st, slot)
        prove_return(st, emitted, slot)
    emit(st, emitted, w, cpu, slot, NMI | where << _VIA, 1, ts, seq)


@njit
def signal(st, emitted, slot, sig, code, default, w, cpu, ts, seq):
    """A signal that the kernel sent for an exception tells of an entry without a tracepoint (E4)."""
    t = st.threads[slot]
    fault = sig == SIGSEGV or sig == SIGBUS
    trap = sig == SIGILL or sig == SIGFPE or (sig == SIGTRAP and code != TRAP_PERF)
    if code > 0 and t[CALL] != YES and (trap or (fault and not t[FAULTED])):
        enters(st, emitted, slot, EXCEPTION, w, cpu, ts, seq)
    t[FAULTED] = 0
    if 0 < sig < 32 and CORE_SIGNALS >> sig & 1 and default == 1:
        t[DUMPS] = 1


# ---- calls (P1–P5) and the life of threads (C1–C4) ----


@njit
def size_of(value):
    if value == NULL:
        return SIZE_UNKNOWN
    return SIZE_LOW if 0 <= value <= FOUR_GIB else SIZE_HIGH


@njit
def set_base(st, slot, cpu, fs, value, ret):
    """The thread's base and the CPU's after ARCH_SET_FS or ARCH_SET_GS; unknown success leaves it unknown."""
    t, c = st.threads[slot], st.cpus[cpu]
    if ret != NULL and ret < 0:
        return
    value_at, base_at, selector_at = (FS_VALUE, FS_BASE, FS_SELECTOR) if fs else (GS_VALUE, GS_BASE, GS_SELECTOR)
    if ret == NULL or value == NULL:
        t[value_at] = symbol(st, False)
        t[base_at] = UNKNOWN_BASE
    else:
        t[value_at] = value
        t[base_at] = ZERO_SET if value == 0 else LOW if size_of(value) == SIZE_LOW else HIGH
    if ret != NULL:
        t[selector_at] = NULL_SELECTOR
    elif t[selector_at] == SET_SELECTOR:
        t[selector_at] = UNKNOWN_SELECTOR
    held = t[value_at] if ret != NULL else NOBODY
    if fs:
        c[HELD_FS], c[HELD_FS_NULL_SEG] = held, held
    else:
        c[HELD_GS] = held


@njit
def arch_prctl(st, emitted, slot, code, value, ret, w, cpu, ts, seq):
    if code == ARCH_GET_GS or code == ARCH_GET_FS:
        emit(st, emitted, w, cpu, slot, GET_GS if code == ARCH_GET_GS else GET_FS, 1, ts, seq)
    elif code == ARCH_SET_GS or code == ARCH_SET_FS:
        succeeds = MAYBE if ret == NULL else YES if ret >= 0 else NO
        event = SET_GS if code == ARCH_SET_GS else SET_FS
        emit(st, emitted, w, cpu, slot, event | succeeds << _SUCCEEDS | size_of(value) << _SIZE, 1, ts, seq)
        set_base(st, slot, cpu, code == ARCH_SET_FS, value, ret)


@njit
def call_ends(st, slot, nr, ret):
    """What a successful call tells of the thread: a descriptor of its own may mean a selector of its own (S4)."""
    t = st.threads[slot]
    t[CALL], t[NEWBORN] = NO, 0
    if (nr == NR_MODIFY_LDT or nr == NR_SET_THREAD_AREA) and (ret == NULL or ret >= 0):
        if t[GS_SELECTOR] == NULL_SELECTOR:
            t[GS_SELECTOR] = UNKNOWN_SELECTOR
        if t[FS_SELECTOR] == NULL_SELECTOR:
            t[FS_SELECTOR] = UNKNOWN_SELECTOR


@njit
def fork(st, emitted, parent, tid, pid, flags, text, w, cpu, ts, seq):
    """C1: the child has its parent's bases, and an FS of its own with CLONE_SETTLS."""
    emit(st, emitted, w, cpu, parent, FORKED, 1, ts, seq)
    if tid < 0 or tid >= st.tidmap.size:
        return
    older = st.tidmap[tid] - 1
    child = new_thread(st, tid, 0 if older < 0 else st.threads[older, TGEN] + 1, ts)
    st.tidmap[tid] = child + 1
    p, t = st.threads[parent], st.threads[child]
    for i in range(GS_VALUE, FS_SELECTOR + 1):
        t[i] = p[i]
    t[KERNEL] = p[KERNEL]
    t[COMM] = text if text >= 0 else p[COMM]
    t[CALL], t[NEWBORN], t[OUT] = NO, 1, 1
    if flags == NULL:
        t[PID] = pid
        if p[KERNEL] != YES:
            t[FS_VALUE], t[FS_BASE] = symbol(st, False), UNKNOWN_BASE
        return
    t[PID] = pid if pid > 0 else p[PID] if flags & CLONE_THREAD else tid
    if flags & CLONE_SETTLS and p[KERNEL] != YES:
        t[FS_VALUE], t[FS_BASE], t[FS_SELECTOR] = symbol(st, True), NONZERO, NULL_SELECTOR


@njit
def execs(st, emitted, slot, text, w, cpu, ts, seq):
    """C2: both bases are 0 afterwards, on the CPU too; a kernel thread that execs is a user task from then on."""
    emit(st, emitted, w, cpu, slot, EXECED, 1, ts, seq)
    t, c = st.threads[slot], st.cpus[cpu]
    for i in range(GS_VALUE, FS_SELECTOR + 1):
        t[i] = 0
    if t[KERNEL] != NO:
        t[KERNEL], t[NEWBORN] = NO, 1
    if text >= 0:
        t[COMM] = text
    c[HELD_GS], c[HELD_FS], c[HELD_FS_NULL_SEG] = 0, 0, 0


@njit
def takes_number(st, slot, old_tid):
    """A thread that execs as another than the leader goes on under the leader's number."""
    old = st.tidmap[old_tid] - 1 if 0 <= old_tid < st.tidmap.size else -1
    if old < 0 or old == slot or slot <= STRANGER:
        return
    t, o = st.threads[slot], st.threads[old]
    for i in range(CALL, FS_SELECTOR + 1):
        t[i] = o[i]
    o[PEND], o[DEAD] = 0, 1


@njit
def exits(st, emitted, slot, w, cpu, ts, seq):
    """C3, C4, E5: the return that was due never comes; the selectors become null, the thread struct's bases stay."""
    t, c = st.threads[slot], st.cpus[cpu]
    if t[DUMPS]:
        emit(st, emitted, w, cpu, slot, MAYBE_CORE_DUMP, 1, ts, seq)
    if t[PEND] == 2 and elsewhere(st, slot, w, cpu):
        doubt_return(st, emitted, slot)
    t[PEND], t[DUMPS], t[EXITING] = 0, 0, 1
    emit(st, emitted, w, cpu, slot, EXITED, 1, ts, seq)
    t[GS_SELECTOR], t[FS_SELECTOR] = NULL_SELECTOR, NULL_SELECTOR
    c[HELD_FS] = 0


@njit
def found(st, tid, pid, kernel, text, ts):
    """A thread that ran before the recording began."""
    slot = thread(st, tid, ts)
    t = st.threads[slot]
    if slot <= STRANGER:
        return
    t[PID] = pid if pid > 0 else t[PID]
    t[COMM] = text if text >= 0 else t[COMM]
    if kernel != NULL and t[KERNEL] == MAYBE:
        t[KERNEL] = YES if kernel else NO
        forget_bases(st, slot)
    t[OUT] = 1


@njit
def task(st, emitted, slot, a, subject, flags, text, w, cpu, ts, seq):
    what, pid = a & 0xFF, a >> 8 & 0xFFFFFFFF
    if what == T_FOUND:
        found(st, subject, pid, flags, text, ts)
    elif what == T_FORK:
        fork(st, emitted, slot, subject, pid, flags, text, w, cpu, ts, seq)
    elif what == T_EXEC:
        if flags != NULL and flags != subject:
            takes_number(st, slot, flags)
        execs(st, emitted, slot, text, w, cpu, ts, seq)
    elif what == T_EXIT:
        exits(st, emitted, slot, w, cpu, ts, seq)
    elif what == T_RENAME and text >= 0:
        st.threads[thread(st, subject, ts), COMM] = text


@njit
def lose(st, emitted, count, w, cpu, ts, seq):
    """Events are missing on a CPU since its last one (T6): each window in between may hold them all. Without a CPU
    (or with one that no event was seen on) they may be missing anywhere.
    """
    st.g[EPOCH_NOW] += 1
    code, n = (LOST_UNCOUNTED, 1) if count == NULL else (LOST, count)
    if cpu < 0 or cpu >= st.cpus.shape[0]:
        emit(st, emitted, 0, 0, STRANGER, code, n, ts, seq)
        for any_cpu in range(st.cpus.shape[0]):
            forget_cpu(st, any_cpu)
        return
    segment = -1
    for i in range(max(1, st.cpus[cpu, LAST_W]), w + 1):
        if st.window_segment[i] != segment:
            segment = st.window_segment[i]
            emit(st, emitted, i, cpu, STRANGER, code, n, ts, seq)
    forget_cpu(st, cpu)


@njit
def forget_cpu(st, cpu):
    """Which thread runs, how deep in interrupts, and which bases the CPU holds: unknown."""
    c = st.cpus[cpu]
    c[RUN], c[DEPTH], c[LAST_PREV], c[LAST_LINE], c[LAST_NMI] = -1, 0, -1, -1, -1
    c[HELD_GS], c[HELD_FS], c[HELD_FS_NULL_SEG] = NOBODY, NOBODY, NOBODY


# ---- windows of time ----


@inlined
def open_window(st, ts):
    """The window of (segment, bin) that an event at ts belongs to. → whether the bins became too many."""
    g = st.g
    b = (ts - g[T0]) >> g[SHIFT]
    b = max(b, g[BIN])
    if b >= MAX_BINS:
        return True
    if b != g[BIN] or st.window_segment[g[WINDOW]] != g[SEGMENT]:
        g[BIN] = b
        g[WINDOW] = g[WINDOWS]
        g[WINDOWS] += 1
        st.window_segment[g[WINDOW]] = g[SEGMENT]
        st.window_start[g[WINDOW]] = g[T0] + (b << g[SHIFT])
    return False


@inlined
def room(st, emitted, cpu, kind):
    """Whether one more event fits everywhere; a loss may fill a cell in each window since the CPU's last event."""
    g = st.g
    need = SPARE
    if kind == K_LOSS and 0 <= cpu < st.cpus.shape[0]:
        need += g[WINDOWS] - st.cpus[cpu, LAST_W]
    if 2 * (g[CELLS] + need) > st.where.size or g[SLOTS] + SPARE > st.threads.shape[0]:
        return GROW
    if g[WINDOWS] + SPARE > st.window_segment.size:
        return GROW
    if emitted.shape[0] > 1 and emitted[0, 0] + need >= emitted.shape[0]:
        return FULL
    return DONE


@inlined
def step(st, emitted, blinds, kind, cpu, tid, text, seq, ts, a, b, c):
    """One event."""
    g = st.g
    w = g[WINDOW]
    if kind == K_LOSS:
        if blinds[a]:
            lose(st, emitted, b, w, cpu, ts, seq)
        return
    if kind == K_MARKER:
        g[SEGMENT] += 1
        return
    row = st.cpus[cpu]
    if kind != K_IRQ:
        row[LAST_LINE] = -1
    if kind != K_NMI:
        row[LAST_NMI], row[LAST_PREV] = -1, -1
    slot = STRANGER
    if not (kind == K_TASK and (a & 0xFF == T_FOUND or a & 0xFF == T_RENAME)):
        slot = thread(st, tid, ts)
        if st.threads[slot, EXITING] and (kind == K_SYS_ENTER or (kind == K_EXCEPTION and a == 0)):
            st.threads[slot, DEAD] = 1  # its number is in use again
            slot = thread(st, tid, ts)
        if slot != STRANGER and kind != K_NMI:
            runs(st, emitted, slot, w, cpu, ts, seq)
    if kind == K_SYS_ENTER:
        row[DEPTH] = 0
        enters(st, emitted, slot, SYSCALL, w, cpu, ts, seq)
        t = st.threads[slot]
        t[CALL], t[NR], t[PEND] = YES, a, 0
    elif kind == K_SYS_EXIT:
        row[DEPTH] = 0
        is_user(st, slot)
        prove_return(st, emitted, slot)
        call_ends(st, slot, a, b)
        arm(st, slot, SYSCALL, w, cpu, ts, seq)
    elif kind == K_SWITCH:
        switch(st, emitted, slot, thread(st, a, ts), 0, w, cpu, ts, seq)
        row[LAST_PREV] = slot
        st.threads[slot, DEAD] = st.threads[slot, EXITING] if b != NULL and b & GONE else 0
    elif kind == K_EXCEPTION:
        if a == 0:
            row[DEPTH] = 0
            enters(st, emitted, slot, PAGE_FAULT, w, cpu, ts, seq)
            st.threads[slot, FAULTED] = 1
        else:
            emit(st, emitted, w, cpu, slot, ARRIVAL | PAGE_FAULT << _VIA, 1, ts, seq)
    elif kind == K_IRQ:
        interrupt(st, emitted, slot, a, b, c, w, cpu, ts, seq)
    elif kind == K_NMI:
        nmi(st, emitted, slot, a, c, w, cpu, ts, seq)
    elif kind == K_ARCH_PRCTL:
        arch_prctl(st, emitted, slot, a, b, c, w, cpu, ts, seq)
    elif kind == K_SIGNAL:
        signal(st, emitted, slot, a, b, c, w, cpu, ts, seq)
    elif kind == K_TASK:
        task(st, emitted, slot, a, b, c, text, w, cpu, ts, seq)
    row[LAST_W] = g[WINDOW]


@njit
def replay(st, emitted, blinds, kind, cpu, tid, text, seq, ts, a, b, c, start):
    """Replay rows[start:] of a batch, in merged order (`events/tables.py`).

    blinds: uint8 [losses], 1 where a loss kind means missing events. The caller sees to it that st.cpus has every cpu.
    → (status, first row not taken). After GROW, COARSEN or FULL call again from there.
    """
    g = st.g
    for i in range(start, ts.size):
        if not g[STARTED]:
            new_thread(st, 0, 0, ts[i])
            new_thread(st, -1, 0, ts[i])
            st.tidmap[0] = IDLE + 1
            g[T0], g[STARTED], g[NOW] = ts[i], 1, ts[i]
            st.window_start[0] = ts[i]
        status = room(st, emitted, cpu[i], kind[i])
        if status != DONE:
            return status, i
        if open_window(st, ts[i]):
            return COARSEN, i
        g[NOW] = max(g[NOW], ts[i])
        step(st, emitted, blinds, kind[i], cpu[i], tid[i], text[i], seq[i], ts[i], a[i], b[i], c[i])
    return DONE, ts.size


@njit
def finish(st, emitted, start):
    """At the end of a recording: returns still due of threads that run. → (status, first slot not taken)."""
    for slot in range(start, st.g[SLOTS]):
        if room(st, emitted, -1, 0) != DONE:
            return room(st, emitted, -1, 0), slot
        t = st.threads[slot]
        if not t[OUT]:
            prove_return(st, emitted, slot)
        elif t[PEND] == 2:
            doubt_return(st, emitted, slot)
        t[PEND] = 0
    return DONE, st.g[SLOTS]


@njit
def rehash(where, what, times, where_to, what_to, times_to):
    """Add every used cell of one table into another, larger or emptier one. → cells used there."""
    mask = where_to.size - 1
    used = 0
    for i in range(where.size):
        if where[i] < 0:
            continue
        at = scatter(where[i], what[i]) & mask
        while where_to[at] >= 0 and (where_to[at] != where[i] or what_to[at] != what[i]):
            at = (at + 1) & mask
        if where_to[at] < 0:
            where_to[at], what_to[at] = where[i], what[i]
            used += 1
        times_to[at] += times[i]
    return used
