"""Small texts of each producer, for the guided search of `tests/fuzz`."""

from __future__ import annotations

import zlib

from importers.ftracetext.test_hostile import TEXT

SEEDS = [
    TEXT,
    TEXT.replace(b"d.h1. ", b""),
    TEXT.replace(b"\n", b"\r\n"),
    b"TRACE:\n" + zlib.compress(TEXT),
    b'<!DOCTYPE html>\n<script class="trace-data" type="application/text">\n' + TEXT + b"</script>\n",
    b'<html>\nvar linuxPerfData = "\\\n' + TEXT.replace(b"\n", b"\\n\\\n") + b'";\n</script>\n',
]
