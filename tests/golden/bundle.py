"""Golden vectors as the package carries them, for `gstrace check`: their stories already turned into situations.

`python tests/golden/bundle.py > gstrace/golden.json` after a change of golden.toml; tests/cli/test_check.py compares.
"""

from __future__ import annotations

import json
import sys
import tomllib
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from golden import story

from gstrace.replay import situations


def bundled() -> str:
    """One vector a line."""
    cases = tomllib.loads(Path(__file__).with_name("golden.toml").read_text("utf-8"))["case"]
    return "[\n" + ",\n".join(json.dumps(_vector(case)) for case in cases) + "\n]\n"


def _vector(case: dict[str, Any]) -> dict[str, Any]:
    happened = Counter(situations.name(code) for code in story.codes(case))
    return {
        "id": case["id"],
        "scheme": case["scheme"],
        "facts": {name: value for name, value in asdict(story.facts(case)).items() if value is not None},
        "situations": dict(happened),
        **{key: case[key] for key in ("gs", "fs", "gs_high", "fs_high") if key in case},
    }


if __name__ == "__main__":
    print(bundled(), end="")
