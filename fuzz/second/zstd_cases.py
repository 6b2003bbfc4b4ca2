"""Random zstd bodies: streams of operations in frames of plain blocks, and damaged ones."""
import random

from encoder import varint  # first: it finds the decoder
from header import ZSTD
from zstd_block import MOST_IN_BLOCK

import cases


def make(seed):
    """(header, base, target, body) of a valid package."""
    r = random.Random(seed)
    h = cases.header(r)
    # Forms are described by cases of codec cm only.
    h.kinds = [kind for kind in h.kinds if kind != cases.DESCRIBED] or [0]
    h.codec, h.window_log = ZSTD, r.randrange(10, 20)
    base = r.randbytes(h.base_size)
    stream, target = operations(r, base, h.target_size)
    return h, base, target, frame(r, stream, h.window_log)


def operations(r, base, size):
    stream, target, at = bytearray(), bytearray(), 0
    while len(target) < size:
        missing = size - len(target)
        literals = missing if not base else min(missing, r.choice((0, 1, 5, 200)))
        added = r.randbytes(literals)
        stream += varint(literals) + added
        target += added
        missing -= literals
        if missing == 0:
            break
        start = r.randrange(len(base))
        length = r.randrange(1, min(missing, len(base) - start) + 1)
        change = start - at
        added = bytes(r.choice((0, 0, 0, r.randrange(256))) for _ in range(length))
        stream += varint(change << 1 if change >= 0 else (-change << 1) - 1) + varint(length) + added
        target += bytes(x + y & 0xFF for x, y in zip(added, base[start:start + length]))
        at = start + length
    return bytes(stream), bytes(target)


def frame(r, stream, window_log):
    """A frame of raw blocks and of runs. Its window is at most 2^window_log bytes."""
    window_log = r.randrange(10, window_log + 1)
    size_field = r.randrange(4)
    single = size_field > 0 and len(stream) <= 1 << window_log and r.random() < 0.5
    if size_field == 1 and not 256 <= len(stream) < 65792:
        size_field = 2
    out = bytearray(b"\x28\xB5\x2F\xFD") + bytes((size_field << 6 | single << 5 | r.choice((0, 0, 16)),))
    if not single:
        out.append(window_log - 10 << 3)
    if size_field or single:
        out += (len(stream) - (256 if size_field == 1 else 0)).to_bytes((1, 2, 4, 8)[size_field], "little")
    most = min(MOST_IN_BLOCK, len(stream) if single else 1 << window_log)
    at, last = 0, False
    while not last:
        run = at
        while run < len(stream) and stream[run] == stream[at] and run - at < most:
            run += 1
        if run - at > 3:
            kind, block, length = 1, stream[at:at + 1], run - at
        else:
            length = min(len(stream) - at, most, r.choice((0, 1, 100, most)))
            kind, block = 0, stream[at:at + length]
        at += length
        last = at == len(stream) and r.random() < 0.8
        out += (length << 3 | kind << 1 | last).to_bytes(3, "little") + block
    return bytes(out)


def damaged(chance, body):
    body = bytearray(body)
    at = chance.randrange(len(body)) if chance.random() < 0.5 else chance.randrange(min(len(body), 20))
    how = chance.randrange(5)
    if how == 0:
        body[at] ^= 1 << chance.randrange(8)
    elif how == 1:
        body[at] = chance.choice((0, 1, 128, 255))
    elif how == 2:
        body.insert(at, chance.choice((0, 1, 128, 255)))
    elif how == 3:
        del body[at]
    else:
        del body[at:]
    return bytes(body)
