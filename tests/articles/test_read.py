"""Reading: the raw text as it is on disk, and one clear line where it cannot be read."""

from __future__ import annotations

import gzip
import io
import json
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from stance.articles.read import read_articles
from stance.errors import InputError

ODD = "\ufeffOne.\r\nTwo\u2028three\u0085four\x00five\u200b e\u0301 👩‍👩‍👧 گفت «بله»\n"


def refused(path: Path, **options: int) -> str:
    with pytest.raises(InputError) as caught:
        list(read_articles([path], **options))  # type: ignore[arg-type]
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_plain_text_is_not_altered(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_bytes(ODD.encode())
    (article,) = read_articles([file])
    assert article.text == ODD
    assert article.name == str(file)


def test_a_folder_is_read_in_order_and_its_other_files_are_not(tmp_path: Path) -> None:
    for name in ("b.txt", "a.txt", "deep/c.txt", ".hidden.txt", "picture.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    assert [a.text for a in read_articles([tmp_path])] == ["a.txt", "b.txt", "deep/c.txt"]


def test_an_empty_folder_and_a_missing_path_are_refused(tmp_path: Path) -> None:
    assert "no article" in refused(tmp_path)
    assert "no such file" in refused(tmp_path / "nothing.txt")


def test_jsonl_keeps_line_separators_and_other_columns(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    rows = [{"id": "007", "text": ODD, "side": None}, {"id": "NA", "text": "B", "n": 3}]
    file.write_bytes(("\n".join(json.dumps(r, ensure_ascii=False) for r in rows) + "\n").encode())
    first, second = read_articles([file])
    assert (first.name, first.text) == ("007", ODD)
    assert (second.name, second.meta["n"]) == ("NA", "3")


def test_csv_with_a_named_column(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes('\ufeffid,body\r\n1,"Line one.\r\nLine two."\r\nNA,null\r\n'.encode())
    first, second = read_articles([file], text_column="body")
    assert first.text == "Line one.\r\nLine two."
    assert (second.name, second.text) == ("NA", "null")
    assert "no column 'text'" in refused(file)


def test_what_is_not_text_is_refused_by_name(tmp_path: Path) -> None:
    latin = tmp_path / "latin.txt"
    latin.write_bytes("café".encode("latin-1"))
    assert "not UTF-8" in refused(latin)
    broken = tmp_path / "broken.jsonl"
    broken.write_text('{"text": "a"}\n{"text": \n')
    assert "line 2" in refused(broken)
    number = tmp_path / "number.jsonl"
    number.write_text('{"text": 3}\n')
    assert "not text" in refused(number)


def test_gzip_is_read_and_bounded(tmp_path: Path) -> None:
    small = tmp_path / "a.txt.gz"
    small.write_bytes(gzip.compress(ODD.encode()))
    (article,) = read_articles([small])
    assert article.text == ODD
    big = tmp_path / "big.txt.gz"
    big.write_bytes(gzip.compress(b"line\n" * 100_000))
    assert "more than 1,000 bytes" in refused(big, max_bytes=1000)
    cut = tmp_path / "cut.txt.gz"
    cut.write_bytes(gzip.compress(b"line\n" * 100_000)[:-20])
    assert "cut short" in refused(cut)
    fake = tmp_path / "fake.txt.gz"
    fake.write_bytes(b"no gzip")
    assert "cannot be read" in refused(fake)


def test_a_line_of_ten_megabytes_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "long.txt"
    file.write_bytes(b"a" * 10_000_000)
    assert "one line of" in refused(file)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux's /proc")
def test_an_archive_of_a_gigabyte_is_refused_in_little_memory(tmp_path: Path) -> None:
    file = tmp_path / "bomb.txt.gz"
    with gzip.open(file, "wb", compresslevel=1) as stream:
        block = b"line of text\n" * 80_000
        for _ in range(1000):
            stream.write(block)
    code = (
        "import sys; from pathlib import Path\n"
        "from stance.articles.read import read_articles\n"
        "from stance.errors import InputError\n"
        "try:\n    list(read_articles([sys.argv[1]]))\n"
        # Not getrusage: its peak is the parent's where that was larger before exec.
        "except InputError:\n    print(Path('/proc/self/status').read_text())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(file)], capture_output=True, text=True, check=True
    )
    peak = re.search(r"VmHWM:\s+(\d+) kB", done.stdout)
    assert peak is not None
    assert int(peak[1]) < 500 * 1024


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(ODD.encode())))
    (article,) = read_articles(["-"])
    assert (article.name, article.text) == ("-", ODD)


def test_html_gives_the_article_without_the_menu(tmp_path: Path) -> None:
    pytest.importorskip(
        "lxml.html.clean", reason="the HTML extractor lacks lxml_html_clean", exc_type=ImportError
    )
    file = tmp_path / "page.html"
    body = "".join(
        f"<p>The harbour council met again on day {n}, the mayor said.</p>" for n in range(6)
    )
    file.write_text(
        f"<html><body><nav><a href='/'>Home</a></nav><article><h1>Fleet</h1>{body}</article></body></html>"
    )
    (article,) = read_articles([file])
    assert "the mayor said" in article.text
    assert "Home" not in article.text
    assert article.meta["source"] == "html"


def test_html_that_cannot_be_extracted_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "page.html"
    file.write_text("<html></html>")
    fake = SimpleNamespace(extract=lambda text, **options: None)
    monkeypatch.setitem(sys.modules, "trafilatura", fake)
    assert "no article text" in refused(file)
    monkeypatch.setitem(sys.modules, "trafilatura", None)
    assert "trafilatura" in refused(file)
