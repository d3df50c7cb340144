"""Names, globs and the CPU of a recording."""

import subprocess
import sys

import pytest

from gstrace.errors import UsageError
from gstrace.events.capture import Capture
from gstrace.uarchs import load


def of(vendor, family, model, stepping=None, **more):
    capture = Capture()
    for part, value in (("vendor", vendor), ("family", family), ("model", model), ("stepping", stepping)):
        capture.set(f"cpu_{part}", value, "perf.data CPUID")
    for name, value in more.items():
        capture.set(name, value, "machine/cpuinfo")
    return capture


@pytest.mark.parametrize(
    ("cpu", "name"),
    [
        (("GenuineIntel", 6, 0x3C, 3), "haswell"),
        (("GenuineIntel", 6, 0x4F, 1), "broadwell"),
        (("GenuineIntel", "6", "94", "3"), "skylake"),
        (("GenuineIntel", 6, 0x55, 4), "skylake_server"),
        (("GenuineIntel", 6, 0x55, 7), "cascadelake"),
        (("GenuineIntel", 6, 0x8C, 1), "icelake"),
        (("GenuineIntel", 6, 0x6A, 6), "icelake_server"),
        (("GenuineIntel", 6, 0x97, 2), "goldencove"),
        (("GenuineIntel", 6, 0xCF, 2), "sapphirerapids"),
        (("GenuineIntel", 6, 0xAD, 1), "graniterapids"),
        (("GenuineIntel", 6, 0xCC, 2), "pantherlake"),
        (("GenuineIntel", 19, 0x01, 0), "diamondrapids"),
        (("AuthenticAMD", 23, 0x01, 2), "zen1"),
        (("AuthenticAMD", 23, 0x31, 0), "zen2"),
        (("AuthenticAMD", 25, 0x01, 1), "zen3"),
        (("AuthenticAMD", 25, 0x21, None), "zen3"),
        (("AuthenticAMD", 25, 17, 1), "zen4"),
        (("AuthenticAMD", 25, 0x61, 2), "zen4"),
        (("AuthenticAMD", 26, 0x44, 0), "zen5"),
    ],
)
def test_a_cpu_is_known_by_its_cpuid(cpu, name):
    uarch, why = load.match(of(*cpu))
    assert uarch.id == name
    assert uarch.name in why


def test_a_hypervisor_that_shows_another_model_leaves_generic_and_says_so():
    # A Redwood Cove guest that goes by Rocket Lake's number.
    uarch, why = load.match(of("GenuineIntel", 6, 0xA7, 1))
    assert uarch.id == "generic"
    assert why == (
        "CPUID GenuineIntel 6/A7 stepping 1 is in no microarchitecture's list (a hypervisor may show another model)"
    )


@pytest.mark.parametrize("cpu", [("AuthenticAMD", 15, 107, 1), ("GenuineIntel", 15, 6, 1), ("HygonGenuine", 24, 1, 1)])
def test_other_cpus_are_generic(cpu):
    assert load.match(of(*cpu))[0].id == "generic"


def test_a_recording_without_a_cpu_is_generic():
    assert load.match(Capture())[0].id == "generic"
    assert load.match(of("GenuineIntel", 6, None))[1] == "the recording does not say which CPU it came from"


def test_a_stepping_that_would_decide_and_is_not_recorded():
    uarch, why = load.match(of("GenuineIntel", 6, 0x55))
    assert uarch.id == "generic"
    assert "may be Intel Cascade Lake, Cooper Lake or Intel Skylake, server" in why


def test_a_guest_is_matched_with_a_doubt():
    uarch, why = load.match(of("AuthenticAMD", 25, 17, 1, cpu_flags="fpu hypervisor"))
    assert uarch.id == "zen4"
    assert "hypervisor" in why


def test_no_cpuid_is_in_two_lists():
    entries = [(name, entry) for name in load.names() for entry in load.load(name).match]
    for vendor, families in (("GenuineIntel", (6, 19)), ("AuthenticAMD", (0x17, 0x19, 0x1A))):
        for cpu in ((vendor, f, model, s) for f in families for model in range(256) for s in range(16)):
            assert len({name for name, entry in entries if entry.matches(*cpu)}) <= 1, cpu


def test_names_globs_and_all():
    ids = [uarch.id for uarch in load.select(["zen4", "zen*", "skylake"])]
    assert ids == ["zen4", "zen1", "zen2", "zen3", "zen5", "skylake"]
    assert [uarch.id for uarch in load.select(["all"])] == list(load.names())


@pytest.mark.parametrize(("name", "like"), [("skylak", "skylake"), ("zen6", "zen"), ("sky?", "skylake")])
def test_an_unknown_name_gets_the_nearest(name, like):
    with pytest.raises(UsageError, match=like):
        load.select([name])


@pytest.mark.slow
def test_looking_at_the_list_loads_no_heavy_package():
    code = (
        "import sys; from gstrace.uarchs import facts, load; load.select(['all']); "
        "sys.exit(bool({'numpy', 'polars', 'numba'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
