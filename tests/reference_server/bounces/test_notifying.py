import itertools

import pytest

from harness.protocol.replies import Reply, reply
from reference_server.bounces import Action, Finding, Office, Original, notify
from tests.reference_server.bounces.reading import read

NOW = 1_750_000_000.0
OFFICE = Office(domain="mx.x.test")
CONTENT = (
    b"Received: from c.test\r\n\tby mx.x.test; now\r\n"
    b"Subject: hello\r\nMessage-ID: <1@c.test>\r\n\r\nthe body\r\n.dot\r\n"
)
HEADER = CONTENT[: CONTENT.index(b"\r\n\r\n") + 2]


def original(content=CONTENT, reverse_path="alice@x.test", **parameters):
    rows = tuple((name.replace("_", "-"), value) for name, value in parameters.items())
    return Original(
        reverse_path=reverse_path, parameters=rows, arrived=NOW - 3_600, content=content
    )


def finding(address="bob@y.test", action=Action.FAILED, status="5.1.1", **more):
    return Finding(address=address, action=action, status=status, **more)


def write(message, *findings, office=OFFICE):
    serial = itertools.count(1)
    return notify(message, findings, office, now=NOW, new_id=lambda: f"n{next(serial)}")


def only(message, *findings, office=OFFICE):
    (notification,) = write(message, *findings, office=office)
    return read(notification.content)


def test_a_failure_is_told_in_a_report_that_programs_understand():
    said = reply(550, "no such user", enhanced="5.1.1")
    (notification,) = write(
        original(ENVID="QQ+2B314"),
        finding(
            parameters=(("ORCPT", "rfc822;Bob+2Ex@y.test"),),
            remote="mx.y.test",
            reply=said,
            at=NOW - 2,
        ),
    )
    report = read(notification.content)

    assert notification.recipient == "alice@x.test"
    assert notification.rcpt_parameters == (("NOTIFY", "NEVER"),)
    assert notification.mail_parameters == ()
    assert report.kind == "message/delivery-status"
    assert report.fields == {
        "Original-Envelope-Id": "QQ+314",
        "Reporting-MTA": "dns; mx.x.test",
        "Arrival-Date": "Sun, 15 Jun 2025 14:06:40 +0000",
    }
    assert report.recipients == [
        {
            "Original-Recipient": "rfc822; Bob.x@y.test",
            "Final-Recipient": "rfc822; bob@y.test",
            "Action": "failed",
            "Status": "5.1.1",
            "Remote-MTA": "dns; mx.y.test",
            "Diagnostic-Code": "smtp; 550 5.1.1 no such user",
            "Last-Attempt-Date": "Sun, 15 Jun 2025 15:06:38 +0000",
        }
    ]
    assert "<bob@y.test>: mx.y.test said: 550 5.1.1 no such user" in report.text


def test_its_header_says_that_no_person_wrote_it_and_what_it_answers():
    message = only(original(), finding()).message
    assert message["To"].addresses[0].addr_spec == "alice@x.test"
    assert message["From"].addresses[0].addr_spec == "postmaster@mx.x.test"
    assert message["Auto-Submitted"] == "auto-replied"
    assert message["In-Reply-To"] == message["References"] == "<1@c.test>"
    assert message["Message-ID"] == "<n1@mx.x.test>"
    assert message["Date"] == "Sun, 15 Jun 2025 15:06:40 +0000"
    assert "could not be delivered" in message["Subject"]


def test_what_was_not_said_is_not_told():
    report = only(original(b"\r\nno header\r\n"), finding())
    assert "Original-Envelope-Id" not in report.fields
    assert list(report.recipients[0]) == ["Final-Recipient", "Action", "Status"]
    assert report.message["In-Reply-To"] is None
    assert "<bob@y.test>: 5.1.1" in report.text


def test_without_a_reply_none_is_invented():
    words = "nobody listens there\r\nAction: delivered"
    (fields,) = only(original(), finding(status="4.4.1", words=words)).recipients
    assert fields["Diagnostic-Code"] == "x-smtp-harness; nobody listens there Action: delivered"
    assert fields["Action"] == "failed"


@pytest.mark.parametrize(
    ("host", "name"),
    [("mx.y.test", "mx.y.test"), ("192.0.2.1", "[192.0.2.1]"), ("::1", "[IPv6:::1]")],
)
def test_a_host_without_a_name_is_an_address_literal(host, name):
    (fields,) = only(original(), finding(remote=host)).recipients
    assert fields["Remote-MTA"] == f"dns; {name}"


def test_a_long_reply_is_folded_and_quoted_in_part():
    long = Reply(550, b"".join(b"550-%d %s\r\n" % (n, b"x" * 900) for n in range(500)))
    (fields,) = only(original(), finding(reply=long)).recipients
    assert fields["Diagnostic-Code"].startswith("smtp; 550-0 xxx")
    assert " 550-19 x" in fields["Diagnostic-Code"]
    assert "550-20" not in fields["Diagnostic-Code"]


def test_a_delay_says_until_when_it_will_be_tried():
    report = only(
        original(RET="FULL"),
        finding(action=Action.DELAYED, status="4.4.1", retry_until=NOW + 86_400),
    )
    (fields,) = report.recipients
    assert fields["Will-Retry-Until"] == "Mon, 16 Jun 2025 15:06:40 +0000"
    assert fields["Action"] == "delayed"
    assert "tried until Mon, 16 Jun 2025" in report.text
    assert "could not" not in report.message["Subject"]


def test_recipients_with_one_fate_share_a_notification_and_others_do_not():
    success = (("NOTIFY", "SUCCESS,FAILURE"),)
    notifications = write(
        original(),
        finding("b@y.test"),
        finding("c@y.test", parameters=(("NOTIFY", "NEVER"),)),
        finding("d@y.test", Action.RELAYED, "2.0.0", parameters=success),
        finding("e@y.test", status="5.2.2"),
    )
    reports = [read(one.content) for one in notifications]
    told = [[fields["Final-Recipient"] for fields in report.recipients] for report in reports]
    assert told == [["rfc822; b@y.test", "rfc822; e@y.test"], ["rfc822; d@y.test"]]
    assert len({one.id for one in notifications}) == 2


QUIET = Office(domain="mx.x.test", tells_postmaster=False)


def test_nothing_answers_a_null_reverse_path_but_the_postmaster_hears_of_a_failure():
    nobody = original(reverse_path="")
    delayed = finding("carol@y.test", action=Action.DELAYED)
    (notification,) = write(nobody, finding(parameters=(("NOTIFY", "NEVER"),)), delayed)
    report = read(notification.content)
    assert notification.recipient == "postmaster"
    assert report.message["To"] == "postmaster@mx.x.test"
    assert [one["Final-Recipient"] for one in report.recipients] == ["rfc822; bob@y.test"]
    assert report.message["Subject"] == "A message that has no sender could not be delivered"
    assert report.message["Auto-Submitted"] == "auto-generated"
    assert "null reverse-path" in report.text
    assert report.returned == HEADER
    assert write(nobody, finding(), office=QUIET) == ()


def test_nobody_hears_of_what_the_postmaster_cannot_be_told():
    assert write(original(reverse_path=""), finding(address="postmaster")) == ()


def test_who_has_sent_something_is_told_whoever_else_may_hear_of_it():
    (notification,) = write(original(), finding(), office=QUIET)
    assert notification.recipient == "alice@x.test"


@pytest.mark.parametrize("action", Action)
def test_each_action_has_words_of_its_own(action):
    report = only(
        original(), finding(action=action, parameters=(("NOTIFY", "SUCCESS,FAILURE,DELAY"),))
    )
    assert report.recipients[0]["Action"] == action.value
    assert "Your message" in report.message["Subject"]


# --- what goes back ------------------------------------------------------------------------------

RETURNED = {
    "nothing said: the header": ({}, Action.FAILED, CONTENT, "text/rfc822-headers", HEADER),
    "RET=HDRS": ({"RET": "HDRS"}, Action.FAILED, CONTENT, "text/rfc822-headers", HEADER),
    "RET=FULL": ({"RET": "FULL"}, Action.FAILED, CONTENT, "message/rfc822", CONTENT),
    "RET=FULL of no failure": ({"RET": "FULL"}, Action.DELAYED, CONTENT,
                               "text/rfc822-headers", HEADER),
    "RET=FULL of what asked for TLS": ({"RET": "FULL", "REQUIRETLS": None}, Action.FAILED,
                                       CONTENT, "text/rfc822-headers", HEADER),
    "RET=FULL of what is too large": ({"RET": "FULL"}, Action.FAILED, HEADER + b"\r\n" + b"x\r\n"
                                      * 40_000, "text/rfc822-headers", HEADER),
    "RET=FULL of 8-bit": ({"RET": "FULL"}, Action.FAILED, HEADER + b"\r\n\xe4\r\n",
                          "message/rfc822", HEADER + b"\r\n\xe4\r\n"),
    "RET=FULL of binary": ({"RET": "FULL"}, Action.FAILED, HEADER + b"\r\na\nb\0",
                           "text/rfc822-headers", HEADER),
    "RET=FULL of a lone CR": ({"RET": "FULL"}, Action.FAILED, HEADER + b"\r\na\rb\r\n",
                              "text/rfc822-headers", HEADER),
    "RET=FULL of a line without end": ({"RET": "FULL"}, Action.FAILED, HEADER + b"\r\n"
                                       + b"x" * 999, "text/rfc822-headers", HEADER),
    "RET=FULL without a last line end": ({"RET": "FULL"}, Action.FAILED, HEADER + b"\r\nx",
                                         "message/rfc822", HEADER + b"\r\nx\r\n"),
    "a header in UTF-8": ({}, Action.FAILED, "Subject: ü\r\n\r\nx\r\n".encode(),
                          "message/global-headers", "Subject: ü\r\n".encode()),
    "a message with a header in UTF-8": ({"RET": "FULL"}, Action.FAILED,
                                         "Subject: ü\r\n\r\nx\r\n".encode(), "message/global",
                                         "Subject: ü\r\n\r\nx\r\n".encode()),
    "no header": ({}, Action.FAILED, b"\r\nx\r\n", "text/rfc822-headers", b""),
    "no header, and no empty line": ({}, Action.FAILED, b"secret\r\n", "text/rfc822-headers", b""),
    "a header with a long line": ({}, Action.FAILED, b"A: " + b"x" * 2_000 + b"\r\n\r\n",
                                  "text/rfc822-headers", b"A: " + b"x" * 995 + b"\r\n"),
}  # fmt: skip


@pytest.mark.parametrize(
    ("parameters", "action", "content", "kind", "returned"), RETURNED.values(), ids=RETURNED
)
def test_what_goes_back_of_the_original(parameters, action, content, kind, returned):
    report = only(original(content, **parameters), finding(action=action))
    assert (report.returned_kind, report.returned) == (kind, returned)


def test_an_original_that_holds_the_boundary_does_not_end_the_part():
    content = HEADER + b"\r\n--=n1=0=--\r\nthere is more\r\n"
    report = only(original(content, RET="FULL"), finding())
    assert report.returned == content


# --- the envelope --------------------------------------------------------------------------------

ENVELOPES = {
    "plain": (original(), ()),
    "8-bit": (original(HEADER + b"\r\n\xe4\r\n", RET="FULL"), (("BODY", "8BITMIME"),)),
    "to be kept under TLS": (original(REQUIRETLS=None), (("REQUIRETLS", None),)),
    "urgent": (original(MT_PRIORITY="3"), (("MT-PRIORITY", "3"),)),
    "to an address in UTF-8": (
        original(reverse_path="älice@x.test"),
        (("BODY", "8BITMIME"), ("SMTPUTF8", None)),
    ),
}


@pytest.mark.parametrize(("message", "parameters"), ENVELOPES.values(), ids=ENVELOPES)
def test_the_envelope_of_a_notification(message, parameters):
    (notification,) = write(message, finding())
    assert notification.mail_parameters == parameters


def test_what_is_beyond_ascii_goes_into_a_global_status():
    report = only(
        original(),
        finding("bøb@y.test", parameters=(("ORCPT", r"utf-8;b\x{F8}b@y.test"),)),
        finding("carol@y.test"),
    )
    assert report.kind == "message/global-delivery-status"
    assert report.recipients[0]["Final-Recipient"] == "utf-8; bøb@y.test"
    assert report.recipients[0]["Original-Recipient"] == "utf-8; bøb@y.test"
    assert report.recipients[1]["Final-Recipient"] == "rfc822; carol@y.test"
    assert "<bøb@y.test>" in report.text
