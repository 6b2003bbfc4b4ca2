"""Bodies of events: operations (section 4.2), covers (section 4.3) and bytes (section 6)."""
from collections import namedtuple

from errors import SmidgenError
from fields import M32
from header import CM, KINDS_OF_WORDS, LITE
from lite import LiteModels, like, tree_of_difference, tree_of_literal
from memory import Landmarks, NearbyCovers, Registers
from models import BLOCK_SET, Models
from references import References

#: `start` is the offset in the source, `t` that in the target.
Cover = namedtuple("Cover", "from_target start length t")
LOOK_AHEAD = 40


class EventBody:
    """Decodes a body, or a lane of it (section 4.5). `target` holds the target bytes that are known, so that its length is the
    position; what is before the lane is 0 in it."""

    models_of_codec = {CM: Models, LITE: LiteModels}

    def __init__(self, header, base, body, check_source=None, start=0, end=None):
        self.header, self.base, self.check_source = header, base, check_source
        self.start, self.end = start, header.target_size if end is None else end
        self.target = bytearray(start)
        self.models = self.models_of_codec[header.codec](header, body)
        # Section 4.2
        self.reached = start
        self.upcoming = self.agreed = self.from_targets = 0
        self.recent = [0] * 4
        # Section 4.3
        self.blocks = self.page = self.kind_index = self.another = 0
        self.difference = [0] * 32
        # Section 7
        self.nearby = NearbyCovers()
        self.references = References(header)

    def decode(self):
        self.landmarks = Landmarks(self.header, self.models, self.end)
        ahead = None
        while len(self.target) < self.end:
            literals, cover = ahead or self.operation()
            ahead = self.operation() if self.reached < self.end else None
            while literals:
                literals -= self.literals(literals)
            if cover:
                self.copy(cover)
        if self.models.read < len(self.models.body):
            raise SmidgenError(17, "bytes of the body are not read")
        return bytes(self.target[self.start:])

    # Section 4.2

    def operation(self):
        """(literals, cover or None) of the next operation."""
        models = self.models
        while self.upcoming < len(self.landmarks) and self.landmarks[self.upcoming].target < self.reached:
            self.upcoming += 1
        if self.upcoming < len(self.landmarks):
            ahead = self.landmarks[self.upcoming]
            yes = models.control(self.agreed & 7)
            self.agreed = (self.agreed << 1 | yes) & 0xFF
            if yes:
                self.upcoming += 1
                self.move_to_front(ahead.target - ahead.base & M32)
                literals = ahead.target - self.reached
                return literals, self.announce(Cover(0, ahead.base, ahead.length, ahead.target))
        missing = self.end - self.reached
        literals = models.number(0)
        if literals == missing:
            self.reached = self.end
            return literals, None
        if literals > missing:
            raise SmidgenError(18, "literals beyond the target")
        return literals, self.announce(self.stated_cover(self.reached + literals))

    def stated_cover(self, t):
        models = self.models
        from_target = 0
        if self.header.read_back:
            from_target = models.control(8 + (self.from_targets & 7))
            self.from_targets = (self.from_targets << 1 | from_target) & 0xFF
        if from_target:
            distance = models.number(4) + 1
            length = models.number(3) + 1
            if distance > t - self.start:
                raise SmidgenError(18, "cover before the target or the lane")
            return Cover(1, t - distance, length, t)
        displacement = self.displacement_of_cover()
        length = models.number(1) + 1
        return Cover(0, t - displacement & M32, length, t)

    def announce(self, cover):
        if cover.t + cover.length > self.end:
            raise SmidgenError(18, "cover beyond the target")
        if not cover.from_target and cover.start + cover.length > self.header.base_size:
            raise SmidgenError(18, "cover beyond the base")
        self.reached = cover.t + cover.length
        if not cover.from_target:
            self.nearby.announce(cover.start, cover.length, cover.t - cover.start & M32)
        return cover

    def displacement_of_cover(self):
        for place in range(4):
            if self.models.control(16 + place):
                d = self.recent[place]
                break
        else:
            d = self.recent[0] - self.models.signed(2) & M32
        self.move_to_front(d)
        return d

    def move_to_front(self, d):
        del self.recent[self.recent.index(d) if d in self.recent else 3]
        self.recent.insert(0, d)

    def literals(self, left):
        """Section 6.1: a literal, or two if so many are left; returns how many."""
        offset = len(self.target)
        last = self.target[-1] if offset > 0 else 0
        last_but_one = self.target[-2] if offset > 1 else 0
        if not self.header.high_first:
            byte = self.models.byte((0x10000000 | offset & 3, 0x20000000 | last,
                                     0x30000000 | last_but_one | (offset & 1) << 8), 0,
                                    722 + 15 * ((offset & 1) << 2 | last >> 6), tree_of_literal)
            self.target.append(byte)
            return 1
        if offset & 1 or left < 2:
            self.target.append(self.literal(offset & 1, last, last_but_one))
            return 1
        high = self.literal(2, last, last_but_one)
        low = self.literal(3, high, high >> 3 | last >> 3 << 5)
        self.target += bytes((low, high))
        return 2

    def literal(self, place, near, far):
        return self.models.byte((0x10000000 | place, 0x20000000 | near | place << 8, 0x30000000 | far | place << 10), 0)

    # Section 4.3

    def copy(self, cover):
        self.cover = cover
        self.history = self.previous = 0
        self.next_site = self.header.base_address + cover.start & M32
        self.registers = Registers()
        self.copied = 0
        while self.copied < cover.length:
            block = min(1 << self.header.block_log, cover.length - self.copied)
            self.kind = self.page_kind()
            if cover.from_target and self.kind in KINDS_OF_WORDS:
                self.kind = 0
            self.S = self.source_bytes(block + LOOK_AHEAD)
            clean = self.is_clean()
            self.at = 0
            while self.at < block:
                if self.kind and self.reference():
                    continue
                if clean:
                    self.previous = self.S[self.at]
                    self.history = self.history << 1 & 0xFF
                    self.finish_byte(self.previous)
                else:
                    self.copy_byte()
            self.copied += self.at

    def page_kind(self):
        kinds = self.header.kinds
        page = (len(self.target) >> 12) + 1
        if len(kinds) > 1 and self.page != page:
            self.page = page
            self.another = self.models.control(25 + self.another)
            if self.another:
                self.kind_index = 0
                for _ in range(3):
                    self.kind_index = self.kind_index << 1 | self.models.event(0x8000)
        if self.kind_index >= len(kinds):
            raise SmidgenError(18, "kind of a page")
        return kinds[self.kind_index]

    def source_bytes(self, size):
        """S[0 .. size]."""
        at = self.cover.start + self.copied
        want = min(size, self.cover.length - self.copied)
        if self.cover.from_target:
            period = bytes(self.target[at:at + want])
            found = (period * (want // len(period) + 1))[:want]
        else:
            found = self.base[at:at + want]
        return found.ljust(size, b"\0")

    def is_clean(self):
        """The block flag."""
        k = self.kind << 20 | (16 if self.cover.from_target else 0)
        age = (self.copied + 1).bit_length() - 1
        size = (self.cover.length + 1).bit_length() - 1
        blocks = self.blocks
        clean = self.models.flag(((0xE0000000 | k | (blocks >> 3 & 7) << 8, blocks),
                                  (0xE1000000 | k | age << 8, blocks & 3),
                                  (0xE2000000 | k | size << 8 | (self.copied == 0) << 16, blocks & 1)), BLOCK_SET,
                                 360 + (blocks & 15))
        self.blocks = (blocks << 1 | (not clean)) & 0xFF
        return clean

    def copy_byte(self):
        """Sections 4.3, 6.2 and 6.3."""
        source, following = self.S[self.at], self.S[self.at + 1]
        offset = self.cover.start + self.copied + self.at
        odd, history = offset & 1, self.history
        n = following >> 3
        around = self.previous >> 3 | n << 17
        name = (source if odd else following) >> 3          # section 5.7
        same = self.models.flag(((0x50000000 | history >> 1 & 31 | (offset & 3) << 8, history & 1),
                                 (0x60000000 | source | odd << 8, history & 3),
                                 (0x70000000 | around | self.difference[n] << 8 | odd << 16, history & 3),
                                 (0x80000000 | following | odd << 8, history & 3)), 16 + (history & 3),
                                376 + (history & 3 | odd << 2 | name << 3))
        byte = source
        if not same:
            difference = self.models.byte((0xA0000000 | odd | (history & 1) << 1,
                                           0xB0000000 | self.difference[n] | odd << 8,
                                           0xC0000000 | source,
                                           0xD0000000 | following | odd << 8), 8,
                                          632 + 15 * like(self.difference[n] >> 4), tree_of_difference)
            byte = source + difference & 0xFF
            self.difference[n] = difference
        self.history = (history << 1 | (not same)) & 0xFF
        self.previous = source
        self.finish_byte(byte)

    def finish_byte(self, byte):
        self.pass_instruction()
        self.append(bytes((byte,)))

    def append(self, added):
        """Target bytes that were made of as many source bytes at `at`."""
        if self.check_source and not self.cover.from_target:
            for i in range(len(added)):
                self.check_source(len(self.target) + i, self.cover.start + self.copied + self.at + i)
        self.target += added
        self.at += len(added)

    def site(self):
        return self.header.base_address + self.cover.start + self.copied + self.at & M32

    def inside(self, site):
        """Whether an instruction that began before goes on at this address."""
        return self.next_site - site - 1 & M32 < 8

    def pass_instruction(self):
        if self.kind not in (1, 4, 5):
            return
        site = self.site()
        if self.inside(site) or site % self.references.alignment(self.kind):
            return
        first, second = self.S[self.at], self.S[self.at + 1]
        if self.kind == 1:
            size = 4 if second >> 3 >= 0b11101 else 2
        elif self.kind == 4:
            size = 4 if first & 3 == 3 else 2
        else:
            size = 2 if first & 8 else 3
        self.next_site = site + size & M32

    # Section 7

    def reference(self):
        """The reference that begins at `at`, if one does."""
        left = self.cover.length - self.copied - self.at
        site = self.site()
        view = self.S[self.at:self.at + LOOK_AHEAD]
        found = self.references.find(self, self.cover, self.kind, view, left, site)
        if not found:
            return False
        form, a, _ = found
        b = int.from_bytes(view[:form.length], "little")
        target_site = self.header.base_address + len(self.target) & M32
        c = self.references.decode(self, found, b, site, target_site)
        if c is not None:
            self.append(c.to_bytes(form.length, "little"))
            self.previous = view[form.length - 1]
        else:
            for _ in range(form.length):
                self.copy_byte()
            c = int.from_bytes(self.target[-form.length:], "little")
            self.references.learn_from(self, found, b, c, target_site)
        form.after(self.registers, a, b, c, site, target_site)
        self.next_site = site + form.length & M32
        return True
