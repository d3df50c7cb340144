"""What a recording says about the machine it was made on, as far as bills depend on it.

Words are compared whole: a `bugs` line with `swapgs_fence` does not have `swapgs`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from gstrace.events.capture import Capture

Release = tuple[int, int]
_HWCAP2_FSGSBASE: Final = 1 << 1
"""uapi/asm/hwcap2.h: the kernel lets user code use the instructions, and uses them."""


@dataclass(frozen=True)
class Known:
    """A machine fact and where it is known from. None: nobody knows, and `source` says why."""

    value: bool | Release | None
    source: str


def stated(capture: Capture) -> dict[str, Known]:
    """The machine facts that the recording itself decides; each of them is there, None where it does not."""
    return {
        "null_seg": _bug(capture, "null_seg"),
        "mitigations": _mitigations(capture),
        "smap": _smap(capture),
        "meltdown": _meltdown(capture),
        "swapgs_bug": _bug(capture, "swapgs"),
        "pti": _pti(capture),
        "fsgsbase": _fsgsbase(capture),
        "fred": _fred(capture),
        "kernel": _kernel(capture),
    }


def boot(capture: Capture) -> Mapping[str, str] | None:
    """Boot parameters by name, the last of each, "" where there is no value; None where no command line is known."""
    if "kernel_command_line" not in capture.facts:
        return None
    words = capture.text("kernel_command_line").split()
    if "--" in words:  # what follows is for init
        words = words[: words.index("--")]
    return {name: value for name, _, value in (word.partition("=") for word in words)}


def release(capture: Capture) -> Release | None:
    """Major and minor number of the recorded kernel."""
    found = re.match(r"(\d+)\.(\d+)", capture.text("kernel_release"))
    return (int(found[1]), int(found[2])) if found else None


def _kernel(capture: Capture) -> Known:
    if (found := release(capture)) is None:
        return Known(None, "no kernel release was recorded")
    return Known(found, _from(capture, "kernel_release"))


def _bug(capture: Capture, word: str) -> Known:
    bugs = capture.words("cpu_bugs")
    if bugs is None:
        return Known(None, "the CPU's bugs were not recorded")
    return Known(word in bugs, f"{_from(capture, 'cpu_bugs')}: {_whether(word in bugs, word)}")


def _meltdown(capture: Capture) -> Known:
    by_bugs, line = _bug(capture, "cpu_meltdown"), _vulnerability(capture, "meltdown")
    if by_bugs.value is not None or line is None:
        return by_bugs
    return Known(line != "Not affected", f"{_from(capture, 'vulnerabilities')}: meltdown: {line}")


def _mitigations(capture: Capture) -> Known:
    """Whether the kernel considers SWAPGS fences at all; where it puts them depends on other facts and the scheme."""
    line, told = _vulnerability(capture, "spectre_v1"), boot(capture)
    if line is not None:
        # Kernels before SWAPGS fences say "Mitigation: __user pointer sanitization" and have none.
        on = line.startswith("Mitigation") and "swapgs barriers" in line
        return Known(on, f"{_from(capture, 'vulnerabilities')}: spectre_v1: {line}")
    if told is None:
        return Known(None, "neither vulnerabilities nor the kernel's command line were recorded")
    where = _from(capture, "kernel_command_line")
    if "nospectre_v1" in told:
        return Known(False, f"{where}: nospectre_v1")
    words = re.split(r"[;,]", told.get("mitigations", ""))
    # Attack vectors, from 6.17 on: SWAPGS fences protect the kernel from its users and nothing else.
    if "off" in words or "no_user_kernel" in words:
        return Known(False, f"{where}: mitigations={told['mitigations']}")
    return Known(True, f"{where}: nothing switches them off")


def _pti(capture: Capture) -> Known:
    flags, line, told = capture.words("cpu_flags"), _vulnerability(capture, "meltdown"), boot(capture)
    if flags is not None:
        return Known("pti" in flags, f"{_from(capture, 'cpu_flags')}: {_whether('pti' in flags, 'pti')}")
    if line is not None:
        return Known("PTI" in line, f"{_from(capture, 'vulnerabilities')}: meltdown: {line}")
    for word, value in (("pti=on", True), ("pti=off", False), ("nopti", False), ("mitigations=off", False)):
        name, _, setting = word.partition("=")
        if told is not None and told.get(name) == setting:
            return Known(value, f"{_from(capture, 'kernel_command_line')}: {word}")
    return Known(None, "neither the CPU's flags nor a boot parameter for it were recorded")


def _smap(capture: Capture) -> Known:
    off = smap_off(capture)
    return off if off is not None else _flag(capture, "smap")


def smap_off(capture: Capture) -> Known | None:
    """False where the kernel was told not to use SMAP, whatever the CPU; else None."""
    told = boot(capture) or {}
    for name, values in (("nosmap", told.get("nosmap")), ("clearcpuid", told.get("clearcpuid"))):
        if values is not None and (name == "nosmap" or {"smap", "308"} & set(values.split(","))):
            return Known(False, f"{_from(capture, 'kernel_command_line')}: {name}")
    return None


def _fsgsbase(capture: Capture) -> Known:
    told, kernel, words = boot(capture) or {}, release(capture), _hwcap2(capture)
    # What the kernel tells programs is what it does; before 5.9 the bit had no meaning yet.
    if words is not None and (words & _HWCAP2_FSGSBASE or (kernel is not None and kernel >= (5, 9))):
        on = bool(words & _HWCAP2_FSGSBASE)
        return Known(on, f"{_from(capture, 'hwcap2')}: AT_HWCAP2 {words:#x}: {_whether(on, 'FSGSBASE')}")
    if "nofsgsbase" in told:
        return Known(False, f"{_from(capture, 'kernel_command_line')}: nofsgsbase")
    # cpuinfo has the CPU's flag on older kernels too.
    if kernel is not None and kernel < (5, 9):
        return Known(False, f"{_from(capture, 'kernel_release')}: before 5.9, which switched it on")
    return _flag(capture, "fsgsbase")


def _hwcap2(capture: Capture) -> int | None:
    text = capture.text("hwcap2")
    return int(text, 16) if re.fullmatch(r"0x[0-9a-f]{1,16}", text) else None


def _fred(capture: Capture) -> Known:
    told, kernel = boot(capture) or {}, release(capture)
    if told.get("fred") == "off":
        return Known(False, f"{_from(capture, 'kernel_command_line')}: fred=off")
    if kernel is not None and kernel < (6, 9):
        return Known(False, f"{_from(capture, 'kernel_release')}: before 6.9, which learnt it")
    # A kernel that does not use FRED clears the flag.
    return _flag(capture, "fred")


def _flag(capture: Capture, word: str) -> Known:
    flags = capture.words("cpu_flags")
    if flags is None:
        return Known(None, "the CPU's flags were not recorded")
    return Known(word in flags, f"{_from(capture, 'cpu_flags')}: {_whether(word in flags, word)}")


def _vulnerability(capture: Capture, name: str) -> str | None:
    for line in capture.text("vulnerabilities").splitlines():
        key, _, text = line.partition(":")
        if key.strip() == name:
            return text.strip()
    return None


def _from(capture: Capture, fact: str) -> str:
    return capture.facts[fact].source


def _whether(there: bool, word: str) -> str:
    return word if there else f"no {word}"
