"""west: `west smidgen BASE` makes a differential package of what `west build` built."""

import argparse
from pathlib import Path

from west.commands import WestCommand

import smidgen

# What is flashed: signed for MCUboot if there is a boot loader.
IMAGES = ("zephyr/zephyr.signed.bin", "zephyr/zephyr.bin")


class Smidgen(WestCommand):
    """The command, see west-commands.yml."""

    def __init__(self):
        super().__init__("smidgen", "make a differential package of a build", __doc__)

    def do_add_parser(self, adder):
        parser = adder.add_parser(self.name, help=self.help, description=self.description)
        parser.add_argument("base", metavar="BASE", type=Path, help="the image that devices run")
        parser.add_argument("-d", "--build-dir", type=Path, default=Path("build"), help="folder of the build [default: build]")
        parser.add_argument("-o", "--output", type=Path, help="the package [default: update.smdg in the folder of the build]")
        parser.add_argument("--device", type=Path, help="the device's profile")
        parser.add_argument("--ram", default="auto", help="memory of the device's decoder, such as 16K")
        parser.add_argument("--to-version", help="the new version [default: the one in a signed image]")
        return parser

    def do_run(self, args: argparse.Namespace, unknown):
        image = next((path for name in IMAGES if (path := args.build_dir / name).exists()), None)
        if image is None:
            self.die(f"{args.build_dir} has none of {', '.join(IMAGES)}: run west build, or give --build-dir")
        output = args.output or args.build_dir / "update.smdg"
        options = {"ram": args.ram} if args.ram != "auto" else {}
        if args.to_version:
            options["to_version"] = args.to_version
        try:
            info = smidgen.diff(args.base, image, output=output, device=args.device, **options)
        except smidgen.Error as error:
            self.die(str(error))
        self.inf(f"{output}: {info.package_size} bytes of {image.name}'s {info.target_size}, {info.ram} bytes of RAM")
