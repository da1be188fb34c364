from reference_server.faults.received import Received


def filled(sizes, **limits):
    received = Received(**limits)
    for size in sizes:
        received.add(
            client="127.0.0.1", hello="c.test", user=None, sender="", recipients=("a@b.test",),
            content=b"x" * size,
        )  # fmt: skip
    return received


def numbers(received):
    return [one.number for one in received]


def test_the_oldest_goes_when_there_are_too_many():
    received = filled([1] * 5, messages=3)
    assert numbers(received) == [3, 4, 5]
    assert received.total == 5
    assert received.find(2) is None
    assert received.find(4) is not None


def test_the_oldest_go_when_they_are_too_big_together():
    assert numbers(filled([40, 40, 40], octets=100)) == [2, 3]
    assert numbers(filled([40, 101], octets=100)) == []  # not even the last one fits
    assert numbers(filled([40, 101, 60], octets=100)) == [3]


def test_numbers_go_on_when_all_is_forgotten():
    received = filled([1, 1])
    received.clear()
    assert (numbers(received), received.total) == ([], 0)
    received.add(client="", hello="", user=None, sender="", recipients=(), content=b"")
    assert numbers(received) == [3]
