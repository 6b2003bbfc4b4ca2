"""The zstd body: section 10. A frame (RFC 8878) of a stream of operations."""
from errors import SmidgenError
from fields import M32, Reader
from zstd_block import MOST_IN_BLOCK, Blocks


def restore(header, base, body):
    """The target image."""
    target = bytearray()
    # An operation makes at least a byte of target, of at most 16 bytes of stream.
    stream = decompress(body, 1 << header.window_log, 17 * header.target_size + 16)
    r = Reader(stream, number=18, short=16)
    at = 0
    while len(target) < header.target_size:
        target += r.take(r.varint("literals", 0, header.target_size - len(target)), "literals")
        if len(target) == header.target_size:
            break
        u = r.varint("base")
        at = r.within(at + (u >> 1 ^ -(u & 1)), "base offset", 0, M32)
        length = r.varint("length", 1, header.target_size - len(target))
        r.within(at + length, "end of a cover", 0, header.base_size)
        target += bytes(x + y & 0xFF for x, y in zip(r.take(length, "cover"), base[at:at + length]))
        at += length
    if r.at != r.end:
        raise SmidgenError(17, "the stream goes on")
    return bytes(target)


def decompress(body, largest_window, most):
    """The content of the frame, which is all of the body. Of content beyond `most` bytes, only a part is made."""
    r = Reader(body, number=18, short=16)
    if r.take(4, "magic number") != b"\x28\xB5\x2F\xFD":
        raise SmidgenError(18, "no frame")
    descriptor = r.u8("frame header descriptor")
    if descriptor & 15:
        raise SmidgenError(18, "dictionary, checksum or reserved bit")
    single = descriptor >> 5 & 1
    if not single:
        exponent_mantissa = r.u8("window descriptor")
        window = (8 + (exponent_mantissa & 7)) << (exponent_mantissa >> 3) + 7
    size_bytes = (single, 2, 4, 8)[descriptor >> 6]
    size = int.from_bytes(r.take(size_bytes, "content size"), "little") + (256 if size_bytes == 2 else 0)
    if single:
        window = size
    if window > largest_window:
        raise SmidgenError(18, "window of %d bytes" % window)
    blocks = Blocks(window)
    last = False
    while not last:
        head = int.from_bytes(r.take(3, "block header"), "little")
        last, kind, length = head & 1, head >> 1 & 3, head >> 3
        if kind == 3 or length > min(window, MOST_IN_BLOCK):
            raise SmidgenError(18, "block header")
        content = r.take(1 if kind == 1 else length, "block")
        if len(blocks.out) <= most:
            blocks.add(kind, content, length)
    if r.at != r.end:
        raise SmidgenError(17, "bytes after the frame")
    if size_bytes and len(blocks.out) <= most and len(blocks.out) != size:
        raise SmidgenError(18, "content size")
    return blocks.out
