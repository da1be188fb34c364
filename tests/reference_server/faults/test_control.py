import json

import pytest

from harness.errors import UsageError
from reference_server.faults.control import make_respond
from reference_server.faults.model import Facts, Stage
from reference_server.http import Request
from tests.reference_server.connecting import server_in
from tests.reference_server.faults.troubled import faults_in, meeting

TABLE = """
seed: 7
faults:
  - {name: busy, at: RCPT, recipient: [a@b.test, c@d.test], times: 3, reply: 451 later}
  - {at: ., split: {octets: 1, pause: 1s}}
"""


@pytest.fixture
def faults(tmp_path):
    return faults_in(tmp_path, TABLE)


def asked(faults, method, path, body=b""):
    told = make_respond(faults)(Request(method=method, path=path, body=body))
    return told.status, (
        json.loads(told.body) if told.content_type == "application/json" else told.body.decode()
    )


def test_the_table_is_shown_as_it_was_written_and_can_be_put_again(faults):
    status, table = asked(faults, "GET", "/faults")
    assert status == 200
    assert table == {
        "seed": 7,
        "faults": [
            {
                "name": "busy",
                "at": "RCPT",
                "recipient": ["a@b.test", "c@d.test"],
                "times": "3",
                "reply": "451 later",
            },
            {"name": "1", "at": ".", "split": {"octets": "1", "pause": "1s"}},
        ],
    }
    before = faults.table
    assert asked(faults, "PUT", "/faults", json.dumps(table).encode()) == (200, table)
    assert faults.table == before


def test_a_table_is_replaced_as_a_whole_and_counts_anew(faults):
    facts = Facts(client="127.0.0.1", sender="", recipients=("a@b.test",))
    assert faults.meet(Stage.RCPT, facts, 0) is not None
    yaml = b"- at: RCPT\n  nth: 1\n  drop: yes\n"
    assert asked(faults, "PUT", "/faults", yaml)[1] == {
        "seed": 0, "faults": [{"name": "1", "at": "RCPT", "nth": "1", "drop": "yes"}],
    }  # fmt: skip
    assert faults.meet(Stage.RCPT, facts, 0) is not None


def test_rows_are_added_while_the_others_count_on(faults):
    facts = Facts(client="127.0.0.1", sender="", recipients=("a@b.test",))
    for _ in range(3):
        faults.meet(Stage.RCPT, facts, 0)
    assert asked(faults, "POST", "/faults", b'{"at": "MAIL", "drop": true}') == (
        201, {"added": ["2"]},
    )  # fmt: skip
    assert asked(faults, "POST", "/faults", b"{name: x, at: MAIL, drop: yes}")[1] == {
        "added": ["x"]
    }
    assert [row.name for row in faults.table.rows] == ["busy", "1", "2", "x"]
    assert faults.meet(Stage.RCPT, facts, 0) is None


def test_rows_are_taken_out_by_name_or_all_at_once(faults):
    status, table = asked(faults, "DELETE", "/faults/busy")
    assert (status, [row["name"] for row in table["faults"]]) == (200, ["1"])
    assert asked(faults, "DELETE", "/faults/busy") == (404, "there is no fault 'busy'\n")
    assert asked(faults, "DELETE", "/faults") == (200, {"seed": 7, "faults": []})


MISTAKES = {
    "a key": (
        b"- at: RCPT\n  dely: 2s\n  drop: yes\n",
        "line 2, column 3: unknown key 'dely' (did you mean 'delay'?)",
    ),
    "two mistakes in JSON": (
        b'[{"at": "RCTP", "drop": true},\n {"at": "MAIL"}]',
        "line 1, column 9: unknown stage 'RCTP' (did you mean 'RCPT'?)\nline 2, column 2: this fa",
    ),
    "no YAML": (b"[", "column 1: not YAML"),
    "nothing": (b"", "line 1, column 1: the file is empty"),
    "no text": (b"\xff", "not UTF-8: octet 0"),
    "a name that is taken": (b"{name: busy, at: MAIL, drop: yes}", "a fault 'busy' already"),
}


@pytest.mark.parametrize(("body", "words"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_told_by_line_and_column_and_changes_nothing(faults, body, words):
    before = faults.table
    with pytest.raises(UsageError) as caught:  # which HTTP answers with 400
        asked(faults, "POST", "/faults", body)
    assert words in str(caught.value)
    assert faults.table is before


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 200),
        ("GET", "/faults/", 200),
        ("GET", "/nothing", 404),
        ("GET", "/faults/busy", 405),
        ("PATCH", "/faults", 405),
        ("GET", "/messages/1", 404),
        ("GET", "/messages/x", 404),
        ("DELETE", "/messages/1", 405),
        ("GET", "/counters/busy", 404),
    ],
)
def test_what_is_not_there_is_said(faults, method, path, status):
    assert asked(faults, method, path)[0] == status


async def test_messages_are_told_and_forgotten(tmp_path):
    faults = faults_in(tmp_path, "faults: []")
    async with meeting(server_in(tmp_path), faults) as client:
        await client.reply()
        for content in (b"one\r\n", b"\xff\r\n"):
            await client.send("alice@example.test", content)
    status, told = asked(faults, "GET", "/messages")
    assert (status, told["received"]) == (200, 2)
    assert told["messages"][0] == {
        "number": 1,
        "client": "127.0.0.1",
        "hello": "c.test",
        "user": None,
        "sender": "sender@c.test",
        "recipients": ["alice@example.test"],
        "size": 5,
    }
    respond = make_respond(faults)
    assert respond(Request(method="GET", path="/messages/2")).body == b"\xff\r\n"
    assert asked(faults, "DELETE", "/messages") == (200, {"received": 0, "messages": []})
    assert asked(faults, "GET", "/messages/2")[0] == 404


async def test_counters_tell_what_was_reached_met_and_done(tmp_path, faults):
    asked(faults, "PUT", "/faults", b"{name: x, at: MAIL, nth: 2, reply: 451 no}")
    async with meeting(server_in(tmp_path), faults) as client:
        await client.reply()
        for _ in range(2):
            await client.send("alice@example.test", b"x\r\n")
    status, told = asked(faults, "GET", "/counters")
    assert status == 200
    assert told["faults"] == {"x": {"met": 2, "done": 1}}
    assert told["messages"] == 1
    assert (told["stages"]["connect"], told["stages"]["EHLO"], told["stages"]["MAIL"]) == (1, 2, 2)
    assert asked(faults, "DELETE", "/counters")[1]["faults"] == {"x": {"met": 0, "done": 0}}
