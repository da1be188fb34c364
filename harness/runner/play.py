"""Playing one case: its dialogue on connections of its own, then what it says of mailboxes."""

from __future__ import annotations

from harness.errors import PeerError, TargetUnreachable, UsageError
from harness.results import Surprise
from harness.runner.dialogue import Dialogue
from harness.runner.endings import Busy, Played, StartRefused, Trouble, Unmet, Void
from harness.runner.mail import Mail
from harness.runner.stage import Stage
from harness.transcripts.model import Case
from harness.wire import Log


async def play(case: Case, stage: Stage, attempt: int = 0) -> Played:
    """Play a case on the stage and say what came of it; raises TargetUnreachable."""
    log = Log()
    token = stage.token(case.address, attempt)
    values = stage.values(case, token)
    dialogue = Dialogue(case, stage, values, log)
    mail = Mail(case, stage, values, log, token)

    def played(
        *, surprise: Surprise | None = None, void: str = "", trouble: str = "",
        refused: bool = False, busy: str = "",
    ) -> Played:  # fmt: skip
        return Played(
            surprise=surprise, void=void, trouble=trouble, refused=refused, busy=busy,
            notes=(*dialogue.ear.notes, *mail.notes), exchanges=tuple(log.exchanges),
            ports=dialogue.ports, seconds=log.seconds,
        )  # fmt: skip

    try:
        async with mail.claimed():
            await dialogue.run()
            surprise = await mail.check(dialogue.contents)
            if surprise is not None:
                raise Unmet(surprise)
            return played()
    except Unmet as end:
        return played(surprise=end.surprise)
    except Void as end:
        return played(void=str(end))
    except Busy as end:
        return played(busy=str(end))
    except TargetUnreachable:
        raise
    except (Trouble, UsageError, PeerError) as end:
        return played(trouble=str(end), refused=isinstance(end, StartRefused))
