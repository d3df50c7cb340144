"""Each rule of docs/rules.md as a drawn timeline (`oracle.timeline`), those first that no recording holds."""

from __future__ import annotations

from collections import Counter

import numpy as np
from oracle.stream import rows
from oracle.timeline import event, replay, switches, told

from gstrace.replay.annotate import between
from gstrace.replay.options import DEFAULT
from gstrace.replay.situations import QUIET, Event, decode, encode, settled

CALL = {"entry syscall": 1, "return syscall": 1}


def only(found: Counter[str], *wanted: str) -> dict[str, int]:
    """What was told, but for switches."""
    return {k: n for k, n in found.items() if not k.startswith("switch") or k in wanted}


# ---- entries and returns ----


def test_e1_e2_a_call_is_one_entry_and_one_return() -> None:
    assert told("0 a sys_enter\n0 a sys_exit\n0 a sys_enter") == {"entry syscall": 2, "return syscall": 1}


def test_e2_exit_group_has_no_return() -> None:
    assert told("0 a sys_enter 231\n0 a exit")["return syscall"] == 0


def test_e2_a_child_returns_once_by_its_own_sys_exit() -> None:
    found = told("0 a sys_enter 56\n0 a fork b\n0 a switch b\n0 b sys_exit 56\n0 b sys_enter")
    assert found["return syscall"] == 1
    assert found["entry syscall"] == 2


def test_e3_a_page_fault_of_user_mode_enters_and_returns_one_of_kernel_mode_arrives() -> None:
    found = told("0 a fault user\n0 a fault kernel\n0 a sys_enter")
    assert found == {"entry page_fault": 1, "return page_fault": 1, "arrival page_fault": 1, "entry syscall": 1}


def test_e4_a_signal_that_the_kernel_sent_for_a_trap_tells_of_an_exception() -> None:
    found = told("0 a sys_exit\n0 a signal 5 128\n0 a sys_enter")
    assert only(found) == {"return syscall": 1, "entry exception": 1, "return exception": 1, "entry syscall": 1}


def test_e4_signals_of_calls_faults_and_perf_tell_of_no_exception() -> None:
    sent = told("0 a sys_exit\n0 a signal 5 0\n0 a signal 5 6\n0 a sys_enter")
    assert sent["entry exception"] == 0
    faulted = told("0 a fault user\n0 a signal 11 1\n0 a sys_enter")
    assert faulted["entry exception"] == 0
    general_protection = told("0 a sys_exit\n0 a signal 11 128\n0 a sys_enter")
    assert general_protection["entry exception"] == 1


STOPPED = "0 a sys_exit\n0 a switch idle traced\n0 idle switch a\n"


def test_e4_a_stop_for_a_tracer_outside_of_calls_may_be_an_exceptions() -> None:
    assert only(told(f"{STOPPED}0 a sys_enter")) == {"maybe_exception": 1, "return syscall": 1, "entry syscall": 1}
    stepped = told(f"{STOPPED}0 a switch idle traced\n0 idle switch a\n0 a sys_enter")
    assert only(stepped) == {"maybe_exception": 2, "return syscall": 1, "entry syscall": 1}
    assert only(told(f"{STOPPED}0 a exit")) == {"maybe_exception": 1, "exit": 1}
    assert told(STOPPED)["maybe_exception"] == 1


def test_e4_a_stop_inside_a_call_of_a_child_and_of_a_dying_thread_is_none() -> None:
    for before in ("0 a sys_enter", "0 b fork a\n0 b switch a", "0 a exit"):
        assert told(f"{before}\n0 a switch idle traced\n0 idle switch a\n0 a sys_exit")["maybe_exception"] == 0


def test_e4_a_signal_behind_a_stop_tells_of_the_same_exception_once() -> None:
    found = only(told(f"{STOPPED}0 a signal 5 1\n0 a sys_enter"))
    assert found == {"return syscall": 1, "entry exception": 1, "return exception": 1, "entry syscall": 1}
    sent = only(told(f"{STOPPED}0 a signal 19 0\n0 a sys_enter"))
    assert sent == {"maybe_exception": 1, "return syscall": 1, "entry syscall": 1}


def test_e4_an_exception_enters_where_its_thread_stopped_and_returns_where_it_runs_again() -> None:
    moved = """
        0 a sys_exit
        0 a switch b traced
        0 b marker
        1 idle switch a
        1 a signal 5 1
        1 a sys_enter
    """
    assert only(told(moved, segment=0)) == {"maybe_return syscall": 1, "return syscall": 1, "entry exception": 1}
    assert only(told(moved, segment=1)) == {"return exception": 1, "entry syscall": 1}
    silent = moved.replace("1 a signal 5 1\n", "")
    assert only(told(silent, segment=0)) == {"maybe_return syscall": 1, "maybe_exception": 1}
    assert only(told(silent, segment=1)) == {"return syscall": 1, "entry syscall": 1}


def test_e5_a_thread_killed_after_its_call_never_returns() -> None:
    found = told("0 a sys_enter\n0 a sys_exit\n0 a signal 9 0\n0 a exit")
    assert only(found) == {"entry syscall": 1, "exit": 1}


def test_e5_a_fault_that_ends_in_a_signal_never_returns() -> None:
    assert only(told("0 a fault user\n0 a signal 11 1\n0 a exit")) == {"entry page_fault": 1, "exit": 1}


def test_e7_a_return_belongs_after_the_switch_that_brings_its_thread_back() -> None:
    text = """
        0 a sys_enter
        0 a sys_exit
        0 a switch b           # preempted before its return
        0 b sys_exit
        0 b marker
        0 b sys_enter
        0 b switch a
        0 a sys_enter
    """
    assert told(text, segment=0)["return syscall"] == 1  # b's
    assert told(text, segment=1)["return syscall"] == 1  # a's


def test_e7_on_another_cpu_too() -> None:
    text = "0 a sys_exit\n0 a switch idle\n1 idle switch a\n1 a sys_enter"
    assert told(text, cpu=0)["return syscall"] == 0
    assert told(text, cpu=1)["return syscall"] == 1


def test_a_return_before_an_interrupt_of_unknown_origin_may_be_in_either_window() -> None:
    text = """
        0 a sys_exit
        0 a marker
        0 a irq entry
        0 a irq exit
        0 a switch b
        0 b switch a
        0 a sys_enter
    """
    assert only(told(text, segment=0)) == {"maybe_return syscall": 1}
    assert only(told(text, segment=1)) == {"interrupt interrupt": 1, "return syscall": 1, "entry syscall": 1}


# ---- interrupts: origin ----


def test_interrupts_of_kernel_threads_calls_children_dying_threads_and_interrupts_hit_the_kernel() -> None:
    for before in ("", "0 a sys_enter\n", "0 a exit\n", "0 a irq entry user\n"):
        who = "idle" if not before else "a"
        assert told(f"{before}0 {who} irq entry")["arrival interrupt"] == 1, before
    child = told("0 a fork b\n0 a switch b\n0 b irq entry")
    assert child["arrival interrupt"] == 1


def test_any_other_interrupt_is_open_and_a_call_chain_decides_it() -> None:
    assert told("0 a sys_exit\n0 a irq entry")["interrupt interrupt"] == 1
    assert told("0 a sys_exit\n0 a irq entry user")["entry interrupt"] == 1
    assert told("0 a sys_exit\n0 a irq entry kernel")["arrival interrupt"] == 1


def test_t5_an_entry_without_exit_leaves_nobody_inside_an_interrupt() -> None:
    found = told("0 a sys_exit\n0 a irq entry_only\n0 a irq entry")
    assert found["interrupt interrupt"] == 2


def test_t8_what_cannot_happen_in_an_interrupt_ends_it() -> None:
    for end in ("sys_enter\n0 a sys_exit", "sys_exit", "fault user", "switch b\n0 b switch a"):
        found = told(f"0 a irq entry\n0 a {end}\n0 a irq entry")
        assert found["arrival interrupt"] == 0, end


def test_t9_handlers_that_share_a_line_serve_one_interrupt() -> None:
    shared = (
        "0 a sys_exit\n0 a irq entry line=5/7\n0 a irq exit line=5/0\n0 a irq entry line=5/8\n0 a irq exit line=5/0"
    )
    assert told(shared)["interrupt interrupt"] == 1
    assert told(f"{shared}\n{shared.partition(chr(10))[2]}")["interrupt interrupt"] == 2
    again = shared.replace("5/8", "5/7")
    assert told(again)["interrupt interrupt"] == 2
    apart = shared.replace("0 a irq entry line=5/8", "0 a waking\n0 a irq entry line=5/8")
    assert told(apart)["interrupt interrupt"] == 2


def test_an_open_interrupt_says_how_long_its_thread_had_been_quiet() -> None:
    def quiet(text: str) -> list[str]:
        values = (decode(code)[1] for code in replay(text).census().situation.tolist())
        return [v["quiet"] for v in values if "quiet" in v]

    for silence, word in ((0, "brief"), (9, "10us"), (98, "10us"), (99, "100us"), (998, "100us"), (999, "1ms")):
        assert quiet(f"0 a sys_exit +{silence}\n0 a irq entry") == [word], silence
        assert quiet(f"0 a sys_exit +{silence}\n0 a nmi 1") == [word], silence
    assert quiet("0 - loss 1 +5000\n0 a irq entry") == ["brief"]
    assert quiet("0 a sys_exit +5000\n0 a irq entry kernel\n0 a irq exit\n0 a irq entry") == ["brief"]
    assert quiet("0 a sys_enter +5000\n0 a nmi 1") == ["brief"]


def test_what_was_quiet_for_long_enough_is_settled_as_user_mode() -> None:
    open_ = {encode(Event.INTERRUPT, via="interrupt", quiet=word): n for n, word in enumerate(QUIET, 1)}
    nmis = {encode(Event.NMI, origin="unknown", quiet=word): 1 for word in QUIET}
    once, kernel = encode(Event.NMI, origin="user"), encode(Event.NMI)
    entry, back = (encode(event, via="interrupt") for event in (Event.ENTRY, Event.RETURN))
    assert settled({**open_, **nmis, kernel: 5}, 0) == {entry: 10, back: 10, once: 4, kernel: 5}
    after = settled({**open_, entry: 1}, 100_000)
    assert after == {entry: 1 + 3 + 4, back: 7} | {code: n for code, n in open_.items() if n < 3}
    assert settled(open_, 1_000_001) == open_


# ---- NMIs ----


def test_n1_n2_origin_by_chain_then_state_then_open() -> None:
    assert told("0 a sys_exit\n0 a nmi 1 user")["nmi user"] == 1
    assert told("0 a sys_enter\n0 a nmi 1")["nmi kernel"] == 1
    assert told("0 idle nmi 1")["nmi kernel"] == 1
    assert told("0 a sys_exit\n0 a nmi 1")["nmi unknown"] == 1


def test_n3_further_handlers_right_behind_the_first_are_of_the_same_nmi() -> None:
    assert told("0 idle nmi 1\n0 idle nmi 2\n0 idle nmi 1\n0 idle nmi 2")["nmi kernel"] == 2
    assert told("0 idle nmi 1\n0 idle nmi 1")["nmi kernel"] == 2
    assert told("0 idle nmi 1\n0 idle waking\n0 idle nmi 2")["nmi kernel"] == 2


def test_an_nmi_inside_a_switch_hits_the_kernel_and_proves_no_switch() -> None:
    text = "0 a sys_exit\n0 a switch b\n0 a nmi 1\n0 b sys_enter"
    assert told(text)["nmi kernel"] == 1
    assert replay(text).inferred_switches == 0


# ---- switches and bases ----


def test_s3_a_thread_keeps_what_arch_prctl_set() -> None:
    text = "0 a arch_prctl SET_GS 0x1000\n0 a arch_prctl SET_FS 0x7f0000001000\n0 a switch b"
    assert switches(text)[0]["prev_base"] == "low"
    assert switches(text, Event.SWITCH_FS)[0]["prev_base"] == "high"


def test_p5_a_refused_call_sets_nothing() -> None:
    text = "0 a arch_prctl SET_GS 0x1000\n0 a arch_prctl SET_GS 0x7f0000001000 -1\n0 a switch b"
    assert switches(text)[0]["prev_base"] == "low"


def test_a_call_whose_end_was_not_recorded_leaves_the_base_unknown() -> None:
    assert switches("0 a arch_prctl SET_GS 0x1000 ?\n0 a switch b")[0]["prev_base"] == "unknown"


def test_state_before_first_sight_is_unknown_and_kernel_threads_are_zero() -> None:
    found = switches("- - found k is=kernel\n0 a sys_exit\n0 a switch k\n0 k switch b")
    assert {(s["prev_base"], s["next_base"]) for s in found} == {("unknown", "zero"), ("zero", "unknown")}


def test_c1_a_child_inherits_and_clone_settls_gives_it_another_fs() -> None:
    text = "0 a exec\n0 a arch_prctl SET_FS 0x1000\n0 a fork b flags=settls\n0 a fork c\n0 a switch b\n0 b switch c"
    to_b, to_c = (next(s for s in switches(text, Event.SWITCH_FS) if s["prev_base"] == p) for p in ("low", "nonzero"))
    assert (to_b["next_base"], to_b["differs"]) == ("nonzero", "yes")
    assert (to_c["next_base"], to_c["differs"]) == ("low", "yes")


def test_c2_exec_leaves_both_bases_zero_on_the_cpu_too() -> None:
    text = "0 a sys_enter\n0 a arch_prctl SET_GS 0x1000\n0 a fork b\n0 a exec\n0 a switch b"
    assert [(s["prev_base"], s["next_base"], s["differs"]) for s in switches(text)] == [("zero", "low", "yes")]


def test_c2_a_kernel_thread_that_execs_is_a_user_task() -> None:
    text = "0 kthreadd fork k\n0 kthreadd switch k\n0 k exec\n0 k irq entry\n0 k sys_exit\n0 k irq entry"
    found = told(text)
    assert found["arrival interrupt"] == 1  # before it first returns
    assert found["interrupt interrupt"] == 1


def test_c2_a_thread_that_execs_takes_its_leaders_number_without_a_switch() -> None:
    text = """
        0 a exec
        0 a fork b flags=thread
        0 a switch b
        0 b sys_exit
        0 b sys_enter 59
        0 a fault kernel       # as the leader already
        0 a exec old=b
        0 a sys_exit 59
        0 a sys_enter
    """
    done = replay(text.replace("0 a exec\n", "- - found a pid=a is=user\n0 a exec\n", 1))
    assert done.inferred_switches == 0
    assert told(text)["return syscall"] >= 2


def test_c3_exit_keeps_the_bases_and_clears_the_selectors() -> None:
    text = "0 a arch_prctl SET_GS 0x1000\n0 a sys_exit 154 0\n0 a exit\n0 a switch idle gone"
    assert switches(text)[0]["prev_base"] == "low"
    assert switches(text)[0]["prev_selector"] == "null"


def test_c4_a_core_signal_with_the_default_action_may_have_written_a_core() -> None:
    assert told("0 a fault user\n0 a signal 11 1 default\n0 a exit")["maybe_core_dump"] == 1
    assert told("0 a sys_exit\n0 a signal 9 0 default\n0 a exit")["maybe_core_dump"] == 0
    assert told("0 a fault user\n0 a signal 11 1\n0 a exit")["maybe_core_dump"] == 0
    assert told("0 a fault user\n0 a signal 11 1 unknown\n0 a exit")["maybe_core_dump"] == 1
    assert told("0 a fault user\n0 a signal 11 1 unknown\n0 a sys_enter 1\n0 a exit")["maybe_core_dump"] == 0


def test_s4_a_caller_of_modify_ldt_and_its_children_may_use_a_selector_until_exec() -> None:
    text = "0 a exec\n0 a sys_exit 154 0\n0 a fork b\n0 a switch b\n0 b exec\n0 b switch a"
    assert {s["prev_selector"] + s["next_selector"] for s in switches(text)} == {"unknownunknown", "nullunknown"}
    refused = "0 a exec\n0 a sys_exit 154 -1\n0 a switch b"
    assert switches(refused)[0]["prev_selector"] == "null"


def test_s4_the_threads_that_may_use_a_selector_are_named() -> None:
    def named(text: str) -> list[tuple[int, int]]:
        threads = replay(text).threads()
        return [(t, s) for t, s in zip(threads.tid.tolist(), threads.selected.tolist(), strict=True) if s]

    asked = "0 a exec\n0 a sys_enter 205\n0 a sys_exit 205 0\n0 a fork b\n0 a fork c\n0 a switch c\n0 c exec"
    assert named(asked) == [(10, 1), (11, 1), (12, 1)]
    assert named(f"{asked}\n0 c fork d") == [(10, 1), (11, 1), (12, 1)]
    assert named("0 a sys_enter 154\n0 a sys_exit 154 -1") == []


def test_s4_a_program_whose_first_call_is_i386s_brk_is_of_32_bits() -> None:
    begin = "0 a exec\n0 a sys_exit 59\n0 a sys_enter {0}\n0 a sys_exit {0} {1}\n0 a sys_enter\n0 a switch b"
    for number, ret in ((45, 0x56555000), (243, 0)):
        text = begin.format(number, ret)
        assert replay(text).threads().selected.tolist()[2] == 2
        assert switches(text)[0]["prev_selector"] == "unknown"
    for number, ret in ((45, 12), (45, -9), (12, 0x555555554000), (243, 80), (45, "?")):
        assert replay(begin.format(number, ret)).threads().selected.tolist()[2] == 0
    later = begin.format(12, 0x555555554000).replace("0 a sys_enter\n", "0 a sys_enter 45\n0 a sys_exit 45 70000\n")
    assert replay(later).threads().selected.tolist()[2] == 0


def test_a_number_used_again_is_another_thread() -> None:
    text = "0 a arch_prctl SET_GS 0x1000\n0 a exit\n0 a switch idle gone\n1 c fork a\n0 idle switch a\n0 a switch idle"
    assert {s["prev_base"] for s in switches(text)} == {"low", "zero", "unknown"}
    preempted = "0 a arch_prctl SET_GS 0x1000\n0 a exit\n0 a switch idle\n0 idle switch a\n0 a switch idle gone"
    assert {s["prev_base"] for s in switches(preempted)} == {"low", "zero"}


def test_held_base_follows_the_cpu_not_the_thread() -> None:
    text = """
        0 a exec
        0 a arch_prctl SET_GS 0x1000
        0 a switch idle
        1 b exec
        1 b switch a           # CPU 1 holds 0: differs
        1 a switch idle
        0 idle switch a        # CPU 0 still holds a's
    """
    assert Counter(s["differs"] for s in switches(text) if s["next_base"] == "low") == {"yes": 1, "no": 1}


# ---- what the trace does not hold ----


def test_t10_a_thread_that_should_not_run_proves_a_switch() -> None:
    text = "0 idle switch a\n0 a sys_exit\n0 a switch idle\n0 a sys_enter"
    found = told(text)
    assert found["switch_gs inferred"] == found["switch_fs inferred"] == 1
    assert replay(text).inferred_switches == 1


def test_t10_recorded_and_inferred_switches_of_one_cpu_are_a_chain_without_a_break() -> None:
    text = (
        "0 idle switch a\n0 a sys_exit\n0 a switch idle\n0 b sys_enter\n0 b switch idle\n0 c switch idle\n1 a sys_exit"
    )
    found = told(text)
    assert (found["switch_gs"], found["switch_gs inferred"]) == (4, 2)
    assert (found["switch_fs"], found["switch_fs inferred"]) == (4, 2)
    assert told(text, cpu=1)["switch_gs inferred"] == 0  # nobody knows who ran there before


def test_t10_a_switch_from_a_thread_that_should_not_run() -> None:
    assert replay("0 a switch idle\n0 b switch c").inferred_switches == 1


def test_t6_after_a_loss_states_are_unknown_and_what_was_lost_may_be_anything() -> None:
    text = "0 a arch_prctl SET_GS 0x1000\n0 - loss 3\n0 a switch b"
    assert switches(text)[0]["prev_base"] == "unknown"
    assert told(text)["lost"] == 3
    assert told(text.replace("loss 3", "loss ?"))["lost_uncounted"] == 1


def test_t6_each_stretch_since_the_last_event_may_hold_what_was_lost() -> None:
    text = "0 a sys_exit\n1 b marker\n1 b sys_enter\n1 b marker\n1 b sys_enter\n0 - loss 7"
    assert [told(text, segment=s, cpu=0)["lost"] for s in (0, 1, 2)] == [7, 7, 7]


def test_t6_a_gap_that_reaches_into_a_span_of_time_counts_in_it() -> None:
    events = [event(line, i) for i, line in enumerate(("0 a sys_exit", "0 a sys_enter", "0 - loss 5", "0 a sys_exit"))]
    for since, until in ((None, events[2]["ts"]), (events[2]["ts"], None), (None, None)):
        found = between([(rows(events), [])], since, until, np.array([events[0]["ts"]]))
        assert found.count[found.situation == encode(Event.LOST)].tolist() == [5]
    early = between([(rows(events), [])], None, events[1]["ts"], np.array([events[0]["ts"]]))
    assert encode(Event.LOST) not in early.situation


def test_t6_the_sum_at_the_end_tells_only_of_what_was_not_told_before() -> None:
    text = "0 a sys_exit\n0 - loss 5\n0 a sys_exit\n- - loss {} lost_samples"
    assert told(text.format(4))["lost"] == 5
    assert told(text.format(5))["lost"] == 5
    assert told(text.format(7))["lost"] == 7


def test_a_loss_without_a_place_belongs_to_every_selection_and_blinds_every_cpu() -> None:
    assert told("0 a sys_exit\n- - loss 7", segment=-1)["lost"] == 7
    assert told("0 a irq entry\n- - loss 7\n0 a irq entry")["arrival interrupt"] == 0


def test_a_call_seen_only_at_its_end_and_a_stranger_do_no_harm() -> None:
    assert told("0 stranger sys_exit\n0 stranger switch a\n0 a sys_exit\n0 a sys_enter")["entry syscall"] == 1


# ---- what is taken for granted ----

WRITES = DEFAULT._replace(user_writes=True)


def test_user_code_that_may_write_its_bases_leaves_them_open_once_it_has_run() -> None:
    in_call = "0 a exec\n0 a sys_exit 59\n0 a sys_enter 158\n0 a arch_prctl SET_GS 0x1000\n0 a switch b"
    assert switches(in_call, options=WRITES)[0]["prev_base"] == "low"
    back = in_call.replace("0 a switch b", "0 a sys_exit 158\n0 a switch b")
    assert switches(back)[0]["prev_base"] == "low"
    for ledger in (Event.SWITCH_GS, Event.SWITCH_FS):
        assert switches(back, ledger, WRITES)[0]["prev_base"] == "unknown"


def test_a_cpu_holds_what_its_own_thread_wrote_and_no_other_cpu_does() -> None:
    here = "0 a exec\n0 a sys_exit 59\n0 a switch idle\n0 idle switch a"
    there = here.replace("0 idle switch a", "1 b exec\n1 b switch a\n1 a switch idle\n0 idle switch a")
    came_back = [s["differs"] for s in switches(here, options=WRITES) if s["next_base"] == "unknown"]
    assert came_back == ["no"]
    assert "unknown" in [s["differs"] for s in switches(there, options=WRITES) if s["next_base"] == "unknown"]


def test_a_kernel_threads_bases_stay_zero_though_user_code_may_write() -> None:
    text = "- - found k is=kernel\n0 a sys_exit\n0 a switch k\n0 k irq entry\n0 k switch a"
    assert [s["prev_base"] for s in switches(text, options=WRITES) if s["next_base"] == "unknown"] == ["zero"]


def test_a_new_threads_tls_may_be_anything() -> None:
    text = "0 a exec\n0 a arch_prctl SET_FS 0x1000\n0 a fork b flags=settls\n0 a switch b"
    doubted = switches(text, Event.SWITCH_FS, DEFAULT._replace(tls_distinct=False))
    assert [(s["next_base"], s["differs"]) for s in doubted] == [("unknown", "unknown")]


def test_selectors_not_taken_as_null_are_untold_until_exec_or_arch_prctl() -> None:
    open_ = DEFAULT._replace(selectors_null=False)
    text = "- - found k is=kernel\n0 a sys_exit\n0 a switch k\n0 k switch b\n0 b exec\n0 b switch c"
    pairs = [(s["prev_selector"], s["next_selector"]) for s in switches(text, options=open_)]
    assert Counter(pairs) == {("untold", "null"): 1, ("null", "untold"): 2}
    set_gs = "0 a arch_prctl SET_GS 0x1000\n0 a switch b"
    assert switches(set_gs, options=open_)[0]["prev_selector"] == "null"
    assert switches(set_gs, Event.SWITCH_FS, open_)[0]["prev_selector"] == "untold"
    lost = "0 a exec\n0 - loss 1\n0 a switch b"
    assert switches(lost, options=open_)[0]["prev_selector"] == "untold"


def test_t1_a_kernel_thread_by_its_name_is_one_where_names_are_taken_for_it() -> None:
    text = "- - found k is=name\n0 k irq entry"
    assert told(text) == {"arrival interrupt": 1}
    assert told(text, options=DEFAULT._replace(kernel_names=False)) == {"interrupt interrupt": 1}
    assert told(f"{text}\n0 k irq exit\n0 k sys_enter\n0 k sys_exit\n0 k irq entry")["interrupt interrupt"] == 1
