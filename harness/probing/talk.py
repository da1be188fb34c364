"""One connection to a server that is looked at: a question, an answer, nothing taken amiss."""

from __future__ import annotations

import ssl
from collections.abc import Sequence

from harness.certificates import client_context
from harness.errors import PeerError, Refused
from harness.protocol.replies import CLOSING, Capabilities, Reply, read_capabilities
from harness.target import Scheme, Target
from harness.wire import Log, Wire, dial


class Talk:
    """One connection."""

    def __init__(self, target: Target, wire: Wire) -> None:
        self.target = target
        self.wire = wire
        self.capabilities = Capabilities("")
        self.heard: list[tuple[str, Reply]] = []  # verbs, with what they were answered
        self.is_over = False

    @classmethod
    async def begin(cls, target: Target, log: Log | None = None) -> Talk:
        """A connection to the target, on which nothing was said yet."""
        return cls(target, await dial(target.address, log or Log(), target.timeouts.greeting))

    async def aclose(self) -> None:
        """Let the connection go."""
        self.is_over = True
        await self.wire.aclose()

    async def ask(self, line: str) -> Reply:
        """A command and its answer."""
        (reply,) = await self.ask_all([f"{line}\r\n".encode()])
        return reply

    async def ask_all(self, commands: Sequence[bytes]) -> list[Reply]:
        """Several commands in one write, and an answer to each; raises PeerError."""
        patience = self.target.timeouts.reply
        replies: list[Reply] = []
        try:
            await self.wire.send(b"".join(commands), patience)
            for command in commands:
                replies.append(await self.wire.reply(patience))
                self.heard.append((_verb(command), replies[-1]))
                self.is_over = self.is_over or replies[-1].code == CLOSING
        except PeerError:
            self.is_over = True
            raise
        return replies

    async def greet(self) -> Reply:
        """The greeting; raises Refused if it is a refusal."""
        if self.target.address.scheme.has_implicit_tls and not self.wire.is_secure:
            await self.shake_hands()
        try:
            answer = await self.wire.reply(self.target.timeouts.greeting)
        except PeerError:
            self.is_over = True
            raise
        if not answer.is_positive:
            raise Refused("greeting", answer)
        return answer

    async def hello(self) -> Capabilities:
        """What the server offers here; raises Refused if it knows neither EHLO nor HELO."""
        name = self.target.our_name
        verbs = ("LHLO",) if self.target.address.scheme is Scheme.LMTP else ("EHLO", "HELO")
        for verb in verbs:
            answer = await self.ask(f"{verb} {name}")
            if answer.is_positive:
                self.capabilities = read_capabilities(answer)
                return self.capabilities
        raise Refused(verbs[-1], answer)

    async def mail(self, *parameters: str, sender: str | None = None) -> Reply:
        """MAIL with these parameters."""
        path = self.target.sender if sender is None else sender
        return await self.ask(" ".join([f"MAIL FROM:<{path}>", *parameters]))

    async def rcpt(self, recipient: str, *parameters: str) -> Reply:
        """RCPT with these parameters."""
        return await self.ask(" ".join([f"RCPT TO:<{recipient}>", *parameters]))

    async def start_tls(self, context: ssl.SSLContext | None = None) -> str:
        """STARTTLS and the handshake; in words what went wrong, or nothing."""
        answer = await self.ask("STARTTLS")
        if answer.code != 220:
            return f"STARTTLS was answered {answer}"
        try:
            await self.shake_hands(context)
        except PeerError as problem:
            return str(problem)
        return ""

    async def shake_hands(self, context: ssl.SSLContext | None = None) -> None:
        """The handshake alone; without a context as the target's file wants it."""
        policy = self.target.tls
        try:
            await self.wire.start_tls(
                context or client_context(verify=policy.verify, ca=policy.ca),
                self.target.timeouts.reply,
                server_name=policy.server_name or self.target.address.host,
            )
        except PeerError:
            self.is_over = True
            raise


def _verb(command: bytes) -> str:
    return command.split(b" ", 1)[0].strip().decode("ascii", "replace").upper()
