"""`python -m flows` is the command line. Of its own, for workers import a main module anew, save one of this name, and need no command line."""

import os
import sys

if __name__ == "__main__":
    if sys.getfilesystemencoding() != "utf-8":  # an old locale: names on the disk are UTF-8 all the same
        os.execve(sys.executable, [sys.executable, "-m", "flows", *sys.argv[1:]], os.environ | {"PYTHONUTF8": "1"})  # noqa: S606
    try:
        from flows.cli import leave, main
    except KeyboardInterrupt:
        os._exit(130)  # Exit.INTERRUPTED, before anything is loaded
    leave(main())
