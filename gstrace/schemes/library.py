"""Where schemes come from: the files of this folder, plug-ins, a user's own file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Final, Protocol

from gstrace.errors import UsageError, nearest
from gstrace.schemes.compile import Scheme, check_total
from gstrace.schemes.document import Document, SchemeError, read

ORDER: Final = (
    "swapgs",
    "fsgsbase",
    "mixed",
    "mixed-coded",
    "saved-at-entry",
    "linux-legacy",
    "linux-fsgsbase",
    "fred",
)
"""The schemes of this folder, in the order in which they are listed."""

PLUGINS: Final = "gstrace.schemes"
"""Entry point group: NAME = an object with `read_text`, such as the `Path` of a scheme's file."""

_SHARED: Final = "sequences.toml"


class _File(Protocol):
    def read_text(self, encoding: str) -> str: ...


def names() -> tuple[str, ...]:
    """The schemes that come with gstrace."""
    return ORDER


def load(name: str, parameters: Mapping[str, str] | None = None) -> Scheme:
    """A scheme by its name or its file's path; parameters not given take their defaults.

    Its `name` is its id with the parameters given; a path is never named. Raises UsageError (SchemeError for a file
    that is no scheme).
    """
    document = _document(name)
    given = dict(parameters or {})
    for parameter, value in given.items():
        if parameter not in document.parameters:
            raise _no_parameter(document, parameter)
        values = document.parameters[parameter].values
        if value not in values:
            raise nearest(value, list(values), what=f"value of {document.id}:{parameter}")
    chosen = {parameter: given.get(parameter, p.default) for parameter, p in document.parameters.items()}
    return Scheme(_with(document.id, given), document, chosen)


def parse(text: str) -> Scheme:
    """A scheme from NAME, a file's path, or either with :param=value[,param=value]. Raises as `load`."""
    return load(*_split(text))


def expand(asked: Iterable[str]) -> tuple[Scheme, ...]:
    """Schemes from names, paths, globs, `all`, each with parameters or not; each once, in the order asked."""
    found: dict[str, Scheme] = {}
    for text in asked:
        name, parameters = _split(text)
        pattern = "*" if name == "all" else name
        if not _is_path(name) and any(c in pattern for c in "*?["):
            matching = [n for n in ORDER if fnmatchcase(n, pattern)]
            if not matching:
                raise nearest(name, [*ORDER, "all"], what="scheme")
        else:
            matching = [name]
        for n in matching:
            scheme = load(n, parameters)
            first = found.setdefault(scheme.name, scheme)
            if first.document.where != scheme.document.where:
                raise SchemeError(f"{first.document.where} and {scheme.document.where} both have the id {scheme.id}")
    return tuple(found.values())


def _split(text: str) -> tuple[str, dict[str, str]]:
    if _is_file(text):
        return text, {}
    name, colon, rest = text.rpartition(":")
    if not colon or ("=" not in rest and _is_path(text)):
        return text, {}
    parameters = {}
    for item in rest.split(","):
        parameter, equals, value = item.partition("=")
        if not equals:
            raise UsageError(f"scheme {text!r}: {item!r} is not PARAMETER=VALUE", hint="as in fsgsbase:lookup=rdpid")
        if parameter in parameters:
            raise UsageError(f"scheme {text!r}: {parameter} is given twice")
        parameters[parameter] = value
    return name, parameters


def _is_path(name: str) -> bool:
    return name.endswith(".toml") or "/" in name or (name not in ORDER and _is_file(name))


def _is_file(name: str) -> bool:
    try:
        return Path(name).is_file()
    except OSError:  # longer than a name can be
        return False


def _with(name: str, parameters: Mapping[str, str]) -> str:
    return f"{name}:{','.join(f'{p}={v}' for p, v in parameters.items())}" if parameters else name


def _document(name: str) -> Document:
    if name in ORDER:
        return _built_in(name)
    if _is_path(name):
        return _checked(Path(name), name)
    from importlib.metadata import entry_points

    plugins = entry_points(group=PLUGINS)
    if name in plugins.names:
        return _checked(plugins[name].load(), f"plug-in {name}")
    raise nearest(name, [*ORDER, *sorted(plugins.names)], what="scheme")


@cache
def _built_in(name: str) -> Document:
    return read(_resource(f"{name}.toml"), f"{name}.toml", _resource(_SHARED))


@cache
def _resource(file: str) -> str:
    return resources.files("gstrace.schemes").joinpath(file).read_text("utf-8")


def _checked(file: _File, where: str) -> Document:
    """A scheme from elsewhere: what tests prove for the built-in ones is checked here."""
    try:
        text = file.read_text("utf-8")
    except FileNotFoundError:
        raise UsageError(f"{where}: no such file") from None
    except (OSError, UnicodeDecodeError) as e:
        raise UsageError(f"{where}: cannot be read: {e}") from e
    document = read(text, where, _resource(_SHARED))
    if document.id in ORDER:
        raise SchemeError(f"{where}: id {document.id} is taken", hint="a copy of a scheme needs an id of its own")
    check_total(document)
    return document


def _no_parameter(document: Document, parameter: str) -> UsageError:
    if not document.parameters:
        return UsageError(f"scheme {document.id} has no parameters, and so no {parameter!r}")
    return nearest(parameter, list(document.parameters), what=f"parameter of {document.id}")
