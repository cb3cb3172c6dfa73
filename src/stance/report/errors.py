"""The words behind a run's most confident errors: asked of its models once, then kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from stance.errors import StanceError
from stance.evaluation.occlusion import Occlusion, Part, mean_of, occlude
from stance.files import read_json, sha256_file, sha256_json, write_json
from stance.models.sealed import MANIFEST
from stance.models.store import load_model
from stance.report.markup import percent
from stance.report.slices import WRITER
from stance.report.tables import Column, Table
from stance.runs.read import Held, RunData
from stance.schema import Example

WORDS_FILE = "error-words.json"
METHOD = "leave-one-word-out occlusion"
MOST_ERRORS = 12
_TOLERANCE = 0.02  # exports answer within 1e-4 of what the run kept; another model does not
_NAMED = 3
_TELLING = 0.01  # changes below one point are neither shaded nor named


@dataclass(frozen=True, slots=True)
class Shade:
    """A piece of a sentence: how much it counts, 0 to 100, and whether against the answer."""

    text: str
    share: int = 0
    against: bool = False


@dataclass(frozen=True, slots=True)
class Shaded:
    """One error's sentence in shaded pieces, and the same in words."""

    pieces: Sequence[Shade]
    said: str


@dataclass(frozen=True, slots=True)
class ErrorWords:
    """One task's shaded errors by row; ``missing`` says why there are none."""

    rows: Mapping[str, Shaded] = field(default_factory=dict)
    table: Table | None = None
    missing: str = ""


def error_words(run: RunData, task: str, model: str, held: Held) -> ErrorWords:
    """Shade the words of the most confident errors of one model.

    The models are asked the first time; the answer is kept in the run folder as
    ``error-words.json`` and used as long as rows and models are the same, or the models gone.
    Several seeds are averaged over, as the errors' probabilities are.
    """
    if run.config["models"][model]["kind"] == "chain":
        return ErrorWords(missing=f"what {model} answers hangs on the rows beside it too")
    rows = {example.id: example for example in run.corpus.examples}
    errors = most_confident_errors(held, MOST_ERRORS)
    if not errors:
        return ErrorWords()
    if any(held.ids[at] not in rows for at, *_ in errors):
        return ErrorWords(missing=run.corpus.missing or "the rows do not have the tested ids")
    asked = [(rows[held.ids[at]], label) for at, label, *_ in errors]
    sure = [probability for _, _, probability, _ in errors]
    try:
        found = _kept_or_asked(run, task, model, asked, sure, held.answers.seeds)
    except (StanceError, OSError, ImportError) as error:
        return ErrorWords(missing=str(error).splitlines()[0].replace(f"{run.folder}/", ""))
    by_id = {one.row: one for one in found}
    shaded = {row.id: shade(row.text, by_id[row.id]) for row, _ in asked}
    names = run.codebook.classes[task]
    return ErrorWords(shaded, _table(task, model, found, rows, names))


def _kept_or_asked(
    run: RunData,
    task: str,
    model: str,
    asked: Sequence[tuple[Example, int]],
    sure: Sequence[float],
    seeds: Sequence[int],
) -> list[Occlusion]:
    folders = [run.folder / "models" / f"{model}-s{seed}" for seed in seeds]
    present = [folder for folder in folders if (folder / MANIFEST).is_file()]
    key = {
        "method": METHOD,
        "model": model,
        "seeds": list(seeds),
        "rows": sha256_json([
            [row.id, row.text, row.actor, row.target, row.actor_span, row.target_span, label]
            for row, label in asked
        ]),
    }  # fmt: skip
    hashes = {folder.name: sha256_file(folder / MANIFEST) for folder in present}
    path = run.folder / WORDS_FILE
    stored: dict[str, Any] = read_json(path) if path.is_file() else {}
    kept = stored.get(task, {})
    same = all(kept.get(name) == value for name, value in key.items())
    if same and (not present or kept.get("models") == hashes):
        return [_from_json(one) for one in kept["errors"]]
    if len(present) < len(folders):
        raise StanceError(f"no stored model in {folders[len(present)]}")
    found = mean_of([_ask(folder, run, task, asked) for folder in folders])
    far = max(abs(one.probability - value) for one, value in zip(found, sure, strict=True))
    if far > _TOLERANCE:
        raise StanceError(
            f"the stored {model} does not give the run's answers (off by {far:.2f}); it was "
            "trained again or altered"
        )
    entry: dict[str, Any] = {**key, "models": hashes, "errors": [_to_json(one) for one in found]}
    write_json(path, {**stored, task: entry})
    return [_from_json(one) for one in entry["errors"]]


def _ask(
    folder: Path, run: RunData, task: str, asked: Sequence[tuple[Example, int]]
) -> list[Occlusion]:
    stored = load_model(folder, run.codebook.classes)
    return occlude(lambda rows: stored.predict_proba(rows)[task], asked)


def _to_json(one: Occlusion) -> dict[str, Any]:
    raw = asdict(one)
    raw["probability"] = round(one.probability, 5)
    raw["parts"] = [[part.start, part.end, round(part.without, 5)] for part in one.parts]
    return raw


def _from_json(raw: Mapping[str, Any]) -> Occlusion:
    return Occlusion(**{**raw, "parts": [Part(*part) for part in raw["parts"]]})


def shade(text: str, found: Occlusion) -> Shaded:
    """Cut a sentence at its parts; the part that changes most has full strength.

    Parts that move the answer by less than a point stay plain. Strength counts within the
    sentence, so the words beside it say how far the answer moves.
    """
    changes = [found.probability - part.without for part in found.parts]
    top = max((abs(change) for change in changes), default=0.0)
    pieces, end = [], 0
    for part, change in zip(found.parts, changes, strict=True):
        share = round(100 * abs(change) / top) if abs(change) >= _TELLING else 0
        pieces += [Shade(text[end : part.start])] if part.start > end else []
        pieces.append(Shade(text[part.start : part.end], share, change < 0))
        end = part.end
    pieces += [Shade(text[end:])] if end < len(text) else []
    return Shaded(pieces, _said(text, found))


def _said(text: str, found: Occlusion) -> str:
    ranked = sorted(found.parts, key=lambda part: -abs(found.probability - part.without))
    telling = [part for part in ranked if abs(found.probability - part.without) >= _TELLING]
    if not telling:
        return "no single word moves it by a point"
    return ", ".join(
        f"without “{text[part.start : part.end]}” {percent(part.without)}"
        for part in telling[:_NAMED]
    )


def _table(
    task: str,
    model: str,
    found: Sequence[Occlusion],
    rows: Mapping[str, Example],
    names: Sequence[str],
) -> Table:
    cells = [
        [
            one.row, names[one.label], rows[one.row].text[part.start : part.end],
            one.probability, part.without, one.probability - part.without,
        ]
        for one in found
        for part in one.parts
    ]  # fmt: skip
    columns = [
        Column("row"), Column("predicted", "label"), Column("word"),
        Column("probability", "score"), Column("without it", "score"), Column("change", "signed"),
    ]  # fmt: skip
    return Table(
        f"{task}-error-words",
        f"What each word of the most confident errors of {model} changes",
        columns,
        cells,
        "Each word left out in turn (Zeiler and Fergus 2014; Li, Monroe and Jurafsky 2016). A "
        "positive change: the word speaks for the predicted label.",
    )


def errors_table(run: RunData, task: str, model: str, held: Held) -> Table:
    """The best model's most confident errors, with their sentences where the rows are at hand."""
    names = run.codebook.classes[task]
    rows = {example.id: example for example in run.corpus.examples}
    cells = []
    for at, guess, sure, left in most_confident_errors(held):
        example = rows.get(held.ids[at])
        text = [example.text, example.actor or WRITER, example.target] if example else []
        cells.append([held.ids[at], names[held.answers.truth[at]], names[guess], sure, left, *text])
    columns = [
        Column("row"), Column("gold", "label"), Column("predicted", "label"),
        Column("probability", "score"), Column("of the gold label", "score"),
    ]  # fmt: skip
    if all(held.ids[at] in rows for at in range(len(held.ids))):
        columns += [Column("sentence"), Column("holder"), Column("target")]
    else:
        cells = [row[: len(columns)] for row in cells]
    return Table(f"{task}-errors", f"Most confident errors of {model}", columns, cells)


def most_confident_errors(held: Held, limit: int = 20) -> list[tuple[int, int, float, float]]:
    """Return ``(row, predicted label, its probability, the true label's)``, surest first.

    Probabilities are means over seeds.
    """
    mean = held.answers.probabilities.mean(axis=0)
    guess = mean.argmax(axis=1)
    wrong = np.flatnonzero(guess != held.answers.truth)
    order = sorted(wrong.tolist(), key=lambda at: (-mean[at, guess[at]], held.ids[at]))
    return [
        (at, int(guess[at]), float(mean[at, guess[at]]), float(mean[at, held.answers.truth[at]]))
        for at in order[:limit]
    ]
