"""Real news by our codebook: labels and offsets are kept here, texts where they were published.

``data/real`` holds, for every annotated document, its source and the SHA-256 of its text, and for
every (sentence, holder) its labels and spans as offsets into that text, never a sentence. This
module reads the published files, finds the documents by their hashes and puts the rows together.
A text that differs by one character is another text: its rows are left out and said, not guessed.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from stance.corpus.adapters.polnear import read_polnear
from stance.corpus.adapters.published import Corpus
from stance.corpus.release import read_jsonl
from stance.corpus.tables import as_text, read_rows
from stance.errors import InputError
from stance.files import bundled
from stance.schema import Example, Span

FOLDER = "data/real"
DOCUMENTS, ANNOTATIONS = "documents.jsonl", "annotations.jsonl"
_TEXTS = ("text", "sentence_normalized", "sentence")
_NAMES = ("url", "doc_id", "id")
_OWN = ("id", "doc_id", "stance", "sentiment", "quote", "actor", "target")
_SPANS = ("actor_span", "cue_span", "target_span")


@dataclass(frozen=True, slots=True)
class Standoff:
    """The annotations as released: documents by the SHA-256 of their text, rows by document."""

    documents: Mapping[str, Mapping[str, Any]]
    rows: Mapping[str, Sequence[Mapping[str, Any]]]

    @property
    def by_name(self) -> dict[str, Mapping[str, Any]]:
        return {item.get("address", item["doc_id"]): item for item in self.documents.values()}


@lru_cache(maxsize=2)
def read_standoff(folder: Path | None = None) -> Standoff:
    """Read a folder of annotations; those that ship with the project where None is given."""
    folder = folder or bundled(f"{FOLDER}/{DOCUMENTS}").parent
    rows: dict[str, list[Mapping[str, Any]]] = {}
    for row in read_jsonl(folder / ANNOTATIONS):
        rows.setdefault(row["doc_id"], []).append(row)
    return Standoff({item["sha256"]: item for item in read_jsonl(folder / DOCUMENTS)}, rows)


def text_hash(text: str) -> str:
    """Return the SHA-256 of a text's UTF-8 bytes, as the annotations name it."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def read(path: Path, annotations: Path | None = None) -> Iterator[Example]:
    """Yield the annotated rows of a published file whose texts are known.

    Args:
        path: a table with a column ``text`` or ``sentence`` (Wikinews' CSV, NewsMTSC's JSONL), or
            what ``polnear.read_polnear`` takes.
        annotations: the folder of annotations, ours where None.

    Raises:
        InputError: the file is of no such form, or names an annotated document whose text is
            another one.
    """
    standoff = read_standoff(annotations)
    named = standoff.by_name
    seen: set[str] = set()  # a sentence with several targets stands in several rows
    for names, text in _texts(path):
        digest = text_hash(text)
        if digest in seen:
            continue
        seen.add(digest)
        found = standoff.documents.get(digest)
        if found is None:
            other = next((named[name] for name in names if name in named), None)
            if other is not None:
                name = other.get("address", other["doc_id"])
                raise InputError(
                    f"{path}: the text of {name} is not the one that was annotated "
                    f"({len(text)} characters, {other['characters']} then); get the published file"
                )
            continue
        for row in standoff.rows.get(found["doc_id"], ()):
            yield _example(row, found, text)


def missing(examples: Iterable[Example], annotations: Path | None = None) -> list[str]:
    """Say, source by source, how many annotated documents the given files did not hold."""
    standoff = read_standoff(annotations)
    there = {example.doc_id for example in examples}
    absent: Counter[str] = Counter()
    total: Counter[str] = Counter()
    for item in standoff.documents.values():
        total[item["source"]] += 1
        absent[item["source"]] += item["doc_id"] not in there
    return [
        f"{source}: {absent[source]} of {count} annotated documents are not in the files given"
        for source, count in sorted(total.items())
        if absent[source]
    ]


def _texts(path: Path) -> Iterator[tuple[list[str], str]]:
    """Yield the names and the text of everything in a published file."""
    if path.is_dir() or (path.suffix == ".jsonl" and _is_polnear(path)):
        for item in read_polnear(path):
            yield [item.article.name], item.article.text
        return
    column = None
    for number, row in read_rows(path):
        if column is None:
            column = next((name for name in _TEXTS if name in row), None)
            if column is None:
                raise InputError(
                    f"{path}: row {number} has no column {' or '.join(_TEXTS)}; "
                    "give the files as published"
                )
        yield [as_text(row[name]) for name in _NAMES if name in row], as_text(row[column])


def _is_polnear(path: Path) -> bool:
    _, first = next(iter(read_rows(path)), (0, {}))
    return "attributions" in first


def _example(row: Mapping[str, Any], document: Mapping[str, Any], text: str) -> Example:
    start, end = row["start"], row["end"]

    def inside(span: Sequence[int] | None) -> Span | None:
        return None if span is None else (span[0] - start, span[1] - start)

    target_span = inside(row.get("target_span"))
    sentence = text[start:end]
    spans = {f"{name}": inside(row.get(name)) for name in _SPANS}
    extra = {
        name: value
        for name, value in row.items()
        if name not in _OWN and name not in _SPANS and name != "content_spans"
    }
    extra |= {
        "source": document["source"],
        "group": document["group"],
        "cue_span": spans["cue_span"],
        "content_spans": [inside(span) for span in row.get("content_spans", ())],
    }
    return Example(
        id=row["id"],
        text=sentence,
        actor=row["actor"],
        target=sentence[slice(*target_span)] if target_span else row.get("target", ""),
        stance=row["stance"],
        sentiment=row["sentiment"],
        quote=row["quote"],
        doc_id=row["doc_id"],
        split=document["split"],
        actor_span=spans["actor_span"],
        target_span=target_span,
        extra=extra,
    )


CORPUS = Corpus(
    name="real",
    title="Real news by our codebook: labels and offsets of ours, texts as published",
    citation=(
        "the annotations: this project; the texts: Wikinews (W. van Atteveldt's collection), "
        "PolNeAR (E. Newell, D. Margolin, D. Ruths, LREC 2018), NewsMTSC (F. Hamborg, "
        "K. Donnay, EACL 2021), UNSCon (K. Zaczynska and others, LREC-COLING 2024), PLOVER"
    ),
    licence="annotations CC BY 4.0; texts by source, see data/real/README.md",
    address="https://github.com/vanatteveldt/wikinews and data/real/README.md",
    metric="macro-F1 over the nine stances and over relations, by source",
    form="Wikinews' CSV files, PolNeAR's folder, NewsMTSC's train.jsonl and the like",
    codebook="configs/codebook.yaml",
    recipe="configs/corpora/real/run.yaml",
    read=read,
    missing=missing,
)
