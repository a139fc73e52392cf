"""The card of a generator: what a format-1 ONNX file says about itself.

It is stored in the file's metadata properties, each under a name that starts with "colorlab.".
Reading and writing happen here and nowhere else, so that export and inference cannot disagree.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from numbers import Real
from typing import Any

from colorlab.arguments import whole
from colorlab.errors import InvalidArgumentError, ModelIncompatibleError
from colorlab.model.classes import ColorClasses

__all__ = [
    "CLASSES_NAME",
    "DEFAULT_SIZE",
    "FORMAT",
    "INPUT_NAME",
    "MAX_SIZE",
    "MAX_STRIDE",
    "OUTPUT_NAME",
    "ModelCard",
    "attach",
]

FORMAT = "1"
INPUT_NAME = "lightness"  #: float32 [N, 1, H, W] = L*/50 - 1; H and W multiples of the stride
OUTPUT_NAME = "ab"  #: float32 [N, 2, h, w] in [-1, 1]; times ab_scale it is a*, b*
CLASSES_NAME = "logits"  #: float32 [N, Q, h, w], of generators that have classes
DEFAULT_SIZE = 256
MAX_STRIDE = 1024  #: pixels
MAX_SIZE = 8192  #: short side at which a generator may see a photo, pixels

_PREFIX = "colorlab."
_MAX_AB_SCALE = 200.0  # a* and b* of sRGB lie within -108..99


@dataclass(frozen=True, slots=True)
class ModelCard:
    """What a format-1 generator says about itself.

    Raises:
        InvalidArgumentError: a value makes no sense, as in `ModelCard(name="")`.
    """

    name: str
    version: str
    ab_scale: float  #: output times this is a*b*
    stride: int  #: height and width of the input are multiples of this, pixels
    #: short side of the input that the generator is best at, pixels
    default_size: int = DEFAULT_SIZE
    licence: str = ""  #: of the weights, an SPDX expression where one fits
    training: Mapping[str, Any] = field(default_factory=dict)  #: the training configuration
    data_hash: str = ""  #: of the list of training photos
    metrics: Mapping[str, Any] = field(default_factory=dict)  #: on validation photos
    classes: ColorClasses | None = None  #: of the output `logits`, where there is one
    square: bool = False  #: sees photos stretched to a square; foreign generators only

    def __post_init__(self) -> None:
        def need(ok: bool, what: str) -> None:
            if not ok:
                raise InvalidArgumentError(f"a model card's {what}")

        for key in ("name", "version"):
            text = getattr(self, key)
            need(isinstance(text, str), f"{key} must be a text, not {text!r}")
            need(bool(text.strip()), f"{key} must not be empty")
        need(
            isinstance(self.ab_scale, Real) and 0 < self.ab_scale <= _MAX_AB_SCALE,
            f"ab_scale must be above 0 and at most {_MAX_AB_SCALE:g}, not {self.ab_scale!r}",
        )
        whole("a model card's stride", self.stride, most=MAX_STRIDE)
        whole("a model card's default_size", self.default_size, least=self.stride, most=MAX_SIZE)

    def as_properties(self) -> dict[str, str]:
        """The card as the texts that an ONNX file holds, "colorlab.name" and so on.

        Raises:
            InvalidArgumentError: training or metrics hold something that JSON cannot.
        """
        texts = {
            "format": FORMAT,
            "name": self.name,
            "version": self.version,
            "ab_scale": repr(float(self.ab_scale)),
            "stride": str(self.stride),
            "default_size": str(self.default_size),
            "licence": self.licence,
            "training": _to_json("training", self.training),
            "data_hash": self.data_hash,
            "metrics": _to_json("metrics", self.metrics),
        }
        if self.classes is not None:
            texts["classes"] = self.classes.to_json()
        return {_PREFIX + key: text for key, text in texts.items()}

    @classmethod
    def from_properties(
        cls, properties: Mapping[str, str], *, path: str | None = None
    ) -> ModelCard:
        """Reads a card; properties of other names are ignored, `path` only serves error messages.

        Raises:
            ModelIncompatibleError: there is no card, it is of another format, or broken.
        """
        texts = {
            key.removeprefix(_PREFIX): text
            for key, text in properties.items()
            if key.startswith(_PREFIX)
        }
        if "format" not in texts:
            raise ModelIncompatibleError(
                "this ONNX file is no colorlab generator: it has no property colorlab.format",
                path=path,
                hint="`colorlab export` writes files that have one; others need an adapter, see "
                "docs/foreign-models.md",
            )
        if texts["format"] != FORMAT:
            raise ModelIncompatibleError(
                f'the generator is of format "{texts["format"]}", this version reads "{FORMAT}"',
                path=path,
                hint="Update colorlab, or export the generator again",
            )
        try:
            return cls(
                name=texts["name"],
                version=texts["version"],
                ab_scale=float(texts["ab_scale"]),
                stride=int(texts["stride"]),
                default_size=int(texts.get("default_size", DEFAULT_SIZE)),
                licence=texts.get("licence", ""),
                training=_from_json(texts.get("training", "{}")),
                data_hash=texts.get("data_hash", ""),
                metrics=_from_json(texts.get("metrics", "{}")),
                classes=ColorClasses.from_json(texts["classes"]) if "classes" in texts else None,
            )
        except KeyError as error:
            reason = f"the generator's card lacks colorlab.{error.args[0]}"
            raise ModelIncompatibleError(reason, path=path) from None
        except (ValueError, RecursionError) as error:
            reason = f"the generator's card is broken: {error}"
            raise ModelIncompatibleError(reason, path=path) from error


def attach(model: Any, card: ModelCard) -> None:
    """Writes a card into an `onnx.ModelProto`, in place of any card it has."""
    kept = {
        entry.key: entry.value
        for entry in model.metadata_props
        if not entry.key.startswith(_PREFIX)
    }
    del model.metadata_props[:]
    for key, text in (kept | card.as_properties()).items():
        entry = model.metadata_props.add()
        entry.key, entry.value = key, text


def _to_json(what: str, values: Mapping[str, Any]) -> str:
    try:
        return json.dumps(dict(values), ensure_ascii=False, allow_nan=False, sort_keys=True)
    except (TypeError, ValueError) as error:
        raise InvalidArgumentError(f"a model card's {what} must be JSON: {error}") from error


def _from_json(text: str) -> dict[str, Any]:
    values = json.loads(text)
    if not isinstance(values, dict):
        raise ValueError(f"expected a JSON object, not {text[:40]!r}")
    return values
