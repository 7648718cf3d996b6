"""Work beside the loop, one job of a group at a time: a newer one takes the place of an older one."""

from collections.abc import Callable, Coroutine
from typing import Any, cast

from textual.dom import DOMNode
from textual.worker import WorkType


def work(node: DOMNode, job: Callable[[], Coroutine[Any, Any, object]], group: str) -> None:
    """Start the job. It is given as a function: a job that is replaced before it began then leaves nothing behind."""
    node.run_worker(cast("WorkType[object]", job), exclusive=True, group=group)
