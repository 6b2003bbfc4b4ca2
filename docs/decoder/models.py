"""What is adaptive: counters, slots, mixer and numbers (section 5)."""
from fields import M32
from range_decoder import RangeDecoder

#: Section 5.1.
L = [
    3, 9, 14, 20, 25, 30, 36, 41, 46, 51, 56, 61, 66, 71, 75, 80,
    85, 89, 94, 98, 103, 107, 111, 116, 120, 124, 128, 132, 136, 140, 144, 148,
    152, 155, 159, 163, 167, 170, 174, 178, 181, 185, 188, 192, 195, 198, 202, 205,
    208, 212, 215, 218, 221, 224, 228, 231, 234, 237, 240, 243, 246, 249, 252, 255,
]
Q = [
    16, 19, 23, 27, 32, 38, 45, 54, 64, 76, 90, 107, 128, 152, 181, 215,
    255, 303, 360, 428, 508, 603, 716, 850, 1008, 1196, 1417, 1678, 1986, 2348, 2774, 3272,
    3855, 4534, 5322, 6233, 7282, 8481, 9845, 11384, 13107, 15019, 17118, 19398, 21845, 24437, 27146, 29936,
    32768, 35600, 38390, 41099, 43691, 46138, 48418, 50517, 52429, 54152, 55691, 57055, 58254, 59303, 60214, 61002,
    61681, 62264, 62762, 63188, 63550, 63858, 64119, 64340, 64528, 64686, 64820, 64933, 65028, 65108, 65176, 65233,
    65281, 65321, 65355, 65384, 65408, 65429, 65446, 65460, 65472, 65482, 65491, 65498, 65504, 65509, 65513, 65517,
    65520,
]
SHARES = [50412, 28494, 19859, 15241, 12365, 10403, 8978, 0]

#: Section 5.6.
INITIAL = bytes.fromhex("""
11001501537047764860987776657770f04888888811691600e635602f876466
77069788777676677800770d878687828198100c8875101e8888887721046267
8887888787877767109734888811006301f54603d77567708d8767767777670f
018787798181b7100c88821017b888887681046a9888888777887878710a8772
33318495400897670269888868880576788877778788766970b767bccb1d5d55
00ad86603ab9a7787807998988976777798770b8776766164944008876902498
87878760573588877686877978770b415999a184a81bb9876353f98888989360
044e4976778786887877858444012889774007578888492b82ce8785100400a8
88888813901c0135878887878887876866007044015129897666656676778777
82311ca18835
""")

NEW = 0x8000
CONTROL_CELLS = 718
BLOCK_SET, GUESS_SET, LATER_GUESS_SET = 20, 21, 23


def log2(v):
    e = v.bit_length() - 1
    return e * 256 + L[(v << (16 - e) & 0xFFFF) >> 10]


def probability(cell):
    return cell & 0xFFF8 | 4


def squash(odds):
    x = max(-3072, min(3071, odds)) + 3072
    low, high = Q[x >> 6], Q[(x >> 6) + 1]
    return low + ((high - low) * (x & 63) >> 6)


#: STRETCH[cell >> 3] is stretch(probability(cell)), SQUASH[odds + 3072] is squash(odds).
STRETCH = [log2(v << 3 | 4) - log2(65536 - (v << 3 | 4)) for v in range(8192)]
SQUASH = [squash(odds) for odds in range(-3072, 3072)]


def update(cell, bit, rate):
    """What a counter becomes (section 5.2)."""
    value, count = cell & 0xFFF8, cell & 7
    share = max(SHARES[count], 65536 >> rate)
    aim = 0xFFF8 if bit else 0
    value += (aim - value) * (share >> 2) >> 14
    return value & 0xFFF8 | min(count + 1, 7)


def hash32(x):
    x = (x * 0x2C1B3C6D & M32) ^ 0x5851F42D
    x = (x ^ x >> 15) * 0x297A2D39 & M32
    return x ^ x >> 15


def initial_counters():
    """The control counters as a body begins (section 5.6)."""
    cells, place = [NEW | 2] * CONTROL_CELLS, 0
    halves = iter([half for byte in INITIAL for half in (byte >> 4, byte & 15)])
    for half in halves:
        if half:
            cells[place] = squash(256 * (half - 8)) & 0xFFF8 | 6
            place += 1
        else:
            place += next(halves, 0) + 1
    return cells


class Events(RangeDecoder):
    """What both codecs make of events."""

    def __init__(self, body):
        super().__init__(body, 16)

    def signed(self, k):
        u = self.number(k)
        return (u >> 1 ^ -(u & 1)) & M32


class Models(Events):
    """The models of codec cm. Gives events, and what is made of events: flags, bytes, numbers."""

    def __init__(self, header, body):
        super().__init__(body)
        self.slots = header.slots
        self.cells = [0, NEW, NEW, NEW] * header.slots
        self.weights = [[30000] * 4 for _ in range(24)]
        self.mixer_rate, self.counter_rate = header.mixer_rate, header.counter_rate
        self.curves = [[squash(512 * i - 3072) for i in range(13)] for _ in range(10)]
        self.literal_bits = 0
        self.control_cells = initial_counters()

    # Section 5.3

    def slot(self, h):
        """The place in `cells` of the slot for the hash `h`."""
        cells = self.cells
        first = h * self.slots >> 32
        second = first ^ 1
        if second >= self.slots:
            second = first
        first *= 4
        second *= 4
        tag = h * 0x9E3779B1 >> 16 & 0xFFF0
        for s in first, second:
            if cells[s] & 0xFFF0 == tag and cells[s] & 15:
                if cells[s] & 15 < 15:
                    cells[s] += 1
                return s
        if cells[first] & 15 <= cells[second] & 15:
            loser, keeper = first, second
        else:
            loser, keeper = second, first
        if keeper != loser and cells[keeper] & 15 > 1:
            cells[keeper] -= 1
        cells[loser:loser + 4] = tag | 1, NEW, NEW, NEW
        return loser

    # Section 5.4

    def event_mixed(self, places, which):
        """An event of the weight set `which`, whose counters are at `places` in `cells`."""
        cells, weights = self.cells, self.weights[which]
        inputs = [STRETCH[cells[c] >> 3] for c in places]
        odds = sum(w * x >> 10 for w, x in zip(weights, inputs)) >> 6
        odds = max(-3072, min(3071, odds)) + 3072
        p = SQUASH[odds]
        # refine
        curve = self.curves[0 if which < 8 else 1 if which < 16 else which - 14]
        i, f = odds >> 9, odds & 511
        value = curve[i] * (512 - f) + curve[i + 1] * f >> 9
        bit = self.event(p + 3 * value >> 2)
        # move
        nearest = i + (f >> 8)
        curve[nearest] += (65520 if bit else 16) - curve[nearest] >> self.curve_rate(which)
        # learn
        error = ((65535 if bit else 0) - p) * self.mixer_rate >> 6
        for i, x in enumerate(inputs):
            weights[i] = max(-262143, min(262143, weights[i] + (x * error + 2048 >> 12)))
        rate = self.counter_rate if which < 16 else self.counter_rate - 1
        for c in places:
            cells[c] = update(cells[c], bit, rate)
        return bit

    def curve_rate(self, which):
        if which >= 8:
            return 5
        rate = max(5, min(8, self.literal_bits.bit_length() // 2))
        self.literal_bits = min(self.literal_bits + 1, 65535)
        return rate

    def flag(self, contexts, which, _):
        places = [self.slot(hash32(hash32(c) + place // 3 & M32)) + 1 + place % 3 for c, place in contexts]
        return self.event_mixed(places, which)

    def byte(self, contexts, which, *_):
        hashes = [hash32(c) for c in contexts]
        node = 1
        for group in range(4):
            slots = [self.slot(hash32(h + node & M32)) for h in hashes]
            inner = 1
            for place in 2 * group, 2 * group + 1:
                bit = self.event_mixed([s + inner for s in slots], which + place)
                node = node << 1 | bit
                inner = inner << 1 | bit
        return node & 0xFF

    # Section 5.5

    def plain(self, c):
        cell = self.control_cells[c]
        bit = self.event(probability(cell))
        self.control_cells[c] = update(cell, bit, 4)
        return bit

    def control(self, f):
        return self.plain(690 + f)

    def number(self, k):
        n = 1
        for _ in range(5):
            n = n << 1 | self.plain(69 * k + n - 1)
        size = n & 31
        r = 1
        for place in range(size - 1, -1, -1):
            if place == size - 1:
                bit = self.plain(69 * k + 30 + size)
            elif place < 3:
                u = 2 - place
                bit = self.plain(69 * k + 61 + (1 << u | r & (1 << u) - 1))
            else:
                bit = self.event(0x8000)
            r = r << 1 | bit
        return r - 1
