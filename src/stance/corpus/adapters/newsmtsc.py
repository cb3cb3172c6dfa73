"""NewsMTSC: sentiment of a news sentence towards a mentioned target, read as published.

Two forms: one sentence with ``targets`` a line (``train.jsonl``, ``devtest_rw.jsonl``,
``devtest_mt.jsonl``; polarity 2, 4, 6), and one target a line (the ``-hf`` folders; -1, 0, 1).
Rows are grouped by the article that their identifier names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from stance.corpus.adapters.published import (
    RAW,
    Corpus,
    Published,
    named_label,
    read_cells,
    span_of,
    split_of,
    text_of,
)
from stance.corpus.tables import as_text
from stance.errors import InputError
from stance.schema import Example

_FORMS = (
    {"text": "sentence_normalized", "targets": "targets"},
    {
        "text": "sentence", "mention": "mention", "polarity": "polarity", "from": "from",
        "to": "to", "id": "id",
    },
    {"text": "text", "mention": "target", "polarity": "label", "span": "span", "id": "id"},
)  # fmt: skip
_NESTED = {"2": "negative", "4": "neutral", "6": "positive"}
_FLAT = {"-1": "negative", "0": "neutral", "1": "positive"} | {
    name: name for name in _NESTED.values()
}
_ARTICLE = re.compile(r"(?:allsides|polusa_v\d+)_\d+")


def read(path: Path) -> Iterator[Example]:
    """Yield one row for each annotated target."""
    for number, cells, _ in read_cells(path, _FORMS):
        where = f"{path}: row {number}"
        text = text_of(where, cells["text"])
        if "targets" not in cells:
            yield _example(path, where, text, cells, _FLAT)
            continue
        if not isinstance(cells["targets"], list) or not cells["targets"]:
            raise InputError(f"{where}: 'targets' is not a list of targets")
        for target in cells["targets"]:
            try:
                found = {name: target[name] for name in ("mention", "polarity", "from", "to")}
                found["id"] = target["Input.gid"]
            except (KeyError, TypeError):
                raise InputError(
                    f"{where}: a target lacks Input.gid, mention, polarity, from or to"
                ) from None
            yield _example(path, where, text, found, _NESTED)


def _example(
    path: Path, where: str, text: str, cells: dict[str, Any], names: dict[str, str]
) -> Example:
    if "span" in cells:
        start, end = cells["span"] if isinstance(cells["span"], list) else (None, None)
    else:
        start, end = cells["from"], cells["to"]
    name = as_text(cells["id"])
    article = _ARTICLE.match(name)
    return Example(
        id=name,
        doc_id=article.group() if article else "",
        text=text,
        target=as_text(cells["mention"]),
        stance=named_label(where, cells["polarity"], names),
        split=split_of(path),
        target_span=span_of(where, start, end, text),
    )


_FOLDER = (
    "fhamborg/NewsMTSC/6b838e00f54423c253806327a0ae24dbffa24c9e/"
    "NewsSentiment/experiments/default/datasets/newsmtsc"
)


CORPUS = Corpus(
    name="newsmtsc",
    title="NewsMTSC: sentiment towards targets in news sentences",
    citation=(
        "F. Hamborg, K. Donnay: NewsMTSC: A Dataset for (Multi-)Target-dependent Sentiment "
        "Classification in Political News Articles. EACL 2021."
    ),
    licence="MIT",
    address="https://github.com/fhamborg/NewsMTSC",
    metric="macro-F1, on the real-world and the multi-target test set apart",
    form="train.jsonl, dev.jsonl, test.jsonl (or devtest_rw.jsonl), nested or -hf",
    codebook="configs/corpora/newsmtsc/codebook.yaml",
    recipe="configs/corpora/newsmtsc/run.yaml",
    read=read,
    files=tuple(
        Published(f"{part}.jsonl", f"{RAW}/{_FOLDER}-{folder}-hf/{part}.jsonl")
        for part, folder in (("train", "mt"), ("dev", "rw"), ("test", "rw"))
    ),
)
