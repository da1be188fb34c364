import ssl

import pytest

from harness.errors import UsageError
from reference_server.configuration import Config
from reference_server.configuration.relaying import Relaying
from reference_server.doors.door import Endpoint
from reference_server.doors.limits import Allowance
from reference_server.intake.directory import Alias, MailingList
from reference_server.workers.fitness import check_fitness, for_workers

UNFIT = {
    "a relay": (Config(relay=Relaying()), "cannot have a relay: a queue has one owner"),
    "faults": (Config(control=Endpoint("127.0.0.1", 0)), "cannot have faults"),
    "an alias": (Config(aliases={"a": Alias(("b", "c@d.test"))}), "'a' lead elsewhere"),
    "a list": (Config(lists={"l": MailingList(("c@d.test",), "b")}), "'l' lead elsewhere"),
}


@pytest.mark.parametrize(("config", "words"), UNFIT.values(), ids=UNFIT)
def test_what_only_one_can_do_is_refused(config, words):
    with pytest.raises(UsageError) as caught:
        check_fitness(config)
    assert words in str(caught.value)


def test_what_many_can_do_is_not():
    here = Config(
        domain="Here.test",
        anyone_at=("many.test",),
        aliases={"a": Alias(("b", "c@here.test", "postmaster", "d@MANY.test"))},
    )
    check_fitness(here)
    check_fitness(Config(discard=True, aliases={"a": Alias(("c@d.test",))}))


def test_connections_and_memory_are_shared_out(tmp_path):
    config = Config(workers=3, allowance=Allowance(connections=10, in_flight=1_000))
    assert for_workers(config, tmp_path).allowance == Allowance(connections=4, in_flight=334)


def test_what_wants_a_queue_is_not_offered_unless_nothing_is_kept(tmp_path):
    assert "FUTURERELEASE" in for_workers(Config(workers=2), tmp_path).without
    for nothing in (Config(workers=2, discard=True), Config(workers=2, sink=True)):
        assert for_workers(nothing, tmp_path).without == frozenset()


def test_all_show_one_certificate(tmp_path):
    pair = for_workers(Config(workers=2, tls_self_signed=True), tmp_path).key_pair
    assert pair is not None
    ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(pair.certificate, pair.key)
