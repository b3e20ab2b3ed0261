"""`python -m app` and the `chainrule` command. A child process imports this file too: it must stay free of Qt."""

import sys

from app.cli import main

if __name__ == "__main__":
    sys.exit(main())
