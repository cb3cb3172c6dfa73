"""GWSD: do news sentences on global warming agree that it is a serious concern? As published.

``GWSD.tsv`` has ``sentence``, eight votes ``worker_0`` to ``worker_7``, the three probabilities
of the authors' model of the votes (``agree``, ``neutral``, ``disagree``), ``guid`` and
``in_held_out_test``. The label is the most probable of the three; the screening items, which
have no probabilities and repeat in every batch, are left out. The votes travel along.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from stance.corpus.adapters.published import (
    Corpus,
    github,
    named_label,
    read_cells,
    split_of,
    text_of,
)
from stance.corpus.tables import as_text
from stance.errors import InputError
from stance.schema import Example

TARGET = "climate change/global warming is a serious concern"
LABELS = ("agree", "neutral", "disagree")
_FORMS = (
    {
        "text": "sentence", "id": "guid", "held_out": "in_held_out_test",
        **{name: name for name in LABELS},
    },
    {"text": "text", "id": "id", "label": "label", "votes": "votes", "probs": "probs"},
)  # fmt: skip
_VOTES = {"agrees": "agree", "neutral": "neutral", "disagrees": "disagree"} | {
    name: name for name in LABELS
}
_HELD_OUT = {"true": "test", "false": "train"}


def read(path: Path) -> Iterator[Example]:
    """Yield the annotated sentences with their votes and probabilities."""
    for number, cells, row in read_cells(path, _FORMS):
        where = f"{path}: row {number}"
        if "votes" in cells:
            votes, shares = cells["votes"], _shares(where, cells["probs"])
            label, split = named_label(where, cells["label"], _VOTES), split_of(path)
        elif not any(as_text(cells[name]).strip() for name in LABELS):
            continue
        else:
            workers = sorted(name for name in row if name.startswith("worker_"))
            votes, shares = [row[name] for name in workers], _shares(where, cells)
            label = max(LABELS, key=shares.__getitem__)
            held_out = as_text(cells["held_out"]).strip().lower()
            if held_out not in _HELD_OUT:
                raise InputError(f"{where}: in_held_out_test is {held_out!r}, not True or False")
            split = _HELD_OUT[held_out]
        given = [named_label(where, vote, _VOTES) for vote in votes]
        yield Example(
            id=as_text(cells["id"]),
            text=text_of(where, cells["text"]),
            target=TARGET,
            stance=label,
            split=split,
            extra={"votes": [vote for vote in given if vote], "probs": shares},
        )


def _shares(where: str, cells: Mapping[str, Any]) -> dict[str, float]:
    try:
        return {name: float(cells[name]) for name in LABELS}
    except (KeyError, TypeError, ValueError):
        raise InputError(f"{where}: agree, neutral and disagree are not three numbers") from None


CORPUS = Corpus(
    name="gwsd",
    title="Global Warming Stance Dataset",
    citation=(
        "Y. Luo, D. Card, D. Jurafsky: Detecting Stance in Media on Global Warming. "
        "Findings of EMNLP 2020."
    ),
    licence="none stated",
    address="https://github.com/yiweiluo/GWStance",
    metric="macro-F1",
    form="GWSD.tsv",
    codebook="configs/corpora/gwsd/codebook.yaml",
    recipe="configs/corpora/gwsd/run.yaml",
    read=read,
    files=github("yiweiluo/GWStance", "cf97dd32769c4e2c3a206fc450642de15f790de0", "", "GWSD.tsv"),
)
