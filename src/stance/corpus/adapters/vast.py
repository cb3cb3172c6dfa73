"""VAST: stance of a newspaper comment towards one of thousands of topics, read as published.

CSV files ``vast_train.csv``, ``vast_dev.csv`` and ``vast_test.csv`` with ``post``,
``topic_str``, ``label`` (0 con, 1 pro, 2 neutral) and ``seen?`` (0 zero-shot, 1 few-shot).
``topic_str`` is the topic that was labelled; ``new_topic`` is not, in the synthetic neutral
rows. All rows of one comment are one document.
"""

from __future__ import annotations

import hashlib
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
from stance.schema import Example

_FORMS = ({"text": "post", "topic": "topic_str", "label": "label", "seen": "seen?"},)
_LABELS = {"0": "con", "1": "pro", "2": "neutral"}
_CARRIED = (
    "new_id", "arc_id", "type_idx", "contains_topic?", "Qte", "Sarc", "Imp", "mlS", "mlT",
    "change_type",
)  # fmt: skip


def read(path: Path) -> Iterator[Example]:
    """Yield the rows of one published file."""
    for number, cells, row in read_cells(path, _FORMS):
        where = f"{path}: row {number}"
        text = text_of(where, cells["text"])
        yield Example(
            id=f"{path.stem}_{number - 1}",
            doc_id=f"post-{hashlib.sha256(text.encode('utf-8', 'replace')).hexdigest()[:12]}",
            text=text,
            target=as_text(cells["topic"]),
            stance=named_label(where, cells["label"], _LABELS),
            split=split_of(path),
            extra={"seen": as_text(cells["seen"])}
            | {name.rstrip("?"): as_text(row[name]) for name in _CARRIED if name in row},
        )


CORPUS = Corpus(
    name="vast",
    title="VAST: varied stance topics",
    citation=(
        "E. Allaway, K. McKeown: Zero-Shot Stance Detection: A Dataset and Model using "
        "Generalized Topic Representations. EMNLP 2020."
    ),
    licence="none stated",
    address="https://github.com/emilyallaway/zero-shot-stance",
    metric="macro-F1, on zero-shot and few-shot topics apart",
    form="vast_train.csv, vast_dev.csv, vast_test.csv",
    codebook="configs/corpora/vast/codebook.yaml",
    recipe="configs/corpora/vast/run.yaml",
    read=read,
    files=github(
        "emilyallaway/zero-shot-stance",
        "bf8fd50dcd7fca2239d4d86aaffa417acf944799",
        "data/VAST",
        "vast_train.csv",
        "vast_dev.csv",
        "vast_test.csv",
    ),
)
