#!/usr/bin/env python3
"""Makes the golden packages in fixtures/packages/containers: of compressed files, each for some rules of section 14.

They are made once for a version of the format, and never again when it is out: another zlib makes other files.
"""
import argparse
import hashlib
import random
import struct
import subprocess
import zlib

import odd_deflate
from mutants import FIXTURES

FOLDER = FIXTURES / "packages/containers"
V1, V2 = ((FIXTURES / "firmware" / name).read_bytes() for name in ("app-v1.bin", "app-v2.bin"))


def raw(plain, level=9, memory=8, strategy=zlib.Z_DEFAULT_STRATEGY, flush=None):
    """A deflate stream; `flush` comes behind each third of it."""
    z = zlib.compressobj(level, zlib.DEFLATED, -15, memory, strategy)
    third = len(plain) // 3 + 1
    parts = [plain[i:i + third] for i in range(0, len(plain), third)]
    return b"".join(z.compress(part) + (z.flush(flush) if flush else b"") for part in parts) + z.flush()


def gzip(plain, stream):
    return b"\x1f\x8b\x08" + bytes(7) + stream + struct.pack("<LL", zlib.crc32(plain), len(plain))


def zlib_stream(plain, stream):
    return b"\x78\xda" + stream + struct.pack(">L", zlib.adler32(plain))


def archive(entries):
    """A zip of (name, plain, how): stored, deflated, or with a data descriptor."""
    file, directory = b"", b""
    for name, plain, how in entries:
        stream = plain if how == "stored" else raw(plain, 6)
        sums = struct.pack("<LLL", zlib.crc32(plain), len(stream), len(plain))
        described = how == "described"
        fields = struct.pack("<HHHHH", 20, 8 * described, 0 if how == "stored" else 8, 0, 0x5821)
        local = b"PK\3\4" + fields + (bytes(12) if described else sums) + struct.pack("<HH", len(name), 0) + name
        directory += (b"PK\1\2\x14\3" + fields + sums + struct.pack("<HHHHHLL", len(name), 0, 0, 0, 0, 0o644 << 16, len(file)) + name)
        file += local + stream + (b"PK\7\x08" + sums if described else b"")
    end = struct.pack("<HHHHLLH", 0, 0, len(entries), len(entries), len(directory), len(file), 0)
    return file + directory + b"PK\5\6" + end


def far(changed):
    """Strings that come again as far back as searches look, and as matches reach."""
    chance = random.Random(7)
    plain = bytearray(chance.choices(range(64), k=33000))
    for _ in range(500):
        plain += bytes(chance.choices(range(64), k=chance.randrange(1, 9)))
        distance = chance.choice((4096, 4097, 32505, 32506, 32507, 32767, 32768, 32768, 32769, chance.randrange(400, 32768)))
        at = len(plain) - distance
        plain += plain[at:at + chance.choice((3, 3, 4, 5, 12, 30, 300))]
    if changed:
        plain[100:100] = b"changed"
        plain[len(plain) - 900] ^= 1
    return bytes(plain)


def runs_of(seed):
    """Three letters: long chains, of which a search sees a part."""
    chance = random.Random(seed)
    return bytes(b"abc"[chance.randrange(3)] for _ in range(16000))


def long_matches(changed):
    """A few literals between long matches: gzip ends blocks of such."""
    chance = random.Random(9)
    plain = bytearray(chance.randbytes(2000))
    for _ in range(750):
        at = chance.randrange(len(plain) - min(len(plain), 30000), len(plain) - 200)
        plain += chance.randbytes(5) + plain[at:at + 150]
    return b"changed" * changed + bytes(plain)


def by_gzip(plain, level):
    return subprocess.run(["gzip", "-nc%d" % level], input=plain, stdout=subprocess.PIPE, check=True).stdout


def files():
    """(name, base, target) of all."""
    both = V1, V2

    def each(make):
        return tuple(make(plain) for plain in both)

    levels = [each(lambda p: gzip(p[:12000], raw(p[:12000], level))) for level in (1, 3, 4, 5)]
    yield "levels", *(b"".join(pair[i] for pair in levels) + b"junk" for i in (0, 1))
    yield "memory", *each(lambda p: b"".join(zlib_stream(p[:m], raw(p[:m], 6, m // 3000)) for m in (6000, 15000, 27000)))
    yield "flushes", *each(lambda p: b"".join(
        gzip(p[:20000], raw(p[:20000], 9, flush=how)) for how in (zlib.Z_SYNC_FLUSH, zlib.Z_FULL_FLUSH, zlib.Z_PARTIAL_FLUSH)))
    yield "strategies", *each(lambda p: b"".join(zlib_stream(p[:9000], raw(p[:9000], 6, strategy=how)) for how in (
        zlib.Z_FIXED, zlib.Z_RLE, zlib.Z_HUFFMAN_ONLY)) + gzip(p[:3000], raw(p[:3000], 0)))
    yield "zip", *each(lambda p: archive([(b"lost", p[300:4000], "deflated")])[:-72] + archive([
        (b"firmware.bin", p, "deflated"), (b"boot.bin", p[:5000], "described"), (b"read.me", b"Not packed. " * 9, "stored"),
        (b"inner.zip", archive([(b"x", p[7000:17000], "deflated"), (b"x.gz", gzip(p[1:9000], raw(p[1:9000], 8)), "deflated")]),
         "deflated")]))
    yield "far", *(gzip(p, raw(p, 9)) for p in (far(False), far(True)))
    yield "far-and-fast", *(gzip(p, raw(p, 2)) for p in (far(False), far(True)))
    yield "chains", *(gzip(p, raw(p, 6)) for p in (runs_of(1) + far(False)[:9000], runs_of(1)[30:] + b"c" + far(False)[:9000]))
    yield "gzip", *(by_gzip(V1[:9000] + 2 * long_matches(changed), 9) for changed in (False, True))
    yield "large-hash", *each(lambda p: gzip(p, raw(p, 4, 9)))
    yield "followed", *each(lambda p: gzip(p, odd_deflate.deflate(p)))
    yield "followed-far", *(gzip(p, odd_deflate.deflate(p)) for p in (far(False), far(True)))
    yield "followed-inside", *each(lambda p: archive(
        [(b"a.gz", gzip(p[:16000], odd_deflate.deflate(p[:16000])), "deflated"),
         (b"b.gz", gzip(p[16000:], odd_deflate.deflate(p[16000:])), "stored")]))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("smidgen", help="the program")
    program = parser.parse_args().smidgen
    FOLDER.mkdir(exist_ok=True)
    for path in FOLDER.iterdir():
        path.unlink()
    lines = ["# package base target sha256-of-the-package"]
    for name, *images in files():
        paths = [FOLDER / ("%s-%s.bin" % (name, side)) for side in ("base", "target")]
        for path, data in zip(paths, images):
            path.write_bytes(data)
        package = FOLDER / (name + ".smdg")
        subprocess.run([program, "diff", *paths, "-o", package, "-q"], check=True)
        digest = hashlib.sha256(package.read_bytes()).hexdigest()
        lines.append(" ".join(("containers/" + package.name, *("packages/containers/" + path.name for path in paths), digest)))
        print("%-20s %6d %6d %6d" % (name, *map(len, images), package.stat().st_size))
    (FIXTURES / "packages/containers.txt").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
