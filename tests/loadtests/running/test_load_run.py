from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from harness.errors import PeerClosed, UsageError
from harness.protocol.replies import Capabilities
from harness.target import Address, Scheme, Target, read_target
from harness.target.target import TlsPolicy
from loadtests.mail import MOST_SENDERS
from loadtests.profile import Behaviour, Profile, Tls, read_profile
from loadtests.running.load_run import LoadRun, prepare

STARTED = "2026-01-02T03:04:05+00:00"


def test_a_run_knows_what_its_result_will_be_about():
    run = prepare(read_target("127.0.0.1:2525"), read_profile("smoke"), started=STARTED)
    found = run.recorder.blank

    assert (found.target, found.profile) == ("smtp://127.0.0.1:2525", "smoke")
    assert (found.seed, found.users, found.started) == (1, 20, STARTED)


def test_a_seed_of_the_command_line_stands_in_for_that_of_the_profile():
    target = read_target("127.0.0.1")
    run = prepare(target, read_profile("smoke").changed(seed=9), started=STARTED)
    behaviour = run.profile.behaviours[0]
    message = next(run.mail.messages(behaviour, 0, [0], Capabilities("here.test")))

    assert run.profile.seed == run.recorder.blank.seed == 9
    assert b"load-00000009-" in message.octets
    assert message.opening.recipients == ("postmaster",)


def run_of(*shares: float, place: int = 0, messages: int | None = None) -> LoadRun:
    profile = replace(
        read_profile("smoke"),
        behaviours=tuple(Behaviour(name=f"b{n}", share=each) for n, each in enumerate(shares)),
        messages=messages,
    )
    made = prepare(read_target("127.0.0.1"), profile, started=STARTED)
    made.place = place
    return made


def test_senders_are_numbered_and_those_of_processes_apart():
    run = run_of(1.0)

    assert [run.enlist()[0] for _ in range(3)] == [0, 1, 2]
    assert run_of(1.0, place=2).enlist()[0] == 2 * MOST_SENDERS


def test_at_all_times_senders_behave_as_the_shares_say():
    run = run_of(0.6, 0.3, 0.1)
    names = [run.enlist()[1].name for _ in range(20)]

    assert Counter(names) == {"b0": 12, "b1": 6, "b2": 2}
    assert Counter(names[:10]) == {"b0": 6, "b1": 3, "b2": 1}


def test_each_sender_behaves_as_those_take_it_who_account_for_its_mail():
    run = run_of(0.6, 0.3, 0.1)
    said = Capabilities("here.test")
    for _ in range(500):
        number, behaviour = run.enlist()
        (letter,) = run.mail.messages(behaviour, number, [7], said)

        assert run.mail.token(number, 7).encode() in letter.octets


def test_so_many_messages_are_wanted_and_not_one_more():
    run = run_of(1.0, messages=2)

    assert [run.spend(), run.is_spent, run.spend(), run.is_spent, run.spend()] == [
        True, False, True, True, False,
    ]  # fmt: skip


def test_a_process_among_others_begins_as_many_messages_as_it_is_granted():
    run = run_of(1.0, messages=10)
    run.obey()
    assert (run.is_spent, run.spend(), run.held) == (True, False, (0, 0, 0))
    sender = Waiting(run)
    run.senders.add(sender)

    run.grant(2)

    assert (sender.stirred, run.spend(), run.held) == (1, True, (1, 1, 1))


def test_a_process_gives_back_what_it_has_and_no_more():
    run = run_of(1.0, messages=10)
    run.obey()
    run.grant(3)
    run.spend()
    run.grant(-5)

    assert (run.spend(), run.held) == (False, (2, 1, 0))


AIM = replace(read_target("127.0.0.1:2525"), many="user{n}@many.example.test")
ANOTHER = {
    "address": read_target("127.0.0.1:2526").address,
    "listeners": {"submission": read_target("127.0.0.1:2526").address},
    "our_name": "other.example.test",
    "sender": "eve@example.test",
    "recipients": ("eve@example.test",),
    "many": "other{n}@many.example.test",
    "unknown_recipient": "nobody@example.test",
}


def asked(target: Target, profile: Profile) -> str:
    return prepare(target, profile, started=STARTED).asked


@pytest.mark.parametrize("name", ANOTHER)
def test_who_was_told_another_target_was_asked_something_else(name: str):
    smoke = read_profile("smoke")
    another = replace(AIM, **{name: ANOTHER[name]})  # type: ignore[arg-type]

    assert asked(another, smoke) != asked(AIM, smoke) == asked(AIM, smoke)


# an address, and how others may write it
ALIKE = [
    ("localhost:2525", "127.0.0.1:2525"),
    ("LocalHost:2525", "[::1]:2525"),
    ("127.0.0.1", "smtp://127.0.0.2:25"),
    ("mx.example.test:2525", "MX.Example.test:2525"),
    ("[2001:db8::1]", "[2001:DB8:0::1]:25"),
]
APART = [
    ("localhost:2525", "localhost:2526"),
    ("localhost:465", "smtps://localhost:465"),
    ("localhost", "mx.example.test"),
    ("mx.example.test", "mx2.example.test"),
    ("submission://ann@localhost", "submission://ben@localhost"),
]


def asked_at(word: str) -> tuple[str, str]:
    """What who was told this address was asked, as the target's and as a listener's."""
    address = read_target(word).address
    smoke, owned = read_profile("smoke"), replace(AIM, mine=(address.host,))
    listening = replace(AIM, listeners={"submission": address})
    return asked(replace(owned, address=address), smoke), asked(listening, smoke)


@pytest.mark.parametrize(("one", "other"), ALIKE)
def test_a_server_is_the_same_however_its_host_is_written(one: str, other: str):
    assert asked_at(one) == asked_at(other)


@pytest.mark.parametrize(("one", "other"), APART)
def test_another_port_scheme_host_or_user_is_another_server(one: str, other: str):
    assert not {*asked_at(one)} & {*asked_at(other)}


def test_a_socket_is_the_same_by_its_path_as_it_is_written():
    smoke = read_profile("smoke")
    one, same, other = (
        asked(replace(AIM, address=Address(path, 0, Scheme.LMTP)), smoke)
        for path in ("/run/a", "/run/a", "/run/A")
    )

    assert one == same != other


def test_messages_are_the_same_by_their_octets_wherever_they_lie(tmp_path: Path):
    texts = {"one": "a: b\n\nc\n", "same": "a: b\n\nc\n", "other": "a: b\n\nd\n"}
    found = {}
    for name, text in texts.items():
        path = tmp_path / f"{name}.eml"
        path.write_text(text)
        behaviour = Behaviour(name="", contents=(path,))
        found[name] = asked(AIM, replace(read_profile("smoke"), behaviours=(behaviour,)))

    assert found["one"] == found["same"] != found["other"]


def test_where_all_may_be_begun_nobody_asks():
    assert run_of(1.0).held is None


def test_a_run_against_another_s_server_is_never_prepared():
    with pytest.raises(UsageError, match="not on loopback"):
        prepare(read_target("mx.example.test"), read_profile("smoke"), started=STARTED)


def test_what_tls_needs_is_looked_for_before_anybody_connects(tmp_path: Path):
    (tmp_path / "ca.pem").write_text("no certificate")
    target = replace(read_target("127.0.0.1"), tls=TlsPolicy(ca=tmp_path / "ca.pem"))
    profile = replace(read_profile("smoke"), behaviours=(Behaviour(name="", tls=Tls.STARTTLS),))

    with pytest.raises(UsageError, match=r"cannot use .*ca\.pem as CA certificate"):
        prepare(target, profile, started=STARTED)


def test_a_name_that_is_unknown_is_trouble_of_the_run():
    target = replace(read_target("no.such.name.invalid"), mine=("no.such.name.invalid",))
    run = prepare(target, read_profile("smoke"), started=STARTED)

    with pytest.raises(PeerClosed):
        run.doors.place(run.profile.behaviours[0])


@dataclass(eq=False)
class Waiting:
    """A sender that rests until a message is due."""

    run: LoadRun
    is_talking: bool = True
    due: float | None = None
    stirred: int = 0

    def rest(self) -> None:
        agenda = self.run.agenda
        assert agenda is not None
        self.due = agenda.claim(self.due)
        self.run.resting[self] = self.due or 0.0

    def leave(self) -> None:
        due = self.run.resting.pop(self)
        self.run.give_back(due)

    def wake(self) -> None:
        self.rest()

    def stir(self) -> None:
        self.stirred += 1


def test_what_a_sender_leaves_undone_is_for_who_would_have_waited_longest():
    profile = read_profile("smoke").changed(rate=1.0, seconds=10.0)
    run = prepare(read_target("127.0.0.1"), profile, started=STARTED)
    run.start(0.0)
    senders = [Waiting(run) for _ in range(3)]
    for sender in senders:
        sender.rest()
    first, second, third = (run.resting[each] for each in senders)

    senders[0].leave()

    assert [each.due for each in senders[1:]] == [second, first]
    assert run.agenda is not None
    assert run.agenda.claim() == third


def test_a_message_that_was_not_begun_after_all_may_be_begun_by_others():
    run = run_of(1.0, messages=1)
    assert (run.spend(), run.spend()) == (True, False)

    sender = Waiting(run)
    run.senders.add(sender)
    run.take_back(None)
    assert (sender.stirred, run.spend(), run.is_spent) == (1, True, True)


def test_where_nobody_wants_a_number_of_messages_there_is_none_to_take_back():
    run = run_of(1.0)
    run.take_back(None)

    assert (run.held, run.is_spent, run.spend()) == (None, False, True)
