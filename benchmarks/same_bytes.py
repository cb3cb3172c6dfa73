"""Say by hashes what the project answers, so that a change of structure can be seen to keep it.

Runs nothing but the command line, and so works on any commit: every model of a configuration is
trained on a slice of the bundled corpus, the shipped model labels the example article, and the
rules alone find its holders. Prints one SHA-256 for each; the same lines from two commits mean
the same bytes.

    python benchmarks/same_bytes.py > before.txt      # on one commit
    python benchmarks/same_bytes.py | diff before.txt -
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import pyarrow.parquet as pq

ROOT = Path(__file__).resolve().parents[1]
ARTICLES = 60
"""How many articles of each split the slice holds, the first ones in the file."""


def main() -> None:
    stance = [str(Path(sys.executable).with_name("stance"))]
    with tempfile.TemporaryDirectory() as folder:
        rows = Path(folder) / "rows.jsonl"
        rows.write_text("".join(_slice()), encoding="utf-8")
        subprocess.run(
            [*stance, "run", str(ROOT / "configs/default.yaml"), f"data.path={rows}", "name=slice",
             "models.transformer.options.epochs=1", "behaviour=false"],
            check=True, cwd=folder, capture_output=True,
        )  # fmt: skip
        table = pq.read_table(Path(folder) / "runs/slice/predictions.parquet")
        for model in sorted(set(table["model"].to_pylist())):
            kept = [row for row in table.to_pylist() if row["model"] == model]
            print(f"{_hash(kept)}  predictions of {model}, {len(kept)} rows")
        labelled = subprocess.run(
            [*stance, "label", str(ROOT / "data/examples/strait.txt"), "--model",
             str(ROOT / "data/model"), "--format", "jsonl"],
            check=True, cwd=folder, capture_output=True, text=True,
        ).stdout  # fmt: skip
    # An article is named by its path, which is the checkout's.
    answers = [{**json.loads(line), "article": ""} for line in labelled.splitlines()]
    print(f"{_hash(answers)}  shipped model on the example, {len(answers)} rows")
    found = [
        {key: row[key] for key in ("sentence", "actor", "speaker", "cue", "quote", "target")}
        for row in answers
    ]
    print(f"{_hash(found)}  attribution on the example, {len(found)} rows")


def _slice() -> list[str]:
    lines: list[str] = []
    seen: dict[str, set[str]] = {}
    for line in (ROOT / "data/rows.jsonl").read_text(encoding="utf-8").splitlines(keepends=True):
        row = json.loads(line)
        articles = seen.setdefault(row["split"], set())
        if row["doc_id"] in articles or len(articles) < ARTICLES:
            articles.add(row["doc_id"])
            lines.append(line)
    return lines


def _hash(value: object) -> str:
    return hashlib.sha256(json.dumps(value, default=str).encode()).hexdigest()


if __name__ == "__main__":
    main()
