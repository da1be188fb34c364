import trio

from reference_server.faults.certificates import Certificates
from reference_server.faults.faults import Faults
from reference_server.faults.model import Facts, Stage
from reference_server.faults.reading import parse_table
from reference_server.running import Reception
from tests.reference_server.connecting import server_in


def test_each_accident_is_told_and_nothing_else(tmp_path):
    told = []
    faults = Faults(
        parse_table("{at: NOOP, delay: 1s, reply: 451 later, times: 1}"), Certificates(tmp_path)
    )
    faults.tell = lambda event, **facts: told.append((event, facts))
    for stage in (Stage.RSET, Stage.NOOP, Stage.NOOP):
        faults.meet(stage, Facts(client="192.0.2.1"), 0.0)
    assert told == [("fault", {"at": "NOOP", "peer": "192.0.2.1", "does": ["delay", "reply"]})]


async def test_it_is_the_log_of_the_server_that_they_are_told_to(tmp_path):
    faults = Faults(parse_table("{at: NOOP, drop: yes}"), Certificates(tmp_path))
    server = server_in(tmp_path)
    async with trio.open_nursery() as tasks:
        Reception(server, tasks, faults)
        assert faults.tell == server.tell
        tasks.cancel_scope.cancel()
