"""What every endpoint needs: the parts of the running server, put together by the composition root."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from queue_server.access.pairing import Pairings
from queue_server.access.persons import Persons
from queue_server.access.pictures import Pictures
from queue_server.access.single_sign_on import SingleSignOn
from queue_server.access.staff import Staff
from queue_server.access.store import Access
from queue_server.access.tries import Tries
from queue_server.branches.bus import CommandBus
from queue_server.branches.following import Pulse
from queue_server.branches.listing import Listing
from queue_server.branches.personal import Keeping
from queue_server.directory.languages import Languages
from queue_server.directory.lookup import Lookup
from queue_server.foreseeing.elsewhere import Elsewhere
from queue_server.foreseeing.foreseer import Foreseer
from queue_server.journal.port import Journal
from queue_server.readers.dossier.reader import DossierReader
from queue_server.readers.retention import Retention
from queue_server.realtime.connection import Connection
from queue_server.realtime.hub import Hub
from queue_server.realtime.picturing import Picturing
from queue_server.realtime.presence.port import Presence
from queue_server.realtime.signals.port import Signals, Taken
from queue_server.realtime.speaking import Speaking
from queue_server.settings import Settings

DEADLINE = timedelta(seconds=15)
DRAIN_S = 5.0
"""How long a server that is to stop takes for what is under way."""


@dataclass(frozen=True)
class House:
    """The parts of a running server. `build` names this release; pages that see another one reload themselves."""

    settings: Settings
    journal: Journal
    bus: CommandBus
    listing: Listing
    hub: Hub
    access: Access
    pairings: Pairings
    staff: Staff
    signals: Signals
    presence: Presence
    speaking: Speaking
    pictures: Pictures
    picturing: Picturing
    tries: Tries
    persons: Persons
    keeping: Keeping
    retention: Retention
    pulse: Pulse
    foreseer: Foreseer
    elsewhere: Elsewhere
    now: Callable[[], datetime]
    build: str
    lookup: Lookup
    languages: Languages
    single_sign_on: SingleSignOn | None = None
    dossier: DossierReader | None = None

    def deadline(self) -> datetime:
        """Until when a press that comes in now is worth carrying out: 15 s, of real time, from now."""
        return self.now() + DEADLINE * self.settings.clock_speed

    async def say_goodbye(self) -> None:
        """Take no more commands, answer those under way, and tell every reader to come back."""
        self.hub.is_leaving = True
        await self.bus.drain(within_s=DRAIN_S)
        self.hub.send_away()

    def take_over(self, connection: Connection, channel: str) -> None:
        """Let this connection be the only reader of the channel, in every process."""
        self.hub.take_over(channel, connection)
        self.signals.send(Taken(channel))
