"""Ciphers, key agreement and key derivation that section 15 names, from their standards. For reading, not for secrets."""
import hashlib
import hmac
import struct

from fields import M32


def extract(salt, key):
    """HKDF-Extract (RFC 5869) with SHA-256."""
    return hmac.digest(salt or bytes(32), key, hashlib.sha256)


def expand(key, info, length):
    """HKDF-Expand."""
    out = block = b""
    while len(out) < length:
        block = hmac.digest(key, block + info + bytes((len(out) // 32 + 1,)), hashlib.sha256)
        out += block
    return out[:length]


# ChaCha20 (RFC 8439, section 2.4)

def quarter(s, a, b, c, d):
    for x, y, z, n in (a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7):
        s[x] = s[x] + s[y] & M32
        turned = s[z] ^ s[x]
        s[z] = turned << n & M32 | turned >> 32 - n


def chacha_block(key, counter, nonce):
    start = [*struct.unpack("<4I", b"expand 32-byte k"), *struct.unpack("<8I", key), counter, *struct.unpack("<3I", nonce)]
    s = start[:]
    for _ in range(10):
        for column in range(4):
            quarter(s, column, 4 + column, 8 + column, 12 + column)
        for row in range(4):
            quarter(s, row, 4 + (row + 1) % 4, 8 + (row + 2) % 4, 12 + (row + 3) % 4)
    return struct.pack("<16I", *(x + y & M32 for x, y in zip(s, start)))


def chacha_stream(key, length, counter=0, nonce=bytes(12)):
    blocks = range(counter, counter + (length + 63) // 64)
    return b"".join(chacha_block(key, i, nonce) for i in blocks)[:length]


def poly1305(key, message):
    """RFC 8439, section 2.5."""
    r = int.from_bytes(key[:16], "little") & 0x0FFFFFFC0FFFFFFC0FFFFFFC0FFFFFFF
    total = 0
    for i in range(0, len(message), 16):
        total = (total + int.from_bytes(message[i:i + 16] + b"\1", "little")) * r % ((1 << 130) - 5)
    return (total + int.from_bytes(key[16:], "little") & (1 << 128) - 1).to_bytes(16, "little")


def chacha_poly_open(key, nonce, sealed):
    """RFC 8439, section 2.8, without additional data; None if the tag is wrong."""
    text, tag = sealed[:-16], sealed[-16:]
    message = text + bytes(-len(text) % 16) + struct.pack("<QQ", 0, len(text))
    if not hmac.compare_digest(poly1305(chacha_block(key, 0, nonce)[:32], message), tag):
        return None
    return xor(text, chacha_stream(key, len(text), 1, nonce))


def xor(text, stream):
    return bytes(a ^ b for a, b in zip(text, stream))


# AES-256 (FIPS 197), encryption only

def doubled(x):
    return x << 1 ^ (0x11B if x & 0x80 else 0)


def substitutions():
    box, p, q = [0] * 256, 1, 1                             # q is the inverse of p: p * 3, q / 3
    while True:
        p = p ^ doubled(p)
        for shift in 1, 2, 4:
            q ^= q << shift & 0xFF
        q ^= 0x09 if q & 0x80 else 0
        turned = q * 0x101
        box[p] = (q ^ turned >> 4 ^ turned >> 5 ^ turned >> 6 ^ turned >> 7) & 0xFF ^ 0x63
        if p == 1:
            box[0] = 0x63
            return box


BOX = substitutions()


def round_keys(key):
    words = [key[i:i + 4] for i in range(0, 32, 4)]
    constant = 1
    while len(words) < 60:
        word = words[-1]
        if len(words) % 8 == 0:
            word = bytes(BOX[x] for x in word[1:] + word[:1])
            word = bytes((word[0] ^ constant, *word[1:]))
            constant = doubled(constant)
        elif len(words) % 8 == 4:
            word = bytes(BOX[x] for x in word)
        words.append(xor(word, words[-8]))
    return [b"".join(words[i:i + 4]) for i in range(0, 60, 4)]


def aes_block(keys, block):
    s = xor(block, keys[0])
    for number, key in enumerate(keys[1:], 1):
        s = [BOX[s[i * 5 % 16]] for i in range(16)]         # rows are shifted
        if number < 14:
            mixed = []
            for i in range(0, 16, 4):
                column = s[i:i + 4]
                every = column[0] ^ column[1] ^ column[2] ^ column[3]
                mixed += [column[j] ^ every ^ doubled(column[j] ^ column[(j + 1) % 4]) for j in range(4)]
            s = mixed
        s = xor(s, key)
    return s


def aes_stream(key, length):
    """Counter mode from 0."""
    keys = round_keys(key)
    return b"".join(aes_block(keys, i.to_bytes(16, "big")) for i in range((length + 15) // 16))[:length]


# X25519 (RFC 7748)

P = (1 << 255) - 19


def x25519(secret, point):
    k = int.from_bytes(secret, "little") & (1 << 255) - 8 | 1 << 254
    k &= (1 << 255) - 1
    x1 = (int.from_bytes(point, "little") & (1 << 255) - 1) % P
    x2, z2, x3, z3 = 1, 0, x1, 1
    for bit in range(254, -1, -1):
        if k >> bit & 1:
            x2, z2, x3, z3 = x3, z3, x2, z2
        a, b, c, d = x2 + z2, x2 - z2, x3 + z3, x3 - z3
        da, cb, aa, bb = d * a, c * b, a * a, b * b
        e = aa - bb
        x3, z3 = (da + cb) ** 2 % P, x1 * (da - cb) ** 2 % P
        x2, z2 = aa * bb % P, e * (aa + 121665 * e) % P
        if k >> bit & 1:
            x2, z2, x3, z3 = x3, z3, x2, z2
    return (x2 * pow(z2, P - 2, P) % P).to_bytes(32, "little")
