"""Foreign generators: what their input and output mean, so that colorlab's pixels fit them.

An adapter says which numbers a network takes and gives; the size at which it sees a photo, the
upsampling of its colour and the lightness of the result are colorlab's own. It comes from a TOML
text: in the file MODEL.onnx.toml beside MODEL.onnx, or in the model's property "colorlab.adapter".
docs/foreign-models.md describes the keys.
"""

from __future__ import annotations

import dataclasses
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from colorlab import color
from colorlab.arguments import whole
from colorlab.errors import InvalidArgumentError, ModelIncompatibleError, ShapeError
from colorlab.model.card import INPUT_NAME, MAX_SIZE, MAX_STRIDE, ModelCard

__all__ = ["PRESETS", "PROPERTY", "AdaptedSession", "Adapter", "from_toml", "preset", "sidecar"]

PROPERTY = "colorlab.adapter"
AB_SCALE = 128.0  # of the card: what leaves an adapter is a*b* over this, as format 1 has it

Floats = npt.NDArray[np.float32]
Signal = Literal["lightness", "grey"]
Answer = Literal["ab", "rgb"]


@dataclass(frozen=True, slots=True)
class Adapter:
    """What a foreign network takes and gives; scales and offsets are one number, or one a channel.

    Raises:
        InvalidArgumentError: a value makes no sense.
    """

    #: of what its input is made: L* (0..100), or the grey photo, sRGB-encoded (0..1)
    input: Signal
    #: what its output means: a*b*, or sRGB-encoded R, G, B of which only a*b* are used
    output: Answer
    channels: int = 1  #: of the input, all alike but for scale and offset
    #: input tensor = signal * input_scale + input_offset
    input_scale: tuple[float, ...] = (1.0,)
    input_offset: tuple[float, ...] = (0.0,)
    #: a*b*, or R, G, B in 0..1, = output tensor * output_scale + output_offset
    output_scale: tuple[float, ...] = (1.0,)
    output_offset: tuple[float, ...] = (0.0,)
    size: int = 256  #: of the input, pixels: its short side, or its side where square
    stride: int = 32  #: its sides are multiples of this
    square: bool = True  #: photos are stretched to a square, as it was trained
    name: str = ""
    version: str = "foreign"
    licence: str = ""

    def __post_init__(self) -> None:
        for key, kinds in (("input", Signal), ("output", Answer)):
            if getattr(self, key) not in get_args(kinds):
                listed = " or ".join(f'"{kind}"' for kind in get_args(kinds))
                raise InvalidArgumentError(f"an adapter's {key} is {listed}")
        if self.channels not in (1, 3):
            raise InvalidArgumentError("an adapter's channels are 1 or 3")
        answers = 2 if self.output == "ab" else 3
        for key, count in (
            ("input_scale", self.channels),
            ("input_offset", self.channels),
            ("output_scale", answers),
            ("output_offset", answers),
        ):
            values = getattr(self, key)
            if len(values) not in (1, count) or not np.isfinite(values).all():
                raise InvalidArgumentError(f"an adapter's {key} is a number, or {count} of them")
        whole("an adapter's stride", self.stride, most=MAX_STRIDE)
        whole("an adapter's size", self.size, least=self.stride, most=MAX_SIZE)
        if not isinstance(self.square, bool):
            raise InvalidArgumentError(f"an adapter's square is true or false, not {self.square!r}")
        for key in ("name", "version", "licence"):
            if not isinstance(getattr(self, key), str):
                raise InvalidArgumentError(f"an adapter's {key} is a text")
        if not self.version.strip():
            raise InvalidArgumentError("an adapter's version must not be empty")

    def card(self, name: str) -> ModelCard:
        """A card for a file of this name."""
        return ModelCard(
            self.name or name,
            self.version,
            ab_scale=AB_SCALE,
            stride=self.stride,
            default_size=self.size,
            licence=self.licence,
            square=self.square,
        )

    def tensor(self, lightness: Floats) -> Floats:
        """The network's input (N, channels, H, W) for L*/50 - 1 (N, 1, H, W)."""
        signal = (lightness + np.float32(1)) * np.float32(50)
        if self.input == "grey":
            lab = np.zeros((*signal.shape[2:], 3), np.float32)
            greys = np.empty_like(signal)
            for plane, grey in zip(signal[:, 0], greys[:, 0], strict=True):
                lab[..., 0] = plane
                grey[...] = color.lab_to_rgb(lab, dtype="float32")[..., 1]
            signal = greys
        return signal * _channels(self.input_scale, self.channels) + _channels(
            self.input_offset, self.channels
        )

    def ab(self, answer: npt.NDArray[Any]) -> Floats:
        """a*b* over AB_SCALE (N, 2, h, w) for the network's output (N, 2 or 3, h, w).

        Raises:
            ModelIncompatibleError: it is no such output.
        """
        wanted = 2 if self.output == "ab" else 3
        if answer.ndim != 4 or answer.shape[1] != wanted or answer.dtype.kind != "f":
            raise ModelIncompatibleError(
                f"the adapter says {self.output}, (N, {wanted}, h, w), but the output is "
                f"{answer.dtype} {answer.shape}"
            )
        values = answer.astype(np.float32) * _channels(self.output_scale, wanted)
        values += _channels(self.output_offset, wanted)
        if self.output == "rgb":
            lab = color.rgb_to_lab(np.ascontiguousarray(values.transpose(0, 2, 3, 1)))
            values = lab[..., 1:].transpose(0, 3, 1, 2)
        # NaN stays, for the session's check of outputs to find.
        return np.ascontiguousarray(np.clip(values, -AB_SCALE, AB_SCALE) / np.float32(AB_SCALE))


_MEAN, _DEVIATION = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])  # ImageNet's

PRESETS = {
    # Grey RGB in 0..1, 512 x 512, to a*b*; also its 256 x 256 exports, with size = 256.
    "ddcolor": Adapter("grey", "ab", 3, size=512),
    # Grey RGB normalised as ImageNet's, to RGB in the same numbers.
    "deoldify": Adapter(
        "grey",
        "rgb",
        3,
        tuple(1 / _DEVIATION),
        tuple(-_MEAN / _DEVIATION),
        tuple(_DEVIATION),
        tuple(_MEAN),
        stride=16,
    ),
    # L* to a*b*, both in their own units: the networks normalise inside.
    "eccv16": Adapter("lightness", "ab"),
    "siggraph17": Adapter("lightness", "ab"),
}


def preset(name: str) -> Adapter:
    """One of PRESETS; raises InvalidArgumentError for another name."""
    if not isinstance(name, str) or name not in PRESETS:
        raise InvalidArgumentError(
            f'there is no adapter "{name}"', hint=f"There are {', '.join(PRESETS)}"
        )
    return PRESETS[name]


def from_toml(text: str, *, path: str | None = None) -> Adapter:
    """Reads an adapter: `adapter` names a preset that the other keys change.

    Raises:
        ModelIncompatibleError: it is no TOML, or no such description.
    """
    try:
        values = tomllib.loads(text)
        base = values.pop("adapter", None)
        known = {field.name: field for field in dataclasses.fields(Adapter)}
        if unknown := sorted(values.keys() - known.keys()):
            raise InvalidArgumentError(
                f"an adapter has no key {unknown[0]}", hint=f"Its keys are {', '.join(known)}"
            )
        for key, value in values.items():
            if known[key].name.endswith(("_scale", "_offset")):
                numbers = value if isinstance(value, list) else [value]
                values[key] = tuple(float(number) for number in numbers)
        if base is None and not {"input", "output"} <= values.keys():
            raise InvalidArgumentError("it needs input and output, or adapter, which is a preset")
        if base is not None:
            return dataclasses.replace(preset(base), **values)
        return Adapter(**values)
    except (tomllib.TOMLDecodeError, InvalidArgumentError, TypeError, ValueError) as error:
        raise ModelIncompatibleError(
            f"the description of this foreign generator is wrong: {error}", path=path
        ) from error


def sidecar(path: Path) -> Adapter | None:
    """The adapter in the file beside a model; None without one; raises as `from_toml`."""
    beside = path.with_name(path.name + ".toml")
    try:
        text = beside.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise ModelIncompatibleError(f"cannot be read: {error}", path=str(beside)) from error
    return from_toml(text, path=str(beside))


class AdaptedSession:
    """An ONNX Runtime session of a foreign network that is run as one of format 1.

    Raises:
        ModelIncompatibleError: the network has other inputs than the adapter says.
    """

    def __init__(self, session: Any, adapter: Adapter, *, path: str | None) -> None:
        inputs = session.get_inputs()
        if len(inputs) != 1 or len(inputs[0].shape) != 4 or inputs[0].type != "tensor(float)":
            raise ModelIncompatibleError(
                "a foreign generator has one input, float32 of 4 dimensions", path=path
            )
        batch, channels, *sides = inputs[0].shape
        if isinstance(channels, int) and channels != adapter.channels:
            raise ModelIncompatibleError(
                f"its input has {channels} channels, its adapter says {adapter.channels}",
                path=path,
                hint="A generator of colorlab's own needs no adapter",
            )
        self._session, self._adapter = session, adapter
        self._one_by_one = batch == 1
        self._sides = [side if isinstance(side, int) else None for side in sides]
        self._names = inputs[0].name, session.get_outputs()[0].name

    def get_providers(self) -> Any:
        """As of ONNX Runtime."""
        return self._session.get_providers()

    def run(self, _outputs: list[str], feed: dict[str, Floats]) -> list[Floats]:
        """The output `ab` for the input `lightness`: one array, float32 (N, 2, h, w).

        Raises:
            ShapeError: the network takes another size only.
            ModelIncompatibleError: its output is not what the adapter says.
        """
        lightness = feed[INPUT_NAME]
        for side, fixed in zip(lightness.shape[2:], self._sides, strict=True):
            if fixed not in (None, side):
                raise ShapeError(
                    f"this generator takes {self._sides[0]} x {self._sides[1]} pixels only, not "
                    f"{lightness.shape[2]} x {lightness.shape[3]}"
                )
        tensor = np.ascontiguousarray(self._adapter.tensor(lightness))
        count = len(tensor)
        parts = [tensor[i : i + 1] for i in range(count)] if self._one_by_one else [tensor]
        answers = [self._session.run([self._names[1]], {self._names[0]: each})[0] for each in parts]
        return [self._adapter.ab(np.concatenate(answers))]


def _channels(values: tuple[float, ...], count: int) -> Floats:
    return np.broadcast_to(np.asarray(values, np.float32), (count,)).reshape(1, count, 1, 1)
