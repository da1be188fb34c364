"""SIGHUP: the configuration is read anew, and nobody is dropped for it."""

import json
import signal
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import trio
import trio.testing

from harness.certificates import self_signed
from reference_server.configuration import make_server, read_config
from reference_server.configuration.renewing import Renewal
from reference_server.doors.door import Door
from reference_server.queue.items import Item, QueuedRecipient
from reference_server.running import run
from tests.reference_server.connecting import Client, connected, mail_of

FILE = """\
domain: example.test
users: {{alice: wonderland{more_users}}}
sync: no
log: log
{more}
"""


class Site:
    """A configuration file, a server that has read it, and what reads it again."""

    def __init__(self, folder: Path, **first: str) -> None:
        self.folder = folder
        self.write(**first)
        told = self._read()
        self.spool = folder / "spool"
        self.server = make_server(replace(told, spool=self.spool))
        self.renew = Renewal(self.server, told, self._read, self.spool)

    def write(self, more: str = "", more_users: str = "") -> None:
        (self.folder / "serve.yaml").write_text(FILE.format(more=more, more_users=more_users))

    def _read(self):
        return read_config(self.folder / "serve.yaml")

    def told(self) -> list[dict]:
        return [json.loads(line) for line in (self.folder / "log").read_text().splitlines()]


async def test_new_users_aliases_and_limits_are_there_for_who_is_connected_too(tmp_path):
    site = Site(tmp_path)
    async with connected(site.server) as client:
        for line in (b"EHLO c.test", b"MAIL FROM:<>"):
            await client.say(line + b"\r\n")
        assert (await client.say(b"RCPT TO:<carol@example.test>\r\n")).startswith(b"550")
        site.write("aliases: {sales: carol}\nlimits: {message: 10}", ", carol: c")
        site.renew()
        assert (await client.send("carol@example.test", b"long enough\r\n")).startswith(b"250")
        async with connected(site.server) as newcomer:
            assert (await newcomer.send("sales@example.test", b"x\r\n")).startswith(b"250")
            told = await newcomer.send("alice@example.test", b"long enough\r\n")
            assert told.startswith(b"552")
    assert len(mail_of(site.spool, "carol")) == 2
    assert "reloaded" in [line["event"] for line in site.told()]


BAD = {
    "no YAML": "users: {",
    "a mistake": "voice: loud",
    "no certificate": "tls: {certificate: absent.pem}",
    "no file of users": "users: absent",
}


@pytest.mark.parametrize("text", BAD.values(), ids=BAD)
async def test_a_bad_file_is_refused_in_the_log_and_all_stays_as_it_was(tmp_path, text):
    site = Site(tmp_path)
    house, rules, desks = site.server.house, site.server.rules, site.server.desks
    (tmp_path / "serve.yaml").write_text(text)
    site.renew()
    assert (site.server.house, site.server.rules, site.server.desks) == (house, rules, desks)
    (line,) = site.told()
    assert (line["event"], line["level"]) == ("reload-refused", "warning")
    assert len(line["problems"]) == 1
    async with connected(site.server) as client:
        assert (await client.send("alice@example.test", b"x\r\n")).startswith(b"250")


def test_a_complaint_names_the_place_but_shows_no_password(tmp_path):
    site = Site(tmp_path)
    site.write(more_users=", bob: [hunter2]")
    site.renew()
    (line,) = site.told()
    assert line["problems"] == [f"{tmp_path}/serve.yaml:2:33: a list where text is wanted"]
    assert "hunter2" not in (tmp_path / "log").read_text()


def test_without_a_log_the_complaint_goes_to_standard_error(tmp_path, capsys):
    site = Site(tmp_path)
    site.server.log = None
    site.write("voice: loud")
    site.renew()
    assert capsys.readouterr().err.splitlines()[1].endswith("unknown voice 'loud'")


def test_what_takes_a_restart_is_told(tmp_path):
    site = Site(tmp_path)
    site.write("listen: lmtp://:0\nspool: elsewhere\nrelay: {connection_age: 1m}")
    site.renew()
    assert site.told()[-1]["takes_a_restart"] == ["doors", "spool", "relay"]
    site.renew()
    assert "takes_a_restart" not in site.told()[-1]


def test_a_certificate_that_was_renewed_is_shown_and_one_that_we_made_is_kept(tmp_path):
    site = Site(tmp_path, more="tls: {self_signed: yes}")
    ours = site.server.tls
    site.renew()
    assert site.server.tls is ours
    self_signed(["example.test"], tmp_path)
    site.write("tls: {certificate: cert.pem, key: key.pem}")
    site.renew()
    theirs = site.server.tls
    assert theirs is not ours
    site.renew()
    assert site.server.tls is not theirs  # the file may hold another one now


def test_the_log_is_begun_anew_for_whoever_rotates_it(tmp_path):
    site = Site(tmp_path)
    (tmp_path / "log").write_text("old\n")
    (tmp_path / "log").rename(tmp_path / "log.1")
    site.renew()
    assert [line["event"] for line in site.told()] == ["reloaded"]


async def test_mail_that_waits_is_sent_by_the_new_route(tmp_path):
    site = Site(tmp_path, more="relay: {routes: {away.test: smtp://127.0.0.1:1}}")
    relay = site.server.relay
    assert relay is not None
    relay.take(
        Item(
            id="1",
            reverse_path="",
            arrived=0.0,
            size=1,
            recipients=tuple(
                QueuedRecipient(address=f"x@{domain}") for domain in ("away.test", "other.test")
            ),
        )
    )
    assert [one.destination for one in relay.standing().destinations] == ["127.0.0.1:1", "nowhere"]
    site.write("relay: {routes: {'*': smtp://127.0.0.1:2}}")
    site.renew()
    waiting = {one.destination: one.messages for one in relay.standing().destinations}
    assert waiting["127.0.0.1:2"] == 1
    assert sum(waiting.values()) == 1


@asynccontextmanager
async def running(server, renew):
    async with trio.open_nursery() as tasks:

        async def serve(task_status) -> None:
            await run(server, [Door()], renew=renew, task_status=task_status)

        yield (await tasks.start(serve))[0]
        tasks.cancel_scope.cancel()


async def test_sighup_renews_and_drops_nobody(tmp_path):
    site, renewed = Site(tmp_path), trio.Event()

    def renew() -> None:
        site.renew()
        renewed.set()

    async with (
        running(site.server, renew) as door,
        await trio.open_tcp_stream(door.host, door.port) as stream,
    ):
        client = Client(stream)
        await client.reply()
        site.write(more_users=", carol: c")
        signal.raise_signal(signal.SIGHUP)
        await renewed.wait()
        assert (await client.send("carol@example.test", b"x\r\n")).startswith(b"250")


async def test_what_is_counted_for_all_together_goes_by_the_new_limits_too(tmp_path):
    site = Site(tmp_path)
    site.write("limits: {message: 100, in_flight: 1KiB}\ntimeouts: {guess: 5s}")
    site.renew()
    assert (site.server.budget.most, site.server.guesses.first) == (1_024, 5)
