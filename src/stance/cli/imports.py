"""`stance data import`: public corpora, in their published forms, as rows of our format."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stance.cli.data import AsJson, app

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stance.corpus.adapters.published import Corpus
    from stance.schema import Example


@app.command("import")
def import_(
    name: Annotated[str | None, typer.Argument(help="Which corpus; none lists them.")] = None,
    paths: Annotated[
        list[Path] | None,
        typer.Argument(help="Its files as published; with --download the folder to fetch to."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Write .jsonl, .csv or .parquet.")
    ] = None,
    split: Annotated[
        str | None, typer.Option(help="Split of all rows, in place of what the file names tell.")
    ] = None,
    drop_leaks: Annotated[
        bool,
        typer.Option(
            "--drop-leaks",
            help="Drop training rows that share a document or near-copy with a test row.",
        ),
    ] = False,
    download: Annotated[
        bool, typer.Option("--download", help="Fetch the published files first.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Read a public corpus as its authors publish it, and write rows of our format.

    Prints the rows by label and split, the licence and the citation. Without a name, lists the
    corpora and the configurations that train and score them.
    """
    from stance.cli import console
    from stance.corpus.adapters.registry import CORPORA, find_corpus
    from stance.corpus.audit import without_leaks
    from stance.corpus.load import to_rows
    from stance.corpus.tables import WRITTEN, write_rows
    from stance.errors import InputError
    from stance.files import require_apart, require_writable

    if name is None:
        _list(list(CORPORA.values()), as_json)
        return
    corpus = find_corpus(name)
    if out is None or out.suffix not in WRITTEN:
        given = out or "no --out given"
        raise InputError(f"{given}: say --out FILE with one of {', '.join(WRITTEN)}")
    sources = _fetch(corpus, paths or []) if download else paths or []
    if not sources:
        fix = "or say --download" if corpus.files else f"get them from {corpus.address}"
        raise InputError(f"{corpus.name}: give the published files ({corpus.form}), {fix}")
    require_apart(out, sources)
    require_writable(out)
    examples = _read(corpus, sources, split)
    kept = without_leaks(examples) if drop_leaks else examples
    write_rows(out, to_rows(kept))
    if as_json:
        console.print_json(
            {
                "corpus": corpus.name, "rows": len(kept), "dropped": len(examples) - len(kept),
                "labels": dict(Counter(item.stance or "" for item in kept)),
                "licence": corpus.licence, "citation": corpus.citation,
            }
        )  # fmt: skip
        return
    _print_counts(kept)
    lines = [f"{out}: {len(kept)} rows of {corpus.title}"]
    if drop_leaks:
        lines[0] += f" ({len(examples) - len(kept)} dropped: they leak into a later split)"
    lines += corpus.missing(examples) if corpus.missing else []
    lines += [f"licence: {corpus.licence}", f"cite: {corpus.citation}"]
    brought = {item.split for item in kept}
    # A split that came with the files is the one to score by.
    method = ["split.method=column"] if {"train", "test"} <= brought and "" not in brought else []
    recipe = " ".join([corpus.recipe, f"data.path={out}", *corpus.settings, *method])
    lines += [f"scored by: {corpus.metric}", f"next: stance run {recipe}"]
    for line in lines:
        console.out.print(line, markup=False, highlight=False, soft_wrap=True)


def _list(corpora: Sequence[Corpus], as_json: bool) -> None:
    from stance.cli import console

    fields = ("name", "title", "form", "metric", "licence", "recipe", "address", "citation")
    if as_json:
        console.print_json([{key: getattr(item, key) for key in fields} for item in corpora])
        return
    shown = ("name", "title", "form", "licence")
    rows = [[str(getattr(item, key)) for key in shown] for item in corpora]
    console.print_table("", shown, rows)


def _fetch(corpus: Corpus, paths: Sequence[Path]) -> list[Path]:
    """Download the corpus's files that are not there yet; return what its reader takes."""
    from stance.cli import console
    from stance.corpus.adapters.fetch import fetch
    from stance.errors import InputError
    from stance.files import sha256_file

    if not corpus.files:
        raise InputError(f"{corpus.name}: no file at a fixed address; see {corpus.address}")
    if len(paths) > 1:
        raise InputError("--download fetches to one folder; give at most one path")
    folder = paths[0] if paths else Path(corpus.name)
    for file in corpus.files:
        path = folder / file.name
        digest = sha256_file(path) if path.exists() else fetch(file.url, path)
        console.err.print(
            f"{path}: {path.stat().st_size} bytes, SHA-256 {digest}",
            markup=False, highlight=False, soft_wrap=True,
        )  # fmt: skip
    return [folder] if corpus.whole else [folder / file.name for file in corpus.files]


def _read(corpus: Corpus, sources: Sequence[Path], split: str | None) -> list[Example]:
    """Read all sources, and check the rows as a run would."""
    from dataclasses import replace

    from stance.codebook import load_codebook
    from stance.corpus.load import Mapped, check_rows, to_rows
    from stance.errors import InputError
    from stance.files import resolve

    examples = [item for source in sources for item in corpus.read(source)]
    if split is not None:
        examples = [replace(item, split=split) for item in examples]
    codebook = load_codebook(resolve(corpus.codebook))
    checked, problems = check_rows(enumerate(to_rows(examples), start=1), codebook, Mapped())
    where = ", ".join(str(source) for source in sources)
    if problems:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise InputError(f"{where}: {problems[0]}{more}")
    if not checked:
        raise InputError(f"{where}: no rows")
    return checked


def _print_counts(examples: Sequence[Example]) -> None:
    from stance.cli import console

    splits = sorted({item.split for item in examples})
    labels = Counter(item.stance or "(none)" for item in examples)
    counts = Counter((item.stance or "(none)", item.split) for item in examples)
    rows = [
        [label, *(str(counts[label, part]) for part in splits), str(total)]
        for label, total in labels.most_common()
    ]
    columns = ["label", *(part or "(no split)" for part in splits), "rows"]
    console.print_table("", columns, rows, right=range(1, len(columns)))
