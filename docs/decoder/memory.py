"""What a body remembers for its references: sections 7.4 to 7.6."""
import bisect
from collections import namedtuple

from errors import SmidgenError
from fields import M32

Register = namedtuple("Register", "register address old new")


class Registers:
    """Section 7.4: what first halves put into registers, as long as a cover."""

    def __init__(self):
        self.entries, self.turn = [None] * 4, 0

    def place(self, register):
        return next((i for i, entry in enumerate(self.entries) if entry and entry.register == register), None)

    def put(self, register, address, old, new):
        place = self.place(register)
        if place is None:
            place = self.turn & 3
            self.turn += 1
        self.entries[place] = Register(register, address, old, new)

    def known(self, register, site):
        place = self.place(register)
        if place is None or not 1 <= (site - self.entries[place].address) & M32 <= 64:
            return None
        return self.entries[place]

    def remove(self, register):
        place = self.place(register)
        if place is not None:
            self.entries[place] = None


Landmark = namedtuple("Landmark", "base target length")


class Landmarks(list):
    """Section 7.5, in the order of the body."""

    def __init__(self, header, models, target_size):
        super().__init__()
        last = Landmark(0, 0, 0)
        for _ in range(header.landmarks):
            gap = models.signed(5)
            length = models.number(6) + 1
            shift = models.signed(7)
            base = last.base + last.length + gap & M32
            target = base + (last.target - last.base) + shift & M32
            if base < last.base or base + length > header.base_size or target + length > target_size:
                raise SmidgenError(18, "landmark")
            last = Landmark(base, target, length)
            self.append(last)

    def displacement(self, x):
        """The landmark displacement of a base offset."""
        at = bisect.bisect_right(self, x, key=lambda landmark: landmark.base)
        if at == 0 or x - self[at - 1].base >= self[at - 1].length:
            return None
        return self[at - 1].target - self[at - 1].base & M32


class NearbyCovers(list):
    """Section 7.5: (start, length, displacement), the newest first."""

    SHORTEST, MOST = 24, 8

    def announce(self, start, length, displacement):
        if length >= self.SHORTEST:
            self.insert(0, (start, length, displacement))
            del self[self.MOST:]

    def displacement(self, x, usual):
        found = [d for start, length, d in self if x - start & M32 < length]
        return usual if usual in found else found[0] if found else None


class Learned:
    """Section 7.6: a table of displacements by old target address."""

    def __init__(self, room):
        self.room, self.hand = room, 0
        self.addresses, self.displacements = [], []

    def __getitem__(self, at):
        return self.displacements[at] if 0 <= at < len(self.displacements) else None

    def look_up(self, a):
        """(exact, below, above); None where there is none."""
        at = bisect.bisect_left(self.addresses, a)
        if at < len(self.addresses) and self.addresses[at] == a:
            return self[at], self[at - 1], self[at + 1]
        return None, self[at - 1], self[at]

    def learn(self, a, d):
        if self.room == 0:
            return
        at = bisect.bisect_left(self.addresses, a)
        if at < len(self.addresses) and self.addresses[at] == a:
            self.displacements[at] = d
            return
        if self[at - 1] == d:
            return
        if len(self.addresses) == self.room:
            del self.addresses[self.hand], self.displacements[self.hand]
            self.hand = (self.hand + 1) % self.room
        at = bisect.bisect_left(self.addresses, a)
        self.addresses.insert(at, a)
        self.displacements.insert(at, d)
