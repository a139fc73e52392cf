"""What the training loop costs beside the step it runs, and how long it waits for photos.

    python benchmarks/training_step.py FOLDER [--config tiny-cpu] [--blocks 10] [--steps 40]

The loop of `colorlab train` runs as it is. After each block of its steps, the compiled step of the
backend is called as often on a batch that is ready, with nothing else: that is the bare step.
Medians over the blocks, and the ratio's range.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any
from unittest import mock

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from colorlab.training import config as configs
from colorlab.training import data, loop, steps
from colorlab.training.steps_tensorflow import TensorFlowTrainer

WARM_UP = 20  # steps


class Watch:
    """Stands between the loop and the compiled step: seconds per step, a number for each block."""

    def __init__(self, steps: int) -> None:
        self.steps = steps  # in a block
        self.loop: list[float] = []
        self.bare: list[float] = []
        self.waited: list[float] = []
        self.waiting = 0.0  # of the present block, so far
        self._calls = -WARM_UP
        self._began = 0.0

    def step(self, compiled: Callable[..., Any], *batch: Any) -> Any:
        """A step of the loop; between two blocks of them, as many bare ones."""
        if self._calls >= 0 and self._calls % self.steps == 0:
            if self._calls:
                self.loop.append((time.perf_counter() - self._began) / self.steps)
                self.waited.append(self.waiting / self.steps)
            begin = time.perf_counter()
            for _ in range(self.steps):
                values = compiled(*batch)
                _ = float(next(iter(values.values())))  # it is done
            self.bare.append((time.perf_counter() - begin) / self.steps)
            self._began, self.waiting = time.perf_counter(), 0.0
        self._calls += 1
        return compiled(*batch)


class TimedLoader:
    """A loader whose batches are waited for by the clock."""

    def __init__(self, loader: data.Loader, watch: Watch) -> None:
        self._loader, self._watch = loader, watch
        self.failed = loader.failed

    def next(self) -> Any:
        """The next batch."""
        begin = time.perf_counter()
        batch = self._loader.next()
        self._watch.waiting += time.perf_counter() - begin
        return batch


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--config", default="tiny-cpu")
    parser.add_argument("--blocks", type=int, default=10)
    parser.add_argument("--steps", type=int, default=40, help="in each block")
    args = parser.parse_args()
    total = WARM_UP + args.blocks * args.steps + 1
    config = configs.load(args.config)
    stages = replace(config.stages, pixel_steps=total, discriminator_steps=0, joint_steps=0)
    rare = 10 * total
    config = replace(
        config,
        stages=stages,
        checkpoint_every=rare,
        sample_every=rare,
        data=replace(config.data, manifest="", source_weights={}),
        optim=replace(config.optim, freeze_encoder=0.0),  # no other step to compile on the way
    )
    watch = Watch(args.steps)
    compiled, opened = TensorFlowTrainer._run, data.PhotoSource.open

    def run(*given: Any) -> Any:
        return watch.step(compiled, *given)

    def timed(*given: Any, **how: Any) -> TimedLoader:
        return TimedLoader(opened(*given, **how), watch)

    with (
        mock.patch.object(TensorFlowTrainer, "_run", run),
        mock.patch.object(data.PhotoSource, "open", timed),
        mock.patch.object(steps, "_AVERAGED_EACH_STEP", 0),  # as in the most of a run
        tempfile.TemporaryDirectory() as folder,
    ):
        loop.train([args.folder], Path(folder) / "run", config)
    pairs = list(zip(watch.loop, watch.bare, strict=False))
    ratios = sorted(ours / bare for ours, bare in pairs)
    bare, ours = median(watch.bare), median(watch.loop)
    print(f"{args.config}: the bare step {1000 * bare:.1f} ms, in the loop {1000 * ours:.1f} ms")
    print(
        f"the loop costs {100 * (median(ratios) - 1):.1f} % (blocks {100 * (ratios[0] - 1):.1f} to "
        f"{100 * (ratios[-1] - 1):.1f} %), waiting for photos "
        f"{100 * median(watch.waited) / ours:.1f} % of its time"
    )


if __name__ == "__main__":
    main()
