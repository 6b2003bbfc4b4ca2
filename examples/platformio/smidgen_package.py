"""PlatformIO: `pio run -t package` makes a differential package of the firmware that was built.

In platformio.ini, see the one beside this file:

    extra_scripts = post:smidgen_package.py
    custom_smidgen_bases = releases/*.bin       images in the field, one package for each
    custom_smidgen_device = device.toml         the device's profile; or options by the names of `smidgen diff --help`:
    custom_smidgen_ram = 16K
"""

import glob
import os

import smidgen

Import("env")  # noqa: F821: PlatformIO gives this to its scripts

OPTIONS = ("ram", "arch", "level", "product", "module", "to_version")


def option(name):
    return env.GetProjectOption(f"custom_smidgen_{name}", None)  # noqa: F821


def make_packages(target, source, env):
    """Packages beside the firmware, each with the name of the image that it is for."""
    firmware = str(source[0])
    folder = env["PROJECT_DIR"]
    bases = sorted(glob.glob(os.path.join(folder, option("bases") or "")))
    if not bases:
        print(f"smidgen: custom_smidgen_bases = {option('bases')} names no file")
        return 1
    device = option("device")
    options = {name: option(name) for name in OPTIONS if option(name)}
    for base in bases:
        name = os.path.splitext(os.path.basename(base))[0]
        output = os.path.join(os.path.dirname(firmware), f"from-{name}.smdg")
        try:
            info = smidgen.diff(base, firmware, output=output, device=device and os.path.join(folder, device), **options)
        except smidgen.Error as error:
            print(f"smidgen: {base}: {error}")
            return 1
        print(f"{output}: {info.package_size} bytes, {100 * info.package_size / info.target_size:.1f} % of the firmware")
    return 0


env.AddCustomTarget(  # noqa: F821
    name="package",
    dependencies="$BUILD_DIR/${PROGNAME}.bin",
    actions=make_packages,
    title="Package",
    description="Make differential packages with Smidgen",
)
