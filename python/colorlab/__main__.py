"""`python -m colorlab` is `colorlab`."""

import sys

from colorlab.cli.main import main

sys.exit(main())
