"""Published forms of public corpora, in invented rows: what is read, and what is refused."""

from __future__ import annotations

import hashlib
import http.server
import json
import re
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

import pytest
from typer.testing import CliRunner

from stance.cli.main import app
from stance.codebook import load_codebook
from stance.config import load_config
from stance.corpus.adapters import directed, gwsd, newsmtsc, plover, semeval2016, tweeteval, unscon
from stance.corpus.adapters.fetch import fetch
from stance.corpus.adapters.published import Published, split_of
from stance.corpus.adapters.registry import CORPORA, find_corpus
from stance.corpus.audit import find_leaks, without_leaks
from stance.corpus.load import load_examples
from stance.corpus.splits import by_column
from stance.errors import InputError
from stance.schema import Example

ROOT = Path(__file__).resolve().parents[2]


def _file(folder: Path, name: str, text: str, encoding: str = "utf-8") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode(encoding))
    return path


def _table(*rows: str) -> str:
    return "\n".join(rows).replace("|", "\t") + "\n"


# -- one small file of every published form ------------------------------------------------

PLOVER = _table(
    "|sentence_id|sentence|marked_sentence|source|target|gold_penta|gold_root",
    "|4|Orsk has condemned the toll.|<s>Orsk </s>has condemned <t>the toll</t>."
    "|Orsk|the toll|3|ACCUSE",
    "|8|Aid came from Velm to Orsk.|Aid came from <s>Velm</s> to <t>Orsk</t>.|Velm|Orsk|0|AID",
    "|9|Velm opened an inquiry.|<s>Velm</s> opened an inquiry.|Velm|a recipient|3|ACCUSE",
)
NEWSMTSC = "".join(
    json.dumps(row, ensure_ascii=False) + "\n"
    for row in (
        {
            "primary_gid": "allsides_7_2_1_Ane Ruud_0_8",
            "sentence_normalized": "Ane Ruud shamed Bilal Tamm.",
            "targets": [
                {
                    "Input.gid": "allsides_7_2_1_Ane Ruud_0_8", "from": 0, "to": 8,
                    "mention": "Ane Ruud", "polarity": 4.0,
                },
                {
                    "Input.gid": "allsides_7_2_1_Bilal Tamm_16_26", "from": 16, "to": 26,
                    "mention": "Bilal Tamm", "polarity": 2.0, "further_mentions": [],
                },
            ],
        },
        {
            "primary_gid": "polusa_v1_99_-1_3_Vole_0_4",
            "sentence_normalized": "Vole won praise.",
            "targets": [
                {
                    "Input.gid": "polusa_v1_99_-1_3_Vole_0_4", "from": 0, "to": 4,
                    "mention": "Vole", "polarity": 6.0,
                }
            ],
        },
    )
)  # fmt: skip
NEWSMTSC_FLAT = "".join(
    json.dumps(
        {"mention": "Vole", "polarity": code, "from": 0, "to": 4, "sentence": text, "id": name}
    )
    + "\n"
    for code, text, name in (
        (-1, "Vole lied.", "allsides_1_1_1_Vole_0_4"),
        (0, "Vole left.", "allsides_1_1_2_Vole_0_4"),
        (1, "Vole shone.", "allsides_1_1_3_Vole_0_4"),
    )
)
_WORKERS = "|".join(f"worker_{at}" for at in range(8))
GWSD = _table(
    f"|round|batch|sent_id|sentence|{_WORKERS}|disagree|agree|neutral|guid|in_held_out_test",
    "0|1|0|s0|A screening item.|" + "neutral|" * 8 + "|||1_0_s0|False",
    "1|1|0|t0|The delta will drown." + "|agrees" * 5 + "|neutral" * 3
    + "|0.1|0.7|0.2|1_0_t0|False",
    "2|1|0|t1|The delta is fine." + "|disagrees" * 7 + "|agrees|0.9|0.05|0.05|1_0_t1|True",
)  # fmt: skip
_PLACE = "UNSC_2031_SPV.9001_spch004_New_Orsk_neg_03.txt"
UNSCON = "\n".join(
    (
        "file_id,EDU_text,EDU_char_offsets,EDU_token_offsets,A0,A2,A3,A4,B1,B2,B3,"
        "Binary_a0_score,Binary_b1_score,Binary_Conflict_score,Three_Conflict_labels",
        f"{_PLACE},We have warned,0-14,0-2,_,_,_,_,_,_,_,0,0,0,_",
        f'{_PLACE},"that Velm , again , broke the truce .",15-52,3-11,'
        "Direct_NegEval,Country,-NONE-,upper_velm,_,_,_,1,0,1,a0_NE",
        f"{_PLACE},It claims otherwise .,53-74,12-15,_,_,_,_,Challenge,Country,upper_velm,"
        "0,1,1,b1_CC",
        "UNSC_2031_SPV.9002_spch011_Karsa_(Plural_State_Of)_02_GD.txt,Nobody was hurt .,"
        "0-17,0-3,_,_,_,_,Correction,-NONE-,-NONE-,0,1,1,b1_CC",
    )
)
SEMEVAL = _table(
    "ID|Target|Tweet|Stance|Opinion towards|Sentiment",
    "101|Harbour Tolls|It’s theft, “plain” theft #SemST|AGAINST|TARGET|NEGATIVE",
    '102|Harbour Tolls|"Pay up" is fair #SemST|FAVOR|OTHER|POSITIVE',
    '103|Night Ferries|"He said ""no"" #SemST"|NONE|NO ONE|NEITHER',
)
DIRECTED = (
    "[ Orsk]'s envoy thanked [Velm] [sic].\tOrsk\tVelm\t1\n"
    '"[Karsa] said ""enough"" to [Velm]."\tKarsa\tVelm\t3\n'
    "Talks went on.\tKarsa\tVelm\t0\n"
)
VAST = (
    "author,post,ori_topic,new_topic,label,type_idx,new_id,arc_id,topic_str,seen?,contains_topic?\n"
    'a1,"Tolls are fair, and overdue.",toll,tolls,1,1,n0,77,harbour toll,0,1\n'
    'a1,"Tolls are fair, and overdue.",toll,tolls,2,4,n1,77,night ferry,1,0\n'
    "a2,Close it.,port,port,0.0,1,n2,78,port,0,1\n"
)


def _published(folder: Path, corpus: str) -> list[Path]:
    """Write a corpus's invented rows in its published form; return what ``read`` takes."""
    if corpus == "tweeteval":
        for part in ("train", "val", "test"):
            _file(folder, f"stance/climate/{part}_text.txt", f"{part} one a\u2028b\n{part} two\n")
            _file(folder, f"stance/climate/{part}_labels.txt", "2\n1\n")
        _file(folder, "stance/hillary/train_text.txt", "three")
        _file(folder, "stance/hillary/train_labels.txt", "0")
        return [folder / "stance"]
    name, text, encoding = {
        "plover": ("PLV_train.tsv", PLOVER, "utf-8"),
        "newsmtsc": ("train.jsonl", NEWSMTSC, "utf-8"),
        "gwsd": ("GWSD.tsv", GWSD, "utf-8"),
        "unscon": ("conflict_annotations.csv", UNSCON, "utf-8"),
        "unscon-sentences": ("conflict_annotations.csv", UNSCON, "utf-8"),
        "semeval2016": ("trainingdata-all-annotations.txt", SEMEVAL, "cp1252"),
        "directed": ("train.txt", DIRECTED, "utf-8"),
        "vast": ("vast_train.csv", VAST, "utf-8"),
    }[corpus]
    return [_file(folder, name, text, encoding)]


def _run(*arguments: object) -> str:
    done = CliRunner().invoke(app, [str(argument) for argument in ("data", "import", *arguments)])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.output


# -- every corpus ---------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["jsonl", "csv", "parquet"])
@pytest.mark.parametrize("corpus", sorted(set(CORPORA) - {"real"}))  # test_real.py
def test_imported_rows_load_under_the_recipe(tmp_path: Path, corpus: str, suffix: str) -> None:
    out = tmp_path / f"rows.{suffix}"
    said = _run(corpus, *_published(tmp_path, corpus), "--out", out)
    entry = CORPORA[corpus]
    recipe = load_config(ROOT / entry.recipe, [f"data.path={out}", *entry.settings])
    assert recipe.codebook == entry.codebook
    assert not recipe.data.columns
    examples = load_examples(out, load_codebook(ROOT / entry.codebook))
    assert [replace(item, extra={}) for item in examples] == [
        replace(item, extra={})
        for source in _published(tmp_path, corpus)
        for item in entry.read(source)
    ]
    assert entry.citation in said
    assert entry.licence in said
    assert f"{len(examples)} rows" in said
    assert len({item.id for item in examples}) == len(examples)


def test_every_label_of_a_reader_is_in_its_codebook_and_the_other_way_round() -> None:
    def labels(name: str) -> set[str]:
        return set(load_codebook(ROOT / find_corpus(name).codebook).stance.names)

    assert labels("plover") == set(plover.ROOTS)
    assert labels("gwsd") == set(gwsd.LABELS)
    assert labels("directed") == set(directed.LABELS.values())


@pytest.mark.parametrize(
    "path", sorted((ROOT / "configs").glob("corpora/*/codebook.yaml")), ids=str
)
def test_crosswalks_lead_to_labels_that_exist(path: Path) -> None:
    ours = load_codebook(ROOT / "configs/codebook.yaml")
    schemes = {ours.name: set(ours.classes["stance"]), "sentiment": set(ours.classes["sentiment"])}
    for label in load_codebook(path).stance.labels:
        for scheme, codes in label.crosswalk.items():
            assert set(codes) <= schemes[scheme], label.name


def test_list_names_every_corpus() -> None:
    assert {item["name"] for item in json.loads(_run("--json"))} == set(CORPORA)
    assert "semeval2016" in _run()


# -- what each form says --------------------------------------------------------------------


def test_plover_spans_come_from_the_tags(tmp_path: Path) -> None:
    first, second, third = plover.read(_file(tmp_path, "PLV_test.tsv", PLOVER))
    assert (first.id, first.split, first.stance) == ("PLV_test_0", "test", "ACCUSE")
    assert (first.actor_span, first.target_span) == ((0, 4), (19, 27))
    assert [second.text[slice(*span)] for span in (second.actor_span, second.target_span) if span]
    assert second.text[14:18] == "Velm"
    assert second.actor_span == (14, 18)
    assert third.target_span is None
    assert third.extra == {"sentence_id": "9", "gold_penta": "3"}


def test_plover_spans_of_another_sentence_are_not_taken() -> None:
    assert plover.tagged_spans("<s>Orsk</s> left Velm.", "Orsk left.") == {}
    assert plover.tagged_spans("no </s>tag<s> order", "no tag order") == {}


def test_newsmtsc_nested_and_flat(tmp_path: Path) -> None:
    rows = list(newsmtsc.read(_file(tmp_path, "devtest_rw.jsonl", NEWSMTSC)))
    assert [row.stance for row in rows] == ["neutral", "negative", "positive"]
    assert [row.doc_id for row in rows] == ["allsides_7", "allsides_7", "polusa_v1_99"]
    assert {row.split for row in rows} == {"test"}
    assert all(row.target_span and row.text[slice(*row.target_span)] == row.target for row in rows)
    flat = list(newsmtsc.read(_file(tmp_path, "dev.jsonl", NEWSMTSC_FLAT)))
    assert [row.stance for row in flat] == ["negative", "neutral", "positive"]
    assert {row.split for row in flat} == {"validation"}


def test_gwsd_keeps_votes_and_leaves_out_screening(tmp_path: Path) -> None:
    first, second = gwsd.read(_file(tmp_path, "GWSD.tsv", GWSD))
    assert (first.id, first.stance, first.split) == ("1_0_t0", "agree", "train")
    assert first.extra["votes"] == ["agree"] * 5 + ["neutral"] * 3
    assert (second.stance, second.split) == ("disagree", "test")
    assert second.extra["probs"] == {"agree": 0.05, "neutral": 0.05, "disagree": 0.9}


def test_unscon_units_and_sentences(tmp_path: Path) -> None:
    path = _file(tmp_path, "conflict_annotations.csv", UNSCON)
    units = list(unscon.read(path))
    assert [unit.stance for unit in units] == ["None", "Direct_NegEval", "Challenge", "Correction"]
    assert [unit.actor for unit in units] == ["New Orsk"] * 3 + ["Karsa (Plural State Of)"]
    assert [unit.target for unit in units] == ["", "upper velm", "upper velm", ""]
    assert units[0].doc_id == "UNSC_2031_SPV.9001_spch004"
    assert units[3].extra["meeting"] == "UNSC_2031_SPV.9002"
    first, second, third = unscon.read_sentences(path)
    assert first.text == "We have warned that Velm , again , broke the truce ."
    assert (first.stance, first.target) == ("Direct_NegEval", "upper velm")
    assert (second.stance, third.stance) == ("Challenge", "Correction")


@pytest.mark.parametrize(
    ("rest", "country"),
    [
        ("New_Orsk2_neg_02", "New Orsk"),
        ("United_Isles_Of_KarsaA_01", "United Isles Of Karsa"),
        ("United_Isles_Of_KarsaA2_01_GD", "United Isles Of Karsa"),
        ("Velm_neg%2000", "Velm"),
        ("KARSA_03", "Karsa"),
    ],
)
def test_unscon_speakers_have_one_spelling(tmp_path: Path, rest: str, country: str) -> None:
    file = f"UNSC_2031_SPV.9001_spch006_{rest}.txt"
    path = _file(tmp_path, "conflict_annotations.csv", UNSCON.replace(_PLACE, file))
    first = next(unscon.read(path))
    assert (first.actor, first.doc_id) == (country, "UNSC_2031_SPV.9001_spch006")
    assert first.extra["passage"] == unquote(file).replace(" ", "_")


def test_semeval_is_windows_text_and_keeps_the_tag(tmp_path: Path) -> None:
    path = _file(tmp_path, "testdata-taskA-all-annotations.txt", SEMEVAL, "cp1252")
    first, second, third = semeval2016.read(path)
    assert first.text == "It’s theft, “plain” theft #SemST"
    assert (first.id, first.target, first.split) == ("test_101", "Harbour Tolls", "test")
    assert second.text == '"Pay up" is fair #SemST'
    assert third.text == 'He said "no" #SemST'
    assert first.extra == {"opinion_towards": "TARGET", "tweet_sentiment": "NEGATIVE"}
    utf8 = _file(tmp_path, "test-utf8.txt", SEMEVAL.replace("\n", "\r\n"))
    assert [row.text for row in semeval2016.read(utf8)] == [first.text, second.text, third.text]
    blind = _file(tmp_path, "test.txt", "ID\tTarget\tTweet\tStance\n1\tTolls\tHm #SemST\tUNKNOWN\n")
    assert [row.stance for row in semeval2016.read(blind)] == [None]


def test_tweeteval_lines_end_at_newlines_only(tmp_path: Path) -> None:
    (folder,) = _published(tmp_path, "tweeteval")
    rows = list(tweeteval.read(folder))
    assert len(rows) == 7
    assert rows[0].text == "train one a\u2028b"
    assert [row.split for row in rows] == ["train"] * 2 + ["validation"] * 2 + ["test"] * 2 + [
        "train"
    ]
    assert (rows[0].stance, rows[1].stance, rows[6].stance) == ("favor", "against", "none")
    assert rows[0].target == "Climate Change is a Real Concern"
    assert len(list(tweeteval.read(folder / "climate"))) == 6


def test_directed_takes_out_only_the_marking(tmp_path: Path) -> None:
    first, second, third = directed.read(_file(tmp_path, "valid.txt", DIRECTED))
    assert first.text == " Orsk's envoy thanked Velm [sic]."
    assert (first.actor_span, first.target_span) == ((1, 5), (22, 26))
    assert (first.stance, second.stance) == ("positive-p-q", "negative-p-q")
    assert second.text == 'Karsa said "enough" to Velm.'
    assert second.text[slice(*(second.target_span or (0, 0)))] == "Velm"
    assert (third.actor_span, third.target_span, third.split) == (None, None, "validation")


def test_directed_entities_of_one_name_have_a_span_each() -> None:
    text, spans = directed.unbracketed("[Orsk] blamed [Orsk].", ("Orsk", "Orsk"))
    assert (text, spans) == ("Orsk blamed Orsk.", [(0, 4), (12, 16)])


def test_vast_comments_are_documents(tmp_path: Path) -> None:
    first, second, third = find_corpus("vast").read(_file(tmp_path, "vast_dev.csv", VAST))
    assert first.doc_id == second.doc_id != third.doc_id
    assert (first.target, first.stance, first.extra["seen"]) == ("harbour toll", "pro", "0")
    assert (second.stance, third.stance, third.split) == ("neutral", "con", "validation")


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("PLV_train.tsv", "train"), ("devtest_mt.jsonl", "test"), ("valid.txt", "validation"),
        ("SemEval2016-Task6-subtaskA-testdata-gold.txt", "test"), ("latest.csv", ""),
        ("semeval2016-task6-trialdata.txt", "train"), ("conflict_annotations.csv", ""),
    ],
)  # fmt: skip
def test_splits_by_file_name(name: str, split: str) -> None:
    assert split_of(Path(name)) == split


# -- what is refused ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("corpus", "name", "text", "message"),
    [
        ("plover", "a.tsv", PLOVER.replace("gold_root", "root"), "row 1 has no 'gold_root'"),
        ("plover", "a.tsv", PLOVER.replace("AID\n", "AYD\n"), "row 2: label 'AYD'.*'AID'"),
        ("plover", "a.tsv", PLOVER.replace("Velm\ta recipient", "Velm"), "row 3 has 7 cells"),
        ("plover", "a.tsv", PLOVER.replace("Velm opened an inquiry.", " "), "row 3: the text"),
        ("newsmtsc", "a.jsonl", NEWSMTSC.replace('"to": 26', '"to": 99'), r"row 1.*\[16, 99\]"),
        ("newsmtsc", "a.jsonl", NEWSMTSC.replace("Input.gid", "gid"), "row 1.*lacks Input.gid"),
        ("newsmtsc", "a.jsonl", NEWSMTSC.replace("2.0", "3.0"), "row 1: label '3.0'"),
        ("newsmtsc", "a.jsonl", '{"sentence": "x"}\n', "row 1 has no"),
        ("newsmtsc", "a.jsonl", NEWSMTSC_FLAT + '{"id": "x"}\n', "row 4 has no 'sentence'"),
        ("gwsd", "a.tsv", GWSD.replace("disagrees", "disagres", 1), "row 3: label 'disagres'"),
        ("gwsd", "a.tsv", GWSD.replace("0.9", "x"), "row 3.*three numbers"),
        ("gwsd", "a.tsv", GWSD.replace("True", "maybe"), "row 3: in_held_out_test"),
        ("unscon", "a.csv", UNSCON.replace("_spch004", "", 1), "row 1: file_id"),
        ("unscon", "a.csv", UNSCON.replace("Direct_", "Drect_"), "row 2: label 'Drect_NegEval'"),
        ("semeval2016", "a.txt", SEMEVAL.replace("Stance", "Label"), "line 1.*'Stance'"),
        ("semeval2016", "a.txt", SEMEVAL.replace("\tFAVOR", ""), "line 3 has 5 fields"),
        ("semeval2016", "a.txt", SEMEVAL.replace("FAVOR", "FOR"), "line 3: label 'FOR'"),
        ("directed", "a.txt", DIRECTED.replace("\t0", ""), "line 3 has 3 fields"),
        ("directed", "a.txt", DIRECTED.replace("\t3", "\t5"), "line 2: label '5'"),
        ("vast", "a.csv", VAST.replace("seen?", "seen"), "row 1 has no 'seen\\?'"),
        ("vast", "a.csv", VAST.replace("Close it.", " "), "row 3: the text is empty"),
    ],
)
def test_malformed_rows_are_refused_in_one_line(
    tmp_path: Path, corpus: str, name: str, text: str, message: str
) -> None:
    path = _file(tmp_path, name, text)
    with pytest.raises(InputError, match=message) as refused:
        list(find_corpus(corpus).read(path))
    assert str(refused.value).startswith(str(path))
    assert "\n" not in str(refused.value)


def test_other_refusals(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"absent\.tsv: no such file"):
        list(plover.read(tmp_path / "absent.tsv"))
    with pytest.raises(InputError, match="did you mean 'plover'"):
        find_corpus("plovr")
    broken = tmp_path / "train.txt"
    broken.write_bytes(b"ID\tTarget\tTweet\tStance\n" + b"1\tx\t\x81\xff\tNONE\n")
    with pytest.raises(InputError, match="line 2 is not utf-8-sig or cp1252"):
        list(semeval2016.read(broken))
    (folder,) = _published(tmp_path, "tweeteval")
    _file(tmp_path, "stance/climate/val_labels.txt", "2\n")
    with pytest.raises(InputError, match=r"val_text\.txt has 2 lines, val_labels\.txt 1"):
        list(tweeteval.read(folder))
    with pytest.raises(InputError, match="no TARGET/train_text"):
        list(tweeteval.read(tmp_path))


def test_command_refusals(tmp_path: Path) -> None:
    path = _file(tmp_path, "PLV_train.tsv", PLOVER)
    out = tmp_path / "rows.jsonl"
    for arguments, message in (
        (("plover", path), "say --out FILE"),
        (("plover", path, "--out", tmp_path / "rows.xml"), "rows.xml: say --out FILE"),
        (("plover", "--out", out), "give the published files .*or say --download"),
        (("semeval2016", "--download", "--out", out), "no file at a fixed address"),
        (("plover", path, path, "--out", out), "row 4: id 'PLV_train_0' already stands in row 1"),
        (("plover", path, "--split", "tran", "--out", out), "'tran' is not known"),
    ):
        with pytest.raises(InputError, match=message):
            _run(*arguments)
    assert not out.exists()


# -- published splits that leak ---------------------------------------------------------------


def test_drop_leaks_keeps_the_test_rows_whole() -> None:
    text = "The council of Orsk voted late on Monday to close the old harbour for good"
    rows = [
        Example("a", text + ".", stance="x", split="train"),
        Example("b", "A quite different sentence about ferries.", split="train"),
        Example("c", text + "!", split="test"),
        Example("d", "Nothing like the others here at all.", doc_id="p", split="validation"),
        Example("e", "Yet another, of the same article though.", doc_id="p", split="train"),
    ]
    kept = without_leaks(rows)
    assert [row.id for row in kept] == ["b", "c", "d"]
    assert find_leaks(rows, by_column(rows))
    assert not find_leaks(kept, by_column(kept))


def test_drop_leaks_on_the_command_line(tmp_path: Path) -> None:
    train = _file(tmp_path, "train.txt", DIRECTED)
    test = _file(tmp_path, "test.txt", DIRECTED.splitlines()[1] + "\n")
    out = tmp_path / "rows.jsonl"
    said = json.loads(_run("directed", train, test, "--drop-leaks", "--out", out, "--json"))
    assert (said["rows"], said["dropped"]) == (3, 1)
    assert said["labels"] == {"positive-p-q": 1, "neutral": 1, "negative-p-q": 1}


# -- downloads, from this machine only ----------------------------------------------------------


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    shared = tmp_path / "served"
    shared.mkdir()
    _file(shared, "PLV_train.tsv", PLOVER)

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments: object) -> None:
            super().__init__(*arguments, directory=str(shared))  # type: ignore[arg-type]

        def log_message(self, *_: object) -> None:
            return None

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as serving:
        threading.Thread(target=serving.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{serving.server_address[1]}"
        serving.shutdown()


def test_fetch_is_whole_limited_and_hashed(tmp_path: Path, server: str) -> None:
    path = tmp_path / "got" / "train.tsv"
    assert fetch(f"{server}/PLV_train.tsv", path) == hashlib.sha256(PLOVER.encode()).hexdigest()
    assert path.read_bytes() == PLOVER.encode()
    other = tmp_path / "got" / "other.tsv"
    for url, limit, message in (
        (f"{server}/PLV_train.tsv", 100, "larger than 100 bytes"),
        (f"{server}/absent.tsv", 1000, "cannot be fetched .*404"),
        ("http://127.0.0.1:1/x", 1000, "cannot be fetched"),
        (path.as_uri(), 1000, "only http and https"),
    ):
        with pytest.raises(InputError, match=message):
            fetch(url, other, limit=limit)
    assert [item.name for item in path.parent.iterdir()] == ["train.tsv"]


def test_download_fetches_once_and_reads(
    tmp_path: Path, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    local = replace(
        CORPORA["plover"], files=(Published("PLV_train.tsv", f"{server}/PLV_train.tsv"),)
    )
    monkeypatch.setitem(CORPORA, "plover", local)
    folder, out = tmp_path / "fetched", tmp_path / "rows.jsonl"
    said = _run("plover", folder, "--download", "--out", out)
    assert hashlib.sha256(PLOVER.encode()).hexdigest() in said
    assert "3 rows" in said
    own = (folder / "PLV_train.tsv").read_text(encoding="utf-8").replace("AID\n", "YIELD\n")
    (folder / "PLV_train.tsv").write_text(own, encoding="utf-8")
    _run("plover", folder, "--download", "--out", out)
    assert "YIELD" in out.read_text(encoding="utf-8")


def test_addresses_are_fixed() -> None:
    files = [file for corpus in CORPORA.values() for file in corpus.files]
    assert files
    for file in files:
        assert re.fullmatch(r"https://raw\.githubusercontent\.com/\w[^/]*/[\w-]+/[0-9a-f]{40}/.+",
                            file.url)  # fmt: skip
        assert file.url.endswith(Path(file.name).name)
