"""Random headers, and base images that are dense with every form of reference."""
import random

from encoder import M32  # first: it finds the decoder
import aarch64
import arm
import described
import forms
import riscv
import thumb
import x86
import xtensa
from fields import Reader
from header import CM, DESCRIBED, KINDS_OF_WORDS, LITE, DescribedForm, Header

ALL_KINDS = (*range(8), *KINDS_OF_WORDS)


def make(seed, kinds=None):
    """(header, base) of a case: what encoder.make() and encoder.package() need. `kinds` may be chosen."""
    r = random.Random(seed)
    h = header(r)
    h.kinds = kinds or h.kinds
    h.forms = []
    if DESCRIBED in h.kinds:
        describe(r, h)
    base = bytearray()
    code = [kind for kind in h.kinds if 0 < kind < 7] or [r.randrange(1, 7)]
    registers = r.sample(range(1, 15), r.choice((1, 2, 3, 6))) if r.random() < 0.8 else [0, 0, 1]
    while len(base) < h.base_size:
        if r.random() < 0.15:
            word(r, h, base)
        elif h.forms and r.random() < 0.6:
            instruction(r, h, base)
        else:
            form, length, bits = TEMPLATES[r.choice(code)](r, r.choice(registers), r.choice(registers))
            base += pointed(r, h, form, bits, len(base)).to_bytes(8, "little")[:length]
    base = bytes(base[:h.base_size])
    h.chance = r
    return h, base


def header(r):
    h = Header.__new__(Header)
    h.codec, h.flags = CM, r.choice((0, 0, 1, 2, 3)) | r.choice((0, 4))
    h.read_back = bool(h.flags & 4)
    h.base_size = r.choice((0, 1, 30)) if r.random() < 0.1 else r.choice((400, 1500, 3000, 5000))
    h.target_size = r.choice((0, 1, 7)) if r.random() < 0.05 else r.randrange(100, 2500)
    if r.random() < 0.05:
        h.target_size = r.randrange(5000, 10000)
    h.base_address = r.choice((0, 0x80, 0x1000, 0x08000000, 0x08000002, 0x40080001, 0xFFFFF000 - 4096, r.getrandbits(32)))
    h.address_high = r.choice((0, 0, 0xFFFF8000, 0x55))
    h.described = b""
    h.kinds = [r.choice(ALL_KINDS)] if r.random() < 0.5 else r.sample(ALL_KINDS, r.randrange(1, 9))
    h.windows = []
    for _ in range(r.randrange(4)):
        start = r.randrange(1 << 24)
        h.windows.append((start << 8, min(r.choice((1, 16, 1 << 12, 1 << 20)), (1 << 24) - start) << 8))
    h.slots = r.choice((1, 2, 3, 7, 64, 1000, 1001, 5000))
    h.landmarks = r.choice((0, 0, 1, 5, 20, 40)) if h.base_size and h.target_size else 0
    h.learned = r.choice((0, 1, 2, 3, 10, 50, 300))
    h.counter_rate, h.mixer_rate, h.block_log = r.randrange(3, 7), r.randrange(1, 16), r.randrange(3, 7)
    h.policy = {"clean": r.choice((0.5, 0.9, 0.97)), "right": r.choice((0.1, 0.4, 0.8, 0.95)),
                "right later": r.choice((0.2, 0.5, 0.8)), "same": r.choice((0.3, 0.7, 0.9)),
                "target": r.choice((0, 0, 0.1, 0.3)), "distance": r.choice((0.1, 0.5, 0.9)),
                "landmark": r.choice((0.2, 0.5, 0.9)), "long": r.choice((200, 4000))}
    h.codec = r.choice((CM, CM, LITE))
    h.high_first = h.mixer_rate & 1 if h.codec == CM else 0
    return h


def describe(r, h):
    """Random forms of section 3.6, as bytes and as a header has them."""
    h.described = bytes((r.randrange(1, 5),))
    for _ in range(h.described[0]):
        length = r.choice((2, 2, 3, 4, 4))
        scale, parts, left = r.randrange(4), [], 8 * length
        while len(parts) < 4 and left > 4 and (not parts or r.random() < 0.5):
            low = r.randrange(left - 3)
            bits = r.randrange(1, min(left - low, 32 - scale - sum(bits for _, bits in parts)) + 1)
            parts.append((low, bits))
            left = low
        if r.random() < 0.2:
            parts.reverse()
        opcode = (1 << 8 * length) - 1
        if r.random() < 0.9:
            opcode &= ~sum((1 << bits) - 1 << low for low, bits in parts) & r.getrandbits(32)
        value = r.getrandbits(32) & opcode
        shape = length - 1 | r.randrange(3 if length == 4 else 2) << 2 | r.randrange(3) << 4 | r.randrange(3) << 6
        origin = r.randrange(16) | scale << 4 | r.randrange(2) << 6
        form = bytes((shape, origin)) + opcode.to_bytes(length, "little") + value.to_bytes(length, "little")
        form += bytes((len(parts),)) + bytes(byte for part in parts for byte in part)
        h.described += form
        h.forms.append(DescribedForm(Reader(form)))


def instruction(r, h, base):
    """Appends an instruction of a described form."""
    form = described.Described(r.choice(h.forms), h)
    base += bytes(-(h.base_address + len(base)) % form.form.alignment)
    bits = form.word(r.getrandbits(8 * form.length) & ~form.form.mask | form.form.value)
    base += pointed(r, h, form, bits, len(base)).to_bytes(form.length, "little")


def word(r, h, base):
    """Appends a word to base that points into the address space, or nearly so."""
    form = forms.Word(r.choice([kind for kind in h.kinds if kind >= 16] or [16, 17]), h)
    base += bytes(-len(base) % 4)
    site = h.base_address + len(base) & M32
    start, length = r.choice([(h.base_address, h.base_size), *h.windows])
    base += form.write(0, site, start + r.randrange(length) & M32, 0).to_bytes(form.length, "little")


def pointed(r, h, form, bits, offset):
    """The bits of an instruction at this offset, pointed at something."""
    if form:
        site = h.base_address + offset & M32
        to = r.randrange(h.base_size) if r.random() < 0.6 else max(0, offset + r.randrange(-300, 300))
        for granule in range(4):
            written = form.write(bits, site, h.base_address + to + granule & M32, 0)
            if written is not None:
                return written
    return bits


def thumb_code(r, register, _):
    bits = r.getrandbits
    move = (register << 8 | bits(8) | bits(3) << 12) << 16 | bits(1) << 10 | bits(4)
    return r.choice((
        (thumb.LDR_W, 4, 0xF85F | bits(1) << 7 | bits(16) << 16),
        (thumb.B_COND_W, 4, 0xF000 | bits(11) & ~0x380 | r.randrange(7) << 7 | (0x8000 | bits(14) & 0x2FFF) << 16),
        (r.choice((thumb.BL, thumb.BLX)), 4, 0xF000 | (r.choice((0x9000, 0xD000)) | bits(11) | bits(1) << 13) << 16),
        (thumb.BLX, 4, 0xF000 | (0xC000 | bits(1) << 13 | bits(1) << 11) << 16),
        (None, 4, 0xF240 | move), (None, 4, 0xF2C0 | move), (None, 4, 0xF2C0 | move & ~0x7FFF040E),
        (None, 4, 0xF2C0 | bits(1) | (register << 8 | bits(8)) << 16),
        (thumb.LITERAL, 2, r.choice((0x4800, 0xA000)) | bits(11)),
        (thumb.B_COND, 2, 0xD000 | r.randrange(14) << 8 | bits(8)), (thumb.B, 2, 0xE000 | bits(11)),
        (thumb.CBZ, 2, 0xB100 | bits(1) << 11 | bits(1) << 9 | bits(8)),
        (None, 2, bits(16)), (None, 4, bits(32)), (None, 4, 0xF000 | bits(11) | bits(16) << 16)))


def aarch64_code(r, register, other):
    bits = r.getrandbits
    add = 0x11000000 | bits(1) << 31 | bits(12) << 10 | register << 5
    load = 0x39000000 | bits(2) << 30 | bits(1) << 26 | bits(2) << 22 | bits(12) << 10 | register << 5
    return r.choice((
        (aarch64.BRANCH_26, 4, 0x14000000 | bits(1) << 31),
        (aarch64.NEAR_19, 4, 0x54000000 | bits(5)),
        (aarch64.NEAR_19, 4, 0x34000000 | bits(1) << 31 | bits(1) << 24 | bits(5)),
        (aarch64.NEAR_19, 4, 0x18000000 | bits(2) << 30 | bits(1) << 26 | bits(5)),
        (aarch64.NEAR_14, 4, 0x36000000 | bits(1) << 31 | bits(1) << 24 | bits(5) << 19 | bits(5)),
        (aarch64.ADR, 4, 0x10000000 | bits(5)),
        (aarch64.ADRP, 4, 0x90000000 | register), (aarch64.ADRP, 4, 0x90000000 | register),
        (None, 4, add | other), (None, 4, add | register), (None, 4, load | other), (None, 4, load | register),
        (None, 4, bits(32))))


def arm_code(r, register, _):
    bits, condition = r.getrandbits, r.randrange(15) << 28
    return r.choice((
        (arm.BLX, 4, 0xFA000000 | bits(1) << 24), (arm.BL, 4, condition | 0x0A000000 | bits(1) << 24),
        (arm.LDR, 4, condition | 0x051F0000 | bits(1) << 23 | bits(1) << 22 | bits(16)),
        (None, 4, 0xF3400000 | register << 12 | bits(4)),
        (None, 4, condition | 0x03000000 | bits(4) << 16 | register << 12 | bits(12)),
        (None, 4, condition | 0x03400000 | r.choice((0, bits(4))) << 16 | register << 12 | r.choice((bits(4), bits(12)))),
        (None, 4, bits(32))))


def riscv_code(r, register, other):
    bits = r.getrandbits
    lower = register << 15 | r.choice((register, other)) << 7 | bits(12) << 20
    return r.choice((
        (riscv.JAL, 4, 0x6F | r.choice((0, 1, 5)) << 7),
        (None, 4, 0x37 | register << 7 | bits(20) << 12), (riscv.LUI, 4, 0x37 | register << 7),
        (riscv.AUIPC, 4, 0x17 | register << 7), (riscv.AUIPC, 4, 0x17 | register << 7),
        (None, 4, r.choice((0x13, 0x1B, 0x67)) | lower),
        (None, 4, r.choice((0x03, 0x07)) | lower | bits(3) << 12), (None, 4, r.choice((0x23, 0x27)) | lower | bits(3) << 12),
        (riscv.B_COND, 4, 0x63 | bits(10) << 15 | bits(3) << 12),
        (riscv.C_J, 2, 0xA001), (riscv.C_B_COND, 2, 0xC001 | bits(1) << 13 | bits(3) << 7),
        (None, 2, bits(16)), (None, 4, bits(32) | 3), (None, 2, bits(14) << 2 | 1)))


def xtensa_code(r, _, __):
    bits = r.getrandbits
    return r.choice((
        (xtensa.L32R, 3, 1 | bits(20) << 4), (xtensa.CALL, 3, 5 | bits(1) << 5), (xtensa.J, 3, 6),
        (xtensa.NEAR_12, 3, 0x16 | bits(2) << 6 | bits(4) << 8), (xtensa.NEAR_8, 3, 0x26 | bits(2) << 6 | bits(8) << 8),
        (xtensa.NEAR_8, 3, 0xB6 | bits(1) << 6 | bits(8) << 8), (xtensa.NEAR_8, 3, 0x76 | bits(4) << 8 | bits(1) << 12),
        (xtensa.LOOP, 3, 0x76 | bits(4) << 8 | r.choice((8, 9, 10)) << 12), (xtensa.NEAR_8, 3, 7 | bits(12) << 4),
        (xtensa.NARROW, 2, 0x8C | bits(2) << 4 | bits(1) << 6 | bits(8) << 8), (None, 3, bits(24)), (None, 2, bits(16) | 8)))


def x86_code(r, _, __):
    bits = r.getrandbits
    rip = 5 | bits(3) << 3
    one, two = r.choice((*x86.ONE, 0xF6, 0xF7, 0x0D, bits(8))), r.choice((*x86.TWO, bits(8)))
    return r.choice((
        (x86.CALL, 5, r.choice((0xE8, 0xE9))), (x86.JCC, 6, 0x800F | bits(4) << 8),
        (x86.LOWER[2, x86.ONE.get(one, 0)], 6, one | rip << 8),
        (x86.LOWER[3, x86.TWO.get(two, 0)], 7, 0x0F | two << 8 | rip << 16)))


TEMPLATES = {1: thumb_code, 2: aarch64_code, 3: arm_code, 4: riscv_code, 5: xtensa_code, 6: x86_code}
