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
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from colorlab.training import config as configs
from colorlab.training import data, loop, steps
from colorlab.training.steps_tensorflow import TensorFlowTrainer

WARM_UP = 20  # steps


class Watch:
    """Stands between the loop and the compiled step."""

    def __init__(self, block: int) -> None:
        self.block = block
        self.calls = 0
        self.loop: list[float] = []  # seconds of blocks, per step
        self.bare: list[float] = []
        self.waited: list[float] = []
        self._began = self._waiting = 0.0

    def run(self, original: Any, trainer: Any, *batch: Any) -> Any:
        """One call of the loop; at the end of a block, as many bare ones."""
        at = self.calls - WARM_UP
        self.calls += 1
        if at >= 0 and at % self.block == 0:
            if at:
                self.loop.append((time.perf_counter() - self._began) / self.block)
                self.waited.append(self._waiting / self.block)
            begin = time.perf_counter()
            for _ in range(self.block):
                values = original(trainer, *batch)
                _ = float(next(iter(values.values())))  # it is done
            self.bare.append((time.perf_counter() - begin) / self.block)
            self._began, self._waiting = time.perf_counter(), 0.0
        return original(trainer, *batch)

    def next(self, original: Any, loader: Any) -> Any:
        """The next batch, timed."""
        begin = time.perf_counter()
        batch = original(loader)
        self._waiting += time.perf_counter() - begin
        return batch


class _Timed:
    def __init__(self, loader: Any, watch: Watch) -> None:
        self._loader, self._watch = loader, watch

    def next(self) -> Any:
        return self._watch.next(lambda loader: loader.next(), self._loader)

    def failed(self) -> Any:
        return self._loader.failed()


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
    original, opened = TensorFlowTrainer._run, data.PhotoSource.open
    TensorFlowTrainer._run = lambda *given: watch.run(original, *given)  # type: ignore[method-assign]
    data.PhotoSource.open = lambda self, **how: _Timed(opened(self, **how), watch)  # type: ignore
    steps._EMA_EACH_STEP = 0  # as in the most of a run
    with tempfile.TemporaryDirectory() as run:
        loop.train([args.folder], Path(run) / "run", config)
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
