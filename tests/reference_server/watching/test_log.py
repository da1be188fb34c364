import json
import os
from pathlib import Path

import pytest

from harness.errors import UsageError
from reference_server.watching.log import Form, Level, Log, Logging

NOON = 1_795_694_400.0  # 2026-11-26T12:00:00Z


def log_in(folder: Path, **changed) -> Log:
    return Log(Logging(path=folder / "log", **changed), lambda: NOON + 0.0421)


def lines(folder: Path) -> list[str]:
    return (folder / "log").read_text("utf-8").splitlines()


def test_a_line_is_one_json_object(tmp_path):
    log = log_in(tmp_path)
    log.tell("login", user="al\u00efce\n\x1b[31m", mechanism="PLAIN", seconds=0.5, absent=None)
    log.tell("message", recipients=["a@b.test", "c@d.test"], size=3)
    log.close()
    first, second = map(json.loads, lines(tmp_path))
    assert first == {
        "time": "2026-11-26T12:00:00.042Z",
        "level": "info",
        "event": "login",
        "user": "al\u00efce\n\x1b[31m",
        "mechanism": "PLAIN",
        "seconds": 0.5,
    }
    assert second["recipients"] == ["a@b.test", "c@d.test"]


def test_text_is_for_people_and_nothing_that_a_terminal_obeys_is_in_it(tmp_path):
    log = log_in(tmp_path, form=Form.TEXT)
    log.tell("login", Level.WARNING, user="al ice\n\x1b[31m", seconds=0.5, to=["a", "b"], id="x-1")
    log.close()
    assert lines(tmp_path) == [
        "2026-11-26T12:00:00.042Z warning login "
        r'user="al ice\n\u001b[31m" seconds=0.5 to=a,b id=x-1'
    ]


@pytest.mark.parametrize(("least", "told"), [("debug", 3), ("info", 2), ("warning", 1)])
def test_what_matters_less_than_asked_for_is_not_written(tmp_path, least, told):
    log = log_in(tmp_path, level=Level(least))
    for level in Level:
        log.tell("it", level)
    log.close()
    assert len(lines(tmp_path)) == told


def test_facts_that_are_always_told_stand_in_each_line(tmp_path):
    log = Log(Logging(path=tmp_path / "log"), worker=3)
    log.tell("it", size=1)
    log.close()
    assert json.loads(lines(tmp_path)[0])["worker"] == 3


def test_a_log_that_was_renamed_is_begun_anew(tmp_path):
    log = log_in(tmp_path)
    log.tell("before")
    (tmp_path / "log").rename(tmp_path / "log.1")
    log.reopen()
    log.tell("after")
    log.close()
    assert "before" in (tmp_path / "log.1").read_text()
    (line,) = lines(tmp_path)
    assert "after" in line


def test_a_log_that_cannot_be_written_stops_nothing_and_tells_how_much_is_lost(tmp_path):
    fifo = tmp_path / "log"
    os.mkfifo(fifo)
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    log = log_in(tmp_path)
    os.close(reader)  # from now on writing fails
    log.tell("lost")
    log.tell("lost too")
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    log.tell("seen")
    told = [json.loads(line) for line in os.read(reader, 65_536).splitlines()]
    log.close()
    os.close(reader)
    assert [line["event"] for line in told] == ["log-lines-lost", "seen"]
    assert told[0]["lines"] == 2


def test_a_log_that_cannot_be_opened_is_wrong_use(tmp_path):
    with pytest.raises(UsageError, match="cannot write the log"):
        Log(Logging(path=tmp_path / "nowhere" / "log"))


def test_the_log_is_not_for_everybody_to_read(tmp_path):
    log_in(tmp_path).close()
    assert (tmp_path / "log").stat().st_mode & 0o007 == 0


def test_it_goes_to_standard_error_if_nobody_says_where(capfd):
    log = Log(Logging())
    log.tell("it")
    log.reopen()
    log.close()
    assert json.loads(capfd.readouterr().err)["event"] == "it"
