"""The errors of section 9."""

NAMES = {
    1: "NotAPackage", 2: "UnsupportedVersion", 3: "UnsupportedCodec", 4: "ReservedField", 5: "MalformedHeader",
    6: "HeaderChecksum", 7: "UnsupportedPageKind", 8: "RamMismatch", 11: "BaseSize", 12: "BaseDigest", 16: "Truncated",
    17: "TrailingData", 18: "Corrupt", 19: "TargetDigest", 20: "BodyDigest", 22: "SlotSize", 28: "Areas", 30: "BaseGone",
    31: "NotInPlace", 32: "Container", 33: "Encrypted", 34: "DecryptionKey",
}


class SmidgenError(Exception):
    """A package that is refused: the number of an error, and what was wrong."""

    def __init__(self, number, what):
        super().__init__("error %d (%s): %s" % (number, NAMES[number], what))
        self.number = number
