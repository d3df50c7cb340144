"""What an input may be wrapped in, cut or made to harm; what strangers are told; the whole folder of hostile files."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import lzma
import os
import random
import resource
import subprocess
import sys
import time
import zipfile
import zlib
from contextlib import suppress
from pathlib import Path

import pytest
from backports import zstd

from gstrace import api
from gstrace.errors import GstraceError, OutputError, UnreadableInput
from gstrace.importers import wrapped
from gstrace.importers.registry import find
from gstrace.importers.source import Source
from gstrace.ingest import ingest
from gstrace.samples import find as sample
from gstrace.store.gst import Gst

SHARED = Path(os.environ.get("GSTRACE_SHARED", Path(__file__).resolve().parents[3] / "shared"))
HOSTILE = sorted(p for p in (SHARED / "traces" / "public" / "hostile").glob("*") if not p.name.endswith(".ref.json"))
LINE = b"  wl-134     (    134) [000] .....     4.%06d: sys_%s: NR 39 %s\n"
TEXT = b"# tracer: nop\n" + b"".join(
    LINE % (2 * i, b"enter", b"(0, 0, 0, 0, 0, 0)") + LINE % (2 * i + 1, b"exit", b"= 0") for i in range(3000)
)


def zipped(*members):
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED) as archive:
        for i, member in enumerate(members):
            archive.writestr(f"folder/{i}", member)
    return kept.getvalue()


def in_json(text):
    return json.dumps({"traceEvents": [{"name": '"systemTraceEvents"'}], "systemTraceEvents": text.decode()}).encode()


def in_page(data):
    data = base64.encodebytes(data)
    return b'<!DOCTYPE html>\n<script>x</script>\n<script id="viewer-data" type="text/plain">\n' + data + b"</script>\n"


WRAPPED = {
    "gzip": gzip.compress,
    "gzip in pieces": lambda data: gzip.compress(data[:9999]) + gzip.compress(data[9999:]) + bytes(512),
    "zstd": zstd.compress,
    "xz": lzma.compress,
    "zip": zipped,
    "atrace -z": lambda data: b"capturing trace... done\nTRACE:\n" + zlib.compress(data),
    "JSON": in_json,
    "a page": lambda data: in_page(zlib.compress(data)),
    "packed JSON in a packed page": lambda data: zstd.compress(in_page(gzip.compress(in_json(data)))),
}


def given(folder, data, name="x"):
    path = folder / name
    path.write_bytes(data)
    return Source(path)


@pytest.mark.parametrize("wrap", WRAPPED.values(), ids=WRAPPED)
def test_a_wrapped_input_is_what_is_inside(wrap, tmp_path):
    with given(tmp_path, wrap(TEXT)) as source:
        assert find(source).name == "ftracetext"
        assert source.file.read() == TEXT
        assert (source.length, source.size) == (len(TEXT), len(wrap(TEXT)))
        assert not source.cut


@pytest.mark.parametrize("name", ["gzip", "zstd", "xz", "atrace -z", "JSON", "a page"])
def test_of_a_cut_wrapper_what_could_be_unwrapped_is_kept(name, tmp_path):
    data = WRAPPED[name](TEXT)
    lengths = []
    for i, part in enumerate((0.3, 0.6, 0.95)):
        # An early cut may leave nothing; what is told then, the test of hostile files holds.
        with suppress(UnreadableInput), given(tmp_path, data[: int(len(data) * part)], str(i)) as source:
            kept = source.file.read()
            assert TEXT.startswith(kept)
            assert "too early" in source.cut
            lengths.append(len(kept))
    assert lengths == sorted(lengths)
    assert lengths[-1] > len(TEXT) / 2


@pytest.mark.parametrize("name", [n for n in WRAPPED if n != "zip"])
def test_flipped_bytes_of_a_wrapper(name, tmp_path):
    dice = random.Random(3)
    for i in range(40):
        data = bytearray(WRAPPED[name](TEXT))
        data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)
        with suppress(GstraceError), given(tmp_path, bytes(data), str(i)) as source:
            assert source.file.read(1)


def test_a_cut_wrapper_is_damage_and_a_loss(tmp_path):
    data = gzip.compress(TEXT)
    with given(tmp_path, data[: len(data) // 2], "cut.gz") as source:
        gst = ingest(source, tmp_path / "cut.gst", quiet=True)
    assert gst.manifest["damage"].startswith("cut.gz is packed with gzip and ends too early near byte ")
    loss = Gst(tmp_path / "cut.gst").tables.loss.collect().to_dicts()
    assert [(row["kind"], row["count"]) for row in loss if row["kind"] == "cut"] == [("cut", None)]
    assert 0 < gst.manifest["rows"]["sys_enter"] < 3000


def test_the_digest_is_of_the_file_as_given(tmp_path):
    data = zstd.compress(TEXT)
    with given(tmp_path, data) as source:
        manifest = ingest(source, tmp_path / "x.gst", quiet=True).manifest
    assert manifest["digest"] == hashlib.sha256(data).hexdigest()
    assert (manifest["size"], manifest["rows"]["sys_enter"]) == (len(data), 3000)


def test_a_bomb_is_refused_and_never_fills_the_disk(tmp_path, monkeypatch):
    monkeypatch.setattr(wrapped, "_FREELY", 1 << 22)
    bomb = zstd.compress(bytes(64 << 20))
    with given(tmp_path, bomb) as source, pytest.raises(UnreadableInput, match="more than 1000 times"):
        find(source)
    usage = wrapped.shutil.disk_usage(tmp_path)._replace(free=1000)
    monkeypatch.setattr(wrapped.shutil, "disk_usage", lambda _: usage)
    with given(tmp_path, gzip.compress(TEXT)) as source, pytest.raises(OutputError, match="half of the room"):
        find(source)


def test_a_packer_that_asks_for_gigabytes_gets_none(tmp_path):
    greedy = lzma.compress(TEXT, filters=[{"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": 1 << 29}])
    with given(tmp_path, greedy) as source, pytest.raises(UnreadableInput, match="damaged"):
        find(source)


STRANGERS = [
    (b"", "is empty"),
    (gzip.compress(b""), "wraps nothing"),
    (b"version https://git-lfs.github.com/spec/v1\noid sha256:12\n", "Git LFS pointer"),
    (b"12f0487d" * 8, "digest of a file"),
    (b"12f0487d" * 8 + b"\n", "digest of a file"),
    (b"PAR1\x15\x04", "Parquet"),
    (b"\x7fELF\x02\x01", "a program"),
    (b"\xc1\x1f\xfc\xc1\x00", "CTF"),
    (b"/* CTF 1.8 */\n", "CTF"),
    (b'{"traceEvents":[]}', "without a kernel's events"),
    (b"[1, 2]", "JSON"),
    (zipped(TEXT, TEXT), "zip archive of several"),
    (gzip.compress(bytes(257) + b"ustar\x0000"), "wraps a tar archive"),
    (b"just words\n", "no trace that gstrace knows"),
]


@pytest.mark.parametrize(("data", "told"), STRANGERS, ids=[told for _, told in STRANGERS])
def test_strangers_are_told_what_they_are(data, told, tmp_path):
    with given(tmp_path, data) as source, pytest.raises(UnreadableInput, match=told):
        find(source)


@pytest.mark.skipif(not HOSTILE, reason="the hostile files are not here")
@pytest.mark.parametrize("path", HOSTILE, ids=lambda p: p.name)
def test_hostile_files_are_answered_or_refused(path, tmp_path):
    """A status of the contract, in ten seconds, in bounded memory, and a sentence that names the file."""
    start, before = time.monotonic(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        api.ingest(path, tmp_path / "x.gst", quiet=True)
    except GstraceError as error:
        told = (error.status in (3, 4), path.name in error.what, (tmp_path / "x.gst").exists())
    else:
        told = (True, True, False)
    assert told == (True, True, False)
    assert time.monotonic() - start < 10
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300 << 10


PIPED = {
    "perf.data": sample().trace.read_bytes,
    "ftrace text": lambda: TEXT,
    "packed ftrace text": lambda: gzip.compress(TEXT),
}


@pytest.mark.parametrize("data", PIPED.values(), ids=PIPED)
def test_standard_input_is_read_as_a_file_is(data, tmp_path):
    command = [sys.executable, "-m", "gstrace", "ingest", "-", "-o", str(tmp_path / "x.gst"), "--quiet"]
    subprocess.run(command, input=data(), check=True)
    manifest = Gst(tmp_path / "x.gst").manifest
    assert manifest["source"] == "-"
    assert manifest["size"] == len(data())
    assert manifest["rows"]["sys_enter"] >= 3000
