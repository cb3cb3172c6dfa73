"""The tables a run reads: one corpus, or one to train on and another to be tested on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from stance.codebook import Codebook
from stance.corpus.load import Mapped, load_examples
from stance.errors import InputError
from stance.files import resolve
from stance.schema import Example


@dataclass(frozen=True, slots=True)
class Source:
    """A table, and how its columns and labels map onto ours (``labels`` is the crosswalk)."""

    path: str
    split: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def file(self) -> Path:
        """Where it is: a path of its own, or a bundled file."""
        return resolve(self.path)


def load_source(source: Source, codebook: Codebook, *, download: bool = False) -> list[Example]:
    """Read and check one table."""
    return load_examples(
        source.file,
        codebook,
        mapped=Mapped(source.columns, source.labels),
        split=source.split,
        download=download,
    )


def load_sources(
    source: Source, test: Source | None, codebook: Codebook, *, download: bool = False
) -> list[Example]:
    """Read a corpus, or two under one codebook.

    All rows of ``test`` are for testing, whatever their split column says; the training
    corpus's own test rows are dropped, so that its model is the one that its own run trains.
    Ids and articles of ``test`` get the file's name in front: two tables may both have a row 1.

    Raises:
        InputError: a table is wrong, or an id stands in both.
    """
    rows = load_source(source, codebook, download=download)
    if test is None:
        return rows
    rows = [row for row in rows if row.split != "test"]
    name = test.file.stem
    tested = [
        replace(
            row,
            id=f"{name}:{row.id}",
            doc_id=f"{name}:{row.doc_id}" if row.doc_id else "",
            split="test",
        )
        for row in load_source(test, codebook, download=download)
    ]
    both = {row.id for row in rows} & {row.id for row in tested}
    if both:
        raise InputError(f"{test.path}: id {min(both)!r} stands in {source.path} too; rename it")
    return [*rows, *tested]
