"""Directed sentiment between two entities of a news sentence, read as published.

Tab separated without a header: the sentence with both entities in brackets, ``p``, ``q``, and
0 neutral, 1 positive p→q, 2 positive q→p, 3 negative p→q, 4 negative q→p. The brackets are
taken out again: they are the authors' marking, not the text. Rows of one sentence (there are
copies across the published splits) are one document.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Iterator
from pathlib import Path

from stance.corpus.adapters.published import (
    Corpus,
    github,
    named_label,
    read_text,
    split_of,
    text_of,
)
from stance.errors import InputError
from stance.schema import Example, Span

LABELS = {
    "0": "neutral", "1": "positive-p-q", "2": "positive-q-p", "3": "negative-p-q",
    "4": "negative-q-p",
}  # fmt: skip
_BRACKETS = re.compile(r"\[([^\[\]]*)\]")


def read(path: Path) -> Iterator[Example]:
    """Yield the rows of ``train.txt``, ``valid.txt`` or ``test.txt``: p as actor, q as target."""
    reader = csv.reader(io.StringIO(read_text(path, "utf-8-sig"), newline=""), delimiter="\t")
    try:
        for at, fields in enumerate(reader):
            if not fields:
                continue
            where = f"{path}: line {reader.line_num}"
            if len(fields) != 4:
                raise InputError(f"{where} has {len(fields)} fields, not sentence, p, q, label")
            yield _example(f"{path.stem}_{at}", where, fields, split_of(path))
    except csv.Error as error:
        raise InputError(f"{path}: line {reader.line_num}: {error}") from None


def _example(name: str, where: str, fields: list[str], split: str) -> Example:
    marked, p, q, label = fields
    text, spans = unbracketed(text_of(where, marked), (p, q))
    digest = hashlib.sha256(" ".join(text.split()).casefold().encode()).hexdigest()
    return Example(
        id=name,
        doc_id=f"sentence-{digest[:12]}",
        text=text,
        actor=p.strip(),
        target=q.strip(),
        stance=named_label(where, label, LABELS),
        split=split,
        actor_span=spans[0],
        target_span=spans[1],
    )


def unbracketed(marked: str, entities: tuple[str, str]) -> tuple[str, list[Span | None]]:
    """Take out the brackets around the two entities; return the text and where they stand.

    Each entity's brackets are the first that hold it and that no other entity has; other
    brackets belong to the text. An entity without brackets of its own has no span.
    """
    found: dict[int, re.Match[str]] = {}
    for bracket in _BRACKETS.finditer(marked):
        for at, entity in enumerate(entities):
            if at not in found and bracket.group(1).strip() == entity.strip():
                found[at] = bracket
                break
    spans: list[Span | None] = [None, None]
    text, last = "", 0
    for at, bracket in sorted(found.items(), key=lambda item: item[1].start()):
        inside = bracket.group(1)
        text += marked[last : bracket.start()]
        start = len(text) + len(inside) - len(inside.lstrip())
        length = len(inside.strip())
        spans[at] = (start, start + length) if length else None
        text += inside
        last = bracket.end()
    return text + marked[last:], spans


CORPUS = Corpus(
    name="directed",
    title="Directed sentiment between entities in news",
    citation=(
        "K. Park, Z. Pan, J. Joo: Who Blames or Endorses Whom? Entity-to-Entity Directed "
        "Sentiment Analysis in News Text. Findings of ACL 2021."
    ),
    licence="free to use with citation of the paper",
    address="https://github.com/bywords/directed_sentiment_analysis",
    metric="micro-F1, macro-F1 and mean average precision over the 5 labels",
    form="train.txt, valid.txt, test.txt",
    codebook="configs/corpora/directed/codebook.yaml",
    recipe="configs/corpora/directed/run.yaml",
    read=read,
    files=github(
        "bywords/directed_sentiment_analysis",
        "a8e7510b71fe017b38d83ca5b54bdf3d136c97c2",
        "dataset",
        "train.txt",
        "valid.txt",
        "test.txt",
    ),
)
