"""Makes packages with the second decoder: each event is chosen at random instead of decoded, recorded, and coded afterwards.

Such packages say what no encoder would say: references byte by byte, distances that cannot be written, landmarks that
nobody agrees to, addresses that wrap. Numbers are chosen so that they are valid.
"""
import hashlib
import sys
import zlib
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).parents[2] / "docs/decoder"))

from body import EventBody  # noqa: E402
from fields import M32  # noqa: E402
from header import CM, LITE, VERSION  # noqa: E402
from lite import LiteModels  # noqa: E402
from models import BLOCK_SET, GUESS_SET, LATER_GUESS_SET, Models  # noqa: E402
from range_decoder import ZEROS  # noqa: E402


class Choices:
    """Events by chance. `header.chance` is the source of chance, `header.policy` how likely what is."""

    def __init__(self, header, body):
        super().__init__(header, body)
        self.events, self.forced = [], []
        self.chance, self.policy = header.chance, header.policy
        self.last_landmark = (0, 0, 0)

    def event(self, p):
        bit = self.forced.pop(0) if self.forced else int(self.chance.randrange(65536) < p)
        self.events.append((p, bit))
        return bit

    def likely(self, what):
        return int(self.chance.random() < self.policy[what])

    def force(self, which):
        """Chooses what a flag is, and sometimes a bit of a byte; `which` is a set of section 5.4."""
        if which == BLOCK_SET:
            self.forced = [self.likely("clean")]
        elif which in (GUESS_SET, GUESS_SET + 1):
            self.forced = [self.likely("right")]
        elif which == LATER_GUESS_SET:
            self.forced = [self.likely("right later")]
        elif which >= 16:
            self.forced = [self.likely("same")]
        elif self.chance.random() < 0.3:
            self.forced = [self.chance.randrange(2)]

    def event_mixed(self, places, which):
        self.force(which)
        return super().event_mixed(places, which)

    def quick(self, c, which):
        self.force(which)
        return super().quick(c, which)

    def control(self, f):
        bit = self.chance.randrange(2)
        if f < 8:
            bit = self.likely("landmark")
        elif f < 16:
            bit = int(self.t() > 0 and (self.likely("target") or self.maker.header.base_size == 0))
        elif f < 20:
            start = self.t() - self.maker.recent[f - 16] & M32
            bit = int(start < self.maker.header.base_size and self.chance.random() < 0.3)
            if bit:
                self.start = start
        elif f < 25:
            bit = self.likely("distance")
        else:
            bit = int(self.chance.random() < 0.7)
        self.forced = [bit]
        super().control(f)
        if f >= 25 and bit:
            index = self.chance.randrange(len(self.maker.header.kinds))
            self.forced = [index >> 2 & 1, index >> 1 & 1, index & 1]
        return bit

    def t(self):
        """Where the cover begins that is being stated."""
        return self.maker.reached + self.literals

    def number(self, k):
        choose = (self.literals_of_operation, self.length_in_base, self.change_of_displacement, self.length_in_target,
                  self.distance, self.gap, self.length_of_landmark, self.shift, self.distance_of_reference,
                  self.distance_of_reference)[k]
        v = choose()
        v = v if v < M32 else 0
        size = (v + 1).bit_length() - 1
        self.forced = [size >> i & 1 for i in (4, 3, 2, 1, 0)] + [v + 1 >> i & 1 for i in range(size - 1, -1, -1)]
        assert super().number(k) == v and not self.forced
        return v

    def literals_of_operation(self):
        header, chance = self.maker.header, self.chance
        missing = header.target_size - self.maker.reached
        self.literals = min(missing, chance.choice((0, 0, 0, 1, 2, 3, chance.randrange(12))))
        if header.base_size == 0:
            # Only the target is there to copy from, if anything is.
            may_copy = header.read_back and self.t() > 0
            self.literals = self.literals if may_copy and chance.random() < 0.9 else missing
        elif self.literals == missing and missing > 1:
            self.literals = chance.choice((missing, chance.randrange(missing)))
        return self.literals

    def change_of_displacement(self):
        size = self.maker.header.base_size
        near = max(0, min(size - 1, self.t() + 4 * self.chance.randrange(-20, 20)))
        self.start = self.chance.choice((self.chance.randrange(size), near, self.chance.randrange(size) & ~3))
        return folded(self.maker.recent[0] - (self.t() - self.start))

    def length(self, most):
        chance = self.chance
        some = chance.choice((1, chance.randrange(1, 30), chance.randrange(24, 70), chance.randrange(1, 200),
                              chance.randrange(1, self.policy["long"])))
        return min(most, some)

    def length_in_base(self):
        header = self.maker.header
        return self.length(min(header.target_size - self.t(), header.base_size - self.start)) - 1

    def length_in_target(self):
        return self.length(self.maker.header.target_size - self.t()) - 1

    def distance(self):
        t, chance = self.t(), self.chance
        return min(t, chance.choice((1, 2, 3, 4, 5, 6, 7, chance.randrange(1, 90), chance.randrange(1, t + 1)))) - 1

    def gap(self):
        base, _, length = self.last_landmark
        chance, last = self.chance, self.maker.header.base_size - 1
        self.base = min(last, base + chance.choice((0, length, length + chance.randrange(200), chance.randrange(length + 1))))
        return folded(self.base - base - length)

    def length_of_landmark(self):
        header, chance = self.maker.header, self.chance
        some = chance.choice((1, 20, 24, chance.randrange(1, 400)))
        self.landmark_length = min(header.base_size - self.base, header.target_size, some)
        return self.landmark_length - 1

    def shift(self):
        base, target, _ = self.last_landmark
        chance, last = self.chance, self.maker.header.target_size - self.landmark_length
        to = self.base + target - base + chance.choice((0, 0, 2, 4, -4))
        if chance.random() < 0.2:
            to = chance.randrange(last + 1)
        to = max(0, min(last, to))
        shift = to - (self.base + target - base)
        self.last_landmark = (self.base, to, self.landmark_length)
        return folded(shift)

    def distance_of_reference(self):
        chance = self.chance
        d = chance.choice((0, 1, 2, 4, 8, 256, 0x1000, chance.randrange(64), chance.randrange(4096) * 2,
                           chance.getrandbits(32), chance.getrandbits(20) * 4))
        return folded(d if chance.random() < 0.5 else -d)


class CmChoices(Choices, Models):
    pass


class LiteChoices(Choices, LiteModels):
    pass


class RandomBody(EventBody):
    """A body that is made while it is decoded."""

    models_of_codec = {CM: CmChoices, LITE: LiteChoices}

    def __init__(self, header, base):
        super().__init__(header, base, b"")
        self.models.maker, self.models.literals = self, 0


def make(header, base):
    """(target, body, bytes that a decoder reads) of a random body; sets the header's sizes."""
    maker = RandomBody(header, base)
    target = maker.decode()
    return target, *encode(maker.models.events)


def folded(x):
    """The number that signed() makes x of, modulo 2^32."""
    x &= M32
    return x << 1 if x < 1 << 31 else (x ^ M32) << 1 | 1


def encode(events):
    """The shortest body of these events, and how many bytes a decoder reads."""
    low, range_, read = 0, M32, 4
    for p, bit in events:
        bound = range_ * p >> 16
        if bit:
            range_ = bound
        else:
            low += bound
            range_ -= bound
        while range_ < 1 << 24:
            range_ <<= 8
            low <<= 8
            read += 1
    zeros = range_.bit_length()
    while low + (1 << zeros) - 1 >> zeros << zeros >= low + range_:
        zeros -= 1
    body = (low + (1 << zeros) - 1 >> zeros << zeros).to_bytes(read, "big")
    return body[:max(read - ZEROS, len(body.rstrip(b"\0")))], read


def varint(v):
    out = bytearray()
    while v > 127:
        out.append(v & 127 | 128)
        v >>= 7
    return bytes(out) + bytes((v,))


def package(h, base, target, body, extensions=b"", codec=None):
    """A package with a header as `h` says."""
    fields = varint(len(base)) + varint(len(target))
    fields += hashlib.sha256(base).digest()[:16] if base else b""
    fields += hashlib.sha256(target).digest()
    if h.flags & 1:
        fields += hashlib.md5(target).digest()
    fields += varint(h.needed_ram())
    codec = h.codec if codec is None else codec
    if codec == LITE:
        fields += varint(h.landmarks) + varint(h.learned) + bytes((h.counter_rate << 4 | h.block_log,))
    elif codec == CM:
        fields += varint(h.slots) + varint(h.landmarks) + varint(h.learned)
        fields += bytes((h.counter_rate << 4 | h.mixer_rate, h.block_log | h.high_first << 4))
    else:
        fields += bytes((h.window_log,))
    fields += varint(h.base_address) + varint(h.address_high) + bytes((len(h.windows),))
    for start, length in h.windows:
        fields += varint(start >> 8) + varint(length >> 8)
    fields += bytes((len(h.kinds), *h.kinds)) + h.described + varint(len(body))
    if h.flags & 2:
        fields += hashlib.sha256(body).digest()
    fields += varint(len(extensions)) + extensions
    start = b"SMDG" + bytes((VERSION, codec, h.flags)) + (len(fields) + 13).to_bytes(2, "little")
    return start + fields + zlib.crc32(start + fields).to_bytes(4, "little") + body
