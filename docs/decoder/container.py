"""Packages of compressed files: section 14, but for the making of streams. The files are errors 16 where they end early."""
import zlib

from compressors import LZ4, Compressor
from deflate import Stream
from errors import SmidgenError
from fields import Reader
from inflate import Inflated

GZIP, ZLIB, ENTRY, DESCRIBED, STORED, DIRECTORY = range(2, 8)
MOST = 1_000_000_000


class Record:
    """Section 14.1."""

    def __init__(self, r):
        self.base_size, self.target_size, self.recipe_size, self.recipe_length, self.parts, self.tokens, self.kept = (
            r.varint(name, 0, MOST) for name in ("base", "target", "size", "length", "parts", "tokens", "kept"))
        self.work = r.varint("work", 1, MOST) if r.at < r.end else 0
        r.ends("an extension")

    def check(self, header):
        covered = header.base_size + self.base_size + self.target_size
        if not (self.recipe_length <= 1032 * self.recipe_size and self.recipe_size <= header.body_length
                and self.parts <= min(self.recipe_length // 2, 16 * self.recipe_size + 1000, covered)
                and self.tokens <= 4 * self.target_size and self.kept <= 67 * (header.base_size + self.base_size)):
            raise SmidgenError(18, "figures of the record")


class Item:
    """Section 14.2. `inside` is the list of items of its own level."""

    def __init__(self, r, tag, is_target, compressors):
        self.frame, self.gap, self.compressor, self.inside = tag & 7, r.varint("gap"), None, []
        self.length, self.most, self.follows, self.corrections = 0, 0, 0, b""
        self.count, self.kept, self.packed = 0, None, 0
        if tag & 32:
            self.compressed(r, tag, is_target, compressors)
            return
        if tag > 31 or not self.frame or tag & 24 and self.frame > DESCRIBED or tag & 16 and is_target:
            raise SmidgenError(18, "a tag of %d" % tag)
        if self.frame == DIRECTORY:
            self.count = r.varint("count")
        if tag & 16:
            self.kept = r.varint("bytes"), r.varint("tokens")
        if self.kept and self.kept[1] > 8 * self.kept[0]:
            raise SmidgenError(18, "tokens that are kept")
        if is_target and self.frame <= DESCRIBED:
            self.length, self.most, self.follows = r.varint("length", 1), r.varint("most"), r.varint("follows")
            self.corrections = r.take(r.varint("size"), "corrections")
            if self.most > self.length:
                raise SmidgenError(18, "tokens of a block")

    def compressed(self, r, tag, is_target, compressors):
        """Section 14.7."""
        number = tag & 7
        if tag > 47:
            raise SmidgenError(18, "a tag of %d" % tag)
        if number == 7:
            number += r.varint("number")
        if number > len(compressors):
            raise SmidgenError(18, "a compressor that was not named")
        if number == len(compressors):
            compressors.append(Compressor(r))
        self.compressor = compressors[number]
        if is_target:
            self.length = r.varint("length")
            self.compressor.check_length(self.length)
        elif self.compressor.kind == LZ4:
            self.packed = r.varint("packed")
        self.memory = self.compressor.memory(is_target, self.packed, self.length)


def level(r, is_target, depth, items, compressors):
    """The items of a level; all of them, also those inside, are added to `items` in the order of their tags."""
    if depth == 0:
        raise SmidgenError(18, "too many levels")
    found = []
    while tag := r.u8("tag"):
        found.append(Item(r, tag, is_target, compressors))
        items.append(found[-1])
        if tag & 8:
            found[-1].inside = level(r, is_target, depth - 1, items, compressors)
    return found


class Container:
    """The recipes of a package, and what they do with both files."""

    def __init__(self, header, body):
        self.header, self.record = header, header.extensions[6]
        record = self.record
        record.check(header)
        if len(body) < record.recipe_size:
            raise SmidgenError(18, "the body is shorter than its recipes")
        recipes, self.body = body[:record.recipe_size], body[record.recipe_size:]
        if record.recipe_size != record.recipe_length:
            inflated = Inflated(recipes, 0)
            if inflated.size != record.recipe_size or len(inflated.plain) != record.recipe_length:
                raise SmidgenError(18, "recipes of another size")
            recipes = bytes(inflated.plain)
        r = Reader(recipes, number=18)
        of_base, of_target, compressors = [], [], []
        self.base_level = level(r, False, 4, of_base, compressors)
        self.target_level = level(r, True, 4, of_target, compressors)
        r.ends("the recipes")
        self.kept = [item for item in of_base if item.kept]
        self.check(of_base, of_target)
        for compressor in compressors:
            compressor.check_available()

    def check(self, of_base, of_target):
        record = self.record

        def held(items):
            return max((item.most + held(item.inside) for item in items), default=0)

        def memory(item):
            return item.memory if item.compressor else 0

        def work(items):
            return max((memory(item) + work(item.inside) for item in items), default=0)

        def bounded(items, expanded):
            return sum(memory(item) for item in items) <= (64 << 30) + 1024 * expanded

        if not (len(of_base) + len(of_target) == record.parts
                and sum(item.length for item in of_target) <= 4 * record.target_size
                and held(self.target_level) == record.tokens
                and sum(3 * item.kept[0] + 8 * item.kept[1] for item in self.kept) == record.kept
                and max(work(self.base_level), work(self.target_level)) == record.work
                and bounded(of_base, record.base_size) and bounded(of_target, record.target_size)
                and all(item.follows <= len(self.kept) for item in of_target)):
            raise SmidgenError(18, "the recipes are not as the record says")

    def expand(self, base):
        """The expanded base. Remembers what is kept."""
        self.plain, self.traces = 0, {}
        expansion = Expansion(self, base, bytearray())
        expansion.walk(self.base_level)
        if len(expansion.out) != self.record.base_size:
            raise SmidgenError(18, "the expanded base has another size")
        return bytes(expansion.out)

    def rebuild(self, expanded):
        """The target."""
        rebuilding = Rebuilding(self, Reader(expanded, number=18, short=16), self.header.target_size)
        rebuilding.walk(self.target_level)
        rebuilding.input.ends("the expanded target")
        return bytes(rebuilding.out)


class Walk:
    """Section 14.3: both directions."""

    def walk(self, items):
        self.entries, self.position = [], 0
        for item in items:
            self.pass_on(item.gap)
            if item.compressor:
                self.with_stream(item)
                continue
            if item.frame in (ENTRY, DESCRIBED, STORED):
                self.entries.append([self.position, b""])
                local = self.foretold(bytes(30))
                self.entries[-1][1] = local[4:26]
                self.pass_on(int.from_bytes(local[26:28], "little") + int.from_bytes(local[28:30], "little"))
            if item.frame == DIRECTORY:
                self.directory(item.count)
            elif item.frame != STORED:
                self.with_stream(item)
        self.rest()

    def pass_on(self, n):
        self.position += n
        self.copy(n)

    def foretold(self, likely):
        self.position += len(likely)
        return self.exchange(likely)

    def with_stream(self, item):
        packed, plain = self.stream(item)
        self.position += packed
        if item.compressor:
            self.foretold(item.compressor.ending(packed, plain))
            return
        crc, sizes = zlib.crc32(plain).to_bytes(4, "little"), (packed, len(plain))
        packed, length = (n.to_bytes(4, "little") for n in sizes)
        if item.frame == GZIP:
            self.foretold(crc + length)
        elif item.frame == ZLIB:
            self.foretold(zlib.adler32(plain).to_bytes(4, "big"))
        elif item.frame == DESCRIBED:
            self.entries[-1][1] = self.entries[-1][1][:10] + crc + packed + length
            self.foretold(b"PK\7\x08" + crc + packed + length)

    def directory(self, count):
        """Section 14.4."""
        first = max(0, len(self.entries) - count)
        entries, self.entries = self.entries[first:], self.entries[:first]
        origin, start = entries[0][0] if entries else 0, self.position
        for i in range(count):
            likely = bytes(46)
            if i < len(entries):
                place, fields = entries[i]
                likely = bytes(6) + fields + bytes(14) + (place - origin).to_bytes(4, "little")
            record = self.foretold(likely)
            self.pass_on(sum(int.from_bytes(record[i:i + 2], "little") for i in (28, 30, 32)))
        size, place = self.position - start, start - origin
        self.foretold(bytes(12) + size.to_bytes(4, "little") + place.to_bytes(4, "little") + bytes(2))


class Expansion(Walk):
    def __init__(self, container, data, out):
        self.container, self.input, self.out = container, Reader(data, number=18, short=16), out

    def write(self, data):
        self.out += data
        if len(self.out) > self.container.record.base_size:
            raise SmidgenError(18, "the expanded base is longer")

    def copy(self, n):
        self.write(self.input.take(n, "the file"))

    def rest(self):
        self.copy(self.input.end - self.input.at)

    def exchange(self, likely):
        data = self.input.take(len(likely), "the file")
        self.write(bytes(x ^ y for x, y in zip(data, likely)))
        return data

    def stream(self, item):
        container = self.container
        self.write(bytes(-len(self.out) % 256))
        if item.compressor:
            room = 4 * container.record.base_size - container.plain
            packed, plain = item.compressor.decompress(self.input.data, self.input.at, room)
            self.input.take(packed, "a stream")
            container.plain += len(plain)
            Expansion(container, plain, self.out).walk(item.inside)
            return packed, plain
        inflated = Inflated(self.input.data, self.input.at)
        self.input.take(inflated.size, "a stream")
        container.plain += len(inflated.plain)
        if container.plain > 4 * container.record.base_size:
            raise SmidgenError(18, "too many plain bytes")
        if item.kept:
            if inflated.size > item.kept[0] or len(inflated.tokens) != item.kept[1]:
                raise SmidgenError(18, "what is kept is another")
            container.traces[item] = inflated
        Expansion(container, bytes(inflated.plain), self.out).walk(item.inside)
        return inflated.size, bytes(inflated.plain)


class Rebuilding(Walk):
    def __init__(self, container, expanded, size):
        self.container, self.input, self.size, self.out = container, expanded, size, bytearray()

    def write(self, data):
        if len(data) > self.size - len(self.out):
            raise SmidgenError(18, "more than there is room for")
        self.out += data

    def copy(self, n):
        if n > self.size - len(self.out):
            raise SmidgenError(18, "more than there is room for")
        self.write(self.input.take(n, "the expanded target"))

    def rest(self):
        self.copy(self.size - len(self.out))

    def exchange(self, likely):
        data = bytes(x ^ y for x, y in zip(self.input.take(len(likely), "the expanded target"), likely))
        self.write(data)
        return data

    def stream(self, item):
        self.input.take(-self.input.at % 256, "the expanded target")
        inside = Rebuilding(self.container, self.input, item.length)
        inside.walk(item.inside)
        if item.compressor:
            made = item.compressor.compress(inside.out)
            self.write(made)
            return len(made), bytes(inside.out)
        trace = self.container.traces[self.container.kept[item.follows - 1]] if item.follows else None
        made = Stream(inside.out, item.corrections, item.most, trace).make()
        self.write(made)
        return len(made), bytes(inside.out)
