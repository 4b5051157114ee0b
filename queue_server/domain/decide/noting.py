"""What staff write about a ticket. The words are not here: they lie beside the journal."""

from __future__ import annotations

from datetime import datetime

from queue_server.domain import events as ev
from queue_server.domain.commands import By, Note, RecordDossiers
from queue_server.domain.state import BranchState


def note(state: BranchState, command: Note, by: By, now: datetime) -> list[ev.Event]:
    return [ev.TicketNoted(state.ticket(command.ticket).id, digest) for digest in by.digests]


def record_dossiers(state: BranchState, command: RecordDossiers, by: By, now: datetime) -> list[ev.Event]:
    return [ev.TicketDossiersRecorded(state.ticket(command.ticket).id, by.digests)]
