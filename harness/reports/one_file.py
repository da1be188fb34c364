"""An HTML page that is one file: style and script are in it, and its policy forbids all others.

The policy (CSP) names what is in the page by hash, so not even `style=` of ours is obeyed, and
nothing that a peer said can become style or script.
"""

from __future__ import annotations

import base64
import html
from hashlib import sha256
from importlib.resources import files

from harness.visible import harmless


def page(title: str, *, style: str, script: str, body: str) -> str:
    """The whole document; `body` is markup, `title` is not."""
    return "".join([
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">\n',
        f'<meta http-equiv="Content-Security-Policy" content="{_policy(style, script)}">\n',
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n',
        f"<title>{text(title)}</title>\n<style>{style}</style></head>\n<body>\n",
        body,
        f"<script>{script}</script>\n</body></html>\n",
    ])  # fmt: skip


def resource(room: str, name: str) -> str:
    """A style or a script that lies beside the code of a room."""
    return (files(room) / name).read_text(encoding="utf-8")


def text(words: str) -> str:
    """Words as markup that shows just them."""
    return html.escape(harmless(words))


def _policy(style: str, script: str) -> str:
    return f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}"


def _hash(octets: str) -> str:
    return f"'sha256-{base64.b64encode(sha256(octets.encode()).digest()).decode()}'"
