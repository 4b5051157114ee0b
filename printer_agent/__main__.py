"""`python -m printer_agent`."""

import sys

from printer_agent.cli import main

sys.exit(main())
