"""Price the ways Linux could switch its GS and FS bases, from a recorded trace.

t = gstrace.open("trace.gst")            # or a recording
a = gstrace.what_if(t, schemes=["fsgsbase"], uarch="skylake", window="serve")
a.table()
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from gstrace.api import Answer, Trace, open, what_if  # noqa: A004 (gstrace.open is the contract)

__all__ = ["Answer", "Trace", "__version__", "open", "what_if"]


def __getattr__(name: str) -> Any:
    # Looked up when first used: the command line must start without numpy, polars and pyarrow.
    if name in __all__:
        from gstrace import api

        return getattr(api, name)
    raise AttributeError(name)
