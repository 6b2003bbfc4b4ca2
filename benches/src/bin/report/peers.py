"""Makes and restores patches with the peers that are Python packages: TOOL make OLD NEW PATCH, TOOL restore OLD PATCH OUT."""
import sys


def read(path):
    with open(path, "rb") as file:
        return file.read()


def write(path, data):
    with open(path, "wb") as file:
        file.write(data)


def detools(tool, work, old, first, second):
    import detools

    options = {
        "detools-lzma": {"compression": "lzma"},
        "detools-heatshrink": {"compression": "heatshrink"},
        "detools-hdiffpatch": {"compression": "lzma", "patch_type": "hdiffpatch", "algorithm": "hdiffpatch"},
    }[tool]
    if work == "make":
        detools.create_patch_filenames(old, first, second, **options)
    else:
        detools.apply_patch_filenames(old, first, second)


def hdiffpatch(tool, work, old, first, second):
    import hdiffpatch

    lite = "lite" in tool
    if work == "make" and lite:
        settings = hdiffpatch.TuzConfig(dict_size=4096)
        patch = hdiffpatch.diff_lite(read(old), read(first), compression=settings, validate=False)
    elif work == "make":
        settings = hdiffpatch.Lzma2Config.best_compression()
        patch = hdiffpatch.diff(read(old), read(first), settings, validate=False)
    else:
        patch = (hdiffpatch.apply_lite if lite else hdiffpatch.apply)(read(old), read(first))
    write(second, patch)


def main():
    tool, work, old, first, second = sys.argv[1:]
    {"detools": detools, "hdiffpatch": hdiffpatch}[tool.split("-")[0]](tool, work, old, first, second)


main()
