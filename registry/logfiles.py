"""Log files (日志文件): one a day, kept as long as LOG_DAYS says, with no long number in any line.

Several processes write to one file: each opens it to append and begins the next day's by its name, so that nothing is
ever renamed under another's feet.
"""

import logging
import re
import time
from datetime import date, timedelta
from pathlib import Path
from typing import IO

LONG = re.compile(r"(?<!\d)(\d{2})\d{9,}[\dXx]?")
"""An ID number, a card, a mobile: nothing else that is logged has so many digits."""
SHORTEST_DAYS = 183
"""网络安全法: logs are kept for six months at least."""


class StackOfFaults(logging.Filter):
    """Leave out the stack where a page was refused (4xx): nothing went wrong there, and `access.refused` says who asked."""

    def filter(self, record: logging.LogRecord) -> bool:
        if getattr(record, "status_code", 500) < 500:
            record.exc_info = None
        return True


class Numberless(logging.Filter):
    """Cut long numbers in what a line says: somebody may type an ID number into an address."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = shortened(record.getMessage()), ()
        if record.exc_info:
            record.exc_text = shortened(logging.Formatter().formatException(record.exc_info))
            record.exc_info = None
        if isinstance(path := getattr(record, "path", None), str):
            record.path = shortened(path)
        return True


def shortened(text: str) -> str:
    return LONG.sub(r"\1…", text)


def name(day: date) -> str:
    return f"approval-{day.isoformat()}.log"


class DailyFile(logging.Handler):
    """Appends each line to the file of its day, readable by this account alone."""

    def __init__(self, folder: str) -> None:
        super().__init__()
        self.folder = Path(folder)
        self._day: date | None = None
        self._file: IO[str] | None = None

    def emit(self, record: logging.LogRecord) -> None:
        try:
            line = self.format(record)
            day = date(*time.localtime(record.created)[:3])
            if day != self._day or self._file is None:
                self._turn_to(day)
            assert self._file is not None
            self._file.write(line.replace("\r", "\\r") + "\n")
            self._file.flush()
        except Exception:
            self.handleError(record)

    def _turn_to(self, day: date) -> None:
        self.close_file()
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self.folder / name(day)
        path.touch(mode=0o600)
        self._file, self._day = path.open("a", encoding="utf-8"), day

    def close_file(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def close(self) -> None:
        self.close_file()
        super().close()


def old(folder: Path, *, days: int, today: date) -> list[Path]:
    """The files of days that lie further back than is kept; of strange names none."""
    first, found = today - timedelta(days=days), []
    for path in sorted(folder.glob("approval-*.log")):
        try:
            day = date.fromisoformat(path.stem.removeprefix("approval-"))
        except ValueError:
            continue
        if day < first:
            found.append(path)
    return found
