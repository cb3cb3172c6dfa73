"""How the transformer grows with the corpus: train on a share of its training articles.

    python benchmarks/learning_curve.py OUT [SHARE ...]

Takes the articles in the order of a hash of their id, so that each share holds the smaller ones;
validation and test articles stay whole. Writes one run per share into OUT and prints test
macro-F1 over the nine stances with its 95 % interval over articles. Seed 1, the settings of
configs/default.yaml.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from pathlib import Path

import stance
from stance.files import bundled, write_jsonl

SHARES = (0.1, 0.25, 0.5)


def main(out: Path, shares: tuple[float, ...]) -> None:
    with bundled("data/rows.jsonl").open(encoding="utf-8") as handle:
        rows = [json.loads(line) for line in handle]
    train = sorted(
        {row["doc_id"] for row in rows if row["split"] == "train"},
        key=lambda name: hashlib.sha256(name.encode()).hexdigest(),
    )
    for share in shares:
        kept = set(train[: round(share * len(train))])
        path = out / f"rows-{share}.jsonl"
        write_jsonl(path, (r for r in rows if r["split"] != "train" or r["doc_id"] in kept))
        done = stance.run(
            "configs/default.yaml",
            [f"name=share-{share}", f"data.path={path}"],
            models=["transformer"],
            runs=out,
            resume=True,
        )
        (result,) = done.results.of("stance")
        bounds, relation = result.intervals["macro_f1"], result.relation_scores["macro_f1"]
        print(
            f"{share:.0%} of training articles ({len(kept)}): macro-F1 {bounds.estimate:.3f} "
            f"({bounds.low:.3f}–{bounds.high:.3f}), relation {relation:.3f}",
            flush=True,
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("shares", type=float, nargs="*", default=SHARES)
    chosen = parser.parse_args()
    main(chosen.out, tuple(chosen.shares))
