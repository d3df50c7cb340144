"""numba, compiled once: the only place that imports it.

numba stores compiled kernels as pickles, so the folder must be private; it raises at import where neither the package
folder nor the home can be written; and it notices a change of a kernel's own file only, not of the constants that the
kernel takes from others. All three are settled here before numba is imported: one private folder for each state of
the package's sources.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

KEPT = 4
"""Folders of older states that stay, for other installations of this user."""


def sources_state() -> str:
    """Sixteen letters for the package's sources as they are: their names, sizes and times."""
    found = sorted(Path(__file__).parent.rglob("*.py"))
    stamps = [(str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in found]
    return hashlib.sha256(repr(stamps).encode()).hexdigest()[:16]


def _cache_folder() -> str:
    """A folder of this user's alone, mode 0700; a fresh temporary one where no such folder can be had."""
    from importlib.metadata import version

    import platformdirs

    try:
        home = Path(platformdirs.user_cache_dir("gstrace"))
        folder = home / f"kernels-{version('numba')}-{sources_state()}"
        if not folder.exists():
            _prune(home)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        mine = folder.stat()
        if mine.st_uid == os.getuid() and not mine.st_mode & 0o077 and os.access(folder, os.W_OK):
            return str(folder)
    except OSError:
        pass
    return tempfile.mkdtemp(prefix="gstrace-kernels-")


def _prune(home: Path) -> None:
    """Leave only the newest folders of older states."""
    old = sorted(home.glob("kernels-*"), key=lambda folder: folder.stat().st_mtime, reverse=True)
    for folder in old[KEPT:]:
        shutil.rmtree(folder, ignore_errors=True)


os.environ.setdefault("NUMBA_CACHE_DIR", _cache_folder())

import numba  # noqa: E402  (its cache folder is read from the environment at import)

# A kernel is a leaf: it allocates nothing. Saying so (`_nrt`) leaves out all reference counting: replay ran 5 times
# faster.
_OPTIONS: dict[str, Any] = {"cache": True, "_nrt": False, "error_model": "numpy"}

njit: Any = numba.njit(**_OPTIONS)
"""Compile a kernel, lazily and with a cache; used as a bare decorator. What makes an array does not compile."""

inlined: Any = numba.njit(**_OPTIONS, forceinline=True)
"""As `njit`, for a part of a kernel that takes many arrays: handing those on costs more than most parts do."""
