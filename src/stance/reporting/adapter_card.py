"""The model card of an adapter that ships: what it is, made from what, how good, its limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from stance.evaluation.metrics import PerLabel
from stance.models.transformer.backbone import MINILM
from stance.reporting.markup import plain
from stance.reporting.tables import markdown_text
from stance.runs.folder import command_line

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
            "`stance label article.txt` uses it where nothing was trained in `runs/`. The folder "
            "holds what fine-tuning added to the encoder's weights, in "
            f"{self.bits} bits a number (`adapter.safetensors`), the network's graph without "
            "weights (`graph.onnx`), the tokenizer, calibration and abstention thresholds "
            "(`model.json`), and the SHA-256 of every file (`manifest.json`). The weights are put "
            "together in memory on loading; the encoder must be the one whose SHA-256 stands in "
            "`adapter.json`."
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
