"""Write the dashboards: ``python -m boards FOLDER``."""

import sys
from pathlib import Path

from boards import bots, broker, overview, queues, slo, telemetry
from boards.render import render

BOARDS = (overview.BOARD, queues.BOARD, broker.BOARD, bots.BOARD, telemetry.BOARD, slo.BOARD)


def main(folder: Path) -> None:
    """Write a file for each board into ``folder``."""
    for board in BOARDS:
        (folder / f"{board.uid}.json").write_text(render(board))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
