"""PolNeAR: attributions (source, cue, content) in political news, read as published.

The corpus comes as brat standoff, one folder for a compartment: ``text/NAME.txt`` and
``attributions/NAME_ANNOTATOR.ann``, with ``T`` lines for spans and ``E`` lines that bind them
into attributions. A JSONL file with the same content (``doc_id``, ``text``, ``attributions`` of
``source``, ``cue`` and ``content`` as lists of ``[start, end]``) is read too.

Source: E. Newell, D. Margolin, D. Ruths, "An attribution relations corpus for political
news", LREC 2018.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stance.errors import InputError
from stance.schema import Article, Quote, Span

Spans = tuple[Span, ...]
_ROLES = ("Source", "Cue", "Content")
_OPENING = "\"“«„‘'`"
_CLOSING = "\"”»“’'"


@dataclass(frozen=True, slots=True)
class GoldAttribution:
    """One annotated attribution; spans index the article's text and may be in pieces."""

    id: str
    source: Spans
    cue: Spans
    content: Spans
    quote: Quote


@dataclass(frozen=True, slots=True)
class AnnotatedArticle:
    """An article and everything that was annotated in it, by whom it may be."""

    article: Article
    attributions: tuple[GoldAttribution, ...]


def read_polnear(path: str | Path, *, annotator: str | None = None) -> Iterator[AnnotatedArticle]:
    """Articles of a compartment's folder, or of a JSONL file, sorted by name in a folder.

    Where several annotators marked one article, ``annotator`` (the suffix of the file name)
    chooses; without it the first by name is read. Raises ``InputError`` for files that are
    absent or that bind what they do not define.
    """
    path = Path(path)
    if path.is_file():
        yield from _jsonl(path)
        return
    texts = sorted((path / "text").glob("*.txt"))
    if not texts:
        raise InputError(f"{path}: no text/*.txt here; give the folder of one compartment")
    for file in texts:
        pattern = f"{_glob_safe(file.stem)}_{annotator or '*'}.ann"
        found = sorted((path / "attributions").glob(pattern))
        if not found:
            continue
        # newline="" keeps CR LF, which the offsets count.
        with file.open(encoding="utf-8", newline="") as stream:
            text = stream.read()
        yield AnnotatedArticle(Article(file.stem, text), _standoff(found[0], text))


def _glob_safe(name: str) -> str:
    return "".join(f"[{char}]" if char in "[]*?" else char for char in name)


def _standoff(file: Path, text: str) -> tuple[GoldAttribution, ...]:
    spans: dict[str, Spans] = {}
    events: list[tuple[str, list[tuple[str, str]]]] = []
    with file.open(encoding="utf-8", newline="") as stream:
        lines = stream.read().replace("\r\n", "\n").split("\n")
    for number, line in enumerate(lines, start=1):
        try:
            if line.startswith("T"):
                name, body = line.split("\t")[:2]
                spans[name] = tuple(_span(piece) for piece in body.split(" ", 1)[1].split(";"))
            elif line.startswith("E"):
                name, body = line.split("\t")[:2]
                events.append((name, [_binding(item) for item in body.split()]))
        except (ValueError, IndexError) as error:
            raise InputError(
                f"{file}: line {number} is not brat standoff: {line[:60]!r}"
            ) from error
    gold: list[GoldAttribution] = []
    for name, bound in events:
        roles: dict[str, list[Span]] = {role: [] for role in _ROLES}
        for role, item in bound:
            # brat numbers repeated roles: Source, Source2, ...
            role = role.rstrip("0123456789")
            if role in roles:
                if item not in spans:
                    raise InputError(f"{file}: {name} binds {item}, which no T line defines")
                roles[role] += spans[item]
        source, cue, content = (tuple(sorted(roles[role])) for role in _ROLES)
        gold.append(GoldAttribution(name, source, cue, content, quote_type(text, content)))
    return tuple(gold)


def _binding(item: str) -> tuple[str, str]:
    role, name = item.split(":", 1)
    return role, name


def _span(piece: str) -> Span:
    start, end = piece.split()
    return int(start), int(end)


def quote_type(text: str, content: Spans) -> Quote:
    """Direct where quotation marks enclose the content, mixed where they enclose a part."""
    said = " ".join(text[start:end] for start, end in content).strip()
    if not said:
        return Quote.INDIRECT
    marks = sum(char in '"“”«»„' for char in said)
    if marks and said[0] in _OPENING and said[-1] in _CLOSING:
        return Quote.DIRECT
    return Quote.MIXED if marks else Quote.INDIRECT


def _jsonl(path: Path) -> Iterator[AnnotatedArticle]:
    with path.open(encoding="utf-8", newline="") as stream:
        for number, line in enumerate(stream, start=1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
                gold = tuple(_gold(item, row["text"]) for item in row["attributions"])
                yield AnnotatedArticle(Article(str(row["doc_id"]), row["text"]), gold)
            except (KeyError, TypeError, ValueError) as error:
                raise InputError(
                    f"{path}: line {number} lacks doc_id, text or attributions ({error})"
                ) from error


def _gold(item: dict[str, Any], text: str) -> GoldAttribution:
    source, cue, content = (
        tuple((int(start), int(end)) for start, end in item[role])
        for role in ("source", "cue", "content")
    )
    stated = item.get("quote")
    known = stated in {quote.value for quote in Quote}
    return GoldAttribution(
        str(item["id"]), source, cue, content,
        Quote(str(stated)) if known else quote_type(text, content),
    )  # fmt: skip
