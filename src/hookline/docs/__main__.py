"""`python -m hookline.docs FOLDER`: write every reference page into FOLDER."""

import sys
from pathlib import Path

from hookline.docs.pages import write


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m hookline.docs FOLDER\n")
        return 2
    write(Path(arguments[0]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
