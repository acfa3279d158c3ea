"""Settings of the tests: those of the project, with a key and a place for files of the tests' own."""

import os
import tempfile

os.environ.setdefault("SECRET_KEY", "only-for-tests-" + "0" * 40)
os.environ.setdefault("VAR_DIR", tempfile.mkdtemp(prefix="approval-tests-"))
os.environ["DEMO"] = "0"

# The tests of the second factor turn it on; the others sign in without a telephone.
os.environ["SECOND_FACTOR"] = "0"
# The folder of the files is shared by parallel test processes; what one counts is not the others' business.
os.environ["CACHE_URL"] = "locmemcache://"

from config.settings import *  # noqa: F403
