"""SemEval-2016 Task 6: stance of a tweet towards a given target, read as published.

Tab separated with a header, in Windows-1252: ``ID``, ``Target``, ``Tweet``, ``Stance``
(``FAVOR``, ``AGAINST``, ``NONE``; ``UNKNOWN`` in the test files without gold) and, in the
all-annotations files, ``Opinion towards`` and ``Sentiment``. Tweets end in ``#SemST``, which
stays: published baselines read it too.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from stance.corpus.adapters.published import Corpus, named_label, read_text, split_of, text_of
from stance.errors import InputError
from stance.schema import Example

_NEEDED = ("ID", "Target", "Tweet", "Stance")
_LABELS = {name: name for name in ("FAVOR", "AGAINST", "NONE")} | {"UNKNOWN": ""}
_CARRIED = {"opinion towards": "opinion_towards", "sentiment": "tweet_sentiment"}


def read(path: Path) -> Iterator[Example]:
    """Yield the tweets of one file; a file converted to UTF-8 is read as such."""
    lines = read_text(path, "utf-8-sig", "cp1252").split("\n")
    header = lines[0].split("\t")
    for name in _NEEDED:
        if name not in header:
            raise InputError(
                f"{path}: line 1 has no column {name!r}; expected a tab-separated file with "
                f"{', '.join(_NEEDED)}"
            )
    for number, line in enumerate(lines[1:], start=2):
        if not line.strip():
            continue
        where = f"{path}: line {number}"
        fields = line.split("\t")
        if len(fields) != len(header):
            raise InputError(f"{where} has {len(fields)} fields, the header {len(header)}")
        cells = dict(zip(header, fields, strict=True))
        yield Example(
            id=f"{split_of(path) or path.stem}_{cells['ID'].strip()}",
            text=text_of(where, _unquoted(cells["Tweet"])),
            target=cells["Target"].strip(),
            stance=named_label(where, cells["Stance"], _LABELS) or None,
            split=split_of(path),
            extra={
                _CARRIED[name.lower()]: value
                for name, value in cells.items()
                if name.lower() in _CARRIED
            },
        )


def _unquoted(cell: str) -> str:
    """Undo a spreadsheet's quoting; quotation marks of the tweet's own are left alone."""
    inside = cell[1:-1]
    if len(cell) > 1 and cell[0] == cell[-1] == '"' and '"' not in inside.replace('""', ""):
        return inside.replace('""', '"')
    return cell


CORPUS = Corpus(
    name="semeval2016",
    title="SemEval-2016 Task 6: stance in tweets",
    citation=(
        "S. Mohammad, S. Kiritchenko, P. Sobhani, X. Zhu, C. Cherry: SemEval-2016 Task 6: "
        "Detecting Stance in Tweets. SemEval 2016."
    ),
    licence="cite the paper; not to be redistributed",
    address="http://www.saifmohammad.com/WebPages/StanceDataset.htm",
    metric="F-avg: mean F1 of FAVOR and AGAINST, pooled over targets",
    form="trainingdata-all-annotations.txt, testdata-taskA-all-annotations.txt and the like",
    codebook="configs/corpora/semeval2016/codebook.yaml",
    recipe="configs/corpora/semeval2016/run.yaml",
    read=read,
)
