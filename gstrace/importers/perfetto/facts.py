"""Facts of the recorded machine and the recorder, as a trace states them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from gstrace.importers.perfetto.messages import text

if TYPE_CHECKING:
    from gstrace.events.capture import Capture

CLOCKS: Final = ("boottime", "unknown", "global", "local", "mono_raw")
"""By FtraceClock; the first where a bundle has none."""
_SYSTEM: Final = "Perfetto SystemInfo"


def take_system(info: Any, capture: Capture) -> None:
    """SystemInfo. Its version is the recorder's own sentence: `Perfetto v56.0 (…)`."""
    told = text(info.tracing_service_version)
    version = next((word for word in told.split() if word[:1] == "v"), "")
    capture.set("recorder", f"perfetto {version}" if version else told, _SYSTEM)
    capture.set("kernel_release", text(info.utsname.release), _SYSTEM)
    capture.set("architecture", text(info.utsname.machine), _SYSTEM)
    capture.set("cpus", info.num_cpus or None, _SYSTEM)


def take_cpus(info: Any, capture: Capture) -> None:
    """CpuInfo: on x86 it says `unknown`."""
    names = {text(cpu.processor) for cpu in info.cpus} - {"unknown"}
    capture.set("cpu_name", ", ".join(sorted(names)), "Perfetto CpuInfo")


def take_clocks(met: int, capture: Capture) -> None:
    """met: a bit for each ftrace_clock of a bundle. Stamps are left as they are."""
    names = [name for bit, name in enumerate(CLOCKS) if met >> bit & 1]
    capture.set("clock", ", ".join(names), "Perfetto FtraceEventBundle")
