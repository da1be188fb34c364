import json
import re
from pathlib import Path

import pytest

from harness.documents import DocumentError
from harness.errors import UsageError
from reference_server.faults import reading
from reference_server.faults.model import (
    Always,
    Certificate,
    Drop,
    Every,
    Greylist,
    Nth,
    Pattern,
    Rate,
    Split,
    Stage,
    Times,
    Trick,
)
from reference_server.faults.reading import added, parse_table, read_table
from reference_server.faults.tricking import GREYLISTED, TOO_FAST, TOO_FAST_TO_COME

WHOLE = r"""
seed: 7
faults:
  - name: not-now
    at: [rcpt, "."]
    recipient: [bob@example.test, <*@many.test>]
    domain: example.test
    sender: <>
    client: [127.0.0.0/8, "::1"]
    user: alice
    times: 3
    per: client
    odds: 1/2
    delay: 2s
    again: 30%
    reply: |
      451-4.7.1 try
      451 4.7.1 later
    line_ends: lf
    truncate: 5
    split: {after: 3, pause: 100ms}
    slow: 10/s
    drop: reset
    silent: yes
"""


def row(text):
    (one,) = parse_table(text).rows
    return one


def test_a_row_is_all_that_it_says():
    table = parse_table(WHOLE)
    (one,) = table.rows
    assert table.seed == 7
    assert (one.name, one.stages, one.odds, one.per) == (
        "not-now", (Stage.RCPT, Stage.DOT), 0.5, "client",
    )  # fmt: skip
    assert one.when == Times(3)
    assert one.who.recipients == (Pattern("bob@example.test"), Pattern("*@many.test"))
    assert one.who.senders == (Pattern(""),)
    assert list(map(str, one.who.clients)) == ["127.0.0.0/8", "::1/128"]
    assert one.trick.reply is not None
    assert one.trick == Trick(
        delay=2,
        again=0.3,
        reply=one.trick.reply,
        line_ends="lf",
        truncate=5,
        split=Split(after=3, pause=0.1),
        slow=10,
        drop=Drop.RESET,
        silent=True,
    )
    assert one.trick.reply.octets == b"451-4.7.1 try\r\n451 4.7.1 later\r\n"


def test_what_was_written_reads_as_the_same_again():
    (one,) = parse_table(WHOLE).rows
    (again,) = parse_table(json.dumps({"seed": 7, "faults": [one.written]})).rows
    assert again == one


WHENS = {
    "always": ("", Always()),
    "times": ("times: 2", Times(2)),
    "every": ("every: 10", Every(10)),
    "nth": ("nth: 2", Nth(frozenset({2}))),
    "several": ("nth: [2, 4]", Nth(frozenset({2, 4}))),
    "greylist": ("greylist: 5m", Greylist(300)),
    "rate": ("rate: 10/s", Rate(10, 10)),
    "rate of less than one": ("rate: 30/min", Rate(0.5, 30)),
    "rate with a burst": ("rate: 60/min\nburst: 5", Rate(1, 5)),
}


@pytest.mark.parametrize(("written", "when"), WHENS.values(), ids=WHENS)
def test_when_it_happens(written, when):
    assert row(f"at: RCPT\ndrop: yes\n{written}\n").when == when


TRICKS = {
    "drop": ("NOOP", "drop: close", Trick(drop=Drop.CLOSE)),
    "garbage as text": ("NOOP", r'garbage: "\\x00\\xff"', Trick(garbage=b"\x00\xff")),
    "split in pieces": ("NOOP", "split: 1", Trick(split=Split(pieces=1))),
    "split with pauses": (
        "NOOP", "split: {octets: 2, pause: 1s}", Trick(split=Split(pieces=2, pause=1)),
    ),
    "slow": ("text", "slow: 600/min", Trick(slow=10)),
    "in the middle": ("text", "after: 100\ndrop: yes", Trick(after=100, drop=Drop.CLOSE)),
    "certificate": ("tls", "certificate: expired", Trick(certificate=Certificate.EXPIRED)),
    "other name": ("tls", "certificate: other-name", Trick(certificate=Certificate.OTHER_NAME)),
    "kept": (".", "silent: yes\nkeep: yes", Trick(silent=True, keep=True)),
}  # fmt: skip


@pytest.mark.parametrize(("stage", "written", "trick"), TRICKS.values(), ids=TRICKS)
def test_what_is_done(stage, written, trick):
    assert row(f"at: {stage}\n{written}\n").trick == trick


def test_garbage_by_number_is_the_same_for_the_same_seed():
    one, again, other = (
        row(f"seed: {seed}\nfaults: [{{at: NOOP, garbage: 64}}]").trick.garbage
        for seed in (1, 1, 2)
    )
    assert len(one) == 64
    assert one == again != other


def test_a_greylist_and_a_rate_have_a_reply_of_their_own():
    assert row("greylist: 5m").trick == Trick(reply=GREYLISTED)
    assert row("greylist: 5m").stages == (Stage.RCPT,)
    assert row("{at: MAIL, rate: 1/s}").trick == Trick(reply=TOO_FAST)
    assert row("{at: connect, rate: 1/s}").trick == Trick(reply=TOO_FAST_TO_COME)
    assert row("{at: MAIL, rate: 1/s, delay: 1s}").trick == Trick(delay=1)


def test_the_example_of_the_documentation_is_read():
    text = (Path(__file__).parents[3] / "docs" / "faults.md").read_text("utf-8")
    (example,) = re.findall("```yaml\n(.*?)```", text, re.DOTALL)
    table = parse_table(example)
    assert (table.seed, len(table.rows)) == (7, 4)


def test_the_documentation_names_every_stage_and_every_key():
    text = (Path(__file__).parents[3] / "docs" / "faults.md").read_text("utf-8")
    words = set(re.findall(r"[\w.-]+", text)) | {"."}
    assert {*reading.KEYS, *(stage.value for stage in Stage)} - words == set()


SHAPES = {
    "a table": "faults: [{at: NOOP, drop: yes}]",
    "a list": "- at: NOOP\n  drop: yes\n",
    "a row": "at: NOOP\ndrop: yes\n",
    "JSON": '{"faults":[{"at":"NOOP","drop":true}]}',
    "JSON in lines": '[\n  {"at": "NOOP",\n   "drop": "close"}\n]\n',
}


@pytest.mark.parametrize("text", SHAPES.values(), ids=SHAPES)
def test_a_table_may_be_short(text):
    assert row(text).trick == Trick(drop=Drop.CLOSE)


def test_a_table_may_be_empty():
    assert parse_table("faults: []").rows == ()


def test_who_has_no_name_gets_the_first_free_number():
    table = parse_table("[{name: 2, at: NOOP, drop: yes}, {at: NOOP, drop: yes}]")
    assert [one.name for one in table.rows] == ["2", "1"]
    more = added(table, parse_table("[{at: QUIT, drop: yes}, {name: x, at: QUIT, drop: yes}]"))
    assert [one.name for one in more.rows] == ["2", "1", "3", "x"]
    with pytest.raises(UsageError, match="there is a fault 'x' already"):
        added(more, parse_table("{name: x, at: QUIT, drop: yes}"))


WRONG = {
    "stage": ("{at: RCTP, drop: yes}", "1:6: unknown stage 'RCTP' (did you mean 'RCPT'?)"),
    "far stage": ("{at: foo, drop: yes}", "unknown stage 'foo' (there are: connect, greeting, "),
    "no stage": ("[{drop: yes}]", "1:2: a fault has no 'at'"),
    "key": ("{at: RCPT, dely: 2s}", "unknown key 'dely' (did you mean 'delay'?)"),
    "table": ("{fault: []}", "unknown key 'fault' (did you mean 'faults'?)"),
    "no table": ("{seed: 3}", "a table of faults has no 'faults'"),
    "nothing": ("{at: RCPT}", "this fault does nothing (it could: alter, certificate,"),
    "kept and lost": ("{at: ., lose: yes, keep: yes}", "'keep' beside 'lose'"),
    "how without what": ("{at: text, after: 5}", "this fault does nothing"),
    "a text": ("faults: [x]", "a fault must be a mapping"),
    "unknown yet": (
        "{at: MAIL, recipient: b@c.test, drop: yes}", "no recipient is known at MAIL (it is at RCP"
    ),
    "never known": ("{at: connect, user: al, drop: yes}", "no user is known at connect"),
    "by what is unknown": (
        "{at: EHLO, times: 1, per: sender, drop: yes}", "1:27: no sender is known at EHLO",
    ),
    "by nothing known": ("{at: EHLO, times: 1, per: moon, drop: yes}", "unknown fact 'moon'"),
    "nothing counted": ("{at: EHLO, per: client, drop: yes}", "'per' where nothing is counted"),
    "two whens": ("{at: EHLO, times: 1, nth: 2, drop: yes}", "'nth' beside 'times'"),
    "times": ("{at: EHLO, times: 0, drop: yes}", "'times' must be at least 1"),
    "nth": ("{at: EHLO, nth: [1, x], drop: yes}", "'x' is no whole number from 1"),
    "burst": ("{at: EHLO, burst: 5, drop: yes}", "'burst' without 'rate'"),
    "rate": ("{at: EHLO, rate: fast, drop: yes}", "'fast' is no rate"),
    "odds": ("{at: EHLO, odds: 2, drop: yes}", "more often than always"),
    "greylist": ("{at: MAIL, greylist: 5m}", "a greylist is kept at RCPT alone"),
    "greylist by fortnights": ("{greylist: 1f}", "'greylist' must be a duration, not '1f'"),
    "network": ("{at: EHLO, client: 1.2.3, drop: yes}", "'1.2.3' is neither an address nor"),
    "meaningless": ("{at: MAIL, certificate: expired}", "'certificate' means nothing at MAIL (it "),
    "meaningless too": ("{at: tls, reply: 451 x}", "'reply' means nothing at tls"),
    "again": ("{at: MAIL, again: 5%, drop: yes}", "'again' without 'delay'"),
    "delay": ("{at: MAIL, delay: 2d}", "a delay of more than a day"),
    "reply": ("{at: MAIL, reply: later}", "'later' is no reply"),
    "welcome to no TLS": ("{at: STARTTLS, reply: 220 go}", "at STARTTLS a reply refuses"),
    "a challenge of nobody": ("{at: AUTH, reply: 334 Zm9v}", "at AUTH a reply is the outcome"),
    "split": ("{at: MAIL, split: {after: 1, octets: 1}}", "either 'after' or 'octets'"),
    "split of nothing": ("{at: MAIL, split: 0}", "'0' is no whole number"),
    "split of a list": ("{at: MAIL, split: [1]}", "a list where text is wanted"),
    "drop": ("{at: MAIL, drop: hard}", "unknown drop 'hard'"),
    "name": ("{at: MAIL, name: a/b, drop: yes}", "'a/b' is no name for a fault"),
    "twins": (
        "[{at: MAIL, name: a, drop: yes}, {at: MAIL, name: a, drop: yes}]",
        "1:51: there is a fault 'a' already",
    ),
    "no YAML": ("faults: [", "not YAML"),
    "empty": ("", "the file is empty"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "words"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_said_with_its_place(tmp_path, text, words):
    (tmp_path / "f.yaml").write_text(text)
    with pytest.raises(DocumentError) as caught:
        read_table(tmp_path / "f.yaml")
    assert words in "\n".join(map(str, caught.value.complaints))


def test_what_came_by_no_file_is_complained_of_by_line_and_column():
    with pytest.raises(UsageError) as caught:
        parse_table("- at: NOOP\n  drop: hard\n- at: MAIL\n  reply: x\n")
    assert str(caught.value) == (
        "line 2, column 9: unknown drop 'hard' (there are: close, reset, true, yes)\n"
        "line 4, column 10: 'x' is no reply, such as 451 4.7.1 try later"
    )
