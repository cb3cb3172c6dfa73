"""How soon training reaches a validation score: ours beside the stock `transformers` example.

    python benchmarks/training.py [KEY=VALUE ...] [--config FILE] [--rows N] [--out FILE]

Four trainings of the same encoder on the same rows with the same number of threads, in turn and
then in reverse turn, `--repeats` times:

    stock     the text-classification example's defaults: Trainer, every row padded to 128 tokens,
              batches of 8, lr 5e-5, three epochs, float32, a plain head, nothing frozen
    dynamic   the same, padded to the longest row of a batch
    ours      the configuration's model `transformer`
    frozen    ours with the lowest three layers frozen

Stock and dynamic read the sentence and, as its pair, the holder (and the target where ours shows
it), and learn the stance alone; ours learns the sentiment as well where rows have it. Each is
asked for the validation rows' stances after every `--every` rows trained on; that time is taken
off the clock, which runs from before the encoder is loaded. The target of a pair is the macro-F1
with which the slower of the two ends in that repeat, or `--target`; each one's time is that of
its first evaluation to reach it. Rows a second leave out the first step. Rows are the
configuration's; of folds the first is used:

    python benchmarks/training.py --config configs/corpora/plover/run.yaml \\
        data.path=plover_train.jsonl
"""

from __future__ import annotations

import argparse
import math
import random
import statistics
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from trainings import Setup, Timed, measure, systems

from stance.cli import console
from stance.codebook import load_codebook
from stance.config import RunConfig, TransformerConfig, load_config
from stance.errors import InputError
from stance.files import resolve, sha256_file, write_json
from stance.models.threads import set_threads
from stance.models.transformer.backbone import go_offline
from stance.runs import folder as provenance
from stance.runs.experiment import load_rows, make_splits

BASELINES = ("stock", "dynamic")


@dataclass(frozen=True, slots=True)
class Pair:
    """A baseline and one of ours, repeat by repeat."""

    baseline: str
    ours: str
    targets: list[float] = field(default_factory=list)
    seconds: list[tuple[float, float]] = field(default_factory=list)

    def add(self, slow: Timed, fast: Timed, target: float | None) -> None:
        slower = max(slow, fast, key=lambda item: item.end.seconds)
        goal = slower.end.macro_f1 if target is None else target
        self.targets.append(goal)
        self.seconds.append((slow.reached(goal), fast.reached(goal)))

    @property
    def ratios(self) -> list[float]:
        """How many times sooner ours is; 0 where it alone does not get there."""
        return [
            math.nan if math.isinf(slow) and math.isinf(fast) else slow / fast
            for slow, fast in self.seconds
        ]

    @property
    def ratio(self) -> float:
        return statistics.median(r for r in self.ratios) if self.known else math.nan

    @property
    def known(self) -> bool:
        return not any(math.isnan(ratio) for ratio in self.ratios)


def pairs(repeats: Sequence[dict[str, Timed]], target: float | None) -> list[Pair]:
    ours = [name for name in repeats[0] if name not in BASELINES]
    made = [Pair(slow, fast) for slow in BASELINES for fast in ours]
    for done in repeats:
        for pair in made:
            pair.add(done[pair.baseline], done[pair.ours], target)
    return made


def show(repeats: Sequence[dict[str, Timed]], compared: Sequence[Pair]) -> None:
    median = statistics.median
    rows = []
    for name in repeats[0]:
        found = [done[name] for done in repeats]
        rows.append(
            [
                name,
                f"{median(item.rows_per_second for item in found):.1f}",
                f"{median(item.end.seconds for item in found):.0f} s",
                f"{median(item.end.macro_f1 for item in found):.3f}",
            ]
        )
    columns = ["training", "rows a second", "to its end", "macro-F1 there"]
    console.print_table(f"medians of {len(repeats)} repeats", columns, rows, right=range(1, 4))
    rows = [
        [
            f"{pair.ours} : {pair.baseline}",
            f"{median(pair.targets):.3f}",
            _seconds(median(slow for slow, _ in pair.seconds)),
            _seconds(median(fast for _, fast in pair.seconds)),
            *(
                f"{value:.2f}" if pair.known else "–"
                for value in (pair.ratio, min(pair.ratios), max(pair.ratios))
            ),
        ]
        for pair in compared
    ]
    columns = ["pair", "macro-F1", "baseline", "ours", "times sooner", "least", "most"]
    title = "seconds to the same validation macro-F1 (– where it is not reached)"
    console.print_table(title, columns, rows, right=range(1, 7))


def _seconds(value: float) -> str:
    return "–" if math.isinf(value) else f"{value:.0f}"


def to_json(repeats: Sequence[dict[str, Timed]], compared: Sequence[Pair]) -> dict[str, Any]:
    """Every probe and every ratio; null for what was not reached."""

    def plain(value: float) -> float | None:
        return value if math.isfinite(value) else None

    return {
        "trainings": [
            {"repeat": at, **asdict(item), "rows_per_second": plain(item.rows_per_second)}
            for at, done in enumerate(repeats)
            for item in done.values()
        ],
        "pairs": [
            {
                "baseline": pair.baseline,
                "ours": pair.ours,
                "targets": pair.targets,
                "seconds": [[plain(value) for value in both] for both in pair.seconds],
                "times_sooner": [plain(ratio) for ratio in pair.ratios],
                "median_times_sooner": plain(pair.ratio),
            }
            for pair in compared
        ],
    }


def read(config: RunConfig, cap: int) -> Setup:
    """Read the rows that have a stance; of more than ``cap`` a fixed draw, the same for all."""
    entry = config.models.get("transformer")
    if not isinstance(entry, TransformerConfig):
        raise InputError(f"{config.name}: no model named transformer to compare with")
    codebook = load_codebook(resolve(config.codebook))
    rows = load_rows(config, codebook)
    split = make_splits(config, rows)[0]
    parts = []
    for places in (split.train, split.validation):
        kept = [rows[at] for at in places.tolist() if rows[at].stance is not None]
        if cap and len(kept) > cap:
            kept = random.Random(0).sample(kept, cap)
        parts.append(kept)
    return Setup(entry, codebook, *parts)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("overrides", nargs="*", metavar="KEY=VALUE", help="settings of the file")
    parser.add_argument("--config", default="configs/default.yaml")
    parser.add_argument("--rows", type=int, default=0, help="cap on training and validation rows")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--every", type=int, default=640, help="rows between two evaluations")
    parser.add_argument("--target", type=float, default=None, help="macro-F1 to be reached")
    parser.add_argument("--ours", nargs="+", default=[], help="which of ours; all where left out")
    parser.add_argument("--steps", type=int, default=0, help="cap on steps, for a trial")
    parser.add_argument("--out", type=Path, default=None, help="JSON with every evaluation")
    chosen = parser.parse_args()
    go_offline()
    set_threads(chosen.threads)
    config = load_config(chosen.config, chosen.overrides)
    setup = read(config, chosen.rows)
    seeds = range(1, chosen.repeats + 1)
    facts = provenance.describe(
        argv=sys.argv, config=config.model_dump(mode="json"), seeds=seeds, threads=chosen.threads,
        hashes={"data": sha256_file(resolve(config.data.path))},
    )  # fmt: skip
    facts |= {"rows": {"train": len(setup.train), "validation": len(setup.validation)}}
    found = {
        name: train
        for name, train in systems(setup.entry).items()
        if name in BASELINES or not chosen.ours or name in chosen.ours
    }
    few = replace(setup, train=setup.train[:64], validation=setup.validation[:16])
    for name, train in found.items():  # so that imports and a cold disk are nobody's cost
        measure(name, train, few, 0, every=chosen.every, limit=2)
    repeats: list[dict[str, Timed]] = []
    for at, seed in enumerate(seeds):
        order = list(found) if at % 2 == 0 else list(reversed(found))
        done = {}
        for name in order:
            done[name] = measure(
                name, found[name], setup, seed, every=chosen.every, limit=chosen.steps
            )
            end = done[name].end
            console.err.print(
                f"repeat {at + 1}, {name}: {done[name].rows_per_second:.1f} rows a second, "
                f"macro-F1 {end.macro_f1:.3f} after {end.seconds:.0f} s", markup=False,
            )  # fmt: skip
        repeats.append({name: done[name] for name in found})
        compared = pairs(repeats, chosen.target)
        if chosen.out:  # after each repeat: a long run that dies has not been for nothing
            write_json(chosen.out, {**facts, **to_json(repeats, compared)})
    show(repeats, compared)


if __name__ == "__main__":
    main()
