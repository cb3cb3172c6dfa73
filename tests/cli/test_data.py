"""`stance data` on tables as people have them: nothing dropped, nothing read as what it is not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from stance.cli.main import app
from stance.corpus.load import Mapped, load_examples
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
    with pytest.raises(
        InputError, match=r"row 7: stance_b: 'Denies' is not a stance label.*denying"
    ):
        _data("agreement", path)
    said = json.loads(_data("agreement", path, "--json", "--label", "Denies=denying"))
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


def test_long_tables_need_an_id_and_a_name_and_may_have_columns_of_other_names(
    tmp_path: Path,
) -> None:
    rows = ["1,Ruud,denying", "1,Tamm,denying", "2,Ruud,neutral", "2,Tamm,neutral", "2,Tamm,"]
    path = _table(tmp_path / "long.csv", "unit,coder,code", *rows)
    said = json.loads(
        _data(
            "agreement",
            path,
            "--json",
            "--annotator",
            "coder",
            "-c",
            "id=unit",
            "-c",
            "stance=code",
        )
    )
    assert said["alpha"]["estimate"] == 1.0
    for gap, row in (("unit", ",Vole,denying"), ("coder", "2,,denying")):
        holed = _table(tmp_path / "holed.csv", "unit,coder,code", *rows, row)
        with pytest.raises(InputError, match=f"row 6 has no '{gap}'"):
            _data("agreement", holed, "--annotator", "coder", "-c", "id=unit", "-c", "stance=code")


def test_annotators_may_be_numbered_and_none_is_passed_over_in_silence(tmp_path: Path) -> None:
    path = _table(
        tmp_path / "rows.csv", "id,stance_1,stance_2,stance_10,stance_ruud",
        "1,denying,denying,denying,neutral", "2,neutral,neutral,,neutral",
    )  # fmt: skip
    done = CliRunner().invoke(app, ["data", "agreement", str(path), "--json"])
    assert json.loads(done.stdout)["annotators"] == ["stance_1", "stance_2", "stance_10"]
    assert "not read as annotators' labels: stance_ruud" in done.stderr
    with pytest.raises(InputError, match="labels of two annotators"):
        _data("agreement", path, "--by", "stance_1", "--by", "stance_1")


def test_json_for_machines_has_no_nan(tmp_path: Path) -> None:
    path = _table(tmp_path / "rows.csv", "id,stance_a,stance_b", "1,denying,denying")

    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    said = json.loads(_data("agreement", path, "--json"), parse_constant=refuse)
    assert said["alpha"]["estimate"] is None


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


def test_labels_of_several_annotators_are_no_label_yet(tmp_path: Path) -> None:
    path = _table(
        tmp_path / "rows.csv", "id,text,stance_a,stance_b", "1,Ruud left.,neutral,denying"
    )
    with pytest.raises(InputError, match=r"no row has a label.*--column stance=stance_a"):
        _data("validate", path)


def test_a_column_may_be_absent_from_the_first_row(tmp_path: Path) -> None:
    path = _jsonl(
        tmp_path / "rows.jsonl", '{"text": "Ruud left."}',
        '{"text": "Tamm left.", "code": "neutral"}',
    )  # fmt: skip
    assert "1 of 2 rows have no stance" in _data("validate", path, "-c", "stance=code")
    with pytest.raises(InputError, match=r"columns.stance: no column 'kode'; did you mean 'code'"):
        _data("validate", path, "-c", "stance=kode")


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


def test_a_map_need_not_name_the_labels_that_are_ours(tmp_path: Path) -> None:
    path = _table(
        tmp_path / "rows.csv", "id,text,stance",
        "1,Ruud backed it.,a=b", "2,Tamm left.,neutral", "3,Vole left.,drop",
    )  # fmt: skip
    said = json.loads(_data("validate", path, "--json", "-l", "a=b=supporting", "-l", "drop="))
    assert said["without"]["stance"] == 1
    with pytest.raises(InputError, match="2 rows are wrong"):
        _data("validate", path, "-l", "neutral=neutral")


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
    nested = _jsonl(
        tmp_path / "nested.jsonl",
        '{"text": "Ruud left.", "stance": [NaN], "actor_span": NaN, "page": NaN, "far": -Infinity}',
    )
    ((_, row),) = read_rows(nested)
    assert (row["stance"], row["page"], row["far"]) == ([None], None, float("-inf"))
    assert load_examples(nested, codebook)[0].stance is None


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
    other = tmp_path / "doccano.json"
    other.write_text(json.dumps([
        {"id": 1, "text": "Ruud backed it.", "cats": {"supporting": 1.0, "neutral": 0.0}},
        {"id": 2, "text": "Tamm left.", "cats": ["neutral"]},
        {"id": 3, "text": "Vole left.", "cats": "denying"},
        {"id": 4, "text": "Kaas left."},
    ]))  # fmt: skip
    mapped = Mapped({"stance": "cats"})
    labels = [row.stance for row in load_examples(other, codebook, mapped=mapped)]
    assert labels == ["supporting", "neutral", "denying", None]


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
    assert all({"stance_a", "stance_b"} <= set(row) for row in rows)
    twice = [task(1, (7, "neutral"), (7, "denying"))]
    (tmp_path / "twice.json").write_text(json.dumps(twice))
    with pytest.raises(InputError, match=r"task 1: 7 chose 'neutral' and 'denying' for 'stance'"):
        list(read_rows(tmp_path / "twice.json"))
    crowd = [task(1, *((who, "neutral") for who in range(30)), (None, "denying"))]
    (tmp_path / "crowd.json").write_text(json.dumps(crowd))
    ((_, row),) = read_rows(tmp_path / "crowd.json")
    assert [row[f"stance_{at}"] for at in (1, 30, 31)] == ["neutral", "neutral", "denying"]
    assert row["stance"] is None
    (tmp_path / "other.json").write_text('{"text": "x"}')
    with pytest.raises(InputError, match="list of Label Studio tasks"):
        list(read_rows(tmp_path / "other.json"))


def test_the_index_of_pandas_is_no_column(tmp_path: Path) -> None:
    path = _table(tmp_path / "frame.csv", ",text,stance", "0,Ruud left.,neutral")
    assert [row for _, row in read_rows(path)] == [{"text": "Ruud left.", "stance": "neutral"}]


def test_columns_without_a_name_lose_no_text(tmp_path: Path) -> None:
    blank = _table(tmp_path / "blank.csv", "text,stance,,", "Ruud left.,neutral,,")
    assert [row for _, row in read_rows(blank)] == [{"text": "Ruud left.", "stance": "neutral"}]
    full = _table(tmp_path / "full.csv", "text,stance,", "A.,neutral,", "B.,neutral,but why")
    with pytest.raises(InputError, match=r"row 2 \(line 3\): 'but why' stands in column 3"):
        list(read_rows(full))


def test_names_that_stand_twice_are_refused(tmp_path: Path) -> None:
    twice = _table(tmp_path / "twice.csv", "text,stance,text", "A.,neutral,B.")
    with pytest.raises(InputError, match="column 'text' stands twice"):
        list(read_rows(twice))
    keys = _jsonl(tmp_path / "keys.jsonl", '{"text": "A."}', '{"text": "A.", "text": "B."}')
    with pytest.raises(InputError, match="row 2: key 'text' stands twice"):
        list(read_rows(keys))
    pq.write_table(pa.table([["A."], ["B."]], names=["text", "text"]), tmp_path / "twice.parquet")
    with pytest.raises(InputError, match="column 'text' stands twice"):
        list(read_rows(tmp_path / "twice.parquet"))


def test_json_beyond_the_reader_is_refused_in_a_line(tmp_path: Path) -> None:
    for text, said in (("[" * 100_000, "too many"), ('{"text": ' + "1" * 5000 + "}", "digits")):
        for name in ("deep.jsonl", "deep.json"):
            (tmp_path / name).write_text(text)
            with pytest.raises(InputError, match=said) as caught:
                list(read_rows(tmp_path / name))
            assert "\n" not in str(caught.value)


def test_endings_in_capitals_are_read(tmp_path: Path) -> None:
    path = _table(tmp_path / "ROWS.CSV", "text", "Ruud left.")
    assert [row for _, row in read_rows(path)] == [{"text": "Ruud left."}]


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


def test_a_split_says_which_label_is_never_trained(tmp_path: Path) -> None:
    rows = [f"{at},Ruud spoke of place {at} and of {at * 13}.,{'denying' if at == 7 else 'neutral'}"
            for at in range(20)]  # fmt: skip
    path = _table(tmp_path / "rows.csv", "id,text,stance", *rows)
    salt = next(
        salt for salt in map(str, range(99))
        if "denying" not in {
            row["stance"]
            for row in _split(path, tmp_path / "out.jsonl", salt) if row["split"] == "train"
        }
    )  # fmt: skip
    done = CliRunner().invoke(
        app, ["data", "split", str(path), "-o", str(tmp_path / "out.jsonl"), "--salt", salt]
    )
    assert "stance 'denying' is" in done.stderr
    assert "no training row" in done.stderr


def _split(path: Path, out: Path, salt: str) -> list[dict[str, Any]]:
    _data("split", path, "-o", out, "--salt", salt)
    return [row for _, row in read_rows(out)]


def test_rows_without_a_stance_are_audited_all_the_same(tmp_path: Path) -> None:
    rows = [f"{at},Ruud spoke of place {at} and of {at * 13}.,,{mood},{part}"
            for at, (mood, part) in enumerate(zip(
                ["positive", "negative"] * 6, ["train"] * 8 + ["test"] * 4, strict=True))]  # fmt: skip
    path = _table(tmp_path / "rows.csv", "id,text,stance,sentiment,split", *rows)
    done = CliRunner().invoke(app, ["data", "audit", str(path), "--json"])
    assert done.exception is None or isinstance(done.exception, (SystemExit, InputError))
    assert json.loads(done.stdout)["artefacts"] == {}
