"""A training run's configuration: dataclasses with defaults, read from TOML, kept with the run."""

from __future__ import annotations

import dataclasses
import difflib
import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from colorlab.errors import TrainingError

ARCHITECTURES = {  # side of crops; 0: any multiple of 32
    "unet-lite0": 0,
    "unet-lite1": 0,
    "unet-lite2": 0,
    "unet-keras": 0,
    "unet-nano": 0,
    "unet-tiny": 0,
    "unet-base": 0,
    "seed-256": 256,
    "seed-32": 32,
}
SCHEDULES = ("constant", "cosine", "linear")
SOURCES = ("photos", "shapes")
PRECISIONS = ("float32", "bfloat16", "float16")
ADVERSARIAL_LOSSES = ("hinge", "bce", "lsgan")
HEADS = ("classification", "regression")


@dataclass(frozen=True, slots=True)
class DataConfig:
    source: str = "photos"  # or "shapes", which are made as they are needed
    crop: int = 128  # side of the training crops, pixels; a multiple of 32
    batch: int = 32
    min_scale: float = 0.6  # crops take a square of this..1 of the photo's short side
    flip: bool = True
    threads: int = 1
    manifest: str = ""  # CSV with columns file, source; needed by source_weights
    source_weights: dict[str, float] = field(default_factory=dict)  # 1.0 unless named


@dataclass(frozen=True, slots=True)
class AugmentConfig:
    """Old photographs in place of clean greys: the network sees an altered lightness, the ab that
    it is to find stay the photo's own. Effects are drawn per crop, from nothing to their strength.
    """

    share: float = 1.0  # of the crops that are altered at all
    response: float = 0.0  # 0..1: from luminance to what one of four emulsions recorded
    blur: float = 0.0  # 0..4: standard deviation, pixels of the crop
    gamma: float = 0.0  # 0..2: the exponent is 2^-gamma .. 2^gamma
    contrast: float = 0.0  # 0..2: slope about middle grey, up to 2^contrast
    fading: float = 0.0  # 0..0.9: share of the range from black to white that is lost
    grain: float = 0.0  # 0..0.5: standard deviation at middle grey, of a range of 1
    jpeg: float = 0.0  # 0..1: qualities from 95 down to 95 - 75 jpeg


AUGMENT_LIMITS = {
    "share": 1.0,
    "response": 1.0,
    "blur": 4.0,
    "gamma": 2.0,
    "contrast": 2.0,
    "fading": 0.9,
    "grain": 0.5,
    "jpeg": 1.0,
}


@dataclass(frozen=True, slots=True)
class ModelConfig:
    architecture: str = "unet-lite0"
    backbone: str = ""  # of unet-keras: a network of keras.applications, as "MobileNetV2"
    pretrained: bool = True  # start the encoder from ImageNet weights
    head: str = "classification"  # over ab bins, plus a residual; regression: ab itself
    decoder: tuple[int, ...] = (160, 96, 64)  # channels at 1/16, 1/8 and 1/4 of the input
    # Blocks of an EfficientNet-Lite encoder that stay as they were for good, the stem with them.
    frozen_blocks: int = 0
    ab_scale: float = 110.0  # network output times this is a*b*
    temperature: float = 0.38  # of the annealed mean (Zhang et al. 2016)
    gain: float = 1.0  # chroma multiplier of the exported network
    default_size: int = 256  # short side that photos are rendered at
    precision: str = "float32"  # what the networks compute in; weights and losses are float32
    spectral_norm: bool = False  # of the discriminator's kernels (U-Nets only)


@dataclass(frozen=True, slots=True)
class StageConfig:
    """Steps of the three stages, in order: generator alone, discriminator alone, both (NoGAN)."""

    pixel_steps: int = 4000
    discriminator_steps: int = 0
    joint_steps: int = 0


@dataclass(frozen=True, slots=True)
class OptimConfig:
    learning_rate: float = 1e-3  # peak of the generator's rate in the pixel stage
    schedule: str = "cosine"  # of that rate: constant, cosine or linear, these down to 2 % of it
    joint_learning_rate: float = 5e-5
    discriminator_learning_rate: float = 2e-4
    weight_decay: float = 1e-4
    warmup_steps: int = 200
    freeze_encoder: float = 0.12  # share of the pixel stage with the whole encoder frozen
    encoder_rate: float = 0.25  # the encoder's learning rate over the decoder's, afterwards
    ema: float = 0.999
    rebalance: float = 0.5  # 0: plain cross-entropy; 1: fully weighted by rarity
    huber_weight: float = 0.5
    clip_norm: float = 1.0  # of all gradients of the decoder, and of all of the encoder; 0: none
    adversarial_loss: str = "hinge"  # or bce, lsgan
    adversarial_weight: float = 0.05
    feature_weight: float = 1.0  # feature matching (Wang et al. 2018), joint stage
    discriminator_betas: tuple[float, ...] = (0.0, 0.99)  # of its Adam
    r1_weight: float = 0.0  # penalty on the discriminator's slope at true pictures
    r1_every: int = 16  # steps between two such penalties
    noise_every: int = 0  # steps until the discriminator sees noise again; 0: never
    retrain_below: float = 0.0  # accuracy of the discriminator that makes it train again; 0: never
    retrain_until: float = 0.9  # accuracy that ends it
    retrain_steps: int = 10  # at most, on the batch of one joint step
    fit_bins_from: int = 2048  # crops that the bin prior is counted on


@dataclass(frozen=True, slots=True)
class Config:
    data: DataConfig = field(default_factory=DataConfig)
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    stages: StageConfig = field(default_factory=StageConfig)
    optim: OptimConfig = field(default_factory=OptimConfig)
    seed: int = 0
    checkpoint_every: int = 200
    keep_checkpoints: int = 1  # the latest ones, besides the best
    sample_every: int = 400
    validate_every: int = 1000  # steps, when validation photos are given
    validation_photos: int = 64

    def as_dict(self) -> dict[str, Any]:
        return dataclasses.asdict(self)

    @property
    def total_steps(self) -> int:
        s = self.stages
        return s.pixel_steps + s.discriminator_steps + s.joint_steps


_SECTIONS = {
    "data": DataConfig,
    "augment": AugmentConfig,
    "model": ModelConfig,
    "stages": StageConfig,
    "optim": OptimConfig,
}
_TOP = [f.name for f in dataclasses.fields(Config) if f.name not in _SECTIONS]
PRESETS = Path(__file__).parent / "configs"


def from_dict(values: Mapping[str, Any], origin: str = "configuration") -> Config:
    """Builds a Config; unknown keys and values out of range raise TrainingError naming them."""
    parts: dict[str, Any] = {}
    for key, value in values.items():
        if key in _SECTIONS:
            parts[key] = _section(key, value, origin)
        elif key in _TOP:
            if type(value) is not int:
                raise TrainingError(f"{key} must be a whole number, not {value!r}", path=origin)
            parts[key] = value
        else:
            raise _unknown(key, [*_SECTIONS, *_TOP], origin)
    config = Config(**parts)
    check(config, origin)
    return config


def _section(name: str, values: Any, origin: str) -> Any:
    if not isinstance(values, Mapping):
        raise TrainingError(f"[{name}] must be a table", path=origin)
    defaults = {f.name: f for f in dataclasses.fields(_SECTIONS[name])}
    given: dict[str, Any] = {}
    for key, value in values.items():
        if key not in defaults:
            raise _unknown(f"{name}.{key}", [f"{name}.{k}" for k in defaults], origin)
        kind = str(defaults[key].type)
        try:
            given[key] = _typed(value, kind)
        except ValueError:
            wanted = f"{name}.{key} must be {_KINDS[kind]}, not {value!r}"
            raise TrainingError(wanted, path=origin) from None
    return _SECTIONS[name](**given)


_KINDS = {  # what the annotations of the sections are called to a person
    "str": "text in quotes",
    "bool": "true or false",
    "int": "a whole number",
    "float": "a number",
    "tuple[int, ...]": "a list of whole numbers",
    "tuple[float, ...]": "a list of numbers",
    "dict[str, float]": "a table of numbers",
}


def _typed(value: Any, kind: str) -> Any:
    """A TOML or JSON value as what an annotation says; ValueError where it is none of that."""
    if kind.startswith("tuple") and isinstance(value, list | tuple):
        return tuple(_typed(each, kind[len("tuple[") : -len(", ...]")]) for each in value)
    if kind.startswith("dict") and isinstance(value, Mapping):
        return {key: _typed(each, "float") for key, each in value.items()}
    if kind == "float" and type(value) in (int, float) and math.isfinite(value):
        return float(value)
    if kind in ("str", "bool", "int") and type(value).__name__ == kind:  # True is no int here
        return value
    raise ValueError


def _unknown(key: str, known: list[str], origin: str) -> TrainingError:
    near = difflib.get_close_matches(key, known, n=1)
    hint = f'Did you mean "{near[0]}"?' if near else f"Known: {', '.join(sorted(known))}."
    return TrainingError(f'unknown key "{key}"', path=origin, hint=hint)


def presets() -> list[str]:
    """The names of the configurations that come with colorlab."""
    return sorted(p.stem for p in PRESETS.glob("*.toml"))


def load(name: str | Path) -> Config:
    """Reads a TOML file, or a preset by its name. Raises TrainingError when missing or wrong."""
    path = Path(name)
    if path.suffix != ".toml":
        if str(name) not in presets():
            hint = f"Presets: {', '.join(presets())}; other configurations are .toml files."
            raise TrainingError(f'there is no preset "{name}"', hint=hint)
        path = PRESETS / f"{name}.toml"
    try:
        return from_dict(tomllib.loads(path.read_text(encoding="utf-8")), str(path))
    except OSError as error:
        raise TrainingError(error.strerror or str(error), path=str(path)) from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise TrainingError(str(error), path=str(path)) from error


def with_steps(config: Config, steps: int) -> Config:
    """The same run in `steps` steps: every stage keeps its share, to the nearest step."""
    if steps < 1:
        raise TrainingError("a run has at least one step")
    # The ends of the stages are rounded, not their lengths, which would not add up.
    stages, share = config.stages, steps / config.total_steps
    pixel = round(stages.pixel_steps * share)
    before_joint = round((stages.pixel_steps + stages.discriminator_steps) * share)
    scaled = StageConfig(pixel, before_joint - pixel, steps - before_joint)
    return dataclasses.replace(config, stages=scaled)


def check(config: Config, origin: str = "configuration") -> None:
    """Raises TrainingError, naming the key, for a value that no run could be made with."""
    data, model, optim = config.data, config.model, config.optim

    def need(ok: bool, what: str) -> None:
        if not ok:
            raise TrainingError(what, path=origin)

    need(data.source in SOURCES, f"data.source: {', '.join(SOURCES)}")
    need(model.precision in PRECISIONS, f"model.precision: {', '.join(PRECISIONS)}")
    need(
        32 <= data.crop <= 4096 and data.crop % 32 == 0,
        "data.crop: a multiple of 32, at most 4096",
    )
    need(1 <= data.batch <= 65536, "data.batch: 1 to 65536")
    need(1 <= data.threads <= 256, "data.threads: 1 to 256")
    need(0 < data.min_scale <= 1, "data.min_scale: above 0, at most 1")
    need(all(w >= 0 for w in data.source_weights.values()), "data.source_weights: not negative")
    for key, high in AUGMENT_LIMITS.items():
        need(0 <= getattr(config.augment, key) <= high, f"augment.{key}: 0 to {high:g}")
    need(
        model.architecture in ARCHITECTURES,
        f'model.architecture: "{model.architecture}" is not one of {", ".join(ARCHITECTURES)}',
    )
    need(
        bool(model.backbone) == (model.architecture == "unet-keras"),
        'model.backbone: for the architecture "unet-keras", and only for it',
    )
    side = ARCHITECTURES[model.architecture]
    need(side in (0, data.crop), f"data.crop: {model.architecture} takes crops of {side}")
    need(
        len(model.decoder) == 3 and min(model.decoder) >= 8, "model.decoder: 3 widths of 8 or more"
    )
    need(model.head in HEADS, f"model.head: {', '.join(HEADS)}")
    need(0 <= model.frozen_blocks <= 16, "model.frozen_blocks: 0 to 16")
    need(
        not model.frozen_blocks or model.architecture.startswith("unet-lite"),
        "model.frozen_blocks: of the architectures unet-lite0, unet-lite1 and unet-lite2 alone",
    )
    need(0 < model.ab_scale <= 200, "model.ab_scale: above 0, at most 200")
    need(model.temperature > 0, "model.temperature: above 0")
    need(model.gain > 0, "model.gain: above 0")
    need(model.default_size >= 32, "model.default_size: at least 32")
    need(optim.schedule in SCHEDULES, f"optim.schedule: {', '.join(SCHEDULES)}")
    for key in ("learning_rate", "joint_learning_rate", "discriminator_learning_rate"):
        need(getattr(optim, key) > 0, f"optim.{key}: above 0")
    need(0 <= optim.rebalance <= 1, "optim.rebalance: 0 to 1")
    need(0 <= optim.freeze_encoder <= 1, "optim.freeze_encoder: 0 to 1")
    need(0 <= optim.ema < 1, "optim.ema: 0 to below 1")
    need(
        optim.adversarial_loss in ADVERSARIAL_LOSSES,
        f"optim.adversarial_loss: {', '.join(ADVERSARIAL_LOSSES)}",
    )
    betas = optim.discriminator_betas
    need(
        len(betas) == 2 and all(0 <= b < 1 for b in betas),
        "optim.discriminator_betas: two numbers, 0 to below 1",
    )
    for key in (
        "weight_decay",
        "warmup_steps",
        "encoder_rate",
        "huber_weight",
        "clip_norm",
        "adversarial_weight",
        "feature_weight",
        "r1_weight",
        "noise_every",
        "retrain_steps",
        "fit_bins_from",
    ):
        need(getattr(optim, key) >= 0, f"optim.{key}: not negative")
    need(optim.r1_every >= 1, "optim.r1_every: at least 1")
    need(
        0 <= optim.retrain_below <= optim.retrain_until <= 1,
        "optim.retrain_below: 0 to optim.retrain_until, which is at most 1",
    )
    need(min(dataclasses.astuple(config.stages)) >= 0, "stages: steps are not negative")
    need(config.total_steps >= 1, "stages: at least one step in all")
    need(0 <= config.seed < 2**32, "seed: 0 to 4294967295")
    for key in (key for key in _TOP if key != "seed"):
        need(getattr(config, key) >= 1, f"{key}: at least 1")
