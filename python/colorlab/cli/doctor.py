"""colorlab doctor: what this installation is made of, and whether it works."""

from __future__ import annotations

import argparse
import importlib.util
import platform
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from colorlab.cli._parser import add_verb
from colorlab.cli._terminal import emit, show
from colorlab.extras import packages

_MORE = """\
examples:
  colorlab doctor
  colorlab doctor --json > report.json

exit codes:
  0 all works, 2 usage, 3 something does not, 4 only the network's part does not
"""


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the verb."""
    parser = add_verb(
        subparsers,
        "doctor",
        help="check this installation",
        description="Tells what this installation is made of and tries each part, "
        "and which optional packages are there.",
        more=_MORE,
    )
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")


def run(args: argparse.Namespace) -> int:
    """Does it."""
    checks: list[tuple[str, Callable[[], dict[str, Any]]]] = [
        ("core", _core),
        ("pixels", _pixels),
        ("files", _files),
        ("runtime", _runtime),
        ("generator", _generator),
    ]
    report: dict[str, Any] = {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "checks": {},
    }
    for name, check in checks:
        try:
            found = {"ok": True} | check()
        except Exception as error:  # whatever is broken is what a doctor is asked about
            found = {"ok": False, "error": f"{type(error).__name__}: {error}"}
        report["checks"][name] = found
        if not args.json:
            details = ", ".join(
                f"{_words(key)} {_told(it)}" for key, it in found.items() if key != "ok"
            )
            show(f"{'ok  ' if found['ok'] else 'FAIL'} {name}: {details}")
    report["packages"] = [asdict(package) for package in packages()]
    if args.json:
        emit(report)
    else:
        _show_packages(report["packages"])
    failed = {name for name, found in report["checks"].items() if not found["ok"]}
    return 0 if not failed else 4 if failed <= {"runtime", "generator"} else 3


def _words(key: str) -> str:
    return key.replace("_", " ")


def _told(value: Any) -> str:
    """A value as a person reads it."""
    if isinstance(value, dict):
        return ", ".join(f"{key} {each}" for key, each in value.items())
    if isinstance(value, (list, tuple)):
        return " ".join(map(str, value))
    return str(value)


def _show_packages(found: list[dict[str, Any]]) -> None:
    """A line an extra: the versions of what it brings, or how to get it."""
    extras = dict.fromkeys(extra for package in found for extra in package["extras"])
    for extra in extras:
        names = [package for package in found if extra in package["extras"]]
        told = ", ".join(f"{each['name']} {each['version'] or '(missing)'}" for each in names)
        show(f"     {extra}: {told}{_advice(extra, names)}")
    others = [f"{each['name']} {each['version']}" for each in found if _is_unnamed(each)]
    if others:
        show(f"     in no extra: {', '.join(others)}")


def _advice(extra: str, names: list[dict[str, Any]]) -> str:
    if all(each["version"] for each in names):
        return ""
    if extra in ("cpu", "gpu") and importlib.util.find_spec("onnxruntime"):
        return "; one of cpu and gpu is enough, both break each other"
    return f"; pip install 'colorlab[{extra}]'"


def _is_unnamed(package: dict[str, Any]) -> bool:
    return not package["extras"] and package["version"] is not None


def _core() -> dict[str, Any]:
    import colorlab

    info = colorlab.build_info()
    del info["codecs"]  # told with the files
    return info


def _pixels() -> dict[str, Any]:
    """Every 17th 8-bit colour through L*a*b* and back."""
    import numpy as np

    import colorlab

    steps = np.arange(0, 256, 17, dtype=np.uint8)
    cube = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1)
    back = colorlab.lab_to_rgb(colorlab.rgb_to_lab(cube))
    wrong = int(np.count_nonzero(np.any(back != cube, axis=-1)))
    if wrong:
        raise RuntimeError(f"{wrong} of {cube.size // 3} colours change on the way to Lab and back")
    return {"colours": cube.size // 3}


def _files() -> dict[str, Any]:
    """Each format that can be written, written and read back."""
    import tempfile
    from pathlib import Path

    import numpy as np

    import colorlab
    from colorlab.bulk.plan import FORMATS

    ramp = np.linspace(0, 255, 64, dtype=np.uint8)
    image = np.broadcast_to(ramp[:, None, None], (64, 48, 3))
    with tempfile.TemporaryDirectory() as folder:
        for extension in FORMATS.values():
            path = Path(folder) / f"ramp{extension}"
            colorlab.write(path, image)
            error = np.abs(colorlab.read(path).astype(int) - image).max()
            if error > 8:
                raise RuntimeError(f"{extension}: pixels come back changed by {error}")
    return {"formats": sorted(FORMATS), "codecs": colorlab.build_info()["codecs"]}


def _runtime() -> dict[str, Any]:
    from colorlab.session import available_cores, count_gpus, import_runtime

    runtime = import_runtime()
    return {
        "onnxruntime": runtime.__version__,
        "providers": runtime.get_available_providers(),
        "gpus": count_gpus(),
        "cores": available_cores(),
    }


def _generator() -> dict[str, Any]:
    """The default generator colours a grey ramp; its lightness must stay."""
    import numpy as np

    from colorlab.colorizer import Colorizer

    ramp = np.broadcast_to(np.linspace(0, 255, 96, dtype=np.uint8)[:, None], (96, 128))
    with Colorizer() as colorizer:
        result = colorizer.colorize(ramp)
        certificate = result.certificate
        if certificate is None or certificate.mean_delta_l > 0.1:
            raise RuntimeError(f"the lightness of a grey ramp is not kept: {certificate}")
        return {
            "name": colorizer.card.name,
            "version": colorizer.card.version,
            "sha256": colorizer.sha256,
            "device": colorizer.device,
        }
