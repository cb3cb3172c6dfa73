"""UNSCon: how diplomats dispute in the UN Security Council, read as published.

``conflict_annotations.csv`` has one elementary discourse unit (EDU) a row: ``file_id``,
``EDU_text``, the evaluation ``A0`` (``Direct_NegEval``, ``Indirect_NegEval``) with its target
country ``A4``, and the challenge or correction ``B1`` with its target country ``B3``. The
meeting, the speech and the speaking country stand in ``file_id``. Where both layers speak, the
evaluation is the label. Documents are speeches; ``meeting`` travels along for coarser groups.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from stance.corpus.adapters.published import Corpus, github, named_label, read_cells, text_of
from stance.corpus.tables import as_text
from stance.errors import InputError
from stance.schema import Example

NONE = "None"
_LABELS = {
    name: name
    for name in ("Direct_NegEval", "Indirect_NegEval", "Challenge", "Correction", NONE)
} | {"_": NONE}  # fmt: skip
_FORMS = (
    {
        "file": "file_id", "text": "EDU_text", "evaluation": "A0", "evaluated": "A4",
        "challenge": "B1", "challenged": "B3",
    },
    {
        "id": "id", "text": "text", "actor": "actor", "target": "target", "label": "label",
        "meeting": "meeting", "speech": "speech",
    },
)  # fmt: skip
_FILE = re.compile(r"(?P<speech>(?P<meeting>.+?)_spch\d+)_(?P<rest>.+)\.txt")
_TAIL = re.compile(r"(?:_(?:neg|pos|neu))?_\d{1,3}(?:_[A-Z]{1,3})?$")
# A country's second speech is numbered, and one country has a letter too many: "…_AmericaA2".
_AGAIN = re.compile(r"(?<=[a-z])A?\d?$")
_END = re.compile(r"[.?!][\s\"'”’)]*$")


def read(path: Path) -> Iterator[Example]:
    """Yield one row for each discourse unit, or for each row of a JSONL file of sentences."""
    for number, cells, _ in read_cells(path, _FORMS):
        where = f"{path}: row {number}"
        text = text_of(where, cells["text"])
        if "label" in cells:
            yield Example(
                id=as_text(cells["id"]),
                doc_id=as_text(cells["speech"]),
                text=text,
                actor=_country(cells["actor"]),
                target=_country(cells["target"]),
                stance=named_label(where, cells["label"], _LABELS),
                extra={"meeting": as_text(cells["meeting"])},
            )
            continue
        told = _FILE.fullmatch(unquote(as_text(cells["file"]).strip()).replace(" ", "_"))
        if told is None:
            raise InputError(
                f"{where}: file_id {as_text(cells['file'])!r} is not MEETING_spchN_COUNTRY_N.txt"
            )
        label = named_label(where, cells["evaluation"], _LABELS) or NONE
        target = cells["evaluated"]
        if label == NONE:
            label = named_label(where, cells["challenge"], _LABELS) or NONE
            target = cells["challenged"]
        yield Example(
            id=f"unscon_edu_{number - 1}",
            doc_id=told["speech"],
            text=text,
            actor=_speaker(_TAIL.sub("", told["rest"])),
            target="" if label == NONE else _country(target),
            stance=label,
            extra={"meeting": told["meeting"], "passage": told.group()},
        )


def read_sentences(path: Path) -> Iterator[Example]:
    """Yield whole sentences: the units of a passage, joined up to the next full stop.

    A sentence has the label (and its first target) that most of its units with a label have,
    the earlier one where two are as frequent, and none where no unit has one.
    """
    for _, passage in groupby(read(path), key=lambda item: item.extra.get("passage", item.id)):
        units: list[Example] = []
        for unit in passage:
            units.append(unit)
            if _END.search(unit.text) or "passage" not in unit.extra:
                yield _joined(units)
                units = []
        if units:
            yield _joined(units)


def _joined(units: list[Example]) -> Example:
    first = units[0]
    labels = Counter(unit.stance for unit in units if unit.stance != NONE)
    label = labels.most_common(1)[0][0] if labels else NONE
    targets = [unit.target for unit in units if unit.stance == label and unit.target]
    return Example(
        id=first.id.replace("unscon_edu_", "unscon_sentence_"),
        doc_id=first.doc_id,
        text=" ".join(unit.text for unit in units),
        actor=first.actor,
        target=targets[0] if targets else "",
        stance=label,
        extra=first.extra,
    )


def _speaker(name: str) -> str:
    """Return the country of a file name, one spelling for all its speeches."""
    name = _country(_AGAIN.sub("", name))
    return name.title() if name.isupper() else name


def _country(cell: Any) -> str:
    """Return a country's name with spaces; placeholders and stray file names are none."""
    name = as_text(cell).strip()
    return "" if name in ("_", "-NONE-") or name.endswith(".txt") else name.replace("_", " ")


CORPUS = Corpus(
    name="unscon",
    title="UN Security Council Conflict Corpus, by discourse unit",
    citation=(
        "K. Zaczynska, P. Bourgonje, M. Stede: How Diplomats Dispute: The UN Security Council "
        "Conflict Corpus. LREC-COLING 2024."
    ),
    licence="CC BY-SA",
    address="https://github.com/linatal/UNSCon",
    metric="macro-F1 of conflict against none, and of the labels",
    form="conflict_annotations.csv",
    codebook="configs/corpora/unscon/codebook.yaml",
    recipe="configs/corpora/unscon/run.yaml",
    read=read,
    files=github(
        "linatal/UNSCon",
        "ea678f1115b47f7190f70480f542817cad267137",
        "data",
        "conflict_annotations.csv",
    ),
)


SENTENCES = Corpus(
    name="unscon-sentences",
    title="UN Security Council Conflict Corpus, units joined to sentences",
    citation=CORPUS.citation,
    licence=CORPUS.licence,
    address=CORPUS.address,
    metric=CORPUS.metric,
    form=CORPUS.form,
    codebook=CORPUS.codebook,
    recipe=CORPUS.recipe,
    read=read_sentences,
    files=CORPUS.files,
)
