"""Make sure that the programs which the tests start are there: `python -m tests.services`.

As root it installs what is missing as Debian packages; otherwise it lists what to install and exits with 1.
"""

import os
import shutil
import subprocess
import sys

from tests.services.programs import Program, advice, missing


def install(programs: tuple[Program, ...]) -> None:
    """Install Debian packages, asking nothing; a failure is left to the caller's next look."""
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    packages = list(dict.fromkeys(program.package for program in programs))
    for command in (
        ["apt-get", "update"],
        ["apt-get", "install", "--yes", "--no-install-recommends", *packages],
    ):
        print("tests need:", " ".join(command), flush=True)
        subprocess.run(command, env=quiet, stdin=subprocess.DEVNULL, check=False)


def main() -> int:
    """Return 0 when everything is there, otherwise 1 after saying what is not."""
    lacking = missing()
    if lacking and os.geteuid() == 0 and shutil.which("apt-get"):
        install(lacking)
        lacking = missing()
    if lacking:
        print(advice(lacking), file=sys.stderr)
    return 1 if lacking else 0


if __name__ == "__main__":
    sys.exit(main())
