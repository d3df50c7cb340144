"""`python -m gstrace`: the command line."""

from gstrace.cli import main

if __name__ == "__main__":
    main()
