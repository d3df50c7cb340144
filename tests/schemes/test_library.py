"""Names, parameters, globs, files: what a user may ask for, and what is said if it does not exist."""

from __future__ import annotations

import subprocess
import sys
from importlib import resources
from pathlib import Path

import pytest

from gstrace.errors import UsageError
from gstrace.schemes import library
from gstrace.schemes.document import SchemeError

OWN = resources.files("gstrace.schemes").joinpath("mixed.toml").read_text("utf-8").replace('"mixed"', '"own"', 1)


def test_every_file_of_the_folder_is_listed() -> None:
    files = {f.name for f in resources.files("gstrace.schemes").iterdir() if f.name.endswith(".toml")}
    assert files == {f"{name}.toml" for name in library.names()} | {"sequences.toml"}
    assert [library.load(name).id for name in library.names()] == list(library.names())


def test_parameters_not_given_take_their_default() -> None:
    assert library.parse("fsgsbase").parameters == {"lookup": "lsl"}
    asked = library.parse("fsgsbase:lookup=rdpid")
    assert (asked.name, asked.id, asked.parameters) == ("fsgsbase:lookup=rdpid", "fsgsbase", {"lookup": "rdpid"})


@pytest.mark.parametrize(
    ("text", "what", "hint"),
    [
        ("fsgsbsae", "no scheme named 'fsgsbsae'", "fsgsbase"),
        ("fsgsbase:lokup=lsl", "no parameter of fsgsbase named 'lokup'", "lookup"),
        ("fsgsbase:lookup=rdpdi", "no value of fsgsbase:lookup named 'rdpdi'", "rdpid"),
        ("fsgsbase:rdpid", "'rdpid' is not PARAMETER=VALUE", "fsgsbase:lookup=rdpid"),
        ("fsgsbase:lookup=lsl,lookup=free", "lookup is given twice", ""),
        ("mixed:write=always", "scheme mixed has no parameters", ""),
        ("nowhere/own.toml", "nowhere/own.toml: no such file", ""),
        ("x" * 5000, "no scheme named 'xxx", ""),
        ("linus-*", "no scheme named 'linus-*'", "linux-"),
    ],
)
def test_what_does_not_exist_gets_the_nearest(text: str, what: str, hint: str) -> None:
    with pytest.raises(UsageError) as error:
        library.expand([text])
    assert what in error.value.what
    assert hint in error.value.hint
    assert error.value.status == 2


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        (["all"], list(library.names())),
        (["linux-*"], ["linux-legacy", "linux-fsgsbase"]),
        (["mixed*", "mixed"], ["mixed", "mixed-coded"]),
        (["fsgsbase", "fsgsbase:lookup=free"], ["fsgsbase", "fsgsbase:lookup=free"]),
        (["fred", "swapgs", "fred"], ["fred", "swapgs"]),
        (["fsgs*:lookup=free"], ["fsgsbase:lookup=free"]),
    ],
)
def test_globs_give_each_scheme_once_in_the_order_asked(asked: list[str], found: list[str]) -> None:
    assert [scheme.name for scheme in library.expand(asked)] == found


def test_a_users_file_is_a_scheme_like_any_other(tmp_path: Path) -> None:
    file = tmp_path / "a:b=c.toml"
    file.write_text(OWN, "utf-8")
    scheme = library.parse(str(file))
    assert scheme.name == scheme.id == "own"
    assert scheme.rules == library.load("mixed").rules
    with pytest.raises(UsageError, match="scheme own has no parameters"):
        library.parse(f"{file}:x=y")


def test_a_file_needs_no_ending_and_hides_no_built_in_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("mine", "mixed"):
        (tmp_path / name).write_text(OWN, "utf-8")
    assert [scheme.name for scheme in library.expand(["mine", "mixed"])] == ["own", "mixed"]


def test_two_files_may_not_share_an_id(tmp_path: Path) -> None:
    files = [tmp_path / "a.toml", tmp_path / "b.toml"]
    for file in files:
        file.write_text(OWN, "utf-8")
    assert len(library.expand([str(files[0]), str(files[0])])) == 1
    with pytest.raises(SchemeError, match="both have the id own"):
        library.expand(map(str, files))


def test_a_users_file_is_checked_to_be_total(tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text(OWN[: OWN.rindex("[[rule]]")], "utf-8")
    with pytest.raises(SchemeError, match=r"own\.toml: not total: no rule of own for core_dump"):
        library.load(str(file))


def test_a_copy_needs_an_id_of_its_own(tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text(OWN.replace('"own"', '"mixed"', 1), "utf-8")
    with pytest.raises(SchemeError, match="id mixed is taken"):
        library.load(str(file))


def test_a_file_that_cannot_be_read_says_so(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_bytes(b"\xff\xfe")
    for path in (tmp_path / "own.toml", f"{tmp_path}/"):
        with pytest.raises(UsageError, match="cannot be read"):
            library.load(str(path))


def test_a_plug_in_is_found_after_the_built_in_names(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(OWN, "utf-8")
    package = tmp_path / "plugin-1.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Name: plugin\nVersion: 1\n")
    (package / "entry_points.txt").write_text("[gstrace.schemes]\nown = plugged:FILE\n")
    (tmp_path / "plugged.py").write_text(f"import pathlib\nFILE = pathlib.Path({str(tmp_path / 'own.toml')!r})\n")
    code = f"""if 1:
        import sys
        sys.path.insert(0, {str(tmp_path)!r})
        from gstrace.schemes import library
        print(library.parse("own").id)
    """
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (ran.stdout, ran.stderr) == ("own\n", "")


def test_listing_schemes_imports_nothing_heavy() -> None:
    code = """if 1:
        import sys
        from gstrace.schemes import explain, library
        [explain.explain(scheme) for scheme in library.expand(["all"])]
        print({"numpy", "polars", "numba", "pyarrow"} & set(sys.modules))
    """
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"


def test_every_scheme_and_parameter_is_documented() -> None:
    docs = (Path(__file__).parents[2] / "docs" / "schemes.md").read_text("utf-8")
    for scheme in library.expand(["all"]):
        row = next(line for line in docs.splitlines() if line.startswith(f"| `{scheme.id}` |"))
        values = [v for p in scheme.document.parameters.values() for v in p.values]
        assert all(f"`{word}`" in row for word in [*scheme.parameters, *values])
        assert row.endswith("| yes |" if scheme.user_gs else "| no |")
