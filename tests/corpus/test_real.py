"""Real news as standoff: rows put together from published texts, or refused, and no text kept."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from stance.cli.main import app
from stance.codebook import load_codebook
from stance.corpus.adapters import real
from stance.corpus.load import load_examples
from stance.errors import InputError

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared" / "data"
NEWS = 'Orsk, Monday \n\n\nMayor Ane Ruud called the toll "theft". It rained.\r\nShe left.'
ORDER = "Velm told the militia to leave."


def _jsonl(path: Path, *rows: dict[str, Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def _at(text: str, words: str) -> list[int]:
    start = text.index(words)
    return [start, start + len(words)]


@pytest.fixture(autouse=True)
def annotations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Two annotated documents: an article, and a sentence of another source."""
    folder = tmp_path / "annotations"
    said = _at(NEWS, 'Mayor Ane Ruud called the toll "theft".')
    rain = _at(NEWS, "It rained.")
    common = {"sentiment": "neutral", "quote": "none", "sure": True}
    _jsonl(
        folder / real.ANNOTATIONS,
        {
            **common, "id": "https://orsk.example/1#1:1", "doc_id": "https://orsk.example/1",
            "sentence": 1, "start": said[0], "end": said[1], "stance": "condemning",
            "sentiment": "negative", "quote": "mixed", "actor": "Ane Ruud", "kind": "person",
            "actor_span": _at(NEWS, "Mayor Ane Ruud"), "cue_span": _at(NEWS, "called"),
            "content_spans": [_at(NEWS, 'the toll "theft"')], "target_span": _at(NEWS, "the toll"),
            "stance_a": "condemning", "stance_b": "accusing",
        },
        {
            **common, "id": "https://orsk.example/1#2:1", "doc_id": "https://orsk.example/1",
            "sentence": 2, "start": rain[0], "end": rain[1], "stance": "neutral", "actor": "",
        },
        {
            **common, "id": "s7#0:1", "doc_id": "s7", "sentence": 0, "start": 0, "end": len(ORDER),
            "stance": "demanding", "actor": "Velm", "actor_span": [0, 4], "target": "militia",
            "picked": "dem",
        },
    )  # fmt: skip
    documents = [
        ("https://orsk.example/1", "wikinews", NEWS, "train"),
        ("s7", "wire", ORDER, "test"),
    ]
    _jsonl(
        folder / real.DOCUMENTS,
        *(
            {
                "doc_id": name, "address": name, "source": source, "sha256": real.text_hash(text), "group": name,
                "characters": len(text), "split": split,
            }
            for name, source, text, split in documents
        ),
    )  # fmt: skip
    monkeypatch.setattr(real, "bundled", lambda name: folder / Path(name).name)
    real.read_standoff.cache_clear()
    yield folder
    real.read_standoff.cache_clear()


def _wikinews(path: Path, text: str = NEWS) -> Path:
    cell = text.replace('"', '""')
    path.write_bytes(
        f'url,date,title,text\nhttps://orsk.example/1,2031-01-01,Toll,"{cell}"\n'.encode()
    )
    return path


def test_rows_come_back_with_their_spans(tmp_path: Path) -> None:
    said, rain = real.read(_wikinews(tmp_path / "wikinews.csv"))
    assert said.text == 'Mayor Ane Ruud called the toll "theft".'
    assert said.actor_span is not None
    assert said.text[slice(*said.actor_span)] == "Mayor Ane Ruud"
    assert (said.actor, said.target, said.stance) == ("Ane Ruud", "the toll", "condemning")
    cue, (content,) = said.extra["cue_span"], said.extra["content_spans"]
    assert (said.text[slice(*cue)], said.text[slice(*content)]) == ("called", 'the toll "theft"')
    assert (said.split, said.extra["source"], said.extra["stance_b"]) == (
        "train", "wikinews", "accusing",
    )  # fmt: skip
    assert (rain.text, rain.actor, rain.actor_span) == ("It rained.", "", None)


def test_a_text_that_differs_by_one_character_is_refused(tmp_path: Path) -> None:
    path = _wikinews(tmp_path / "wikinews.csv", NEWS.replace("It rained", "It  rained"))
    with pytest.raises(InputError, match=r"orsk\.example/1 is not the one that was annotated"):
        list(real.read(path))


def test_other_forms_are_found_by_the_text_alone(tmp_path: Path) -> None:
    row = {"sentence_normalized": ORDER, "primary_gid": "x"}
    path = _jsonl(tmp_path / "train.jsonl", row, row, {**row, "sentence_normalized": "Other."})
    (found,) = real.read(path)
    assert (found.id, found.target, found.extra["picked"]) == ("s7#0:1", "militia", "dem")
    article = {"doc_id": "https://orsk.example/1", "text": NEWS, "attributions": []}
    assert len(list(real.read(_jsonl(tmp_path / "polnear.jsonl", article)))) == 2
    with pytest.raises(InputError, match="has no column text"):
        list(real.read(_jsonl(tmp_path / "other.jsonl", {"body": "Orsk."})))


@pytest.mark.parametrize("suffix", ["jsonl", "csv", "parquet"])
def test_the_command_writes_rows_and_says_what_is_missing(tmp_path: Path, suffix: str) -> None:
    out = tmp_path / f"real.{suffix}"
    source = _wikinews(tmp_path / "wikinews.csv")
    done = CliRunner().invoke(app, ["data", "import", "real", str(source), "-o", str(out)])
    assert done.exit_code == 0, done.output
    assert "wire: 1 of 1 annotated documents are not in the files given" in done.output
    assert "wikinews:" not in done.output
    rows = load_examples(out, load_codebook(ROOT / "configs/codebook.yaml"))
    assert [row.stance for row in rows] == ["condemning", "neutral"]


# -- what is released -----------------------------------------------------------------------


def _released(name: str) -> list[dict[str, Any]]:
    path = ROOT / real.FOLDER / name
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_release_holds_together() -> None:
    documents = {item["doc_id"]: item for item in _released(real.DOCUMENTS)}
    rows = _released(real.ANNOTATIONS)
    codebook = load_codebook(ROOT / "configs/codebook.yaml")
    assert len({row["id"] for row in rows}) == len(rows)
    assert {row["doc_id"] for row in rows} == set(documents)
    assert len({item["sha256"] for item in documents.values()}) == len(documents)
    for row in rows:
        assert row["stance"] in codebook.classes["stance"], row["id"]
        assert row["sentiment"] in codebook.classes["sentiment"], row["id"]
        assert 0 <= row["start"] < row["end"] <= documents[row["doc_id"]]["characters"]
        spans = [row.get(name) for name in ("actor_span", "cue_span", "target_span")]
        for span in [*spans, *row.get("content_spans", ())]:
            assert span is None or row["start"] <= span[0] < span[1] <= row["end"], row["id"]
    by_group: dict[str, set[str]] = {}
    for item in documents.values():
        by_group.setdefault(item["group"], set()).add(item["split"])
    assert all(len(splits) == 1 for splits in by_group.values())


NAMES = ("address", "doc_id", "group", "id", "actor")
_WORD = re.compile(r"\w+")


def _runs(text: str) -> set[tuple[str, ...]]:
    words = _WORD.findall(text.lower())
    return {tuple(words[at : at + 8]) for at in range(len(words) - 7)}


def test_no_eight_words_of_a_source_stand_in_the_release() -> None:
    if not SHARED.is_dir():
        pytest.skip("the sources are not at hand")
    ours = set()
    for name in (real.DOCUMENTS, real.ANNOTATIONS):
        for row in _released(name):
            # Names of documents and of holders are facts, and may be long.
            for key, value in row.items():
                if isinstance(value, str) and key not in NAMES:
                    ours |= _runs(value)
    for path in sorted(SHARED.glob("*.*")):
        if path.suffix in {".jsonl", ".csv"}:
            copied = ours & _runs(path.read_text(encoding="utf-8"))
            assert not copied, path.name
