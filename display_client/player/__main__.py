"""`python -m display_client.player`."""

import sys

from display_client.player.cli import main

sys.exit(main())
