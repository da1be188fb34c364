"""A client that nobody here wrote meets the faults of a server in a process of its own."""

import contextlib
import json
import smtplib
import ssl
import subprocess
import sys
import urllib.error
import urllib.request

import pytest

pytestmark = pytest.mark.slow


class Running:
    """A server and its control port."""

    def __init__(self, port, url, spool):
        self.port = port
        self.spool = spool
        self._url = url

    def ask(self, method, path, body=None, **fields):
        request = urllib.request.Request(self._url + path, body, fields, method=method)
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    def put(self, table):
        """These faults and no others; what was received before counts no more."""
        self.ask("PUT", "/faults", table.encode())
        self.ask("DELETE", "/messages")
        return self.port


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("faults")
    (folder / "faults.yaml").write_text("{at: MAIL, times: 1, reply: 451 first}", "utf-8")
    command = [
        *(sys.executable, "-m", "reference_server", "--port", "0", "--control", "0"),
        *("--faults", str(folder / "faults.yaml"), "--spool", str(folder / "spool"), "--no-sync"),
        *("--user", "alice:secret", "--user", "bob", "--tls-self-signed", "--until-eof"),
    ]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        port = int(child.stdout.readline().rpartition(":")[2])
        url = child.stdout.readline().removeprefix("control on ").strip()
        with pytest.raises(smtplib.SMTPSenderRefused):  # what the file says
            send(port)
        yield Running(port, url, folder / "spool")
        assert child.stdin is not None
        child.stdin.close()
        assert child.wait(10) == 0


def send(port, to="bob@example.test", sender="a@c.test"):
    with smtplib.SMTP("127.0.0.1", port, timeout=10) as client:
        return client.sendmail(sender, [to], b"Subject: x\r\n\r\nhello\r\n")


def test_it_fails_three_times_and_then_it_succeeds(server):
    port = server.put("{at: ., times: 3, reply: 451 4.3.0 later}")
    for _ in range(3):
        with pytest.raises(smtplib.SMTPDataError) as caught:
            send(port)
        assert caught.value.args == (451, b"4.3.0 later")
    assert send(port) == {}
    assert server.ask("GET", "/messages")["received"] == 1
    assert server.ask("GET", "/counters")["faults"] == {"1": {"met": 4, "done": 3}}


def test_who_is_greylisted_may_come_back(server):
    port = server.put("greylist: 300ms")
    with pytest.raises(smtplib.SMTPRecipientsRefused) as caught:
        send(port)
    assert caught.value.recipients == {
        "bob@example.test": (450, b"4.7.1 Greylisted, try again later")
    }
    while server.ask("GET", "/messages")["received"] == 0:
        with contextlib.suppress(smtplib.SMTPRecipientsRefused):
            send(port)
    counters = server.ask("GET", "/counters")["faults"]["1"]
    assert counters["met"] == counters["done"] + 1


def test_421_in_the_middle_of_a_session_is_the_end_of_it(server):
    port = server.put("{at: RCPT, recipient: bob@*, reply: 421 4.3.2 going down}")
    with smtplib.SMTP("127.0.0.1", port) as client:
        assert client.sendmail("a@c.test", ["alice@example.test"], b"x\r\n") == {}
        with pytest.raises(smtplib.SMTPRecipientsRefused) as caught:
            client.sendmail("a@c.test", ["bob@example.test", "alice@example.test"], b"x\r\n")
        assert caught.value.recipients["bob@example.test"] == (421, b"4.3.2 going down")
        assert client.sock is None


@pytest.mark.parametrize("drop", ["close", "reset"])
def test_a_drop_is_a_lost_connection_and_perhaps_a_message_twice(server, drop):
    port = server.put(f"{{at: ., times: 1, drop: {drop}, keep: yes}}")
    with pytest.raises((smtplib.SMTPServerDisconnected, ConnectionResetError)):
        send(port)
    assert send(port) == {}  # nobody told the client that it was there: RFC 1047
    assert server.ask("GET", "/messages")["received"] == 2


@pytest.mark.parametrize("fault", ["split: {octets: 1}", "line_ends: lf", "delay: 50ms"])
def test_smtplib_bears_what_a_client_has_to_bear_and_more(server, fault):
    port = server.put(f"{{at: [greeting, EHLO, MAIL, RCPT, DATA, '.'], {fault}}}")
    assert send(port) == {}


def test_a_rate_is_kept_by_time_and_not_by_chance(server):
    port = server.put("{at: MAIL, rate: 3/h, per: sender}")
    for _ in range(3):
        assert send(port) == {}
    with pytest.raises(smtplib.SMTPSenderRefused) as caught:
        send(port)
    assert caught.value.args[:2] == (450, b"4.7.1 Too much at once, try again later")
    assert send(port, sender="other@c.test") == {}


@pytest.mark.parametrize(
    ("certificate", "words"), [("expired", "has expired"), ("other-name", "Hostname mismatch")]
)
def test_a_certificate_is_refused_for_what_is_wrong_with_it(server, certificate, words):
    port = server.put(f"{{at: tls, certificate: {certificate}, times: 1}}")
    trust = ssl.create_default_context(cafile=str(server.spool / "cert.pem"))
    with smtplib.SMTP("localhost", port) as client:
        with pytest.raises(ssl.SSLCertVerificationError, match=words):
            client.starttls(context=trust)
        client.close()
    with smtplib.SMTP("localhost", port) as client:
        client.starttls(context=trust)
        client.login("alice", "secret")


def test_the_table_is_changed_while_a_client_talks(server):
    port = server.put("faults: []")
    with smtplib.SMTP("127.0.0.1", port) as client:
        client.ehlo()
        server.ask("POST", "/faults", b"{name: no, at: MAIL, reply: 550 5.7.1 no}")
        assert client.mail("a@c.test") == (550, b"5.7.1 no")
        server.ask("DELETE", "/faults/no")
        assert client.mail("a@c.test")[0] == 250


def test_a_mistake_is_400_and_a_page_in_a_browser_403(server):
    server.put("faults: []")
    with pytest.raises(urllib.error.HTTPError) as caught:
        server.ask("PUT", "/faults", b"{at: MAIL, drpo: yes}")
    with caught.value as told:
        assert told.code == 400
        assert told.read() == b"line 1, column 12: unknown key 'drpo' (did you mean 'drop'?)\n"
    with pytest.raises(urllib.error.HTTPError) as caught:
        server.ask("POST", "/faults", b"{at: MAIL, drop: yes}", Origin="http://evil.test")
    with caught.value as told:
        assert told.code == 403
    assert server.ask("GET", "/faults")["faults"] == []
