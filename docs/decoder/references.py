"""Where references are, and where they went: sections 7.1 and 7.7."""
import aarch64
import arm
import described
import riscv
import thumb
import x86
import xtensa
from fields import M32
from forms import BRANCH, NEAR, POINTER, Word
from header import KINDS_OF_WORDS
from memory import Learned
from models import GUESS_SET, LATER_GUESS_SET

VIEW = 40
SOURCES = range(7)
#: In a cover of the target: what is the class in contexts, and the place of outcomes.
REPEAT, OF_REPEATS = 5, 7


def searches_of_kinds(header):
    """{kind: (alignment, searches)} (section 3.4)."""
    words = {kind: Word(kind, header) for kind in KINDS_OF_WORDS}
    searches = {kind: (word.length, [word.search]) for kind, word in words.items()}
    searches[1] = 2, [words[16].search, thumb.search]
    searches[2] = 4, [aarch64.search]
    searches[3] = 4, [words[16].search, arm.search]
    searches[4] = 2, [words[16].search, riscv.search]
    searches[5] = 1, [words[16].search, xtensa.search]
    searches[6] = 1, [x86.search, words[17].search]
    searches[7] = 1, [described.Described(form, header).search for form in header.forms]
    return searches


class References:
    """State of section 7.7, and the table of section 7.6."""

    def __init__(self, header):
        self.searches = searches_of_kinds(header)
        self.learned = Learned(header.learned)
        self.last_displacement = [0, 0]
        self.outcomes = [0] * 8
        self.missed = 0

    def alignment(self, kind):
        return self.searches[kind][0]

    def find(self, body, cover, kind, view, left, site):
        """Section 7.1: (form, a, extra) of the reference that begins here, or None."""
        alignment, searches = self.searches[kind]
        if site % alignment:
            return None
        count = min(VIEW, left)
        view = view[:count].ljust(VIEW + 4, b"\0")
        found = next(filter(None, (search(body, view, count, site) for search in searches)), None)
        if not found or found[0].length > left:
            return None
        form, a, _ = found
        if cover.from_target and form.cls != BRANCH:
            return None
        if form.cls == NEAR:
            x = a - body.header.base_address & M32
            if x - cover.start & M32 < cover.length or body.nearby.displacement(x, 0) is None:
                return None
        return found

    def proposals(self, body, form, a, extra, b, site, target_site):
        """The displacements that the sources propose, None where one does not."""
        same = form.read(b, target_site, extra) - a & M32
        if body.cover.from_target:
            return 0, None, None, None, None, None, same
        x = a - body.header.base_address & M32
        exact, below, above = self.learned.look_up(a)
        return (exact, body.nearby.displacement(x, target_site - site & M32), body.landmarks.displacement(x), below,
                above, self.last_displacement[side(form)], same)

    def decode(self, body, found, b, site, target_site):
        """Section 7.7: the reference's bytes in the target; None if they come byte by byte."""
        form, a, extra = found
        models = body.models
        proposals = self.proposals(body, form, a, extra, b, site, target_site)
        rank = 0
        for source in SOURCES:
            d = proposals[source]
            if d is None or d in proposals[:source]:
                continue
            g = form.write(b, target_site, a + d & M32, extra)
            if g is None:
                continue
            agreeing = [proposal == d for proposal in proposals]
            if self.is_right(models, form, b, source, rank, agreeing, body.cover.from_target):
                self.missed = int(rank > 0)
                self.remember(body, form, a, d)
                return g
            rank += 1
        self.missed = 1
        if models.control(20 + form.cls):
            first = next(d for d in proposals if d is not None)
            d = first + models.signed(8 if form.cls == POINTER else 9) & M32
            g = form.write(b, target_site, a + d & M32, extra)
            if g is not None:
                self.remember(body, form, a, d)
                return g
        return None

    def is_right(self, models, form, b, source, rank, agreeing, from_target):
        """The event of one guess, and what it does to the outcomes."""
        agree = sum(1 << i for i in SOURCES if agreeing[i])
        o = self.outcomes[OF_REPEATS if from_target else source]
        place = source | (REPEAT if from_target else form.cls) << 3 | min(rank, 3) << 6
        right = models.flag(((0xF0000000 | place | (o >> 3 & 7) << 8, o),
                             (0xF1000000 | place | agree << 8, self.missed),
                             (0xF2000000 | b >> 8 & 0xFF | place << 8, o & 3)),
                            GUESS_SET + side(form) if rank == 0 else LATER_GUESS_SET,
                            232 + (o & 1 | source << 1 | (rank > 0) << 4 | (sum(agreeing) > 1) << 5 | side(form) << 6))
        for i in [OF_REPEATS] if from_target else SOURCES:
            if from_target or agreeing[i]:
                self.outcomes[i] = (self.outcomes[i] << 1 | (not right)) & 0xFF
        return right

    def learn_from(self, body, found, b, c, target_site):
        """After a reference that came byte by byte: c are its bytes in the target."""
        form, a, extra = found
        went = form.read(c, target_site, extra)
        if form.cls == POINTER and not body.header.in_space(went):
            return
        if form.write(b, target_site, went, extra) == c:
            self.remember(body, form, a, went - a & M32)

    def remember(self, body, form, a, d):
        if body.cover.from_target:
            return
        self.last_displacement[side(form)] = d
        if form.cls != NEAR:
            self.learned.learn(a, d)


def side(form):
    """What section 7.7 calls r."""
    return 1 if form.cls in (BRANCH, NEAR) else 0
