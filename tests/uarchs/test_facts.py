"""Machine facts: who decides them, and which scheme a recorded kernel ran itself."""

import os
import tomllib
from pathlib import Path

import pytest

from gstrace.errors import UsageError
from gstrace.events.capture import Capture, read_machine
from gstrace.schemes.facts import Facts
from gstrace.uarchs import load
from gstrace.uarchs.facts import FACTS, recorded_scheme, resolve

SPECTRE = "spectre_v1: Mitigation: usercopy/swapgs barriers and __user pointer sanitization"
OPEN = "spectre_v1: Vulnerable: __user pointer sanitization and usercopy barriers only; no swapgs barriers"
SKYLAKE = {
    "architecture": "x86_64",
    "cpu_vendor": "GenuineIntel",
    "cpu_family": 6,
    "cpu_model": 94,
    "cpu_stepping": 3,
    "cpu_flags": "fpu hypervisor pti fsgsbase smap",
    "cpu_bugs": "cpu_meltdown spectre_v1 swapgs",
    "kernel_release": "6.1.0-53-cloud-amd64",
    "kernel_command_line": "console=ttyS0 quiet",
    "vulnerabilities": f"meltdown: Mitigation: PTI\n{SPECTRE}",
}
OLD_AMD = SKYLAKE | {
    "cpu_vendor": "AuthenticAMD",
    "cpu_family": 15,
    "cpu_model": 107,
    "cpu_flags": "fpu hypervisor fsgsbase smap",
    "cpu_bugs": "fxsave_leak sysret_ss_attrs null_seg swapgs_fence spectre_v1",
    "vulnerabilities": f"meltdown: Not affected\n{SPECTRE}",
}
CPUID_ALONE = ("architecture", "cpu_vendor", "cpu_family", "cpu_model", "cpu_stepping", "kernel_release")


def capture(facts, *names, **changed):
    made = Capture()
    for name, value in (facts | changed).items():
        if value is not None and (not names or name in names or name in changed):
            made.set(name, value, "machine")
    return made


def values(capture, uarch=None, /, **assume):
    """Facts as values, of the matched microarchitecture or of a named one."""
    facts = resolve(capture, load.load(uarch) if uarch else load.match(capture)[0], uarch is not None, assume)
    assert list(facts) == list(FACTS)
    assert all(fact.source for fact in facts.values())
    return {name: fact.value for name, fact in facts.items()}


def scheme(capture):
    return recorded_scheme(capture, resolve(capture, load.match(capture)[0], False, {}))


def test_a_recorded_machine_says_it_all():
    found = values(capture(SKYLAKE))
    assert found == {
        "null_seg": False, "mitigations": True, "smap": True, "meltdown": True, "swapgs_bug": True, "pti": True,
        "fsgsbase": True, "fred": False, "fences": None, "fences_user": None, "kernel": (6, 1),
    }  # fmt: skip
    assert Facts(**found).seen_by(user_gs=False) == (False, True, False, True)


def test_words_are_whole():
    found = values(capture(OLD_AMD))
    assert (found["null_seg"], found["swapgs_bug"], found["meltdown"], found["pti"]) == (True, False, False, False)


def test_an_empty_list_of_bugs_is_a_statement():
    found = values(capture(SKYLAKE, cpu_bugs=" "))
    assert (found["null_seg"], found["swapgs_bug"], found["meltdown"]) == (False, False, False)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"vulnerabilities": OPEN}, False),
        ({"vulnerabilities": "spectre_v1: Mitigation: __user pointer sanitization"}, False),
        ({"vulnerabilities": SPECTRE, "kernel_command_line": "mitigations=auto,no_guest_host"}, True),
        ({"vulnerabilities": None, "kernel_command_line": "quiet mitigations=off"}, False),
        ({"vulnerabilities": None, "kernel_command_line": "nospectre_v1"}, False),
        ({"vulnerabilities": None, "kernel_command_line": "mitigations=auto;no_user_kernel"}, False),
        ({"vulnerabilities": None, "kernel_command_line": "quiet -- mitigations=off"}, True),
        ({"vulnerabilities": None, "kernel_command_line": "mitigations=off mitigations=auto"}, True),
        ({"vulnerabilities": None, "kernel_command_line": None}, None),
    ],
)
def test_mitigations(changed, expected):
    assert values(capture(SKYLAKE, **changed))["mitigations"] is expected


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"cpu_flags": "fsgsbase smap"}, False),
        ({"cpu_flags": None}, True),
        ({"cpu_flags": None, "vulnerabilities": "meltdown: Vulnerable"}, False),
        ({"cpu_flags": None, "vulnerabilities": None}, True),
        ({"cpu_flags": None, "vulnerabilities": None, "kernel_command_line": "pti=off"}, False),
        ({"cpu_flags": None, "vulnerabilities": None, "kernel_command_line": "nopti"}, False),
        ({"cpu_flags": None, "vulnerabilities": None, "kernel_command_line": "mitigations=off"}, False),
        ({"cpu_flags": None, "vulnerabilities": None, "kernel_command_line": "mitigations=off pti=on"}, True),
        ({"cpu_flags": None, "vulnerabilities": None, "cpu_bugs": "spectre_v1"}, False),
        ({"cpu_flags": None, "vulnerabilities": None, "cpu_bugs": None}, None),
    ],
)
def test_page_table_isolation(changed, expected):
    assert values(capture(SKYLAKE, **changed))["pti"] is expected


def test_nobody_knows():
    found = resolve(Capture(), load.load("generic"), False, {})
    assert {fact.value for fact in found.values()} == {None}
    assert all(fact.source for fact in found.values())


def test_a_cpuid_alone_says_what_the_kernel_decides_by_it():
    intel, amd = (
        values(capture(SKYLAKE, *CPUID_ALONE)),
        values(capture(SKYLAKE, *CPUID_ALONE, cpu_vendor="AuthenticAMD", cpu_family=25, cpu_model=17, cpu_stepping=1)),
    )
    assert (intel["null_seg"], intel["swapgs_bug"], intel["meltdown"]) == (False, True, None)
    # A hypervisor may hide that a null load clears the base.
    assert (amd["null_seg"], amd["swapgs_bug"], amd["meltdown"], amd["pti"]) == (None, False, False, False)


def test_a_named_cpu_brings_its_own_facts_and_leaves_what_the_kernel_was_told():
    recorded = capture(OLD_AMD, vulnerabilities=OPEN)
    found = values(recorded, "skylake")
    assert found == {
        "null_seg": False, "mitigations": False, "smap": True, "meltdown": True, "swapgs_bug": True, "pti": False,
        "fsgsbase": True, "fred": False, "fences": None, "fences_user": None, "kernel": (6, 1),
    }  # fmt: skip
    assert values(recorded, "zen1")["null_seg"] is True
    assert values(recorded, "haswell")["smap"] is False
    assert values(recorded, "pantherlake")["fred"] is True
    assert values(capture(SKYLAKE), "zen4")["pti"] is True


def test_a_named_cpu_that_knows_nothing_leaves_the_recording():
    assert values(capture(OLD_AMD), "generic") == values(capture(OLD_AMD))


def test_a_kernel_told_not_to_use_smap_does_not_on_any_cpu():
    assert values(capture(SKYLAKE, kernel_command_line="nosmap"), "zen4")["smap"] is False
    assert values(capture(SKYLAKE, kernel_command_line="clearcpuid=smap,umip"), "zen4")["smap"] is False


def test_pti_follows_a_named_cpu_where_nothing_is_recorded():
    bare = capture(SKYLAKE, "architecture", "kernel_release")
    assert values(bare, "skylake")["pti"] is True
    assert values(bare, "cascadelake")["pti"] is False
    assert values(bare, "skylake", meltdown="false")["pti"] is False
    assert values(bare, "skylake", pti="unknown")["pti"] is None


def test_assumptions_override_all():
    found = values(capture(SKYLAKE), "zen4", smap="no", null_seg="TRUE", kernel="5.4", fences="on", meltdown="unknown")
    assert (found["smap"], found["null_seg"], found["kernel"], found["fences"]) == (False, True, (5, 4), True)
    assert found["meltdown"] is None


@pytest.mark.parametrize(
    ("assume", "complaint"),
    [
        ({"smapp": "true"}, "did you mean smap"),
        ({"smap": "maybe"}, "smap=maybe: true, false or unknown"),
        ({"kernel": "new"}, "kernel=new: a release such as 6.1 or unknown"),
        ({"kernel": "true"}, "kernel=true: a release"),
    ],
)
def test_assumptions_that_are_none(assume, complaint):
    with pytest.raises(UsageError, match=complaint):
        values(capture(SKYLAKE), **assume)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, "linux-fsgsbase"),
        ({"kernel_command_line": "nofsgsbase", "cpu_flags": "smap pti"}, "linux-legacy"),
        ({"cpu_flags": "smap pti"}, "linux-legacy"),
        ({"kernel_release": "5.8.18"}, "linux-legacy"),
        ({"kernel_release": "4.4.0-210-generic"}, "linux-legacy:small-bases=gdt"),
        ({"kernel_release": None}, None),
        ({"kernel_release": "6.12.1", "cpu_flags": "smap fsgsbase fred"}, "fred"),
        ({"cpu_flags": None}, "linux-fsgsbase"),
        ({"cpu_flags": None, "kernel_command_line": None}, "linux-fsgsbase"),
        ({"cpu_flags": None, "kernel_command_line": "nofsgsbase"}, "linux-legacy"),
        ({"cpu_flags": None, "cpu_model": 0xA7}, None),
        ({"cpu_flags": None, "cpu_model": 0xCC}, "linux-fsgsbase"),
        ({"cpu_flags": None, "cpu_model": 0xCC, "kernel_release": "7.2.13"}, "fred"),
        ({"cpu_flags": None, "cpu_model": 0xCC, "kernel_release": "7.2.13", "kernel_command_line": "fred=off"},
         "linux-fsgsbase"),
        ({"cpu_flags": None, "cpu_model": 0xCC, "kernel_release": "6.12.1", "kernel_command_line": "fred=on"}, "fred"),
        ({"hwcap2": "0x2", "cpu_flags": "smap"}, "linux-fsgsbase"),
        ({"hwcap2": "0x0"}, "linux-legacy"),
        ({"hwcap2": "0x1", "kernel_release": "5.8.18"}, "linux-legacy"),
        ({"hwcap2": "0x0", "kernel_release": None}, None),
        ({"hwcap2": "nonsense"}, "linux-fsgsbase"),
        ({"architecture": "aarch64"}, None),
        ({"architecture": "i686"}, None),
        ({"architecture": None}, "linux-fsgsbase"),
    ],
)  # fmt: skip
def test_the_scheme_that_the_recorded_kernel_ran(changed, expected):
    found, why = scheme(capture(SKYLAKE, **changed))
    assert found == expected
    assert why


def test_what_is_not_said_of_a_recorded_scheme_is_said():
    assert "no boot parameter was recorded" in scheme(capture(SKYLAKE, *CPUID_ALONE))[1]
    assert scheme(Capture()) == (None, "the recording does not say which architecture it is of")
    assert "aarch64" in scheme(capture(SKYLAKE, architecture="aarch64"))[1]


def truths():
    """Folders of recordings with true counts, where they are at hand: GSTRACE_SHARED, or next to the checkout."""
    beside = Path(__file__).resolve().parents[3].glob("*/traces/truth")
    given = os.environ.get("GSTRACE_SHARED")
    roots = [Path(given) / "traces" / "truth"] if given else beside
    return sorted(folder for root in roots for folder in root.iterdir() if (folder / "machine").is_dir())


@pytest.mark.skipif(not truths(), reason="no recordings with true counts here")
@pytest.mark.parametrize("folder", truths(), ids=lambda folder: folder.name)
def test_recorded_machines_are_what_they_were_started_as(folder):
    run = tomllib.loads((folder / "capture.toml").read_text())
    boot, intel = run["boot"].split(), run["cpu"].startswith("Skylake")
    recorded = Capture()
    read_machine(folder / "machine", recorded)
    uarch, why = load.match(recorded)
    assert uarch.id == ("skylake" if intel else "generic"), why
    assert values(recorded) == {
        "null_seg": not intel,
        "mitigations": "mitigations=off" not in boot,
        "smap": True,
        "meltdown": intel,
        "swapgs_bug": intel,
        "pti": intel and not {"pti=off", "mitigations=off"} & set(boot),
        "fsgsbase": "nofsgsbase" not in boot,
        "fred": False,
        "fences": None,
        "fences_user": None,
        "kernel": tuple(int(number) for number in run["kernel"].split(".")[:2]),
    }
    assert scheme(recorded)[0] == ("linux-legacy" if "nofsgsbase" in boot else "linux-fsgsbase")
