"""How soon an article is labelled, with how much memory, and whether the export can be trusted.

    python benchmarks/labelling.py [MODEL] [--rows 2000] [--repeats 5]

MODEL is a stored model's folder, the one that ships where left out. Timed from outside, from the
start of the process to its end, after one run that counts for nothing: `stance --help`, and
`stance label` on the first bundled article of twenty sentences or more, cut after the twentieth.
The same rows then go through the export (onnxruntime) and through torch, on one thread each:
equal labels, the largest difference of any probability, rows a second.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from stance.articles.segment import segment
from stance.cli import console
from stance.codebook import load_codebook
from stance.corpus.load import Source, load_source
from stance.errors import InputError
from stance.files import resolve
from stance.models.base import Probabilities
from stance.models.store import load_model
from stance.models.threads import set_threads
from stance.models.transformer.backbone import go_offline
from stance.schema import Example

SENTENCES = 20
CLI = str(Path(sys.executable).with_name("stance"))


@dataclass(frozen=True, slots=True)
class Process:
    """What one run of a command cost."""

    seconds: float
    megabytes: float


def run(command: Sequence[str]) -> Process:
    """Run a command to its end; its peak memory is what the kernel saw of it and its children."""
    began = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    seconds = time.perf_counter() - began
    if code := os.waitstatus_to_exitcode(status):
        raise InputError(f"{' '.join(command)}: exit code {code}")
    return Process(seconds, usage.ru_maxrss / 1024)


def twenty_sentences() -> str:
    """Return the beginning of the first bundled article that is long enough."""
    for line in resolve("data/articles.jsonl").read_text(encoding="utf-8").splitlines():
        text: str = json.loads(line)["text"]
        sentences = segment(text)
        if len(sentences) >= SENTENCES:
            return text[: sentences[SENTENCES - 1].end]
    raise InputError(f"no bundled article has {SENTENCES} sentences")


def time_commands(model: Path, repeats: int) -> None:
    with tempfile.TemporaryDirectory(prefix="stance-") as folder:
        article = Path(folder) / "article.txt"
        article.write_text(twenty_sentences(), encoding="utf-8")
        rows = str(Path(folder) / "rows.jsonl")
        label = [CLI, "label", str(article), "--model", str(model), "-f", "jsonl", "-o", rows]
        named = {"stance --help": [CLI, "--help"], f"stance label, {SENTENCES} sentences": label}
        table = []
        for name, command in named.items():
            found = []
            for _ in range(repeats + 1):
                Path(rows).unlink(missing_ok=True)
                found.append(run(command))
            seconds = [item.seconds for item in found[1:]]
            table.append(
                [
                    name,
                    f"{statistics.median(seconds):.2f}",
                    f"{max(seconds):.2f}",
                    f"{max(item.megabytes for item in found):.0f}",
                ]
            )
    columns = ["command", "seconds", "slowest", "peak MB"]
    console.print_table(f"medians of {repeats} runs", columns, table, right=range(1, 4))


def compare_runtimes(folder: Path, rows: Sequence[Example]) -> None:
    set_threads(1)
    answers: dict[str, Probabilities] = {}
    rates = {}
    for name, runtime in (("onnxruntime", "auto"), ("torch", "torch")):
        model = load_model(folder, runtime=runtime)  # type: ignore[arg-type]
        model.predict_proba(rows[:64])
        began = time.perf_counter()
        answers[name] = model.predict_proba(rows)
        rates[name] = len(rows) / (time.perf_counter() - began)
    table = []
    for task, reference in answers["torch"].items():
        exported = answers["onnxruntime"][task]
        same = int((exported.argmax(axis=1) == reference.argmax(axis=1)).sum())
        apart = float(np.abs(exported - reference).max())
        table.append([task, f"{same} of {len(rows)}", f"{apart:.1e}"])
    columns = ["task", "equal labels", "largest difference"]
    console.print_table("the export beside torch", columns, table, right=range(1, 3))
    speed = [[name, f"{rate:.0f}"] for name, rate in rates.items()]
    times = f"onnxruntime {rates['onnxruntime'] / rates['torch']:.2f} times as fast"
    console.print_table(times, ["runtime", "rows a second"], speed, right=range(1, 2))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("model", nargs="?", default="data/model", help="a stored model's folder")
    parser.add_argument("--rows", type=int, default=2000, help="bundled rows for both runtimes")
    parser.add_argument("--repeats", type=int, default=5)
    chosen = parser.parse_args()
    go_offline()
    folder = resolve(chosen.model)
    time_commands(folder, chosen.repeats)
    examples = load_source(Source("data/rows.jsonl"), load_codebook())
    distinct = {example.text: example for example in examples}
    compare_runtimes(folder, list(islice(distinct.values(), chosen.rows)))


if __name__ == "__main__":
    main()
