import pytest
import trio
import trio.testing

from reference_server.storage.commit import GroupCommit


class Paper:
    """Writes batches down; what is in `refused` is refused."""

    def __init__(self, *refused):
        self.batches = []
        self.refused = refused

    def __call__(self, whats):
        self.batches.append(list(whats))
        return [OSError(28, "full") if what in self.refused else None for what in whats]

    @property
    def written(self):
        return [what for batch in self.batches for what in batch]


@pytest.mark.parametrize("inline", [False, True])
async def test_all_that_is_kept_is_written_once(inline):
    paper = Paper()
    group = GroupCommit(paper, inline=inline)
    async with trio.open_nursery() as nursery:
        for n in range(1_000):
            nursery.start_soon(group.keep, n)
    assert sorted(paper.written) == list(range(1_000))
    assert 4 <= len(paper.batches) <= 6  # 256 at the most share one
    await group.keep("later")
    assert paper.batches[-1] == ["later"]


async def test_who_comes_while_one_batch_is_written_shares_the_next():
    paper, begun, go_on = Paper(), trio.Event(), trio.Event()

    def write(whats):
        trio.from_thread.run_sync(begun.set)
        trio.from_thread.run(go_on.wait)
        return paper(whats)

    group = GroupCommit(write)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(group.keep, 1)
        await begun.wait()
        nursery.start_soon(group.keep, 2)
        nursery.start_soon(group.keep, 3)
        await trio.testing.wait_all_tasks_blocked()
        go_on.set()
    assert [sorted(batch) for batch in paper.batches] == [[1], [2, 3]]


async def test_so_many_batches_are_written_at_once_as_is_allowed():
    paper, begun, go_on = Paper(), [], trio.Event()

    def write(whats):
        trio.from_thread.run_sync(begun.append, list(whats))
        trio.from_thread.run(go_on.wait)
        return paper(whats)

    group = GroupCommit(write, at_once=2)
    async with trio.open_nursery() as nursery:
        for n in range(4):
            nursery.start_soon(group.keep, n)
            while len(begun) < min(n + 1, 2):
                await trio.testing.wait_all_tasks_blocked(0.001)
        await trio.testing.wait_all_tasks_blocked()
        assert begun == [[0], [1]]
        go_on.set()
    assert sorted(paper.written) == [0, 1, 2, 3]


async def test_each_hears_of_its_own_fate():
    group, heard = GroupCommit(Paper("b"), inline=True), {}

    async def keep(what):
        try:
            await group.keep(what)
            heard[what] = "kept"
        except OSError:
            heard[what] = "refused"

    async with trio.open_nursery() as nursery:
        for what in "abc":
            nursery.start_soon(keep, what)
    assert heard == {"a": "kept", "b": "refused", "c": "kept"}


async def test_a_writer_that_breaks_has_kept_nothing_for_anybody():
    def breaks(whats):
        if "fine" in whats:
            return [None]
        raise RuntimeError("a bug")

    group, caught = GroupCommit(breaks, inline=True), []

    async def keep(what):
        with pytest.raises((OSError, RuntimeError)) as problem:
            await group.keep(what)
        caught.append(problem.type)

    async with trio.open_nursery() as nursery:
        for what in range(3):
            nursery.start_soon(keep, what)
    assert sorted(map(str, caught)) == sorted(map(str, (OSError, OSError, RuntimeError)))
    await group.keep("fine")


async def test_who_leaves_while_waiting_is_not_written_and_holds_up_nobody():
    """Whoever it is: also the one whose turn it is to lead the next batch."""
    for leaver in (2, 3):
        paper, begun, go_on = Paper(), trio.Event(), trio.Event()

        def write(whats, paper=paper, begun=begun, go_on=go_on):
            trio.from_thread.run_sync(begun.set)
            trio.from_thread.run(go_on.wait)
            return paper(whats)

        group = GroupCommit(write)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(group.keep, 1)
            await begun.wait()
            scopes = {}
            for n in (2, 3, 4):
                scopes[n] = trio.CancelScope()
                nursery.start_soon(_keep_within, scopes[n], group, n)
                await trio.testing.wait_all_tasks_blocked()
            scopes[leaver].cancel()
            go_on.set()
        assert sorted(paper.written) == sorted({1, 2, 3, 4} - {leaver})
        await group.keep(5)


async def _keep_within(scope, group, what):
    with scope:
        await group.keep(what)


async def test_who_leads_stays_until_all_are_written():
    paper, begun, go_on = Paper(), trio.Event(), trio.Event()

    def write(whats):
        trio.from_thread.run_sync(begun.set)
        trio.from_thread.run(go_on.wait)
        return paper(whats)

    group, leading = GroupCommit(write), trio.CancelScope()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_keep_within, leading, group, 1)
        nursery.start_soon(group.keep, 2)
        await begun.wait()
        leading.cancel()
        await trio.testing.wait_all_tasks_blocked()
        go_on.set()
    assert sorted(paper.written) == [1, 2]


async def test_who_is_cancelled_in_the_moment_it_is_chosen_to_lead_passes_that_on():
    paper, scopes = Paper(), [trio.CancelScope() for _ in range(300)]

    def write(whats):
        for n in set(range(299)) - set(whats):
            scopes[n].cancel()  # one of them is chosen as soon as this batch is written
        return paper(whats)

    group = GroupCommit(write, inline=True)
    async with trio.open_nursery() as nursery:
        for n, scope in enumerate(scopes):
            nursery.start_soon(_keep_within, scope, group, n)
    assert len(paper.batches[0]) == 256
    assert 299 in paper.written
    with trio.fail_after(1):
        await group.keep("later")
