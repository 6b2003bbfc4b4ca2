"""The header of a package: sections 2 and 3. Parsed and checked in the order of section 2.5."""
import zlib

from errors import SmidgenError
from container import Record
from fields import M32, Reader

VERSION = 5
IMAGE_LIMIT = 1_000_000_000
FIXED_RAM = 2720
LITE_RAM = 2564
CM, ZSTD, LITE = 0, 1, 2
KINDS_OF_CODE = range(8)
DESCRIBED = 7
KINDS_OF_WORDS = (*range(16, 22), *range(24, 30))
NAME = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-+")


class Header:
    """The fields of section 2.2, with their names. `extensions` maps tags to values, `signatures` are (name, signature)."""

    def __init__(self, package, containers=False):
        self.containers = containers
        self.check_start(package)
        end = self.length - 4
        if zlib.crc32(package[:end]) != int.from_bytes(package[end:end + 4], "little"):
            raise SmidgenError(6, "the header's checksum")
        if self.flags & 0xF0:
            raise SmidgenError(4, "flags %02x" % self.flags)
        end = self.find_signatures(package, end)
        self.parse_fields(Reader(package, 9, end))
        if self.ram != self.needed_ram():
            raise SmidgenError(8, "%d, not %d" % (self.ram, self.needed_ram()))

    def check_start(self, package):
        """The first nine bytes."""
        if len(package) < 9:
            raise SmidgenError(16, "less than nine bytes")
        if package[:4] != b"SMDG":
            raise SmidgenError(1, "magic")
        if package[4] != VERSION:
            raise SmidgenError(2, "version %d" % package[4])
        self.codec, self.flags = package[5], package[6]
        if self.codec not in (CM, ZSTD, LITE):
            raise SmidgenError(3, "codec %d" % self.codec)
        self.length = int.from_bytes(package[7:9], "little")
        if not 13 <= self.length <= 512:
            raise SmidgenError(5, "header length %d" % self.length)
        if len(package) < self.length:
            raise SmidgenError(16, "the package ends in its header")

    def find_signatures(self, package, end):
        """Section 2.7; gives where the fields end. Keys are the device's affair: nothing is verified here."""
        self.signatures = []
        if not self.flags & 8:
            return end
        if not self.flags & 2:
            raise SmidgenError(5, "signed without a body digest")
        count = package[end - 1]
        start = end - 1 - 72 * count
        if not 1 <= count <= 4 or start < 9:
            raise SmidgenError(5, "%d signatures" % count)
        self.signatures = [(package[i:i + 8], package[i + 8:i + 72]) for i in range(start, end - 1, 72)]
        names = [name for name, _ in self.signatures]
        if any(a >= b for a, b in zip(names, names[1:])):
            raise SmidgenError(5, "names of keys do not ascend")
        return start

    def parse_fields(self, r):
        """Section 2.2, from the base size on."""
        self.read_back = bool(self.flags & 4)
        self.base_size = r.varint("base size", 0, IMAGE_LIMIT)
        self.target_size = r.varint("target size", 0, IMAGE_LIMIT)
        self.base_digest = r.take(16, "base digest") if self.base_size else b""
        self.target_digest = r.take(32, "target digest")
        self.target_md5 = r.take(16, "target MD5") if self.flags & 1 else b""
        self.ram = r.varint("RAM")
        if self.codec == CM:
            self.parse_cm(r)
        elif self.codec == LITE:
            self.parse_lite(r)
        else:
            self.window_log = r.u8("window log", 10, 27)
        self.base_address = r.varint("base address")
        self.address_high = r.varint("address high")
        self.parse_windows(r)
        self.parse_kinds(r)
        self.parse_forms(r)
        self.body_length = r.varint("body length")
        self.body_digest = r.take(32, "body digest") if self.flags & 2 else b""
        self.parse_extensions(r)
        r.ends("the extensions")

    def parse_cm(self, r):
        """Section 3.1."""
        self.slots = r.varint("slots", 1, 1 << 24)
        self.landmarks = r.varint("landmarks", 0, 1024)
        self.learned = r.varint("learned", 0, 1 << 14)
        rates = r.u8("rates")
        self.counter_rate = r.within(rates >> 4, "counter rate", 3, 6)
        self.mixer_rate = r.within(rates & 15, "mixer rate", 1, 15)
        blocks = r.u8("block log")
        self.high_first = blocks >> 4 & 1
        self.block_log = r.within(blocks & ~16, "block log", 3, 6)

    def parse_lite(self, r):
        """Section 3.1."""
        self.landmarks = r.varint("landmarks", 0, 1024)
        self.learned = r.varint("learned", 0, 1 << 14)
        speeds = r.u8("speeds")
        self.counter_rate = r.within(speeds >> 4, "counter rate", 3, 6)
        self.block_log = r.within(speeds & 15, "block log", 3, 6)
        self.high_first = 0

    def needed_ram(self):
        """Section 3.2."""
        if self.codec == LITE:
            return LITE_RAM + 12 * self.landmarks + 8 * self.learned
        if self.codec == CM:
            return max(512, FIXED_RAM + 12 * self.landmarks + 8 * self.learned + 8 * self.slots)
        window = 1 << self.window_log
        return max(512, window + 3 * min(window, 131072) + 98304 + 32768)

    def parse_windows(self, r):
        """Section 3.5; windows are (start, length) in bytes."""
        self.windows = []
        for _ in range(r.u8("window count", 0, 3)):
            start = r.varint("window start", 0, 0xFFFFFF) << 8
            length = r.varint("window length", 1, 0xFFFFFF) << 8
            r.within(start + length, "end of a window", 0, 1 << 32)
            self.windows.append((start, length))

    def parse_kinds(self, r):
        """Section 3.4."""
        self.kinds = []
        for _ in range(r.u8("kind count", 1, 8)):
            kind = r.u8("kind")
            if kind not in KINDS_OF_CODE and kind not in KINDS_OF_WORDS:
                raise SmidgenError(7, "kind %d" % kind)
            if kind in self.kinds:
                raise SmidgenError(5, "kind %d twice" % kind)
            self.kinds.append(kind)

    def parse_forms(self, r):
        """Section 3.6."""
        count = r.u8("form count", 1, 4) if DESCRIBED in self.kinds else 0
        self.forms = [DescribedForm(r) for _ in range(count)]

    def parse_extensions(self, r):
        """Section 2.6."""
        size = r.varint("size of the extensions")
        self.extensions = parse_records(Reader(r.take(size, "extensions")), self.containers)

    def lanes(self):
        """Section 4.5: [(start in the target, end, start in the body, end)]."""
        lanes, start, used = [], 0, 0
        if 8 in self.extensions:
            r = Reader(self.extensions[8])
            if self.codec == ZSTD or r.at == r.end:
                raise SmidgenError(5, "no lanes, or another codec")
            while r.at < r.end:
                length = r.varint("target bytes of a lane", 1, self.target_size - start - 1)
                body = r.varint("body bytes of a lane", 1, self.body_length - used - 1)
                lanes.append((start, start + length, used, used + body))
                start, used = start + length, used + body
            if len(lanes) > 7:
                raise SmidgenError(5, "%d lanes" % (len(lanes) + 1))
        return lanes + [(start, self.target_size, used, self.body_length)]

    def in_space(self, address):
        """Whether an address lies in the address space (section 3.5)."""
        return ((address - self.base_address) & M32 < self.base_size
                or any((address - start) & M32 < length for start, length in self.windows))


class DescribedForm:
    """A form of section 3.6, with the names of its fields."""

    def __init__(self, r):
        shape, origin = r.u8("shape"), r.u8("origin", 0, 127)
        self.length = r.within((shape & 3) + 1, "length of a form", 2, 4)
        self.order = r.within(shape >> 2 & 3, "order of a form", 0, 2 if self.length == 4 else 1)
        self.reach = r.within(shape >> 4 & 3, "reach", 0, 2)
        self.alignment = 1 << r.within(shape >> 6, "alignment", 0, 2)
        self.ahead, self.scale, self.relative = origin & 15, origin >> 4 & 3, origin >> 6
        self.mask = int.from_bytes(r.take(self.length, "mask"), "little")
        self.value = int.from_bytes(r.take(self.length, "value"), "little")
        self.parts = []
        for _ in range(r.u8("part count", 1, 4)):
            low = r.u8("lowest bit")
            bits = r.u8("bits", 1, 32)
            r.within(low + bits, "end of a part", 1, 8 * self.length)
            self.parts.append((low, bits))
        self.bits = r.within(sum(bits for _, bits in self.parts) + self.scale, "bits of an operand", 1, 32)


def parse_records(records, containers=False):
    """{tag: value} of all records (section 2.6)."""
    extensions, last = {}, -1
    while records.at < records.end:
        tag = records.u8("tag")
        value = records.take(records.varint("length of an extension"), "extension")
        extensions[tag] = parse_extension(tag, Reader(value), containers)
        if tag == 8 and 5 in extensions:
            raise SmidgenError(5, "lanes in place")
        if tag <= last:
            raise SmidgenError(5, "tags of extensions do not ascend")
        last = tag
    return extensions


def parse_extension(tag, r, containers):
    """The value of one record. Without `containers`, section 14 is left out."""
    if tag in (1, 2, 3):
        text = r.take(r.within(r.end, "length of a text", 1, 64), "text")
        if tag > 1 and not NAME.issuperset(text):
            raise SmidgenError(5, "characters of a module or version")
        try:
            return text.decode("utf-8")
        except UnicodeDecodeError:
            raise SmidgenError(5, "product is not UTF-8") from None
    if tag in (7, 8):
        return r.data                                       # sections 15.1 and 4.5, after all checks of the header
    if tag == 4:
        value = r.varint("rollback counter")
    elif tag == 5:
        segment, shift = r.varint("segment", 1), r.varint("shift")
        value = segment, shift, r.varint("keep", 0, segment)
    elif tag == 6 and containers:
        value = Record(r)
    elif tag == 6:
        raise SmidgenError(32, "containers are not restored by this decoder")
    else:
        raise SmidgenError(4, "extension %d" % tag)
    r.ends("an extension")
    return value
