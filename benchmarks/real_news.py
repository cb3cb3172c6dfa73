"""How a model trained on invented news does on real sentences whose text cannot be bundled.

    python benchmarks/real_news.py FOLDER MODEL [MODEL ...]

FOLDER holds `real_sentences.jsonl` and `real_article_rows.jsonl` (rows of the codebook: text,
actor, stance) and `plover_train.jsonl` (text, actor, target, label). The gold holder is given.
PLOVER roots that the codebook maps to stances are scored over those roots alone: a root's
probability is the sum over its stances. `strict` also counts a most probable stance outside the
five as wrong.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np

import stance
from stance.codebook import load_codebook
from stance.evaluation import metrics
from stance.models.store import StoredModel
from stance.schema import Example

REAL = ("real_sentences", "real_article_rows")


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as handle:
        return [json.loads(line) for line in handle]


def as_example(row: dict[str, str]) -> Example:
    return Example(id=row["id"], text=row["text"], actor=row["actor"] or "")


def score_stances(model: StoredModel, rows: list[dict[str, str]], name: str) -> None:
    book = load_codebook()
    names, relations = book.classes["stance"], book.relation_ids()
    kept = [row for row in rows if row["stance"] in names]
    truth = np.array([names.index(row["stance"]) for row in kept])
    guess = model.predict_proba([as_example(row) for row in kept])["stance"].argmax(axis=1)
    coarse, coarse_guess = metrics.relabel(truth, relations), metrics.relabel(guess, relations)
    labels = metrics.per_label(truth, guess, len(names))
    print(
        f"  {name} ({len(kept)}): macro-F1 {metrics.macro_f1(truth, guess, len(names)):.3f}, "
        f"relation {metrics.macro_f1(coarse, coarse_guess, 3):.3f}, "
        f"accuracy {metrics.accuracy(truth, guess, len(names)):.3f}"
    )
    print("    " + ", ".join(f"{n} {v:.2f}" for n, v in zip(names, labels.f1, strict=True)))


def score_roots(model: StoredModel, rows: list[dict[str, str]]) -> None:
    book = load_codebook()
    names, codes = book.classes["stance"], book.crosswalk("plover")
    roots = list(codes)
    kept = [row for row in rows if row["label"] in codes]
    truth = np.array([roots.index(row["label"]) for row in kept])
    values = model.predict_proba([as_example(row) for row in kept])["stance"]
    sums = np.stack(
        [values[:, [names.index(label) for label in codes[root]]].sum(axis=1) for root in roots],
        axis=1,
    )
    home = np.array(
        [next((at for at, root in enumerate(roots) if n in codes[root]), len(roots)) for n in names]
    )
    strict = home[values.argmax(axis=1)]
    size = len(roots)
    # The sixth label, "none of the five", has no true rows: it is left out of the strict mean.
    strict_f1 = metrics.per_label(truth, strict, size + 1).f1[:size].mean()
    print(
        f"  PLOVER, {size} roots ({len(kept)}): macro-F1 "
        f"{metrics.macro_f1(truth, sums.argmax(axis=1), size):.3f}, strict {strict_f1:.3f}"
    )


def main(folder: Path, models: list[str]) -> None:
    real = {name: read(folder / f"{name}.jsonl") for name in REAL}
    plover = read(folder / "plover_train.jsonl")
    for name in models:
        model = stance.load_model(name)
        print(f"{name} ({model.kind})")
        for part, rows in real.items():
            score_stances(model, rows, part)
        score_stances(model, [row for rows in real.values() for row in rows], "both")
        score_roots(model, plover)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
