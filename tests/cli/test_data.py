"""`stance data` on tables as people have them: nothing dropped, nothing read as what it is not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from stance.cli.main import app
from stance.corpus.load import load_examples
from stance.corpus.tables import read_rows
from stance.errors import InputError


def _data(*arguments: object) -> str:
    done = CliRunner().invoke(app, ["data", *map(str, arguments)])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.output


def _table(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


# -- agreement ----------------------------------------------------------------------------------

TWO = [f"r{at},t{at},{one},{other}" for at, (one, other) in enumerate(
    [("condemning",) * 2, ("denying",) * 2, ("neutral",) * 2] * 2
    + [("condemning", "Denies")] * 4
)]  # fmt: skip


def test_a_label_that_is_none_is_refused_by_name(tmp_path: Path) -> None:
    path = _table(tmp_path / "two.csv", "id,doc_id,stance_a,stance_b", *TWO)
    with pytest.raises(InputError, match=r"row 7: stance_b 'Denies' is not a label.*denying"):
        _data("agreement", path)
    maps = [f"--label={name}={name}" for name in ("condemning", "denying", "neutral")]
    said = json.loads(_data("agreement", path, "--json", "--label", "Denies=denying", *maps))
    assert said["alpha"]["estimate"] == pytest.approx(0.406, abs=0.001)


def test_any_number_of_annotators_with_gaps(tmp_path: Path) -> None:
    path = _table(
        tmp_path / "three.csv", "id,doc_id,stance_a,stance_b,stance_c",
        "1,a,condemning,condemning,", "2,b,condemning,,condemning", "3,c,,denying,denying",
    )  # fmt: skip
    said = json.loads(_data("agreement", path, "--json"))
    assert said["annotators"] == ["stance_a", "stance_b", "stance_c"]
    assert said["alpha"]["estimate"] == 1.0
    assert len(said["pairs"]) == 3
    named = json.loads(_data("agreement", path, "--json", "--by", "stance_a", "--by", "stance_c"))
    assert named["annotators"] == ["stance_a", "stance_c"]


def test_long_tables_say_the_same_as_wide_ones(tmp_path: Path) -> None:
    labels = ["condemning", "denying", "neutral", "denying", "neutral", "condemning"]
    other = ["condemning", "neutral", "neutral", "denying", "neutral", "denying"]
    wide = _table(
        tmp_path / "wide.csv", "id,doc_id,stance_a,stance_b",
        *(f"{at},d{at},{a},{b}" for at, (a, b) in enumerate(zip(labels, other, strict=True))),
    )  # fmt: skip
    long = _table(
        tmp_path / "long.csv", "id,doc_id,coder,stance",
        *(f"{at},d{at},Ruud,{a}" for at, a in enumerate(labels)),
        *(f"{at},d{at},Tamm,{b}" for at, b in enumerate(other)),
    )  # fmt: skip
    one = json.loads(_data("agreement", wide, "--json"))
    two = json.loads(_data("agreement", long, "--json", "--annotator", "coder"))
    assert two["annotators"] == ["Ruud", "Tamm"]
    assert two["alpha"] == one["alpha"]
    twice = _table(
        tmp_path / "twice.csv", "id,coder,stance", "1,A,denying", "1,A,neutral", "1,B,neutral"
    )
    with pytest.raises(InputError, match="row 2: 'A' labels '1' a second time"):
        _data("agreement", twice, "--annotator", "coder")


# -- validate -----------------------------------------------------------------------------------


def test_rows_without_any_label_are_not_good(tmp_path: Path) -> None:
    path = _table(tmp_path / "rows.csv", "sentence,verdict", "Ane Ruud backed the toll.,supporting")
    with pytest.raises(InputError, match=r"no row has a label.*--column stance=NAME"):
        _data("validate", path, "-c", "text=sentence")
    said = _data("validate", path, "-c", "text=sentence", "-c", "stance=verdict")
    assert "1 of 1 rows have no sentiment" in said


def test_one_text_and_holder_with_two_labels_is_said(tmp_path: Path) -> None:
    path = _table(
        tmp_path / "rows.csv", "id,text,actor,stance",
        "1,Ruud left.,Ruud,neutral", "2,Ruud  left.,Ruud,denying", "3,Ruud left.,Tamm,denying",
    )  # fmt: skip
    with pytest.raises(InputError, match="1 rows contradict others"):
        _data("validate", path)


# -- labels of other names ----------------------------------------------------------------------


def test_labels_map_wherever_rows_are_read(tmp_path: Path) -> None:
    path = _table(
        tmp_path / "rows.csv", "id,text,stance,sentiment,split",
        "1,Ruud backed the toll.,1,pos,train", "2,Tamm denied it.,0,neg,test",
    )  # fmt: skip
    maps = ["-l", "1=supporting", "-l", "0=denying", "-l", "sentiment:pos=positive",
            "-l", "sentiment:neg=negative"]  # fmt: skip
    with pytest.raises(InputError, match="'1' is not a stance label"):
        _data("describe", path)
    assert "2 rows are good" in _data("validate", path, *maps)
    assert "supporting" in _data("describe", path, *maps)
    out = tmp_path / "split.csv"
    many = _table(
        tmp_path / "many.csv", "id,text,stance",
        *(f"{at},Ruud said item {at} of {at * 7} was {'good' if at % 2 else 'bad'}.,{at % 2}"
          for at in range(40)),
    )  # fmt: skip
    _data("split", many, "-o", out, *maps[:4])
    assert {row["stance"] for _, row in read_rows(out)} == {"supporting", "denying"}
    with pytest.raises(InputError, match="not of the form old=new"):
        _data("validate", path, "-l", "supporting")


# -- tables as others write them ----------------------------------------------------------------


def _jsonl(path: Path, *lines: str) -> Path:
    return _table(path, *lines)


def test_nan_is_no_label(tmp_path: Path, codebook: Any) -> None:
    path = _jsonl(
        tmp_path / "rows.jsonl",
        '{"id": 1, "text": "Ruud backed it.", "stance": "supporting", "actor": NaN}',
        '{"id": 2, "text": "Tamm left.", "stance": NaN}',
    )
    first, second = load_examples(path, codebook)
    assert (first.stance, first.actor, second.stance) == ("supporting", "", None)


def test_doccano_lists_are_one_label_or_none(tmp_path: Path, codebook: Any) -> None:
    path = _jsonl(
        tmp_path / "doccano.jsonl",
        '{"id": 1, "text": "Ruud backed it.", "label": ["supporting"]}',
        '{"id": 2, "text": "Tamm left.", "label": []}',
    )
    assert "2 rows are good" in _data("validate", path, "-c", "stance=label")
    both = '{"id": 3, "text": "Ruud.", "label": ["neutral", "denying"]}'
    with pytest.raises(InputError, match="1 rows are wrong"):
        _data("validate", _jsonl(tmp_path / "both.jsonl", both), "-c", "stance=label")


def test_label_studio_gives_a_column_an_annotator(tmp_path: Path) -> None:
    def task(number: int, *choices: tuple[Any, str | None]) -> dict[str, Any]:
        return {
            "id": number, "data": {"text": f"Ruud said item {number}."},
            "annotations": [
                {
                    "completed_by": who, "was_cancelled": choice is None,
                    "result": [{"from_name": "stance", "value": {"choices": [choice]}}],
                }
                for who, choice in choices
            ],
        }  # fmt: skip

    path = tmp_path / "export.json"
    path.write_text(json.dumps([
        task(1, (7, "supporting"), ({"id": 9, "email": "b@orsk.example"}, "neutral")),
        task(2, (7, "denying"), ({"id": 9, "email": "b@orsk.example"}, "denying")),
        task(3, (7, None)),
    ]))  # fmt: skip
    rows = [row for _, row in read_rows(path)]
    assert [row.get("stance_a") for row in rows] == ["supporting", "denying", None]
    assert [row.get("stance_b") for row in rows] == ["neutral", "denying", None]
    assert [row.get("stance") for row in rows] == [None, "denying", None]
    assert json.loads(_data("agreement", path, "--json"))["annotators"] == ["stance_a", "stance_b"]
    (tmp_path / "other.json").write_text('{"text": "x"}')
    with pytest.raises(InputError, match="list of Label Studio tasks"):
        list(read_rows(tmp_path / "other.json"))


def test_the_index_of_pandas_is_no_column(tmp_path: Path) -> None:
    path = _table(tmp_path / "frame.csv", ",text,stance", "0,Ruud left.,neutral")
    assert [row for _, row in read_rows(path)] == [{"text": "Ruud left.", "stance": "neutral"}]


def test_shares_of_splits_are_kept(tmp_path: Path) -> None:
    rows = [f"{at},Ruud spoke of place {at} and of {at * 13}.,{'neutral' if at % 3 else 'denying'}"
            for at in range(200)]  # fmt: skip
    path = _table(tmp_path / "rows.csv", "id,text,stance", *rows)
    out = tmp_path / "out.jsonl"
    _data("split", path, "-o", out, "--validation", 0.15, "--test", 0.25)
    parts = [row["split"] for _, row in read_rows(out)]
    assert parts.count("validation") == pytest.approx(30, abs=3)
    assert parts.count("test") == pytest.approx(50, abs=3)
    with pytest.raises(InputError, match="leave nothing"):
        _data("split", path, "-o", out, "--validation", 0.5, "--test", 0.5)
    with pytest.raises(InputError, match="give hundredths"):
        _data("split", path, "-o", out, "--validation", 0.001)
