"""Blocks of Zstandard (RFC 8878, sections 3.1.1.3 and 4), as section 10 needs them."""
from errors import SmidgenError
from fields import Reader
from zstd_entropy import BackwardBits, Huffman, Table, corrupt

MOST_IN_BLOCK = 128 << 10
RAW, RLE, COMPRESSED = range(3)


def codes(plain, first, *extra):
    """[(base, bits)] of codes: `plain` ones without bits from `first` on, then those with `extra` bits."""
    table = [(first + i, 0) for i in range(plain)]
    base = first + plain
    for bits in extra:
        table.append((base, bits))
        base += 1 << bits
    return table


#: Lengths of literals and matches by code; the last entries of each have bases of their own.
LITERAL_LENGTHS = codes(16, 0, 1, 1, 1, 1, 2, 2, 3, 3, 4) + [(1 << bits, bits) for bits in range(6, 17)]
MATCH_LENGTHS = codes(32, 3, 1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5) + [(3 + (1 << bits), bits) for bits in range(7, 17)]

#: Section 3.1.1.3.2.2: accuracy and distributions that need not be stated; then the most accurate ones and the symbols.
PREDEFINED = (
    Table(6, [4, 3, *[2] * 11, 1, 1, 1, *[2] * 9, 3, 2, *[1] * 5, *[-1] * 4]),
    Table(5, [*[1] * 6, 2, 2, 2, *[1] * 15, *[-1] * 5]),
    Table(6, [1, 4, 3, *[2] * 6, *[1] * 37, *[-1] * 7]),
)
LIMITS = ((9, 36), (8, 32), (9, 53))


class Blocks:
    """What blocks leave for the next one, and all output of the frame."""

    def __init__(self, window):
        self.window, self.out = window, bytearray()
        self.huffman, self.tables = None, [None] * 3
        self.offsets = [1, 4, 8]

    def add(self, kind, content, length):
        if kind == RAW:
            self.out += content
        elif kind == RLE:
            self.out += content * length
        else:
            before = len(self.out)
            self.compressed(Reader(content, number=18))
            if len(self.out) - before > min(self.window, MOST_IN_BLOCK):
                raise corrupt("block of %d bytes" % (len(self.out) - before))

    def compressed(self, r):
        literals = self.literals(r)
        used = 0
        for literal_length, match_length, offset in self.sequences(r):
            if used + literal_length > len(literals):
                raise corrupt("literals")
            self.out += literals[used:used + literal_length]
            used += literal_length
            if offset > min(self.window, len(self.out)):
                raise corrupt("offset")
            for _ in range(match_length // offset):
                self.out += self.out[-offset:]
            if match_length % offset:
                start = len(self.out) - offset
                self.out += self.out[start:start + match_length % offset]
            if len(self.out) > 1 << 31:
                raise corrupt("size")
        self.out += literals[used:]

    def literals(self, r):
        """Section 3.1.1.3.1."""
        head = r.u8("literals")
        kind, size_format = head & 3, head >> 2 & 3
        if kind in (RAW, RLE):
            more, shift = ((0, 3), (1, 4), (0, 3), (2, 4))[size_format]
            size = (head | int.from_bytes(r.take(more, "literals"), "little") << 8) >> shift
            if size > MOST_IN_BLOCK:
                raise corrupt("size of literals")
            return r.take(size, "literals") if kind == RAW else r.take(1, "literals") * size
        more, bits = ((2, 10), (2, 10), (3, 14), (4, 18))[size_format]
        sizes = (head | int.from_bytes(r.take(more, "literals"), "little") << 8) >> 4
        size, packed = sizes & (1 << bits) - 1, sizes >> bits
        if size > MOST_IN_BLOCK:
            raise corrupt("size of literals")
        streams = Reader(r.take(packed, "literals"), number=18)
        if kind == COMPRESSED:
            self.huffman = Huffman(streams)
        if not self.huffman:
            raise corrupt("no tree")
        if size_format == 0:
            return self.huffman.decode(streams.take(streams.end - streams.at, "stream"), size)
        jumps = [int.from_bytes(streams.take(2, "jump table"), "little") for _ in range(3)]
        quarter = (size + 3) // 4
        out = b"".join(self.huffman.decode(streams.take(jump, "stream"), quarter) for jump in jumps)
        if len(out) > size:
            raise corrupt("size of literals")
        return out + self.huffman.decode(streams.take(streams.end - streams.at, "stream"), size - 3 * quarter)

    def sequences(self, r):
        """[(literal length, match length, offset)] (section 3.1.1.3.2)."""
        count = r.u8("sequences")
        if count == 0:
            r.ends("the sequences")
            return []
        if count == 255:
            count = int.from_bytes(r.take(2, "sequences"), "little") + 0x7F00
        elif count >= 128:
            count = (count - 128 << 8) + r.u8("sequences")
        modes = r.u8("modes")
        if modes & 3:
            raise corrupt("reserved modes")
        for i in range(3):
            self.tables[i] = self.table(r, i, modes >> 6 - 2 * i & 3)
        bits = BackwardBits(r.take(r.end - r.at, "sequences"))
        lengths, offsets, matches = self.tables
        states = [bits.read(table.log) for table in self.tables]
        found = []
        for i in range(count):
            literal_code, offset_code, match_code = (
                table.symbols[state] for table, state in zip(self.tables, states))
            offset_value = (1 << offset_code) + bits.read(offset_code)
            match_length = MATCH_LENGTHS[match_code][0] + bits.read(MATCH_LENGTHS[match_code][1])
            literal_length = LITERAL_LENGTHS[literal_code][0] + bits.read(LITERAL_LENGTHS[literal_code][1])
            found.append((literal_length, match_length, self.offset(offset_value, literal_length)))
            if i + 1 < count:
                states[0] = lengths.next(states[0], bits)
                states[2] = matches.next(states[2], bits)
                states[1] = offsets.next(states[1], bits)
        if bits.left != 0:
            raise corrupt("bits of sequences")
        return found

    def table(self, r, which, mode):
        accuracy, symbols = LIMITS[which]
        if mode == 0:
            return PREDEFINED[which]
        if mode == 1:
            symbol = r.u8("symbol", 0, symbols - 1)
            return Table(0, [0] * symbol + [1])
        if mode == 2:
            return Table.read(r, accuracy, symbols)
        if not self.tables[which]:
            raise corrupt("no table to repeat")
        return self.tables[which]

    def offset(self, value, literal_length):
        """Section 3.1.1.5."""
        recent = self.offsets
        if value > 3:
            self.offsets = [value - 3, *recent[:2]]
            return value - 3
        place = value - 1 + (literal_length == 0)
        if place == 3:
            self.offsets = [recent[0] - 1, *recent[:2]]
            if recent[0] == 1:
                raise corrupt("offset 0")
        else:
            self.offsets = [recent[place], *(d for i, d in enumerate(recent) if i != place)]
        return self.offsets[0]
