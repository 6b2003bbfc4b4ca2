"""All events of a body, as section 11 prints them."""
from body import EventBody
from header import CM, LITE
from lite import LiteModels
from models import BLOCK_SET, GUESS_SET, Models

ROLES = ["{place}, literals {v}", "cover: length - 1 = {v}", "displacement: change {s}", "cover: length - 1 = {v}",
         "distance - 1 = {v}", "{place}: gap {s}", "length - 1 = {v}", "shift {s}", "distance {s}", "distance {s}"]
HEAD = "| Event | What | Counter or set | p | Bit | range | code |\n| --- | --- | --- | --- | --- | --- | --- |"


class Traced:
    """Keeps a row for each event: what it says, where its probability is from, p, the bit, range and code after it."""

    def __init__(self, header, body):
        super().__init__(header, body)
        self.rows = [["start", "", "", "", self.range, self.code]]
        self.place, self.counter = "", "none"

    def event(self, p):
        bit = super().event(p)
        self.rows.append(["", self.counter, p, bit, self.range, self.code])
        self.counter = "none"
        return bit

    def event_mixed(self, places, which):
        self.counter = "set %d" % which
        return super().event_mixed(places, which)

    def plain(self, c):
        self.counter = "%s[%d]" % (self.counters_name, c)
        return super().plain(c)

    def quick(self, c, which):
        self.counter = "K[%d]" % c
        return super().quick(c, which)

    def say(self, row, what):
        self.rows[row][0] = self.rows[row][0] or what

    def control(self, f):
        row, yes = len(self.rows), super().control(f)
        if f < 8:
            self.say(row, "%s is %slandmark %d" % (self.place, "" if yes else "not ", self.landmark))
        elif f < 16:
            self.say(row, "cover of the target" if yes else "cover of the base")
        elif f < 20:
            self.say(row, "displacement is %srecent[%d]" % ("" if yes else "not ", f - 16))
        elif f < 25:
            self.say(row, "a distance is %sstated" % ("" if yes else "not "))
        else:
            self.say(row, "another kind" if yes else "the same kind")
        return yes

    def number(self, k):
        if k == 5:
            self.landmark = getattr(self, "landmark", 0) + 1
            self.place = "landmark %d" % self.landmark
        row, v = len(self.rows), super().number(k)
        size = (v + 1).bit_length() - 1
        text = ROLES[k].format(place=self.place, v=v, s=v >> 1 ^ -(v & 1))
        if "{s}" not in ROLES[k]:
            text += ": size %d" % size
        elif v > 0:
            text += ", folded to %d: size %d" % (v, size)
        self.say(row, text)
        for i in range(size):
            self.say(row + 5 + i, "first bit" if i == 0 else "bit %d" % (size - 1 - i))
        return v

    def table(self):
        lines = [HEAD]
        for number, (what, counter, p, bit, range_, code) in enumerate(self.rows):
            lines.append("| %s | %s | %s | %s | %s | %08X | %08X |" % (number or "", what, counter, p, bit, range_, code))
        return "\n".join(lines).replace("|  |", "| |").replace("|  |", "| |")


class TracedModels(Traced, Models):
    counters_name = "C"


class TracedLite(Traced, LiteModels):
    counters_name = "K"


class TracedBody(EventBody):
    """Tells the models what their events are about."""

    models_of_codec = {CM: TracedModels, LITE: TracedLite}
    last = None

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.operations = 0
        TracedBody.last = self

    def operation(self):
        self.operations += 1
        self.models.place = "operation %d" % self.operations
        self.models.landmark = self.upcoming + 1
        return super().operation()

    def literals(self, left):
        row = len(self.models.rows)
        count = super().literals(left)
        for i, byte in enumerate(reversed(self.target[-count:])):
            shown = "literal `%s`" if 0x20 < byte < 0x7F and byte != 0x60 else "literal %02X"
            self.models.say(row + 8 * i, shown % (chr(byte) if "`" in shown else byte))
        return count

    def is_clean(self):
        first, row = len(self.target), len(self.models.rows)
        last = first + min(1 << self.header.block_log, self.cover.length - self.copied) - 1
        clean = super().is_clean()
        self.models.say(row, "block of bytes %d to %d clean" % (first, last))
        return clean

    def copy_byte(self):
        row, place, source = len(self.models.rows), len(self.target), self.S[self.at]
        super().copy_byte()
        self.models.say(row, "byte %d unchanged" % place)
        if len(self.models.rows) > row + 1:
            self.models.say(row + 1, "byte %d: difference %d" % (place, self.target[-1] - source & 0xFF))

    def reference(self):
        site = self.site()
        flag = self.models.flag

        def guess(contexts, which, counter):
            row, yes = len(self.models.rows), flag(contexts, which, counter)
            if which >= GUESS_SET > BLOCK_SET:
                self.models.say(row, "%08X: source %d is right" % (site, contexts[0][0] & 7))
            return yes

        self.models.flag = guess
        try:
            return super().reference()
        finally:
            self.models.flag = flag
