"""`python -m flows` is the command line. Of its own, for workers import a main module anew, save one of this name, and need no command line."""

import os

if __name__ == "__main__":
    try:
        from flows.cli import leave, main
    except KeyboardInterrupt:
        os._exit(130)  # Exit.INTERRUPTED, before anything is loaded
    leave(main())
