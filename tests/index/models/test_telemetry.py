"""ONNX Runtime sends nothing: its telemetry is off before it is loaded."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

OPEN = """
import sys
from pathlib import Path
from nutgraf.index.models.session import open_session

open_session(Path(sys.argv[1]))
"""


def test_opening_a_model_leaves_nothing_in_the_home_folder(
    tmp_path: Path, tiny_encoder: Path
) -> None:
    # ONNX Runtime also keeps quiet where CI is set.
    left_out = {"CI", "ORT_DISABLE_TELEMETRY", "XDG_CACHE_HOME"}
    kept = {name: value for name, value in os.environ.items() if name not in left_out}
    subprocess.run(
        [sys.executable, "-c", OPEN, str(tiny_encoder / "model.onnx")],
        env={**kept, "HOME": str(tmp_path), "TMPDIR": str(tmp_path)},
        check=True,
        timeout=60,
    )
    assert list(tmp_path.rglob("*")) == []
