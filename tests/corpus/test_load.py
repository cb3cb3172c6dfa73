"""Rows at the door: strings stay strings, every problem has its row."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from stance.codebook import Codebook
from stance.corpus.load import Mapped, check_rows, load_examples, to_rows, unlabelled
from stance.corpus.tables import read_rows, write_rows
from stance.errors import InputError


def _csv(tmp_path: Path, text: str, name: str = "rows.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(text.encode("utf-8"))
    return path


def test_strings_are_left_alone(tmp_path: Path, codebook: Codebook) -> None:
    path = _csv(
        tmp_path,
        "id,text,actor,stance\n007,It rained.,NA,neutral\n008,It rained.,None,neutral\n"
        "1e5,It rained.,null,neutral\n",
    )
    found = load_examples(path, codebook)
    assert [item.id for item in found] == ["007", "008", "1e5"]
    assert [item.actor for item in found] == ["NA", "None", "null"]


@pytest.mark.parametrize("suffix", ["csv", "tsv", "jsonl", "parquet"])
def test_every_format_gives_the_same_rows(
    tmp_path: Path, codebook: Codebook, rows: list[dict[str, object]], suffix: str
) -> None:
    path = tmp_path / f"rows.{suffix}"
    flat = [{**row, "actor_span": json.dumps(row["actor_span"])} for row in rows]
    if suffix == "parquet":
        import pyarrow as pa
        import pyarrow.parquet as pq

        pq.write_table(pa.Table.from_pylist(rows), path)
    elif suffix == "jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    else:
        import csv

        with path.open("w", newline="") as out:
            writer = csv.DictWriter(out, list(flat[0]), delimiter="," if suffix == "csv" else "\t")
            writer.writeheader()
            writer.writerows(flat)
    found = load_examples(path, codebook)
    assert [item.text for item in found] == [row["text"] for row in rows]
    assert [item.stance for item in found] == [row["stance"] for row in rows]
    assert all(
        item.text[slice(*item.actor_span)] == item.actor for item in found if item.actor_span
    )


def test_datasets_folder(tmp_path: Path, codebook: Codebook) -> None:
    import datasets

    features = datasets.Features(
        {
            "text": datasets.Value("string"),
            "stance": datasets.ClassLabel(names=["neutral", "denying"]),
        }
    )
    table = datasets.Dataset.from_dict({"text": ["A.", "B."], "stance": [1, 0]}, features=features)
    datasets.DatasetDict({"train": table}).save_to_disk(str(tmp_path / "set"))
    found = load_examples(tmp_path / "set", codebook)
    assert [(item.stance, item.split) for item in found] == [
        ("denying", "train"),
        ("neutral", "train"),
    ]


def test_unknown_label_names_row_and_nearest(tmp_path: Path, codebook: Codebook) -> None:
    path = _csv(tmp_path, "text,stance\nA.,neutral\nB.,condeming\n")
    with pytest.raises(InputError, match=r"row 2: 'condeming' .* did you mean 'condemning'\?"):
        load_examples(path, codebook)


def test_duplicate_ids_are_listed(tmp_path: Path, codebook: Codebook) -> None:
    path = _csv(tmp_path, "id,text,split\na,A.,train\nb,B.,train\na,C.,test\nb,D.,train\n")
    with pytest.raises(InputError) as caught:
        load_examples(path, codebook)
    assert "row 3: id 'a' already stands in row 1 (splits test, train)" in str(caught.value)
    assert "row 4: id 'b'" in str(caught.value)


def test_awkward_characters_keep_rows_and_offsets(tmp_path: Path, codebook: Codebook) -> None:
    texts = [
        "One\u2028line.", "Next\u0085line.", "Nul\x00here.", "Zero\u200bwidth.", "Emoji 👩‍🚀 spoke.",
        "قالت الوزارة إن الحدود مغلقة.", "وەزارەت گوتی.", "“Smart” ‘quotes’.", "Cafe\u0301 Ruud said so.",
    ]  # fmt: skip
    lines = "".join(json.dumps({"text": text, "actor": "Ruud"}) + "\r\n" for text in texts)
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + lines.encode())
    found = load_examples(path, codebook)
    assert [item.text for item in found] == texts
    csv_path = tmp_path / "rows.csv"
    write_rows(csv_path, to_rows(found))
    assert [item.text for item in load_examples(csv_path, codebook)] == texts


def test_parquet_keeps_values_as_they_are(tmp_path: Path) -> None:
    rows = [
        {"id": "007", "text": "Cafe\u0301 “Ruud”\u2028said so.", "actor_span": [0, 4]},
        {"id": "NA", "text": "= no", "actor_span": None, "votes": 3},
    ]
    path = tmp_path / "rows.parquet"
    write_rows(path, iter(rows))
    assert pq.read_table(path).to_pylist() == [{**rows[0], "votes": None}, rows[1]]
    assert [row["id"] for _, row in read_rows(path)] == ["007", "NA"]
    with pytest.raises(InputError, match="column 'votes' does not fit Parquet") as caught:
        write_rows(path, iter([{"votes": 3}, {"votes": "three"}]))
    assert "\n" not in str(caught.value)
    assert len(list(read_rows(path))) == 2
    with pytest.raises(InputError, match=r"write one of \.jsonl, \.csv, \.parquet"):
        write_rows(tmp_path / "rows.xlsx", iter(rows))


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("text,stance\nA.\n", "row 1 has 1 cells, the header 2"),
        ("text,text\nA.,B.\n", "'text' stands twice"),
        ("sentence\nA.\n", "columns.text=NAME"),
        ("text\n  \n", "text is empty"),
        ("text,split\nA.,trian\n", "did you mean 'train'"),
        ('text,actor_span\nA.,"[0, 9]"\n', "outside the text"),
        ("text,actor_span\nA.,x\n", "not a pair of offsets"),
        ("", "empty"),
        ('text\n"A.\n', "row 1"),
    ],
)
def test_malformed_tables_are_named(
    tmp_path: Path, codebook: Codebook, text: str, named: str
) -> None:
    with pytest.raises(InputError) as caught:
        load_examples(_csv(tmp_path, text), codebook)
    assert named in str(caught.value)


def test_not_utf8_is_named(tmp_path: Path, codebook: Codebook) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes("text\nCafé.\n".encode("cp1252"))
    with pytest.raises(InputError, match="row 1 is not UTF-8"):
        load_examples(path, codebook)


def test_lone_surrogate_is_a_problem_of_its_row(codebook: Codebook) -> None:
    rows = [(1, {"text": "Good."}), (2, {"text": "Bad \ud800."}), (3, {"text": "Good too."})]
    found, problems = check_rows(iter(rows), codebook, Mapped())
    assert [item.text for item in found] == ["Good.", "Good too."]
    assert [str(problem) for problem in problems] == [
        "row 2: text has a lone surrogate (half a character) at offset 4"
    ]


def test_mapping_columns_and_labels(tmp_path: Path, codebook: Codebook) -> None:
    path = _csv(tmp_path, "tweet,who,label\nA.,X,AGAINST\nB.,Y,NONE\nC.,Z,skip\n")
    mapped = Mapped(
        {"text": "tweet", "actor": "who", "stance": "label"},
        {"stance": {"AGAINST": "condemning", "NONE": "neutral", "skip": ""}},
    )
    found = load_examples(path, codebook, mapped=mapped)
    assert [(item.actor, item.stance) for item in found] == [
        ("X", "condemning"), ("Y", "neutral"), ("Z", None),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("columns", "named"),
    [({"txt": "a"}, "did you mean 'text'"), ({"text": "twet"}, "did you mean 'tweet'")],
)
def test_wrong_mapping_names_the_nearest(
    tmp_path: Path, codebook: Codebook, columns: dict[str, str], named: str
) -> None:
    path = _csv(tmp_path, "tweet\nA.\n")
    with pytest.raises(InputError) as caught:
        load_examples(path, codebook, mapped=Mapped(columns))
    assert named in str(caught.value)


def test_unlabelled_rows_keep_blank_text() -> None:
    found = unlabelled(iter([(1, {"text": "  ", "actor": "X"})]), Mapped())
    assert found[0].text == "  "


def test_absent_data_set_says_how_to_fetch_it() -> None:
    with pytest.raises(InputError, match="--download"):
        list(read_rows("nobody/no-such-set"))
