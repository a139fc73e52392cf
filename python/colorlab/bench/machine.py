"""Where a figure was measured: the machine, the build, and the versions of all who took part."""

from __future__ import annotations

import platform
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path
from typing import Any

from colorlab import color
from colorlab.session import available_cores

__all__ = ["describe"]

_DISTRIBUTIONS = {"cv2": "opencv-python-headless", "skimage": "scikit-image", "PIL": "pillow"} | {
    "colour": "colour-science"
}


def describe(modules: Iterable[str] = ()) -> dict[str, Any]:
    """Machine, build, and the version of each of these modules that is installed."""
    names = sorted({"numpy", "onnxruntime", *modules})
    versions = {name: version for name in names if (version := _version(name)) is not None}
    return {
        "cpu": _cpu(),
        "cores": available_cores(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "colorlab": color.build_info(),
        "versions": versions,
    }


def _version(module: str) -> str | None:
    try:
        return metadata.version(_DISTRIBUTIONS.get(module, module))
    except metadata.PackageNotFoundError:
        return None


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:  # not Linux
        return platform.processor() or platform.machine()
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.machine())
