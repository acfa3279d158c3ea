"""Settings of the tests: those of the project, with a key and a place for files of the tests' own."""

import os
import tempfile
from pathlib import Path

os.environ.setdefault("SECRET_KEY", "only-for-tests-" + "0" * 40)
place = Path(os.environ.setdefault("VAR_DIR", tempfile.mkdtemp(prefix="approval-tests-")))
worker = os.environ.get("PYTEST_XDIST_WORKER", "")
if worker and place.name != worker:
    # Parallel test processes inherit the place of the one that started them, and one empties the broker of another.
    os.environ["VAR_DIR"] = str(place / worker)
    (place / worker).mkdir(parents=True, exist_ok=True)
os.environ["DEMO"] = "0"

# The tests of the second factor turn it on; the others sign in without a telephone.
os.environ["SECOND_FACTOR"] = "0"
# What one test counts is no other process's business.
os.environ["CACHE_URL"] = "locmemcache://"

from config.settings import *  # noqa: E402, F403 - it reads what is set above
