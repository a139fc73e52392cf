"""A training run's configuration: dataclasses with defaults, read from TOML, kept beside the run."""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from colorlab.errors import TrainingError


@dataclass(frozen=True, slots=True)
class DataConfig:
    crop: int = 128  # side of the training crops, pixels; a multiple of 32
    batch: int = 32
    min_scale: float = 0.6  # crops take a square of this..1 of the photo's short side
    flip: bool = True
    threads: int = 1
    manifest: str = ""  # CSV with columns file, source; needed by source_weights
    source_weights: dict[str, float] = field(default_factory=dict)  # 1.0 unless named


@dataclass(frozen=True, slots=True)
class ModelConfig:
    architecture: str = "unet-lite0"
    pretrained: bool = True  # start the encoder from ImageNet weights
    frozen_blocks: int = 0  # encoder blocks (of 16) that stay as they were for good, the stem with them
    ab_scale: float = 110.0  # network output times this is a*b*
    temperature: float = 0.38  # of the annealed mean (Zhang et al. 2016)
    gain: float = 1.0  # chroma multiplier of the exported network


@dataclass(frozen=True, slots=True)
class StageConfig:
    """Steps of the three stages, in order: generator alone, discriminator alone, both (NoGAN)."""

    pixel_steps: int = 4000
    discriminator_steps: int = 0
    joint_steps: int = 0


@dataclass(frozen=True, slots=True)
class OptimConfig:
    learning_rate: float = 1e-3  # peak of the generator's cosine in the pixel stage
    joint_learning_rate: float = 5e-5
    discriminator_learning_rate: float = 2e-4
    weight_decay: float = 1e-4
    warmup_steps: int = 200
    freeze_encoder: float = 0.12  # share of the pixel stage with the whole encoder frozen
    encoder_rate: float = 0.25  # the encoder's learning rate over the decoder's, afterwards
    ema: float = 0.999
    rebalance: float = 0.5  # 0: plain cross-entropy; 1: fully weighted by rarity
    huber_weight: float = 0.5
    adversarial_weight: float = 0.05
    fit_bins_from: int = 2048  # crops that the bin prior is counted on


@dataclass(frozen=True, slots=True)
class Config:
    data: DataConfig = field(default_factory=DataConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    stages: StageConfig = field(default_factory=StageConfig)
    optim: OptimConfig = field(default_factory=OptimConfig)
    seed: int = 0
    checkpoint_every: int = 200
    sample_every: int = 400

    def as_dict(self) -> dict[str, Any]:
        return dataclasses.asdict(self)

    @property
    def total_steps(self) -> int:
        s = self.stages
        return s.pixel_steps + s.discriminator_steps + s.joint_steps


_SECTIONS = {
    "data": DataConfig,
    "model": ModelConfig,
    "stages": StageConfig,
    "optim": OptimConfig,
}


def from_dict(values: Mapping[str, Any], origin: str = "configuration") -> Config:
    """Builds a Config; unknown keys and values out of range raise TrainingError naming them."""
    parts: dict[str, Any] = {}
    for key, value in values.items():
        if key in _SECTIONS:
            known = {f.name for f in dataclasses.fields(_SECTIONS[key])}
            unknown = set(value) - known
            if unknown:
                raise TrainingError(
                    f"unknown key {key}.{sorted(unknown)[0]}",
                    path=origin,
                    hint=f"Known here: {', '.join(sorted(known))}.",
                )
            parts[key] = _SECTIONS[key](**value)
        elif key in {"seed", "checkpoint_every", "sample_every"}:
            parts[key] = value
        else:
            raise TrainingError(f"unknown key {key}", path=origin)
    config = Config(**parts)
    _check(config, origin)
    return config


def load(path: Path) -> Config:
    """Reads a TOML configuration. Raises TrainingError when it is missing or wrong."""
    try:
        return from_dict(tomllib.loads(path.read_text(encoding="utf-8")), str(path))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise TrainingError(str(error), path=str(path)) from error


def _check(config: Config, origin: str) -> None:
    def need(ok: bool, what: str) -> None:
        if not ok:
            raise TrainingError(what, path=origin)

    need(config.data.crop >= 32 and config.data.crop % 32 == 0, "data.crop: a multiple of 32")
    need(config.data.batch >= 1, "data.batch: at least 1")
    need(0 < config.data.min_scale <= 1, "data.min_scale: above 0, at most 1")
    need(0 <= config.model.frozen_blocks <= 16, "model.frozen_blocks: 0 to 16")
    need(config.model.temperature > 0, "model.temperature: above 0")
    need(0 <= config.optim.rebalance <= 1, "optim.rebalance: 0 to 1")
    need(0 <= config.optim.ema < 1, "optim.ema: 0 to below 1")
    need(config.total_steps >= 1, "stages: at least one step in all")
    need(config.checkpoint_every >= 1 and config.sample_every >= 1, "every: at least 1 step")
