"""Other compressors than deflate's: section 14.7. liblzma is that of Python, zstd and lz4 are refused."""
import lzma
import zlib

from errors import SmidgenError

XZ, LZMA, ZSTD, LZ4 = range(1, 5)
MIB = 1 << 20
BRANCH = {4: lzma.FILTER_X86, 5: lzma.FILTER_POWERPC, 6: lzma.FILTER_IA64, 7: lzma.FILTER_ARM, 8: lzma.FILTER_ARMTHUMB,
          9: lzma.FILTER_SPARC, 10: 10, 11: 11}


class Compressor:
    """A kind and its fields."""

    def __init__(self, r):
        self.kind = r.u8("kind", 1, 4)
        if self.kind in (XZ, LZMA):
            self.read_lzma(r)
        elif self.kind == ZSTD:
            self.level, self.window = r.varint("level", 1, 22), r.varint("window", 10, 27)
            self.flags = r.varint("flags", 0, 11)
        else:
            self.level = r.varint("level", 0, 12)
            if self.level == 1:
                raise SmidgenError(18, "level 1 of lz4")

    def read_lzma(self, r):
        d = r.varint("dictionary", 0, 28)
        self.dictionary = (2 + d % 2) << d // 2 + 11
        properties = r.varint("properties", 0, 224)
        self.lc, self.lp, self.pb = properties % 9, properties // 9 % 5, properties // 45
        self.mode, self.finder = r.varint("mode", 1, 2), r.varint("finder", 3, 20)
        self.nice, self.depth = r.varint("nice", 2, 273), r.varint("depth", 0, 1000)
        if self.lc + self.lp > 4 or self.finder not in (3, 4, 18, 19, 20) or self.nice < self.finder % 16:
            raise SmidgenError(18, "fields of LZMA")
        if self.kind == XZ:
            self.filter, self.check = r.varint("filter", 0, 11), r.varint("check", 0, 4)
            self.header, self.end = r.varint("header", 0, 1024), r.varint("end", 0, 2)
            if (self.filter in (1, 2, 3) or self.check not in (0, 1, 4) or self.header % 4
                    or (self.header > 0) != (self.end == 2)):
                raise SmidgenError(18, "fields of xz")

    def check_length(self, n):
        """What a stream of the target with n plain bytes must keep to."""
        if n == 0 or self.kind == LZ4 and n > 8 * MIB:
            raise SmidgenError(18, "plain bytes of a stream")
        if self.kind == ZSTD:
            least = [19, 19, 20, 21, 21, 21, 21, 21, 21, 22, 22, 22, 22, 22, 22, 22, 22, 23, 23, 23, 25, 26, 27][self.level]
            if self.flags & 2:
                least = min(least, (n - 1).bit_length())
            if self.flags & 8 and n > MIB or self.window < least:
                raise SmidgenError(18, "the window of a frame")

    def memory(self, is_target, packed, n):
        if self.kind in (XZ, LZMA):
            return 2 * MIB + 13 * self.dictionary if is_target else MIB + self.dictionary
        if self.kind == LZ4:
            return MIB + 3 * n if is_target else MIB + packed + min(255 * packed, 8 * MIB)
        window = 1 << self.window
        if not is_target:
            return MIB + window
        more = (32 * window if self.flags & 4 else 0) + (3 * n if self.flags & 8 else 0)
        return 4 * MIB + min(16 * window, 60 * MIB + 6 * window) + more

    def check_available(self):
        if self.kind in (ZSTD, LZ4):
            raise SmidgenError(32, "this decoder has no %s" % {ZSTD: "zstd", LZ4: "lz4"}[self.kind])

    def filters(self):
        own = {"dict_size": self.dictionary, "lc": self.lc, "lp": self.lp, "pb": self.pb, "mode": self.mode,
               "mf": self.finder, "nice_len": self.nice, "depth": self.depth}
        if self.kind == LZMA:
            return [{"id": lzma.FILTER_LZMA1, **own}]
        return ([{"id": BRANCH[self.filter]}] if self.filter else []) + [{"id": lzma.FILTER_LZMA2, **own}]

    def decompress(self, data, at, most):
        """The bytes of the stream, and its plain bytes, of which there may be `most`."""
        raw = self.kind == XZ
        decoder = lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=self.filters()) if raw else \
            lzma.LZMADecompressor(lzma.FORMAT_ALONE, memlimit=self.memory(False, 0, 0))
        try:
            plain = decoder.decompress(bytes(data[at:]), most + 1)
            while not decoder.eof and len(plain) <= most and not decoder.needs_input:
                plain += decoder.decompress(b"", most + 1 - len(plain))
        except lzma.LZMAError as error:
            raise SmidgenError(18, "a stream: %s" % error)
        if not decoder.eof or len(plain) > most:
            raise SmidgenError(18, "a stream that does not end, or not early enough")
        return len(data) - at - len(decoder.unused_data), plain

    def compress(self, plain):
        try:
            raw = lzma.FORMAT_RAW if self.kind == XZ else lzma.FORMAT_ALONE
            encoder = lzma.LZMACompressor(raw, filters=self.filters())
            return encoder.compress(bytes(plain)) + encoder.flush()
        except lzma.LZMAError as error:
            raise SmidgenError(18, "a compressor: %s" % error)

    def ending(self, packed, plain):
        """What is foretold behind the stream."""
        if self.kind != XZ or self.end == 0:
            return b""
        check = {0: b"", 1: zlib.crc32(plain).to_bytes(4, "little"), 4: crc64(plain).to_bytes(8, "little")}[self.check]
        bytes_ = bytes(-packed % 4) + check
        if self.end == 2:
            index = b"\0\1" + number(self.header + packed + len(check)) + number(len(plain))
            index += bytes(-len(index) % 4)
            index += zlib.crc32(index).to_bytes(4, "little")
            footer = (len(index) // 4 - 1).to_bytes(4, "little") + bytes([0, self.check])
            bytes_ += index + zlib.crc32(footer).to_bytes(4, "little") + footer + b"YZ"
        return bytes_


def number(n):
    """Seven bits a byte, the lowest first."""
    out = bytearray()
    while n > 127:
        out.append(n & 127 | 128)
        n >>= 7
    return bytes(out + bytes([n]))


def table():
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0xC96C5795D7870F42 if byte & 1 else 0)
        yield byte


CRC64 = list(table())


def crc64(data):
    """ECMA-182, reflected."""
    crc = (1 << 64) - 1
    for byte in data:
        crc = CRC64[(crc ^ byte) & 255] ^ crc >> 8
    return crc ^ (1 << 64) - 1
