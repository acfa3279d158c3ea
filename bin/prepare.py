"""Bring broker folder, database, static files and holidays up to date; safe to repeat.

Run by `bin/launch.py` with the environment's Python, in one process: each command alone costs a second.
"""

import os
import sys
import time
from io import StringIO
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
STEPS: list[tuple[str, str, dict[str, Any]]] = [
    ("消息目录", "reset_broker", {"verbosity": 0}),
    # Before the database is touched: a demonstration must not migrate, let alone fill, a database of real people.
    ("系统检查", "check", {"databases": ["default"], "stdout": StringIO()}),
    ("数据库结构", "migrate", {"verbosity": 0, "interactive": False}),
    # Viewflow's own pages are not shown, and one of its style sheets names a font file that it does not bring.
    ("静态文件", "collectstatic", {"verbosity": 0, "interactive": False, "ignore_patterns": ["viewflow"]}),
    ("节假日", "load_holidays", {"verbosity": 0}),
]
DEMO_STEPS: list[tuple[str, str, dict[str, Any]]] = [("演示数据", "load_demo", {})]


def main(arguments: list[str]) -> int:
    """Run the steps in order and stop at the first that refuses, with its own sentence."""
    sys.path.insert(0, str(ROOT))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django
    from django.core.management import CommandError, call_command

    django.setup()
    for title, command, options in STEPS + (DEMO_STEPS if arguments == ["demo"] else []):
        began = time.monotonic()
        try:
            call_command(command, **options)
        except CommandError as refusal:
            print(f"{title}（{command}）：{refusal}", file=sys.stderr)
            return 1
        print(f"{title}已就绪（{time.monotonic() - began:.1f} 秒）。", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
