"""A corpus folder as it is released: JSONL to read and edit, Parquet to load, hashes to trust.

``rows.jsonl`` and ``articles.jsonl`` are the corpus; everything else in the folder follows
from them. :func:`check_release` says whether it still does, and whether offsets, splits and
contrast pairs hold together.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from stance.corpus.load import SPLITS
from stance.errors import InputError
from stance.files import atomic_path, read_json, sha256_file, write_json

ROWS, ARTICLES, MANIFEST = "rows.jsonl", "articles.jsonl", "manifest.json"
PASSES = ("writer", "a", "b")
_SPANS = ("actor_span", "target_span", "cue_span", "content_span")
_SPAN_OF = {"actor_span": "speaker", "cue_span": "cue"}


def read_jsonl(path: Path) -> list[dict[str, Any]]:
    """Read a JSONL file of this project's own making."""
    try:
        with path.open(encoding="utf-8") as handle:
            return [json.loads(line) for line in handle]
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: not readable ({error})") from None


def write_release(folder: Path) -> dict[str, str]:
    """Write the Parquet files and the manifest of hashes; return the hashes by file."""
    rows, articles = read_jsonl(folder / ROWS), read_jsonl(folder / ARTICLES)
    for split in SPLITS:
        part = [row for row in rows if row["split"] == split]
        _parquet(folder / "parquet" / f"{split}.parquet", part)
    _parquet(folder / "parquet" / "articles.parquet", articles)
    hashes = {
        path.relative_to(folder).as_posix(): sha256_file(path)
        for path in sorted([folder / ROWS, folder / ARTICLES, *folder.glob("parquet/*.parquet")])
    }
    write_json(folder / MANIFEST, {"rows": len(rows), "articles": len(articles), "sha256": hashes})
    return hashes


def _parquet(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    def kind(name: str) -> Any:
        if name in _SPANS:
            return pa.list_(pa.int64())
        if name == "sentences":
            return pa.list_(pa.list_(pa.int64()))
        return pa.int64() if name == "sentence" else pa.string()

    names = list(dict.fromkeys(name for row in rows for name in row))
    schema = pa.schema([(name, kind(name)) for name in names])
    records = [{name: row.get(name) for name in names} for row in rows]
    with atomic_path(path) as temporary:
        pq.write_table(pa.Table.from_pylist(records, schema=schema), temporary)


def check_release(folder: Path) -> list[str]:
    """Return everything in which a corpus folder contradicts itself; empty where nothing does."""
    rows, articles = read_jsonl(folder / ROWS), read_jsonl(folder / ARTICLES)
    problems = []
    for name, expected in read_json(folder / MANIFEST)["sha256"].items():
        path = folder / name
        if not path.is_file() or sha256_file(path) != expected:
            problems.append(f"{name} is not the file of the manifest")
    texts = {article["doc_id"]: article for article in articles}
    problems += [problem for row in rows for problem in _row_problems(row, texts)]
    known = {row["id"]: row for row in rows}
    for row in rows:
        original = known.get(row.get("contrast_of", ""))
        if row.get("contrast_of") and original is None:
            problems.append(f"{row['id']}: its original {row['contrast_of']!r} is not here")
        elif original is not None and original["split"] != row["split"]:
            problems.append(f"{row['id']}: lies in another split than its original")
    return problems


def _row_problems(
    row: Mapping[str, Any], articles: Mapping[str, Mapping[str, Any]]
) -> Iterator[str]:
    article = articles.get(row["doc_id"])
    if article is None:
        yield f"{row['id']}: no article {row['doc_id']!r}"
        return
    start, end, boilerplate = article["sentences"][row["sentence"]]
    if boilerplate:
        yield f"{row['id']}: labels boilerplate"
    if not row.get("contrast_of") and article["text"][start:end] != row["text"]:
        yield f"{row['id']}: the text is not the article's sentence {row['sentence']}"
    for name in _SPANS:
        span = row.get(name)
        if span is None:
            continue
        inside = row["text"][span[0] : span[1]]
        if not inside or len(inside) != span[1] - span[0]:
            yield f"{row['id']}: {name} {span} lies outside the text"
        field = _SPAN_OF.get(name)
        if field and inside.replace("\n", " ") != row[field]:
            yield f"{row['id']}: {name} holds {inside!r}, not {row[field]!r}"
