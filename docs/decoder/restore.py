"""The restore: section 8."""
import hashlib

import zstd_body
from body import EventBody
from container import Container
from errors import SmidgenError
from header import IMAGE_LIMIT, ZSTD, Header
from secrecy import Keys, decrypt


class Plan:
    """Section 8.2: what of the base is still there while a segment is decoded."""

    def __init__(self, header, erase):
        if 5 not in header.extensions or header.codec == ZSTD or not header.body_digest:
            raise SmidgenError(31, "no plan, no body digest, or another codec")
        self.segment, self.shift, self.keep = header.extensions[5]
        if self.segment % erase or self.shift % erase:
            raise SmidgenError(28, "segment and shift are no multiples of %d" % erase)

    def check_source(self, position, offset):
        """A byte at `position` of the target is made of the base's byte at `offset`."""
        if offset + self.shift + self.keep < position // self.segment * self.segment:
            raise SmidgenError(30, "byte %d of the base is gone" % offset)


def restore(package, base, largest=IMAGE_LIMIT, erase=None, body_class=EventBody, keys=Keys(), containers=False):
    """The target image. `largest`: how many bytes it may have. `erase`: what the flash erases at once, for an update in place.
    `body_class` may take the place of EventBody. Without `containers`, section 14 is left out."""
    header = Header(package, containers)
    sent = package[header.length:]
    body = sent[:header.body_length]
    digest = hashlib.sha256(body).digest()
    if 7 in header.extensions:
        body = decrypt(header, body, keys)
    # Those of a container divide what follows its recipes (section 14).
    lanes = [] if 6 in header.extensions else header.lanes()
    plan = Plan(header, erase) if erase else None
    if header.target_size > largest:
        raise SmidgenError(22, "the target has %d bytes" % header.target_size)
    cut, rest = len(sent) < header.body_length, len(sent) > header.body_length
    if plan and (cut or digest != header.body_digest):
        raise SmidgenError(16 if cut else 20, "the stored package")
    if len(base) != header.base_size:
        raise SmidgenError(11, "%d bytes, not %d" % (len(base), header.base_size))
    if base and hashlib.sha256(base).digest()[:16] != header.base_digest:
        raise SmidgenError(12, "another base")
    if cut:
        raise SmidgenError(16, "the package ends in its body")
    container, target_size = None, header.target_size
    if 6 in header.extensions:
        container = Container(header, body)
        base, body = container.expand(base), container.body
        header.base_size, header.target_size, header.body_length = len(base), container.record.target_size, len(body)
        lanes = header.lanes()
    if header.codec != ZSTD:
        check = plan.check_source if plan else None
        parts = [body_class(header, base, body[first:last], check, start, end) for start, end, first, last in lanes]
        target = b"".join(part.decode() for part in parts)
    else:
        target = zstd_body.restore(header, base, body)
    if container:
        header.target_size = target_size
        target = container.rebuild(target)
    if rest:
        raise SmidgenError(17, "bytes after the body")
    if header.body_digest and digest != header.body_digest:
        raise SmidgenError(20, "another body")
    if hashlib.sha256(target).digest() != header.target_digest:
        raise SmidgenError(19, "another target")
    return target
