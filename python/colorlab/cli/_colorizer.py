"""The options that make a colorizer, shared by the verbs that colour."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from colorlab.cli._parser import size

if TYPE_CHECKING:
    from colorlab.colorizer import Colorizer

__all__ = ["add_looks", "add_machine", "colorizer_of", "options_of"]


def add_looks(parser: argparse.ArgumentParser) -> argparse._ArgumentGroup:
    """Adds the generator, how strong its colours are and whether outputs say where they come from,
    in a group that may get more."""
    looks = parser.add_argument_group("how it looks")
    looks.add_argument(
        "--model",
        default="default",
        help="a bundled generator's name, or an ONNX file (default: default)",
    )
    looks.add_argument(
        "--adapter",
        choices=("ddcolor", "deoldify", "eccv16", "siggraph17"),
        help="what the model is, when it is none of colorlab's and no MODEL.onnx.toml tells",
    )
    looks.add_argument(
        "--trust-model",
        action="store_true",
        help="allow a model that needs custom operators or other files",
    )
    looks.add_argument(
        "--size",
        type=size,
        default="auto",
        help="short side, pixels, at which the generator sees the photo (default: auto)",
    )
    looks.add_argument(
        "--saturation", type=float, default=1.0, help="multiplies the colour, 0..10 (default: 1)"
    )
    looks.add_argument(
        "--no-provenance",
        action="store_true",
        help="leave out the note in each output that its colour is machine-made",
    )
    return looks


def add_machine(parser: argparse.ArgumentParser) -> argparse._ArgumentGroup:
    """Adds where the generator runs, in a group that may get more."""
    machine = parser.add_argument_group("the machine")
    machine.add_argument(
        "--device",
        choices=("auto", "cpu", "cuda"),
        default="auto",
        help="where the network runs; auto is CUDA where it can be used (default: auto)",
    )
    machine.add_argument("--threads", type=int, help="of the network (default: every core)")
    return machine


def options_of(args: argparse.Namespace) -> dict[str, Any]:
    """The arguments of `Colorizer` that the options ask for."""
    max_pixels = getattr(args, "max_pixels", None)  # a verb's own
    return {
        "model": args.model,
        "device": args.device,
        "threads": args.threads,
        "size": args.size,
        "adapter": args.adapter,
        "trust_model": args.trust_model,
        "limits": None if max_pixels is None else {"max_pixels": max_pixels},
    }


def colorizer_of(args: argparse.Namespace) -> Colorizer:
    """The colorizer that the options ask for."""
    from colorlab.colorizer import Colorizer

    return Colorizer(**options_of(args))
