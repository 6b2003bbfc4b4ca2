#!/usr/bin/env python3
"""Which golden packages notice a decoder that has one rule wrong.

One rule of the second decoder is changed at a time. Each must make it fail on some golden package: otherwise a decoder
could get this rule wrong, and pass.
"""
import argparse
import importlib
import sys
import tempfile
from pathlib import Path

from encoder import EventBody  # noqa: F401 - first: it finds the decoder

ROOT = Path(__file__).parents[2]
DECODER = ROOT / "docs/decoder"
FIXTURES = ROOT / "fixtures"

#: (what is wrong, file, what stands there, what stands there instead).
MUTANTS = [
    ("4.1: no zeros beyond the end", "range_decoder.py", "ZEROS = 4", "ZEROS = 0"),
    ("4.1: three zeros beyond the end", "range_decoder.py", "ZEROS = 4", "ZEROS = 3"),
    ("4.2: landmarks with the same target offset, the last", "body.py", ".target < self.reached:\n",
     ".target <= self.reached:\n"),
    ("4.2: landmarks that were passed stay", "body.py", "            self.upcoming += 1\n        if", "            break\n        if"),
    ("4.2: the landmark with the least target offset", "body.py", "            ahead = self.landmarks[self.upcoming]\n",
     "            ahead = min((x for x in self.landmarks if x.target >= self.reached), key=lambda x: x.target)\n"),
    ("4.2: agreed is one bit", "body.py", "self.agreed & 7", "self.agreed & 1"),
    ("4.2: agreed shrinks when landmarks are skipped", "body.py", "            self.upcoming += 1\n        if",
     "            self.upcoming += 1\n            self.agreed = self.agreed << 1 & 0xFF\n        if"),
    ("4.2: a landmark's displacement is not remembered", "body.py",
     "                self.move_to_front(ahead.target - ahead.base & M32)\n", ""),
    ("4.2: from_targets is one bit", "body.py", "8 + (self.from_targets & 7)", "8 + (self.from_targets & 1)"),
    ("4.2: no move to front", "body.py", "        del self.recent[self.recent.index(d) if d in self.recent else 3]\n",
     "        del self.recent[3]\n"),
    ("4.2: the last displacement only is differed from", "body.py", "self.recent[0] - self.models.signed(2)",
     "self.recent[0] + self.models.signed(2)"),
    ("4.2: not stated ahead", "body.py", "ahead = self.operation() if self.reached < self.end else None", "ahead = None"),
    ("4.3: difference[] is emptied at each cover", "body.py", "        self.history = self.previous = 0\n",
     "        self.history = self.previous = 0\n        self.difference = [0] * 32\n"),
    ("4.3: previous is kept over covers", "body.py", "        self.history = self.previous = 0\n",
     "        self.history = 0\n        self.previous = getattr(self, 'previous', 0)\n"),
    ("4.3: covers of the target have no kinds", "body.py",
     "self.kind = self.page_kind()", "self.kind = 0 if cover.from_target else self.page_kind()"),
    ("4.3: covers of the target have words", "body.py", "if cover.from_target and self.kind in KINDS_OF_WORDS:", "if False:"),
    ("4.3: another is not remembered", "body.py", "control(25 + self.another)", "control(25)"),
    ("4.3: the block flag knows no target", "body.py", "(16 if self.cover.from_target else 0)", "0"),
    ("4.3: the block flag's size is what is left", "body.py", "(self.cover.length + 1).bit_length()",
     "(self.cover.length - self.copied + 1).bit_length()"),
    ("4.3: the block flag knows no first block", "body.py", "(self.copied == 0) << 16", "0"),
    ("4.3: a target's period is one byte", "body.py", "period = bytes(self.target[at:at + want])",
     "period = bytes(self.target[at:at + want]) if len(self.target) - at >= 8 else bytes(self.target[at:at + 1])"),
    ("4.3: a target's source goes on with the block", "body.py", "found = (period * (want // len(period) + 1))[:want]",
     "found = period"),
    ("4.3: the source goes on beyond the cover", "body.py", "want = min(size, self.cover.length - self.copied)", "want = size"),
    ("4.3: Thumb instructions of four bytes", "body.py", ">= 0b11101", ">= 0b11110"),
    ("4.3: Xtensa instructions of two bytes", "body.py", "size = 2 if first & 8 else 3", "size = 3"),
    ("4.3: RISC-V instructions of two bytes", "body.py", "size = 4 if first & 3 == 3 else 2", "size = 4"),
    ("4.3: inside is never", "body.py", "return self.next_site - site - 1 & M32 < 8", "return False"),
    ("4.5: a lane ends with the target", "body.py", "header.target_size if end is None else end", "header.target_size"),
    ("4.5: a lane's offsets begin at 0", "restore.py", "check, start, end) for", "check, 0, end - start) for"),
    ("5.2: another rate for control counters", "models.py", "update(cell, bit, 4)", "update(cell, bit, 5)"),
    ("5.2: counts to six", "models.py", "min(count + 1, 7)", "min(count + 1, 6)"),
    ("5.3: the keeper keeps its count", "models.py", "            cells[keeper] -= 1\n", "            pass\n"),
    ("5.3: uses are not counted", "models.py", "                    cells[s] += 1\n", "                    pass\n"),
    ("5.3: uses are counted to 255", "models.py", "if cells[s] & 15 < 15:", "if True:"),
    ("5.3: one place for a slot only", "models.py", "second = first ^ 1\n", "second = first\n"),
    ("5.4: flags have the bytes' rate", "models.py", "rate = self.counter_rate if which < 16 else self.counter_rate - 1",
     "rate = self.counter_rate"),
    ("5.4: the curve of literals has a fixed rate", "models.py", "        if which >= 8:\n            return 5\n",
     "        return 5\n"),
    ("5.4: the curve of literals reaches rate 7", "models.py", "min(8, self.literal_bits", "min(7, self.literal_bits"),
    ("5.4: the nearest point is the lower one", "models.py", "nearest = i + (f >> 8)", "nearest = i"),
    ("5.4: weights learn from what was refined", "models.py", "        error = ((65535 if bit else 0) - p)",
     "        error = ((65535 if bit else 0) - (p + 3 * value >> 2))"),
    ("5.4: no rounding", "models.py", "(x * error + 2048 >> 12)", "(x * error >> 12)"),
    ("5.5: raw bits have counters", "models.py", "                bit = self.event(0x8000)", "                bit = self.event(0x8001)"),
    ("5.7: flags move like bytes", "lite.py", "self.counter(c, self.rate - 1)", "self.counter(c, self.rate)"),
    ("5.7: sizes from 16 on have trees of their own", "lite.py", "size = 16 + self.half(160)", "size = 16 + self.half(16 * k + 1)"),
    ("5.7: one tree of the lowest bits", "lite.py", "self.plain(175 + 3 * k)", "self.plain(175)"),
    ("5.7: the lowest bit knows no other", "lite.py", "(176 + 3 * k + (r & 1))", "(176 + 3 * k)"),
    ("5.7: differences know no sign", "lite.py", "{0: 0, 15: 1}.get(half, 2)", "{0: 0, 15: 0}.get(half, 2)"),
    ("5.7: low half bytes of literals have 16 trees", "lite.py", "842 + 15 * (high >> 1)", "842 + 15 * min(high, 7)"),
    ("5.7: literals know no parity", "body.py", "722 + 15 * ((offset & 1) << 2 | last >> 6)", "722 + 15 * (last >> 6)"),
    ("5.7: unchanged bytes by the next one only", "body.py", "(source if odd else following) >> 3          #", "following >> 3          #"),
    ("5.7: the block flag knows three blocks", "body.py", "360 + (blocks & 15)", "360 + (blocks & 7)"),
    ("5.7: guesses know no agreement", "references.py", "(sum(agreeing) > 1) << 5", "0"),
    ("5.7: guesses know no class", "references.py", " | side(form) << 6))", "))"),
    ("5.8: counters have seen nothing", "lite.py", "& 0xFFF8 | 4", "& 0xFFF8"),
    ("5.6: control counters begin even", "models.py", "        if half:\n", "        if False:\n"),
    ("5.6: control counters have seen nothing", "models.py", "[NEW | 2] * CONTROL_CELLS", "[NEW] * CONTROL_CELLS"),
    ("6.1: literals see one byte", "body.py", "0x30000000 | last_but_one |", "0x30000000 | last |"),
    ("6.1: halfwords begin anywhere", "body.py", "if offset & 1 or left < 2:", "if left < 2:"),
    ("6.1: the low byte knows no high one", "body.py", "self.literal(3, high, high", "self.literal(3, last, high"),
    ("6.1: the low byte knows all of the high one only", "body.py", "high >> 3 | last >> 3 << 5", "high"),
    ("6.1: a byte alone has no place", "body.py", "self.literal(offset & 1, last", "self.literal(0, last"),
    ("6.2: history after the byte", "body.py", "(offset & 3) << 8, history & 1)", "(offset & 1) << 8, history & 1)"),
    ("7.1: the view has 36 bytes", "references.py", "VIEW = 40", "VIEW = 36"),
    ("7.1: another search is tried where a reference is too long", "references.py",
     "        found = next(filter(None, (search(body, view, count, site) for search in searches)), None)\n",
     "        found = next((f for f in (search(body, view, count, site) for search in searches) if f and f[0].length <= left), None)\n"),
    ("7.1: near ones inside of the cover too", "references.py", "if x - cover.start & M32 < cover.length or ", "if "),
    ("7.1: near ones without a nearby cover too", "references.py",
     " or body.nearby.displacement(x, 0) is None:", ":"),
    ("7.1: a Thumb partner must be all in the view", "thumb.py", "range(4, count, 2)", "range(4, count - 3, 2)"),
    ("7.1: a RISC-V partner must be all in the view", "riscv.py", "while i < count:", "while i < count - 3:"),
    ("7.2: words below 0x100", "forms.py", "low < 0x100", "low < 0"),
    ("7.2: high is not looked at", "forms.py", "if self.wide and high != self.upper(low):", "if False:"),
    ("7.2: words inside of instructions are not found", "forms.py", "        if site % self.length:\n",
     "        if site % self.length or (state.kind < 16 and state.inside(site)):\n"),
    ("3.5: windows are ignored", "header.py", "or any((address - start) & M32 < length for start, length in self.windows)", ""),
    ("7.3.1: MOVW looks 10 bytes ahead", "thumb.py", "range(4, count, 2)", "range(4, min(count, 10), 2)"),
    ("7.3.1: MOVW puts its immediate in the base", "forms.py", "registers.put(self.register_of(b), site, a, gather(c, self.fields))",
     "registers.put(self.register_of(b), site, a, gather(b, self.fields))"),
    ("7.3.1: BLX has the origin of BL", "thumb.py", "BLX, BL = Branch(True)", "BLX, BL = Branch(False)"),
    ("7.3.1: LDR.W is not found", "thumb.py", "h1 & 0xFF7F == 0xF85F", "h1 & 0xFFFF == 0xF85F"),
    ("7.3.2: nothing is removed", "aarch64.py", "            registers.remove(rn(b))", "            pass"),
    ("7.3.2: (A and B) or C", "aarch64.py",
     "if b & 31 == rn(b) and (not is_load_store(c) or (c >> 26 & 1 == 0 and c >> 22 & 3 != 0)):",
     "if (b & 31 == rn(b) and not is_load_store(c)) or (is_load_store(c) and c >> 26 & 1 == 0 and c >> 22 & 3 != 0):"),
    ("7.3.2: the base's word", "aarch64.py", "(not is_load_store(c) or (c >> 26 & 1 == 0 and c >> 22 & 3 != 0))",
     "(not is_load_store(b) or (b >> 26 & 1 == 0 and b >> 22 & 3 != 0))"),
    ("7.3.2: another ADRP does not end the search", "aarch64.py", "            break\n    return 0", "            pass\n    return 0"),
    ("7.3.2: units of 128 bits", "aarch64.py", "return 4 if w >> 26 & 1 and w >> 23 & 1 else w >> 30", "return w >> 30"),
    ("7.3.2: ADRP adds nothing", "aarch64.py", "            return LOWER.read(w, 0, 0)", "            return 0"),
    ("7.3.3: MOVT of any condition", "arm.py", "w >> 28 != 15 and w & 0x0FF00000 == 0x03400000", "w & 0x0FF00000 == 0x03400000"),
    ("7.3.3: LDRB is not found", "arm.py", "w & 0x0F3F0000 == 0x051F0000", "w & 0x0F7F0000 == 0x051F0000"),
    ("7.3.4: nothing is removed", "riscv.py", "            registers.remove(rs1(b))", "            pass"),
    ("7.3.4: loads of floats remove too", "riscv.py", " and b & 0x7F != 0x07:", ":"),
    ("7.3.4: another LUI does not end the search", "riscv.py", "        if upper(w) and rd(w) == register:\n            return None\n", ""),
    ("7.3.4: LUI is written without extra", "riscv.py", "address - self.origin(site) + 0x800 & 0xFFFFF000",
     "address - extra - self.origin(site) & 0xFFFFF000"),
    ("7.3.4: JAL of any register", "riscv.py", "return JAL if rd(w) in (0, 1, 5) else None", "return JAL"),
    ("7.3.5: CALL of any address", "xtensa.py", "if form is CALL and not state.header.in_space(a):", "if False:"),
    ("7.3.5: LOOP is signed", "xtensa.py", "LOOP = Offset(NEAR, 3, pc4, [(16, 8)], 0, signed=False)",
     "LOOP = Offset(NEAR, 3, pc4, [(16, 8)], 0)"),
    ("7.3.6: no limit", "x86.py", "return (form, a, 0) if (a - state.header.base_address) & M32 < size + (size >> 2) else None",
     "return form, a, 0"),
    ("7.3.6: immediates are ignored", "x86.py", "return site + self.p + 4 + self.q", "return site + self.p + 4"),
    ("7.4: registers outlive covers", "body.py", "        self.registers = Registers()\n",
     "        self.registers = getattr(self, 'registers', None) or Registers()\n"),
    ("7.4: known for 66 bytes", "memory.py", "& M32 <= 64:", "& M32 <= 66:"),
    ("7.4: known for 62 bytes", "memory.py", "& M32 <= 64:", "& M32 <= 62:"),
    ("7.4: a register has a second entry", "memory.py", "        if place is None:\n            place = self.turn & 3\n",
     "        if True:\n            place = self.turn & 3\n"),
    ("7.4: three entries", "memory.py", "            place = self.turn & 3\n", "            place = self.turn % 3\n"),
    ("7.4: remove moves turn", "memory.py", "            self.entries[place] = None\n",
     "            self.entries[place] = None\n            self.turn += 1\n"),
    ("7.4: what was removed keeps its place", "memory.py", "            self.entries[place] = None\n",
     "            self.entries[place] = self.entries[place]._replace(address=self.entries[place].address - 1000)\n"),
    ("7.5: any landmark that holds x", "memory.py", "        if at == 0 or x - self[at - 1].base >= self[at - 1].length:\n",
     "        while at > 0 and x - self[at - 1].base >= self[at - 1].length:\n            at -= 1\n        if at == 0:\n"),
    ("7.5: usual does not win", "memory.py", "return usual if usual in found else found[0] if found else None",
     "return found[0] if found else None"),
    ("7.5: covers of 25 bytes and more", "memory.py", "SHORTEST, MOST = 24, 8", "SHORTEST, MOST = 25, 8"),
    ("7.5: covers of 23 bytes and more", "memory.py", "SHORTEST, MOST = 24, 8", "SHORTEST, MOST = 23, 8"),
    ("7.5: seven nearby covers", "memory.py", "SHORTEST, MOST = 24, 8", "SHORTEST, MOST = 24, 7"),
    ("7.5: nine nearby covers", "memory.py", "SHORTEST, MOST = 24, 8", "SHORTEST, MOST = 24, 9"),
    ("7.6: the same displacement below is stored again", "memory.py", "        if self[at - 1] == d:\n            return\n", ""),
    ("7.6: hand stays", "memory.py", "            self.hand = (self.hand + 1) % self.room\n", ""),
    ("7.6: the place of before the removal", "memory.py",
     "        at = bisect.bisect_left(self.addresses, a)\n        self.addresses.insert(at, a)\n",
     "        self.addresses.insert(at, a)\n"),
    ("7.6: above is what is exact", "memory.py", "return self[at], self[at - 1], self[at + 1]", "return self[at], self[at - 1], self[at]"),
    ("7.1: covers of the target have references of all classes", "references.py", "if cover.from_target and form.cls != BRANCH:", "if False:"),
    ("7.7: covers of the target teach", "references.py", "        if body.cover.from_target:\n            return\n", ""),
    ("7.7: outcomes of covers of the target by source", "references.py", "self.outcomes[OF_REPEATS if from_target else source]", "self.outcomes[source]"),
    ("7.7: covers of the target have the class of branches", "references.py", "(REPEAT if from_target else form.cls)", "form.cls"),
    ("7.7: covers of the target have all sources", "references.py", "        if body.cover.from_target:\n            return 0,", "        if False:\n            return 0,"),
    ("7.7: what cannot be written is tried again", "references.py", "if d is None or d in proposals[:source]:", "if d is None or (d in proposals[:source] and form.write(b, target_site, a + d & M32, extra) is not None and self.outcomes[0] & 1):"),
    ("7.7: missed is not set", "references.py", "        self.missed = 1\n", ""),
    ("7.7: rank up to 2", "references.py", "min(rank, 3)", "min(rank, 2)"),
    ("7.7: sources that agree later are not counted", "references.py", "[proposal == d for proposal in proposals]",
     "[proposal == d and i <= source for i, proposal in enumerate(proposals)]"),
    ("7.7: distances from the first that can be written", "references.py", "next(d for d in proposals if d is not None)",
     "next((d for d in proposals if d is not None and form.write(b, target_site, a + d & M32, extra) is not None), 0)"),
    ("7.7: distances of pointers are like others", "references.py", "8 if form.cls == POINTER else 9", "9"),
    ("7.7: references shift history", "body.py", "            self.previous = view[form.length - 1]\n",
     "            self.previous = view[form.length - 1]\n            self.history = self.history << 1 & 0xFF\n"),
    ("7.7: previous is the target's byte", "body.py", "            self.previous = view[form.length - 1]\n",
     "            self.previous = self.target[-1]\n"),
    ("7.7: next_site is not set by references", "body.py", "        self.next_site = site + form.length & M32\n        return True",
     "        return True"),
    ("7.7: one last displacement", "references.py", "above, self.last_displacement[side(form)]", "above, self.last_displacement[0]"),
    ("7.7: one set for first guesses", "references.py", "GUESS_SET + side(form) if rank == 0", "GUESS_SET if rank == 0"),
    ("7.7: near ones are learned too", "references.py", "        if form.cls != NEAR:\n            self.learned", "        if True:\n            self.learned"),
    ("7.7: words out of the address space are learned", "references.py", "if form.cls == POINTER and not body.header.in_space(went):", "if False:"),
    ("7.7: nothing is learned byte by byte", "references.py", "if form.write(b, target_site, went, extra) == c:", "if False:"),
    ("7.7: other instructions are learned from", "references.py", "if form.write(b, target_site, went, extra) == c:", "if True:"),
    ("10: offsets are counted from the start", "zstd_body.py", "        at += length\n", ""),
    # Section 14: packages of compressed files.
    ("14.2: what is held is summed up", "container.py", "return max((item.most + held(item.inside) for item in items), default=0)",
     "return sum(item.most + held(item.inside) for item in items)"),
    ("14.3: streams are not aligned when expanded", "container.py", "        self.write(bytes(-len(self.out) % 256))\n", ""),
    ("14.3: streams are aligned to 128 bytes", "container.py", "self.input.take(-self.input.at % 256", "self.input.take(-self.input.at % 128"),
    ("14.4: no CRC-32 is foretold", "container.py", "            self.foretold(crc + length)\n", "            self.foretold(bytes(4) + length)\n"),
    ("14.4: no Adler-32 is foretold", "container.py", "zlib.adler32(plain).to_bytes(4, \"big\")", "zlib.adler32(plain).to_bytes(4, \"little\")"),
    ("14.4: descriptors do not change the entry", "container.py",
     "            self.entries[-1][1] = self.entries[-1][1][:10] + crc + packed + length\n", ""),
    ("14.4: directories take the first entries", "container.py", "first = max(0, len(self.entries) - count)", "first = 0"),
    ("14.4: places from the start of the file", "container.py", "(place - origin)", "(place - 1)"),
    ("14.4: the end of a directory says no place", "container.py", "place.to_bytes(4, \"little\") + bytes(2)", "bytes(6)"),
    ("14.5.1: eight less bits of hashes", "deflate.py", "(search >> 4) + 8", "(search >> 4) + 7"),
    ("14.5.2: other shifts", "predict.py", "self.shift, self.mask = (hash_bits + 2) // 3", "self.shift, self.mask = hash_bits // 3"),
    ("14.5.2: nothing is passed over", "predict.py", "if self.greedy and token[1] and token[0] > self.lazy:", "if False:"),
    ("14.5.2: matches of lazy bytes are passed over", "predict.py", "token[0] > self.lazy:", "token[0] >= self.lazy:"),
    ("14.5.2: position 0 is in chains", "predict.py", "        while q:\n", "        while q is not None:\n"),
    ("14.5.2: all steps where least is good", "predict.py", "self.steps // 4 if least >= self.good else self.steps", "self.steps"),
    ("14.5.2: a quarter above good only", "predict.py", "least >= self.good", "least > self.good"),
    ("14.5.2: up to 32768 back", "predict.py", "FARTHEST, WINDOW = 32506, 32768", "FARTHEST, WINDOW = 32768, 32768"),
    ("14.5.2: the first place is like others", "predict.py", "or i and p - q == FARTHEST", "or p - q == FARTHEST"),
    ("14.5.2: other places are like the first", "predict.py", " or i and p - q == FARTHEST", ""),
    ("14.5.2: places up to 32767", "predict.py", "FARTHEST, WINDOW = 32506, 32768", "FARTHEST, WINDOW = 32506, 32767"),
    ("14.5.2: nice is not looked at", "predict.py", "n >= min(self.nice, ahead)", "n >= ahead"),
    ("14.5.2: three bytes from anywhere", "predict.py", "found[1] > 4096 and not self.greedy", "found[1] > 32768 and not self.greedy"),
    ("14.5.2: three bytes from 4096", "predict.py", "found[1] > 4096", "found[1] >= 4096"),
    ("14.5.2: greedy ones take no three bytes from afar", "predict.py", " and not self.greedy else found", " else found"),
    ("14.5.2: nothing is noted", "predict.py", "        self.noted = p + 1, better\n", ""),
    ("14.5.2: a match of lazy bytes is improved", "predict.py", "found[0] >= self.lazy", "found[0] > self.lazy"),
    ("14.5.2: the last displacement is not kept", "deflate.py", "self.displacement += e.signed", "self.displacement = e.signed"),
    ("14.5.2: literals of the base are not followed", "deflate.py", "            if token == LITERAL:\n", "            if False:\n"),
    ("14.5.3: chances move at a fixed rate", "corrections.py", "// (seen + 2)", "// 34"),
    ("14.5.3: chances count to 254", "corrections.py", "min(seen + 1, 510)", "min(seen + 1, 254)"),
    ("14.5.3: chances of 16 bits", "corrections.py", "max(4, min(65525, value >> 6))", "max(32, min(65504, value >> 6))"),
    ("14.5.3: second bits know no first", "corrections.py", "2 * size + (r & 1)", "2 * size"),
    ("14.5.3: history of two tokens", "deflate.py", "(self.history << 1 | right) & 7", "(self.history << 1 | right) & 3"),
    ("14.5.3: the source does not matter", "deflate.py", "e.event(\"right\", source, m, self.history)", "e.event(\"right\", m, self.history)"),
    ("14.5.3: kind is not remembered", "deflate.py", "            self.kind = 0\n", "            pass\n"),
    ("14.5.3: the predicted place counts", "deflate.py", "excluded = predicted[1] if n == predicted[0] else 0", "excluded = 0"),
    ("14.5.3: without a match, three bytes are likely", "deflate.py", "predicted[0] if m else (self.predictor.search(p, 2) or (3, 0))[0]",
     "predicted[0] if m else 3"),
    ("14.5.3: bits that mean nothing are zero", "deflate.py", "else self.events.raw(missing), missing)", "else self.events.raw(missing) & 0, missing)"),
    ("14.5.4: no borders of the base", "deflate.py", "return self.like and (self.position", "return False and (self.position"),
    ("14.5.4: gzip never guesses", "deflate.py", " or tokens % 4096 == 0 and small", ""),
    ("14.5.5: nodes have no depth", "trees.py", "        return frequency[node], depth[node]\n", "        return frequency[node]\n"),
    ("14.5.5: the first child if they are equal", "trees.py", "key(heap[child + 1]) <= key(heap[child])", "key(heap[child + 1]) < key(heap[child])"),
    ("14.5.5: long codes are not shortened right", "trees.py", "        counts[n + 1] += 2\n", "        counts[n + 1] += 1\n        counts[n] += 1\n"),
    ("14.5.5: one code is enough", "trees.py", "while len(heap) < 2:", "while len(heap) < 1:"),
    ("14.5.5: whether a length is right is not remembered", "deflate.py", "e.event(\"same length\", length, right)", "e.event(\"same length\", length, 1)"),
    ("14.5.5: zeros are not copied", "deflate.py", "if 3 <= n <= 6 and (length or before == 0 and self.events.event(\"copies\")):", "if 3 <= n <= 6 and length:"),
    ("14.5.5: nobody writes 19 lengths", "deflate.py", "trees.count = self.count(2, used([trees.lengths[i] for i in ORDER], 4), 4, 19)",
     "self.count(2, used([trees.lengths[i] for i in ORDER], 4), 4, 19)"),
]
#: Modules of the decoder, which are loaded anew for each mutant.
MODULES = [path.stem for path in DECODER.glob("*.py") if path.stem != "__main__"]

CODE = ("thumb", "aarch64", "arm", "riscv", "xtensa", "x86")
WORDS = (*range(16, 22), *range(24, 30))


def golden():
    """(name, package, base, target) of all, the quick ones first."""
    image = lambda name: b"" if name == "-" else (FIXTURES / name).read_bytes()  # noqa: E731
    texts = ((FIXTURES / "packages" / name).read_text() for name in ("golden.txt", "containers.txt"))
    lines = [line.split() for text in texts for line in text.splitlines() if line[0] != "#"]
    packages = [(name, (FIXTURES / "packages" / name).read_bytes(), image(base), image(target))
                for name, base, target, _ in lines if name.endswith(".smdg")]
    return sorted(packages, key=lambda package: len(package[1]))


def load(folder):
    """restore() of the decoder in this folder."""
    for module in MODULES:
        sys.modules.pop(module, None)
    sys.path.insert(0, str(folder))
    try:
        return importlib.import_module("restore").restore
    finally:
        sys.path.pop(0)


def noticed_by(restore, packages, most, containers=False):
    """Names of packages that this decoder does not restore: of those of compressed files, or of the others."""
    names = []
    for name, package, base, target in packages:
        if name.startswith("containers/") != containers:
            continue
        try:
            right = restore(package, base, containers=True) == target
        except Exception:  # noqa: BLE001 - a wrong decoder may fail in any way
            right = False
        if not right:
            names.append(name)
        if len(names) == most:
            break
    return names


def mutants(chosen=""):
    """(what is wrong, restore) of all."""
    for what, file, old, new in MUTANTS:
        if chosen not in what:
            continue
        with tempfile.TemporaryDirectory() as folder:
            for path in DECODER.glob("*.py"):
                (Path(folder) / path.name).write_text(path.read_text())
            source = (Path(folder) / file).read_text()
            assert source.count(old) == 1, "%s: %s has this %d times: %s" % (what, file, source.count(old), old)
            (Path(folder) / file).write_text(source.replace(old, new))
            yield what, load(folder)
    yield from forms_without_write(chosen)


def forms_without_write(chosen):
    """Decoders that can never write a form of reference, so that its bytes seem to follow one by one."""
    for module in CODE:
        load(DECODER)
        constants = vars(sys.modules[module])
        names = [name for name, form in constants.items() if name.isupper() and hasattr(form, "write")]
        names += [(name, key) for name, forms in constants.items() if name == "LOWER" and isinstance(forms, dict) for key in forms]
        for name in names:
            what = "7.3: %s.%s" % (module, name if isinstance(name, str) else "%s[%d, %d]" % (name[0], *name[1]))
            if chosen in what:
                restore = load(DECODER)
                constants = vars(sys.modules[module])
                form = constants[name] if isinstance(name, str) else constants[name[0]][name[1]]
                form.write = lambda *_: None
                yield what, restore
    for kind in WORDS:
        what = "7.2: words of kind %d" % kind
        if chosen in what:
            restore = load(DECODER)
            yield what, without_word(restore, sys.modules["forms"].Word, kind)


def without_word(restore, word, kind):
    """The same for words of one kind."""
    write, form = word.write, (kind & 1, kind >> 1 & 3, kind >> 3 & 1)
    word.write = lambda self, *arguments: (
        None if (self.wide, self.origin, self.big) == form else write(self, *arguments))
    return restore


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="mutants with this in their description")
    parser.add_argument("--most", type=int, default=1, help="how many packages to name")
    options = parser.parse_args()
    packages, missed, count = golden(), 0, 0
    for what, restore in mutants(options.only):
        names = noticed_by(restore, packages, options.most, what.startswith("14"))
        print("%-60s %s" % (what, ", ".join(names) or "NOT NOTICED"), flush=True)
        missed += not names
        count += 1
    print("%d rules changed, %d not noticed" % (count, missed))
    return missed > 0


if __name__ == "__main__":
    sys.exit(main())
