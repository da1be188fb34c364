"""`send` and our own server: within TLS, with a log-in, by a target's file, with no target."""

from __future__ import annotations

import json

import pytest


def test_our_own_server_gets_it_within_tls_and_with_a_login(invoke, server, tmp_path, monkeypatch):
    monkeypatch.setenv("SMTP_HARNESS_PASSWORD", "wonderland")
    done = invoke(
        "send", server.address, "--to", "alice@example.test", "--login", "alice",
        "--ca", server.tls.ca, "--server-name", "localhost", "--subject", "Grüße", "-n", "2",
    )  # fmt: skip

    assert done.exit_code == 0, done.output
    assert "* TLSv1." in done.output.replace("  ", " ")
    assert done.output.count("accepted for alice@example.test: 250") == 2
    assert "wonderland" not in done.output


def test_a_certificate_that_is_not_trusted_is_not_taken(invoke, server):
    done = invoke("send", server.address, "--to", "alice@example.test")

    assert done.exit_code == 29
    assert "--ca FILE names one, --insecure takes any" in done.output
    assert invoke("send", server.address, "--to", "alice@example.test", "--insecure").exit_code == 0


def test_a_target_file_tells_what_is_needed(invoke, server, tmp_path, monkeypatch):
    monkeypatch.setenv("SMTP_HARNESS_PASSWORD", "wonderland")
    path = tmp_path / "target.yaml"
    path.write_text(
        f"address: {server.address}\nrecipients: [bob@example.test]\nalways: [tls, auth]\n"
        f"login: {{user: alice}}\ntls: {{ca: {server.tls.ca}, server_name: localhost}}\n"
    )
    done = invoke("send", path)

    assert done.exit_code == 0, done.output
    assert "accepted for bob@example.test" in done.output
    assert "C: AUTH" in done.output


@pytest.mark.slow
def test_without_a_target_there_is_our_own_server(invoke):
    done = invoke("send", "--json")

    document = json.loads(done.output)
    assert document["exit_status"] == 0
    assert set(document["messages"][0]["accepted"]) == {"alice@example.test", "bob@example.test"}
    assert [offer["tls"] for offer in document["offers"]] == [False, True]
