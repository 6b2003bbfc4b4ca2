"""Encrypted packages: section 15."""
from ciphers import aes_stream, chacha_poly_open, chacha_stream, expand, extract, x25519, xor
from errors import SmidgenError
from fields import Reader
from header import parse_records

STREAMS = {1: chacha_stream, 2: aes_stream}
SHARED, SEALED = 0, 1
#: Where the body's part of the key stream begins (section 15.3).
BODY = 512


class Keys:
    """What a device has: a shared key and a secret X25519 key, or None of either."""

    def __init__(self, shared=None, secret=None):
        self.of_kind = {SHARED: shared, SEALED: secret}


def decrypt(header, body, keys):
    """The plain body, after the checks of section 15.5. Private records join the header's."""
    r = Reader(header.extensions[7])
    cipher = r.u8("cipher")
    if cipher not in STREAMS:
        raise SmidgenError(33, "cipher %d" % cipher)
    kind = r.u8("kind of key")
    if kind not in (SHARED, SEALED):
        raise SmidgenError(33, "key of kind %d" % kind)
    name = r.take(8, "key name")
    material = [r.take(size, "key material") for size in ((16,) if kind == SHARED else (32, 48))]
    private = r.take(r.end - r.at, "private records")
    if not header.body_digest:
        raise SmidgenError(5, "encrypted without a body digest")
    key = keys.of_kind[kind]
    if key is None:
        raise SmidgenError(33, "no key of kind %d" % kind)
    content_key = (of_shared_key if kind == SHARED else of_sealed_key)(key, name, *material)
    stream = STREAMS[cipher](content_key, BODY + len(body))
    read_private(header, xor(private, stream))
    return xor(body, stream[BODY:])


def of_shared_key(key, name, salt):
    if name != expand(extract(b"", key), b"smidgen key name", 8):
        raise SmidgenError(34, "another shared key")
    return expand(extract(salt, key), b"smidgen content key", 32)


def of_sealed_key(secret, name, encapsulated, sealed):
    """HPKE (RFC 9180), mode base, of one message: section 15.2."""
    public = x25519(secret, (9).to_bytes(32, "little"))
    if name != public[:8]:
        raise SmidgenError(34, "sealed to another key")
    agreed = x25519(secret, encapsulated)
    shared = labeled_expand(KEM, labeled_extract(KEM, b"", b"eae_prk", agreed), b"shared_secret", encapsulated + public, 32)
    context = b"\0" + labeled_extract(HPKE, b"", b"psk_id_hash", b"")
    context += labeled_extract(HPKE, b"", b"info_hash", b"smidgen content key")
    prk = labeled_extract(HPKE, shared, b"secret", b"")
    key, nonce = (labeled_expand(HPKE, prk, label, context, size) for label, size in ((b"key", 32), (b"base_nonce", 12)))
    content_key = chacha_poly_open(key, nonce, sealed)
    if agreed == bytes(32) or content_key is None:
        raise SmidgenError(34, "the seal does not open")
    return content_key


#: RFC 9180, sections 4.1 and 5.1: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20Poly1305.
KEM = b"KEM\x00\x20"
HPKE = b"HPKE\x00\x20\x00\x01\x00\x03"


def labeled_extract(suite, salt, label, key):
    return extract(salt, b"HPKE-v1" + suite + label + key)


def labeled_expand(suite, key, label, info, length):
    return expand(key, length.to_bytes(2, "big") + b"HPKE-v1" + suite + label + info, length)


def read_private(header, records):
    """Section 15.4."""
    try:
        private = parse_records(Reader(records), header.containers)
    except SmidgenError:
        raise SmidgenError(5, "private records") from None
    if not set(private) <= {1, 2, 3, 4} - set(header.extensions):
        raise SmidgenError(5, "tags of private records")
    header.extensions.update(private)
