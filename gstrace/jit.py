"""numba, compiled once: the only place that imports it.

numba stores compiled kernels as pickles, so the folder must be private; and it raises at import where neither the
package folder nor the home can be written. Both are settled here before numba is imported.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any


def _cache_folder() -> str:
    """A folder of this user's alone, mode 0700; a fresh temporary one where no such folder can be had."""
    from importlib.metadata import version

    import platformdirs

    try:
        folder = Path(platformdirs.user_cache_dir("gstrace")) / f"kernels-{version('numba')}"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        mine = folder.stat()
        if mine.st_uid == os.getuid() and not mine.st_mode & 0o077 and os.access(folder, os.W_OK):
            return str(folder)
    except OSError:
        pass
    return tempfile.mkdtemp(prefix="gstrace-kernels-")


os.environ.setdefault("NUMBA_CACHE_DIR", _cache_folder())

import numba  # noqa: E402  (its cache folder is read from the environment at import)

# A kernel is a leaf: it allocates nothing. Saying so (`_nrt`) leaves out all reference counting: replay ran 5 times faster.
njit: Any = numba.njit(cache=True, _nrt=False, error_model="numpy")
"""Compile a kernel, lazily and with a cache; used as a bare decorator. A kernel that makes an array does not compile."""
