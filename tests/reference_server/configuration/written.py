"""Configurations as files: one that says everything, and what is complained of in another."""

from pathlib import Path

import pytest

from harness.documents import DocumentError
from reference_server.configuration import (
    read_config,
)


def written(folder: Path, text: str) -> Path:
    path = folder / "serve.yaml"
    path.write_text(text, "utf-8")
    return path


def complaints_about(folder: Path, text: str) -> list[str]:
    with pytest.raises(DocumentError) as caught:
        read_config(written(folder, text))
    return [f"{one.at.line}:{one.at.column}: {one.sentence}" for one in caught.value.complaints]


EVERYTHING = """\
domain: Mail.Example.Test
listen: [smtp://127.0.0.1:0, "lmtp://[::1]:2424"]
users: {Alice: wonderland, bob: }
aliases: {Sales: [alice, carol@elsewhere.test], root: bob}
lists: {crew: {members: [alice], owner: bob}}
separator: "-"
anyone_at: many.example.test
spool: spool
sync: no
discard: yes
bounces: {double: discard}
voice: textbook
fault: no-unstuff
tls: {certificate: cert.pem, key: /etc/key.pem}
extensions: {8BITMIME: no, SIZE: yes}
limits:
  {message: 1MB, recipients: 3, command_line: 1KiB, text_line: 1000, errors: 2, chunk: 2MB,
   junk: 7, log_ins: 1, mails: 4, domains: 5, hold: 1h, deliver_by: 2m, connections: 9,
   connections_per_address: 2, commands: 50, octets: 5MB, session: 1h, rate: 1KB, window: 10s}
timeouts: {idle: 10s, mailbox: 20m, handshake: 3s, farewell: 1s, stop: 2s}
workers: 2
log: {to: server.log, form: text, level: debug}
metrics: 0.0.0.0:9100
control: 8025
relay:
  networks: [192.0.2.0/24, "2001:db8::1"]
  routes:
    bob.example: smtp://127.0.0.1:2526
    .partner.test: {hosts: [mx1.partner.test, "smtps://[::1]:465"], tls: required}
    "*": smarthost.test:587
  dns: {servers: 127.0.0.1, port: 5353, trusts_ad: yes, timeout: 2s}
  tls: "off"
  schedule: {retry: [1m, 5m], warn_after: never, give_up_after: 2d}
  messages_per_connection: 5
  connection_age: 1m
"""
