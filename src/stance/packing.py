"""A trained transformer made small enough to ship: packed, checked, calibrated, described.

What is written is what is tested: the graph is exported from the merged weights, compared with
torch, scored beside the full model on labelled rows, and calibrated on those rows if there are
any. Without rows the calibration of the full model is carried over, and the card says so.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from stance.errors import InputError, ModelError
from stance.evaluation.metrics import PerLabel, macro_f1, per_label
from stance.files import read_json
from stance.models.abstention import PRECISIONS, fit_thresholds
from stance.models.base import Classes, Probabilities, labelled
from stance.models.calibration import fit_calibration
from stance.models.store import Learned, load_model, read_learned, save_model
from stance.models.transformer.adapter import is_adapter
from stance.models.transformer.backbone import MINILM
from stance.models.transformer.runtime import OnnxClassifier
from stance.report.markup import plain
from stance.report.tables import markdown_text
from stance.runs.folder import RUN_FILE, command_line
from stance.schema import Example

_UPSTREAM = "sentence-transformers/all-MiniLM-L6-v2"


@dataclass(frozen=True, slots=True)
class Agreement:
    """How one task's answers of the packed model compare with the full model's.

    ``same`` is the share of all rows given the same label; the scores are of the ``n_rows``
    that have a true one. ``labels`` are the packed model's, in the order of ``names``.
    """

    task: str
    names: tuple[str, ...]
    n_rows: int
    same: float
    full_f1: float
    packed_f1: float
    labels: PerLabel


@dataclass(frozen=True, slots=True)
class AdapterCard:
    """What an adapter's card is written from.

    ``state`` is how it was trained (style, options, seed); ``rows`` names the labelled rows
    of ``agreements``, empty where none were given.
    """

    name: str
    codebook: Mapping[str, Any]
    state: Mapping[str, Any]
    bits: int
    rows: str
    agreements: tuple[Agreement, ...]

    def markdown(self, run: Mapping[str, Any]) -> str:
        """Write the card; ``run`` is the training run's ``run.json``, empty where unknown."""
        parts = [self._header(), f"# {_text(self.name)}", self._what(), self._made(run)]
        parts += [self._scores(), self._limits(), self._licence()]
        return "\n\n".join(parts) + "\n"

    def _header(self) -> str:
        facts: dict[str, Any] = {"language": ["en"], "pipeline_tag": "text-classification"}
        if self.state["backbone"] == MINILM:
            facts |= {"license": "apache-2.0", "base_model": _UPSTREAM}
        facts |= {"base_model_relation": "adapter", "tags": ["stance-detection"]}
        return f"---\n{yaml.safe_dump(facts, sort_keys=False)}---"

    def _what(self) -> str:
        tasks = [task for task in ("stance", "sentiment") if self.codebook.get(task)]
        lists = "\n".join(
            f"- {task}: {', '.join(_text(label['name']) for label in self.codebook[task])}"
            for task in tasks
        )
        return (
            "Reads one sentence and the name of one holder in it (or the writer) and gives labels "
            f"of the codebook {_text(self.codebook.get('name', ''))}, version "
            f"{self.codebook.get('version', '')}, with calibrated probabilities:\n\n{lists}\n\n"
            "`stance label article.txt` uses it where it ships with the package. The folder "
            "holds what fine-tuning added to the encoder's weights, in "
            f"{self.bits} bits a number (`adapter.safetensors`), the network's graph without "
            "weights (`graph.onnx`), the tokenizer, calibration and abstention thresholds "
            "(`model.json`), hashes of the rows it learned from where they are known "
            "(`known-rows.json`), and the SHA-256 of every file (`manifest.json`). The weights are "
            "put together in memory on loading; the encoder must be the one whose SHA-256 stands "
            "in `adapter.json`."
        )

    def _made(self, run: Mapping[str, Any]) -> str:
        lines = [f"- encoder: {_text(self.state['backbone'])}", f"- seed: {self.state['seed']}"]
        if run:
            git, hashes = run.get("git") or {}, run.get("sha256") or {}
            lines += [
                f"- trained by: `{plain(command_line(run)).replace('`', chr(39))}`",
                f"- data: {_text(run['config']['data']['path'])}, "
                f"SHA-256 `{hashes.get('data', 'not recorded')}`",
                f"- codebook: SHA-256 `{hashes.get('codebook', 'not recorded')}`",
                f"- commit: {git.get('commit') or 'not recorded'}"
                + (" with uncommitted changes" if git.get("dirty") else ""),
                f"- began: {_text(run.get('started', 'not recorded'))}",
            ]
        settings = {"style": self.state["style"], "options": self.state["options"]}
        text = yaml.safe_dump(settings, sort_keys=False).rstrip()
        return "## How it was made\n\n" + "\n".join(lines) + f"\n\n```yaml\n{text}\n```"

    def _scores(self) -> str:
        if not self.agreements:
            return (
                "## Scores\n\nThe packed model was not scored; its calibration and thresholds are "
                "those of the full model."
            )
        lines = [
            f"## Scores\n\nOn {_text(self.rows)}, which also chose its training's length, its "
            "calibration and its thresholds, so new rows of the same kind score a little lower:\n",
            "| task | rows | macro-F1 | macro-F1 of the full model | same label |",
            "| --- | ---: | ---: | ---: | ---: |",
        ]
        for one in self.agreements:
            lines.append(
                f"| {one.task} | {one.n_rows} | {one.packed_f1:.3f} | {one.full_f1:.3f} "
                f"| {one.same:.2%} |"
            )
        for one in self.agreements:
            lines += [
                f"\n| {one.task} | precision | recall | F1 | rows |",
                "| --- | ---: | ---: | ---: | ---: |",
            ]
            for at, name in enumerate(one.names):
                found = one.labels
                lines.append(
                    f"| {_text(name)} | {found.precision[at]:.2f} | {found.recall[at]:.2f} "
                    f"| {found.f1[at]:.2f} | {int(found.support[at])} |"
                )
        return "\n".join(lines)

    def _limits(self) -> str:
        return (
            "## Limits\n\nIt reads English, one sentence at a time, and knows nothing of the "
            "sentences around it. Its scores say nothing about other sources, registers or years "
            "than those of its rows. An answer says what somebody is "
            "reported to hold; a wrong one misreports them, so single answers want a reader's eye."
        )

    def _licence(self) -> str:
        if self.state["backbone"] == MINILM:
            return (
                f"## Licence\n\nApache-2.0, as the package. The encoder, {_UPSTREAM}, is "
                "Apache-2.0; its weights are not in this folder."
            )
        return "## Licence\n\nThat of the package and of the encoder, which is not in this folder."


def _text(value: object) -> str:
    return markdown_text(plain(value))


_TOLERANCE = 1e-4  # of a probability, between torch and the graph with the same weights
_CARD = "README.md"
_MOST_LEARNED = 50_000  # hashes of rows in an adapter: about a megabyte
_PROBE = "The blockade was a disgrace, Ane Ruud told the council on Monday."


@dataclass(frozen=True, slots=True)
class Packed:
    """An adapter as written. ``gap`` is the largest difference in probability to torch."""

    folder: Path
    size: int
    bits: int
    gap: float
    agreements: tuple[Agreement, ...]

    def to_json(self) -> dict[str, Any]:
        """Return plain values; scores by label stay in the card."""
        found = [{k: v for k, v in asdict(one).items() if k != "labels"} for one in self.agreements]
        return {
            "folder": str(self.folder), "bytes": self.size, "bits": self.bits, "gap": self.gap,
            "agreement": found,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rows:
    """Labelled rows to compare and calibrate on, and what to call them."""

    examples: Sequence[Example] = ()
    name: str = ""


class _Adapter(OnnxClassifier):
    """The adapter as it runs; saving copies its parts."""

    parts: Path
    state: dict[str, Any]

    def save(self, folder: Path) -> dict[str, Any]:
        for path in self.parts.iterdir():
            (folder / path.name).write_bytes(path.read_bytes())
        return self.state


def pack(
    source: Path,
    out: Path,
    rows: Rows | None = None,
    *,
    bits: int = 4,
    backbone: str | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> Packed:
    """Write a trained transformer's folder as an adapter over its encoder.

    Args:
        source: a trained transformer's folder.
        out: replaced where it holds an adapter already.
        rows: to compare with the full model and to calibrate on: validation rows.
        bits: for each number of a matrix that training changed.
        backbone: the encoder it was trained from, where that is not the packaged one.

    Raises:
        ModelError: no transformer, one that is an adapter already, or an export that differs.
        InputError: ``out`` holds something else.
    """
    rows = rows or Rows()
    if out.exists() and not is_adapter(out):
        raise InputError(f"{out}: is there and is no adapter; name a new folder")
    full = load_model(source, runtime="torch")
    if full.kind != "transformer" or is_adapter(source):
        what = "an adapter already" if is_adapter(source) else f"a {full.kind} model"
        raise ModelError(f"{source}: {what}; only a whole fine-tuned transformer can be packed")
    network: Any = full.classifier
    examples = list(rows.examples)
    say("asking the full model")
    before = network.predict_proba(examples) if examples else {}
    with tempfile.TemporaryDirectory(prefix="stance-") as temporary:
        parts = Path(temporary)
        say("packing and exporting")
        state = network.save_adapter(parts, bits=bits, backbone=backbone)
        packed = _Adapter.load(parts, state, full.classes)
        packed.parts, packed.state = parts, state
        say("comparing")
        asked = examples or [Example("0", "Nobody spoke."), Example("1", _PROBE, "Ane Ruud")]
        after = packed.predict_proba(asked)
        gap = _gap(network.predict_proba(asked), after)
        if not gap < _TOLERANCE:
            raise ModelError(f"{out}: the graph differs from torch by {gap:.2g}; nothing written")
        agreements = _agreements(before, after, examples, full.classes)
        calibration, thresholds = full.calibration, full.thresholds
        if examples:
            calibration = fit_calibration(after, examples, full.classes)
            wanted = {item.precision for found in full.thresholds.values() for item in found}
            thresholds = fit_thresholds(
                calibration.apply(after),
                examples,
                full.classes,
                precisions=sorted(wanted) or PRECISIONS,
            )
        card = AdapterCard(full.name, full.codebook, state, bits, rows.name, agreements)
        (parts / _CARD).write_text(card.markdown(_run_facts(source)), encoding="utf-8")
        save_model(
            packed, out, name=full.name, calibration=calibration, codebook=full.codebook,
            thresholds=thresholds, learned=_learned(source, examples, say),
        )  # fmt: skip
    size = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
    return Packed(out, size, bits, gap, agreements)


def _learned(
    source: Path, examples: Sequence[Example], say: Callable[[str], None]
) -> Learned | None:
    """Return the rows that the adapter knows of; None where they are too many to carry."""
    known = read_learned(source)
    if known is None:
        return None  # those of the calibration alone would look like all of them
    learned = known | Learned.of(validation=examples)
    if len(learned) > _MOST_LEARNED:
        say(f"{len(learned)} rows made the model; the adapter is kept small and not told which")
        return None
    return learned


def _gap(one: Probabilities, other: Probabilities) -> float:
    return max(float(np.abs(one[task] - other[task]).max()) for task in one)


def _agreements(
    before: Probabilities, after: Probabilities, examples: Sequence[Example], classes: Classes
) -> tuple[Agreement, ...]:
    found = []
    for task, values in before.items():
        full, packed = values.argmax(axis=1), after[task].argmax(axis=1)
        rows, truth = labelled(examples, task, classes[task])
        if not len(rows):
            continue
        n_labels = len(classes[task])
        found.append(
            Agreement(
                task,
                classes[task],
                len(rows),
                float((full == packed).mean()),
                macro_f1(truth, full[rows], n_labels),
                macro_f1(truth, packed[rows], n_labels),
                per_label(truth, packed[rows], n_labels),
            )
        )
    return tuple(found)


def _run_facts(source: Path) -> Mapping[str, Any]:
    """Return what the run that a model lies in noted before training; nothing where it has none."""
    path = source.resolve().parents[1] / RUN_FILE
    return read_json(path) if path.is_file() else {}
