"""PLOVER/ZSP: who does what to whom, fifteen root codes, read as published.

The files are ``PLV_train.tsv`` and ``PLV_test.tsv`` with (among others) ``sentence``,
``marked_sentence`` (``<s>source</s>``, ``<t>target</t>``), ``source``, ``target`` and
``gold_root``. The tags give the spans of the two actors.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from stance.corpus.adapters.published import (
    Corpus,
    github,
    named_label,
    read_cells,
    split_of,
    text_of,
)
from stance.corpus.tables import as_text
from stance.schema import Example, Span

ROOTS = (
    "ACCUSE", "AGREE", "AID", "ASSAULT", "COERCE", "YIELD", "CONSULT", "COOPERATE", "MOBILIZE",
    "PROTEST", "REJECT", "REQUEST", "SANCTION", "SUPPORT", "THREATEN",
)  # fmt: skip
_FORMS = (
    {
        "text": "sentence", "marked": "marked_sentence", "actor": "source", "target": "target",
        "label": "gold_root",
    },
    {"text": "text", "marked": "marked", "actor": "actor", "target": "target", "label": "label"},
)  # fmt: skip
_CARRIED = ("sentence_id", "gold_penta")
_TAG = re.compile(r"</?[st]>")


def read(path: Path) -> Iterator[Example]:
    """Yield the rows of one published file, or of a JSONL file of the same content."""
    for number, cells, row in read_cells(path, _FORMS):
        where = f"{path}: row {number}"
        text = text_of(where, cells["text"])
        spans = tagged_spans(as_text(cells["marked"]), text)
        yield Example(
            id=as_text(row.get("id")) or f"{path.stem}_{number - 1}",
            text=text,
            actor=as_text(cells["actor"]),
            target=as_text(cells["target"]),
            stance=named_label(where, cells["label"], {root: root for root in ROOTS}),
            split=split_of(path),
            actor_span=spans.get("s"),
            target_span=spans.get("t"),
            extra={name: as_text(row[name]) for name in _CARRIED if name in row},
        )


def tagged_spans(marked: str, text: str) -> dict[str, Span]:
    """Return what ``<s>`` and ``<t>`` enclose as offsets into ``text``.

    Empty where the marked sentence without its tags is another than ``text``: offsets into
    another sentence would point anywhere. White space inside the tags is left out.
    """
    if _TAG.sub("", marked) != text:
        return {}
    opened: dict[str, int] = {}
    spans: dict[str, Span] = {}
    removed = 0
    for tag in _TAG.finditer(marked):
        at = tag.start() - removed
        removed += len(tag.group())
        kind = tag.group()[-2]
        if not tag.group().startswith("</"):
            opened[kind] = at
        elif kind in opened and kind not in spans:
            inside = text[opened[kind] : at]
            start = opened[kind] + len(inside) - len(inside.lstrip())
            end = opened[kind] + len(inside.rstrip())
            if start < end:
                spans[kind] = start, end
    return spans


CORPUS = Corpus(
    name="plover",
    title="PLOVER root codes of political events (ZSP)",
    citation=(
        "Y. Hu, E. Skorupa Parolin, L. Khan, P. T. Brandt, J. Osorio, V. J. D'Orazio: "
        "Leveraging Codebook Knowledge with NLI and ChatGPT for Zero-Shot Political Relation "
        "Classification. ACL 2024."
    ),
    licence="none stated",
    address="https://github.com/snowood1/Zero-Shot-PLOVER",
    metric="macro-F1 over the 15 roots",
    form="PLV_train.tsv, PLV_test.tsv",
    codebook="configs/corpora/plover/codebook.yaml",
    recipe="configs/corpora/plover/run.yaml",
    read=read,
    files=github(
        "snowood1/Zero-Shot-PLOVER",
        "3a57c8466bc55c2f3351f771d4cbd860c7004130",
        "datasets",
        "PLV_train.tsv",
        "PLV_test.tsv",
    ),
    settings=("data.columns={}",),
)
