import json
import time
from contextlib import closing

import pytest
import trio

from harness.cli.queue_ import duration, size
from reference_server.queue import Fate, Item, QueuedRecipient
from reference_server.queue.store import StoredQueue
from reference_server.storage.spool import Spool, hold


def item(id, *recipients, age=3_690.0, **more):
    facts = {"reverse_path": "alice@a.test", "size": 9, "arrived": time.time() - age}
    return Item(id=id, recipients=recipients, **{**facts, **more})


def to(address, **more):
    return QueuedRecipient(address=address, **more)


def items():
    """A message of a day with two recipients, and a notice."""
    bob = to("bob@b.test", tries=3, not_before=1e12, last="mx.b.test: 451 4.7.1 later\x1b[2J")
    eve = to("eve@c.test", fate=Fate.RELAYED, tries=1)
    zoe = to("zoé@C.test", parameters=(("NOTIFY", "NEVER"),))
    said = (("SIZE", "9"), ("SMTPUTF8", None))
    return [
        item("m-1", bob, eve, age=2 * 86_400 + 3 * 3_600 + 1_800, parameters=said),
        item("m-2", zoe, reverse_path="", size=10_000),
    ]


@pytest.fixture
def spool(tmp_path):
    """A spool with two messages, which nobody holds."""
    with closing(StoredQueue(Spool(tmp_path).queue)) as queue:
        content = b"Subject: x\r\n\r\n\x1b[2J\xe9\r\n"
        trio.run(lambda: queue.commit(new=dict.fromkeys(items(), content)))
    return tmp_path


def waiting(spool):
    """What is in the queue: each recipient's next try."""
    with closing(StoredQueue(Spool(spool).queue)) as queue:
        items = trio.run(queue.load)
    return {one.id: [to.not_before for to in one.recipients] for one in items}


def test_the_list_tells_ages_fates_and_what_was_met_last(invoke, spool):
    done = invoke("queue", "list", "--spool", spool)
    assert done.exit_code == 0
    first, second, third, fourth, fifth, last = done.output.splitlines()
    assert first == "m-1  2d3h  9 B  <alice@a.test>"
    assert second.startswith("    <bob@b.test>  waiting, next try in 1")
    assert second.endswith(r", 3 tries, last: mx.b.test: 451 4.7.1 later\x1B[2J")
    assert third == "    <eve@c.test>  relayed, 1 try"
    assert fourth == "m-2  1h1m  9.8 KiB  <>"
    assert fifth == "    <zoé@C.test>  waiting, next try now"
    assert last == "2 messages, 2 recipients waiting"


def test_the_list_as_json_holds_everything(invoke, spool):
    told = json.loads(invoke("queue", "list", "--spool", spool, "--json").output)
    assert [one["id"] for one in told] == ["m-1", "m-2"]
    assert told[0]["recipients"][0]["last"] == "mx.b.test: 451 4.7.1 later\x1b[2J"
    assert told[0]["parameters"] == [["SIZE", "9"], ["SMTPUTF8", None]]
    assert told[1]["recipients"][0]["fate"] == "waiting"


def test_an_empty_queue_is_an_empty_list(invoke, tmp_path):
    StoredQueue(Spool(tmp_path).queue).close()
    done = invoke("queue", "list", "--spool", tmp_path)
    assert (done.exit_code, done.output) == (0, "0 messages, 0 recipients waiting\n")
    assert invoke("queue", "list", "--spool", tmp_path, "--json").output == "[]\n"


def test_one_message_is_shown_with_its_parameters_and_its_content_if_asked_for(invoke, spool):
    brief = invoke("queue", "show", "m-2", "--spool", spool).output
    assert "    <zoé@C.test> NOTIFY=NEVER  waiting" in brief
    assert "Subject" not in brief
    assert " SIZE=9 SMTPUTF8\n" in invoke("queue", "show", "m-1", "--spool", spool).output
    whole = invoke("queue", "show", "m-2", "--spool", spool, "-v").output
    assert whole.startswith(brief)
    assert "\nSubject: x\n\n\\x1B[2J\\xE9\n" in whole  # nothing that a terminal would obey


@pytest.mark.parametrize(
    ("words", "after"),
    [
        (["m-1"], {"m-1": [0.0, 0.0], "m-2": [0.0]}),
        (["B.test"], {"m-1": [0.0, 0.0], "m-2": [0.0]}),
        (["c.test"], {"m-1": [1e12, 0.0], "m-2": [0.0]}),
        (["--all"], {"m-1": [0.0, 0.0], "m-2": [0.0]}),
    ],
)
def test_what_is_to_be_tried_again_is_due_at_once_if_nobody_holds_the_spool(
    invoke, spool, words, after
):
    assert waiting(spool)["m-1"] == [1e12, 0.0]
    done = invoke("queue", "retry", *words, "--spool", spool)
    assert (done.exit_code, done.output) == (0, "due now\n")
    assert waiting(spool) == after


def test_what_is_dropped_is_gone(invoke, spool):
    done = invoke("queue", "drop", "m-1", "--spool", spool, "--yes")
    assert done.exit_code == 0
    assert done.output.startswith("m-1  2d3h")
    assert done.output.endswith("dropped\n")
    assert list(waiting(spool)) == ["m-2"]


@pytest.mark.parametrize(("answer", "left"), [("y\n", []), ("n\n", ["m-1", "m-2"]), ("", None)])
def test_dropping_asks_first(invoke, spool, answer, left):
    done = invoke("queue", "drop", "m-1", "m-2", "--spool", spool, input=answer)
    assert "Drop 2 messages for good?" in done.output
    assert list(waiting(spool)) == (["m-1", "m-2"] if left is None else left)
    assert done.exit_code == (0 if left == [] else 130)


async def test_a_running_server_takes_wishes_up_when_it_looks(invoke, spool):
    with hold(spool), closing(StoredQueue(Spool(spool).queue)) as queue:
        retried = invoke("queue", "retry", "m-1", "--spool", spool)
        dropped = invoke("queue", "drop", "m-2", "--yes", "--spool", spool)
        assert retried.output == "due now as soon as the running server looks: in a second\n"
        assert dropped.output.endswith("dropped as soon as the running server looks: in a second\n")
        assert len(await queue.load()) == 2
        wishes = await queue.wishes()
        assert wishes.due == (("m-1", "bob@b.test"),)
        assert wishes.dropped == {"m-2"}
        assert [one.id for one in await queue.load()] == ["m-1"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["show", "m-3"], "nothing waits under the id 'm-3' (did you mean 'm-"),
        (["drop", "m-1", "m-9"], "nothing waits under the id 'm-9'"),
        (["retry", "x.test"], "nothing waits under the id or domain 'x.test'"),
        (["retry"], "retry what? an id, a domain, or --all"),
        (["retry", "m-1", "--all"], "retry what? an id, a domain, or --all"),
    ],
)
def test_what_cannot_be_meant_is_said(invoke, spool, words, told):
    done = invoke("queue", *words, "--spool", spool)
    assert done.exit_code == 2
    assert told in done.output
    assert len(waiting(spool)) == 2


@pytest.mark.parametrize("words", [["list"], ["show", "x"], ["retry", "--all"], ["drop", "x"]])
def test_where_there_is_no_queue_that_is_said_and_none_is_made(invoke, tmp_path, words):
    done = invoke("queue", *words, "--spool", tmp_path)
    assert (done.exit_code, done.output) == (2, f"error: there is no queue {tmp_path}/queue.db\n")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_queue_is_refused(invoke, tmp_path):
    (tmp_path / "queue.db").write_bytes(b"Dear diary, " * 1_000)
    for words in (["list"], ["retry", "--all"]):
        done = invoke("queue", *words, "--spool", tmp_path)
        assert done.exit_code == 2
        assert "queue.db: file is not a database" in done.output


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (-5, "0s"),  # the clock has been set back
        (0.9, "0s"),
        (59, "59s"),
        (61, "1m1s"),
        (3_600, "1h"),
        (3_630, "1h"),
        (90_061, "1d1h"),
        (86_400 * 400, "400d"),
    ],
)
def test_a_duration_is_told_in_two_units(seconds, shown):
    assert duration(seconds) == shown


@pytest.mark.parametrize(
    ("octets", "shown"), [(0, "0 B"), (1_023, "1023 B"), (1_024, "1.0 KiB"), (10_000, "9.8 KiB")]
)
def test_a_size_is_told_in_few_digits(octets, shown):
    assert size(octets) == shown
