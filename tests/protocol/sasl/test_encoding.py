import pytest

from harness.protocol.sasl import decode64, encode64

BASE64 = {
    b"": b"",
    b"AA==": b"\0",
    b"AAA=": b"\0\0",
    b"AAAA": b"\0\0\0",
    b"+/+/": b"\xfb\xff\xbf",
    b"=": None,
    b"A": None,
    b"AA": None,
    b"AA=": None,
    b"A===": None,
    b"=AAA": None,  # both of these are named by RFC 4954 4
    b"AAA=BBB": None,
    b"AAAA=": None,
    b"AAAA====": None,
    b"AA==AA==": None,
    b"AA A": None,
    b"AAAA\r\n": None,
    b"-_-_": None,
    b"AAA\xff": None,
}


@pytest.mark.parametrize(("encoded", "octets"), BASE64.items())
def test_base64_is_read_strictly(encoded: bytes, octets: bytes | None):
    assert decode64(encoded) == octets
    assert octets is None or encode64(octets) == encoded
