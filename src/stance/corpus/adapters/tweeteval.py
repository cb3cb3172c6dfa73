"""TweetEval, stance: SemEval-2016 Task 6 with a fixed validation part, read as published.

A folder for each target (``abortion``, ``atheism``, ``climate``, ``feminist``, ``hillary``)
with ``train_text.txt`` and ``train_labels.txt``, and so on for ``val`` and ``test``; one tweet
and one label (0 none, 1 against, 2 favor) a line.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from stance.corpus.adapters.published import Corpus, github, named_label, read_lines, text_of
from stance.errors import InputError
from stance.schema import Example

TARGETS = {
    "abortion": "Legalization of Abortion",
    "atheism": "Atheism",
    "climate": "Climate Change is a Real Concern",
    "feminist": "Feminist Movement",
    "hillary": "Hillary Clinton",
    "hilary": "Hillary Clinton",  # the folder's name in the first release
}
PARTS = {"train": "train", "val": "validation", "test": "test"}
_LABELS = {"0": "none", "1": "against", "2": "favor"}


def read(path: Path) -> Iterator[Example]:
    """Yield the rows of one target's folder, or of all below the ``stance`` folder."""
    if not path.is_dir():
        raise InputError(f"{path}: no such folder; give TweetEval's datasets/stance, or one target")
    folders = [path] if path.name in TARGETS else [path / name for name in TARGETS]
    found = False
    for folder in folders:
        for part in PARTS:
            if (folder / f"{part}_text.txt").exists():
                found = True
                yield from _part(folder, part)
    if not found:
        raise InputError(f"{path}: no TARGET/train_text.txt here; targets are {', '.join(TARGETS)}")


def _part(folder: Path, part: str) -> Iterator[Example]:
    texts = read_lines(folder / f"{part}_text.txt")
    labels = read_lines(folder / f"{part}_labels.txt")
    if len(texts) != len(labels):
        raise InputError(
            f"{folder}: {part}_text.txt has {len(texts)} lines, {part}_labels.txt {len(labels)}"
        )
    for number, (text, label) in enumerate(zip(texts, labels, strict=True), start=1):
        yield Example(
            id=f"{folder.name}_{part}_{number}",
            text=text_of(f"{folder}/{part}_text.txt: line {number}", text),
            target=TARGETS[folder.name],
            stance=named_label(f"{folder}/{part}_labels.txt: line {number}", label, _LABELS),
            split=PARTS[part],
        )


CORPUS = Corpus(
    name="tweeteval",
    title="TweetEval, stance",
    citation=(
        "F. Barbieri, J. Camacho-Collados, L. Espinosa Anke, L. Neves: TweetEval: Unified "
        "Benchmark and Comparative Evaluation for Tweet Classification. Findings of EMNLP "
        "2020; data of SemEval-2016 Task 6 (Mohammad et al. 2016)."
    ),
    licence="as SemEval-2016: cite the paper; not to be redistributed",
    address="https://github.com/cardiffnlp/tweeteval",
    metric="F-avg: mean F1 of favor and against, pooled over targets",
    form="the folder datasets/stance, or one target's folder",
    codebook="configs/corpora/tweeteval/codebook.yaml",
    recipe="configs/corpora/tweeteval/run.yaml",
    read=read,
    files=github(
        "cardiffnlp/tweeteval",
        "084550ebed2f2a91553b1ae710bb2be90eb430d8",
        "datasets/stance",
        *(
            f"{target}/{part}_{kind}.txt"
            for target in TARGETS
            if target != "hilary"
            for part in PARTS
            for kind in ("text", "labels")
        ),
    ),
    whole=True,
)
