from reference_server.intake import Intake
from reference_server.mailboxes import Mailboxes
from reference_server.queue.store import StoredQueue
from reference_server.storage import DiskStorage
from tests.reference_server.connecting import connected, mail_of, server_in
from tests.reference_server.disks import FullDisk


def intake(server, spool, *, disk, **how):
    """An intake as the server's own, but for its disk."""
    mailboxes = Mailboxes(spool / "mail", disk=disk)
    storage = DiskStorage(mailboxes, StoredQueue(spool / "queue.db", sync=False))
    return Intake(server.house, storage, inline=True, **how)


async def test_a_sender_is_told_452_as_long_as_there_is_no_room_for_what_it_declares(tmp_path):
    server, rooms = server_in(tmp_path), []

    def has_room(octets):
        rooms.append(octets)
        return octets < 5_000

    server.intake = intake(server, tmp_path, disk=FullDisk(lambda path: False), has_room=has_room)
    async with connected(server) as client:
        await client.say(b"EHLO c.test\r\n")
        told = await client.say(b"MAIL FROM:<a@c.test> SIZE=6000\r\n")
        assert told == b"452 4.3.1 Insufficient system storage"
        assert (await client.say(b"RCPT TO:<bob@example.test>\r\n")).startswith(b"503")
        assert (await client.say(b"MAIL FROM:<a@c.test> SIZE=4000\r\n")).startswith(b"250")
        assert (await client.say(b"RSET\r\n")).startswith(b"250")
        assert (await client.say(b"MAIL FROM:<a@c.test>\r\n")).startswith(b"250")
    assert rooms == [6_000, 4_000, 0]


async def test_a_disk_that_fills_up_meanwhile_is_452_and_leaves_no_debris(tmp_path):
    server = server_in(tmp_path)
    server.intake = intake(server, tmp_path, disk=FullDisk(lambda path: "/bob/" in path))
    async with connected(server) as client:
        assert (await client.send("bob@example.test", b"x\r\n")).startswith(b"452 4.3.1")
        assert (await client.send("alice@example.test", b"x\r\n")).startswith(b"250")
    assert len(mail_of(tmp_path, "alice")) == 1
    for part in ("tmp", "new"):
        assert list((tmp_path / "mail" / "bob" / part).iterdir()) == []
