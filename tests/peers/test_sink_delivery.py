"""`delivery: sink:` beside a real target that keeps no mail: Postfix relays all to our sink."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.peers.relaying import relaying
from tests.peers.serving import PATIENCE, Served
from tests.ports import reserved_port

pytestmark = pytest.mark.peer

TARGET = """\
address: 127.0.0.1:{port}
domain: many.example.test
recipients: [alice@many.example.test, bob@many.example.test]
delivery: sink:127.0.0.1:{sink}
"""


def test_what_postfix_relays_is_read_back(server: Served, tmp_path: Path) -> None:
    target, result = tmp_path / "target.yaml", tmp_path / "result.json"
    with reserved_port() as sink:
        route = f"many.example.test=plain:[127.0.0.1]:{sink}"
        with relaying("postfix-relay", server.ca, "alice:secret", route) as port:
            target.write_text(TARGET.format(port=port, sink=sink))
            words = ("run", target, "-s", "rfc5321/4.5.2", "-s", "rfc5321/4.4", "--json", result)
            done = subprocess.run(
                [sys.executable, "-m", "harness.cli", *map(str, words)],
                capture_output=True,
                text=True,
                timeout=PATIENCE * 4,
            )
    outcomes = json.loads(result.read_text())["outcomes"]
    judged = [it for it in outcomes if it["verdict"] in ("met", "fail")]
    assert len(judged) > 10, done.stdout
    assert [it["address"] for it in judged if it["verdict"] == "fail"] == [], done.stdout
