"""Times, CPU lists and foreign text, as users write and read them."""

from __future__ import annotations

import pytest

from gstrace.errors import UsageError
from gstrace.units import clean, cpus, nanoseconds, size


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("0", 0),
        ("1250000000", 1_250_000_000),
        ("17ns", 17),
        ("1.25s", 1_250_000_000),
        ("3ms", 3_000_000),
        ("7us", 7_000),
        ("7µs", 7_000),
        ("0.5 us", 500),
        (" 2s ", 2_000_000_000),
        ("123456.123456789s", 123_456_123_456_789),
        ("9223372036854775807", 2**63 - 1),
    ],
)
def test_a_time_is_taken_exactly(text: str, ns: int) -> None:
    assert nanoseconds(text) == ns


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is no time"),
        ("-1s", "is no time"),
        ("1e9", "is no time"),
        ("nan", "is no time"),
        ("1m", "is no time"),
        ("٣s", "is no time"),
        ("0.5", "finer than a nanosecond"),
        ("1.0000000001s", "finer than a nanosecond"),
        ("9223372036854775808", "later than any trace clock"),
    ],
)
def test_what_is_no_time_is_refused(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        nanoseconds(text)


@pytest.mark.parametrize(
    ("text", "chosen"),
    [("0", {0}), ("0-3,8", {0, 1, 2, 3, 8}), ("8,0-1,1", {0, 1, 8}), (" 2 , 4-4 ", {2, 4}), ("65535", {65535})],
)
def test_a_list_of_cpus(text: str, chosen: set[int]) -> None:
    assert cpus(text) == chosen


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no list of CPUs"),
        ("0,", "no list of CPUs"),
        ("a", "no list of CPUs"),
        ("-1", "no list of CPUs"),
        ("3-0", "runs backwards"),
        ("0-65536", "there is no CPU 65536"),
        ("0-99999999999999", "there is no CPU"),
    ],
)
def test_what_is_no_list_of_cpus_is_refused(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        cpus(text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("nginx: worker", "nginx: worker"),
        ("μ-bench é", "μ-bench é"),
        ("\x1b[31mred", r"\x1b[31mred"),
        ("a\nb\tc\r", r"a\nb\tc\r"),
        ("\x9b2J", r"\x9b2J"),
        ("\u202egnp", r"\u202egnp"),
        ("\udcff", r"\udcff"),
    ],
)
def test_foreign_text_cannot_steer_a_terminal(text: str, shown: str) -> None:
    assert clean(text) == shown


@pytest.mark.parametrize(
    ("text", "number"),
    [("1", 1), ("4096", 4096), ("64K", 1 << 16), ("32M", 1 << 25), ("2 MiB", 1 << 21), ("1g", 1 << 30), ("8kb", 8192)],
)
def test_a_size_is_taken_by_1024(text: str, number: int) -> None:
    assert size(text) == number


@pytest.mark.parametrize("text", ["", "0", "-1", "1.5M", "lots", "1T", "٣K", "9999999G", "4K4"])
def test_a_size_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="no size of a buffer"):
        size(text)
