from reference_server.users.guesses import FORGOTTEN, Guesses


class Clock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def test_each_failure_waits_longer_up_to_a_limit():
    guesses = Guesses(Clock())

    assert [guesses.failed("192.0.2.1") for _ in range(8)] == [1, 2, 4, 8, 16, 30, 30, 30]


def test_another_address_waits_for_its_own_failures_alone():
    guesses = Guesses(Clock())
    guesses.failed("192.0.2.1")

    assert guesses.failed("192.0.2.2") == 1


def test_after_ten_quiet_minutes_an_address_is_as_good_as_new():
    clock = Clock()
    guesses = Guesses(clock)
    guesses.failed("192.0.2.1")
    clock.seconds += FORGOTTEN - 1
    assert guesses.failed("192.0.2.1") == 2
    clock.seconds += FORGOTTEN

    assert guesses.failed("192.0.2.1") == 1


def test_a_flood_of_addresses_fills_no_memory_and_the_latest_are_kept():
    guesses = Guesses(Clock())
    guesses.failed("the first")
    guesses.failed("the last")
    for number in range(10_050):
        guesses.failed(f"address {number}")
        if number % 1_000 == 0:
            guesses.failed("the last")

    assert len(guesses) == 10_000
    assert guesses.failed("the first") == 1
    assert guesses.failed("the last") > 1
