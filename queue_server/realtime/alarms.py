"""alarms:BRANCH, for who may go to a counter whose clerk needs somebody now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct

from queue_server.domain.state import BranchState, Change
from queue_server.protocol import rows
from queue_server.realtime.views import RowKey


class AlarmsView:
    """The counters whose clerks have called quietly, until somebody answers."""

    def keys(self, state: BranchState) -> Iterator[RowKey]:
        yield from (("alarms", str(no)) for no, alarm in state.alarms.items() if alarm.answered_by is None)

    def touched(self, state: BranchState, change: Change) -> Iterable[RowKey] | None:
        return [("alarms", str(change.key))] if change.table == "alarms" else ()

    def row(self, state: BranchState, key: RowKey) -> Struct | None:
        alarm = state.alarms.get(int(key[1]))
        return rows.AlarmRow(int(key[1]), alarm.clerk, alarm.since) if alarm and alarm.answered_by is None else None
