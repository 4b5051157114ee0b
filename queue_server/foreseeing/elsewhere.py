"""What is known of all branches, whether they are loaded here or not, and who is under way to which."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta

from msgspec.structs import replace

from queue_server.domain import hours
from queue_server.domain.advice import Visiting
from queue_server.domain.between import Option, Suggestion, suggest_branch, travel_s
from queue_server.domain.configuration import BranchConfig, Position
from queue_server.domain.estimate import FRESH
from queue_server.domain.foresight import Asked, FieldOutlook, Outlook

QUIET = timedelta(hours=12)
"""Where nobody waited and nothing has happened since, nothing is different."""
LENDERS_MOST = 2
LENT_WITHIN_S = 45 * 60.0
"""A longer way is not worth it for what is left of a half-day."""
COMPLY = 0.45
"""So many of those who are advised go there. (Of the balancing study.)"""


class Elsewhere:
    """Newest outlooks without their tickets, and when those are there who were advised to go."""

    def __init__(self) -> None:
        self._outlooks: dict[str, Outlook] = {}
        self._under_way: dict[tuple[str, str], list[datetime]] = defaultdict(list)

    def learn(self, branch: str, outlook: Outlook) -> None:
        known = self._outlooks.get(branch)
        if known is None or outlook.at > known.at:
            self._outlooks[branch] = replace(outlook, tickets={})

    def of(self, branch: str, field: str, now: datetime) -> FieldOutlook | None:
        """What is foreseen for somebody who comes there now; None where nobody can say."""
        outlook = self._newest(branch, now)
        return outlook.fields.get(field) if outlook is not None else None

    def _newest(self, branch: str, now: datetime) -> Outlook | None:
        """As long as it may be told."""
        outlook = self._outlooks.get(branch)
        if outlook is None:
            return None
        is_quiet = all(each.people == 0 for each in outlook.fields.values())
        return outlook if now - outlook.at <= (QUIET if is_quiet else FRESH) else None

    def lenders(self, configs: Iterable[BranchConfig], here: str, now: datetime) -> dict[str, float]:
        """Branches of the same organisation from which somebody might come here to help, with the way in seconds; the
        fewest, where the fewest people wait."""
        known = {config.branch: config for config in configs}
        own = known.get(here)
        found = []
        for config in known.values():
            outlook = self._newest(config.branch, now)
            if own is None or config is own or config.organisation != own.organisation or outlook is None:
                continue
            way_s = _way_s(config, own.place, is_here=False)
            if way_s is not None and way_s <= LENT_WITHIN_S:
                found.append((sum(each.people for each in outlook.fields.values()), way_s, config.branch))
        return {branch: way_s for _, way_s, branch in sorted(found)[:LENDERS_MOST]}

    def asked(self, now: datetime) -> list[tuple[str, Asked]]:
        """Every branch that has asked for people who are still with it, or under way, and for whom."""
        return [
            (branch, asked)
            for branch, outlook in self._outlooks.items()
            for asked in outlook.asked
            if now < asked.until
        ]

    def teams(self, configs: Iterable[BranchConfig], here: str, now: datetime) -> dict[str, Visiting]:
        """Mobile teams of the organisation that no branch has asked for, near enough to come here."""
        known = {config.branch: config for config in configs}
        own = known.get(here)
        if own is None or not own.teams:
            return {}
        asked = [(known[branch].organisation, each) for branch, each in self.asked(now) if branch in known]
        away = {each.lender for owner, each in asked if owner == own.organisation and each.kind == "mobile"}
        found = {}
        for team in own.teams:
            way_s = travel_s(team.place, own.place) if team.place is not None and own.place is not None else 0.0
            if team.code not in away and way_s <= LENT_WITHIN_S:
                found[team.code] = Visiting(team.people, way_s, team.fields)
        return found

    def suggest(
        self, configs: Iterable[BranchConfig], field: str, now: datetime, *, here: str | None, at: Position | None
    ) -> list[Suggestion]:
        """The branches that take this field from anywhere, and the citizen's own, by the time until being called.

        `at` is where the citizen is; without it, the place of the branch `here`.
        """
        known = {config.branch: config for config in configs}
        own = known.get(here) if here is not None else None
        start = at or (own.place if own is not None else None)
        options = []
        for config in known.values():
            way_s = _way_s(config, start, is_here=config is own and at is None)
            seen = self.of(config.branch, field, now)
            if way_s is None or seen is None or not _takes(config, field, now, way_s, is_own=config is own):
                continue
            takes_more = seen.takes_more and field not in self._outlooks[config.branch].shut
            under_way = self.under_way(config.branch, field, now)
            options.append(Option(config.branch, way_s, seen.wait, seen.pace, under_way, takes_more))
        return suggest_branch(options, here)

    def advise(self, suggestion: Suggestion, field: str, now: datetime) -> datetime:
        """Somebody is told to go there; when they would be there."""
        arrives_at = now + timedelta(seconds=suggestion.travel_s)
        self.expect(suggestion.branch, field, arrives_at)
        return arrives_at

    def expect(self, branch: str, field: str, arrives_at: datetime) -> None:
        """Somebody was told to go there, by this process or by another one: part of them do."""
        insort(self._under_way[branch, field], arrives_at)

    def under_way(self, branch: str, field: str, now: datetime) -> float:
        arrivals = self._under_way[branch, field]
        del arrivals[: bisect_right(arrivals, now)]
        return COMPLY * len(arrivals)


def _takes(config: BranchConfig, code: str, now: datetime, way_s: float, *, is_own: bool) -> bool:
    """Whether somebody who sets out now may be served there, and comes while counters work by the plan: an outlook that
    nothing has changed since does not know that it has become evening."""
    field = next((each for each in config.fields if each.code == code and not each.is_retired), None)
    if field is None or not (field.is_anywhere or is_own):
        return False
    arrives = now + timedelta(seconds=way_s)
    day = hours.service_day(config, arrives)
    return is_own or hours.contains(config, day, hours.planned(config, day, field).working, arrives)


def _way_s(config: BranchConfig, start: Position | None, *, is_here: bool) -> float | None:
    if is_here:
        return 0.0
    return travel_s(start, config.place) if start is not None and config.place is not None else None
