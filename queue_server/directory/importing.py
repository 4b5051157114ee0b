"""Bringing an organisation's file into the directory: read, compare with what is there, show, store.

organisation = read_organisation(path)
plan = await journal.run(partial(plan_import, organisation=organisation))
print(describe_import(plan))
configs = await journal.run(partial(store_import, plan=plan, now=now))   # each by a command Configure
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace
from pydantic import ValidationError

from queue_server.directory import store
from queue_server.directory.checks import check_branches, unknown_languages
from queue_server.directory.faults import Fault, InvalidDirectory, from_pydantic, path_of
from queue_server.directory.languages import known_languages, read_language
from queue_server.directory.layers import Expanded, Layer, Origins, expand, part_as_json
from queue_server.directory.merge import Merge, describe, merge
from queue_server.directory.plan import branch_config, notice_as_json
from queue_server.directory.reading import read_yaml
from queue_server.directory.schema import BranchDocument, BranchPart, FactBlock, OrganisationFile
from queue_server.directory.store import StoredBranch, StoredOrganisation
from queue_server.directory.values import TextBlock
from queue_server.domain.configuration import BranchConfig, Notice
from queue_server.journal.port import Database

SHIPPED = Path(__file__).parents[2] / "config" / "organisations"

Stored = tuple[StoredOrganisation | None, tuple[StoredBranch, ...]]


class Organisation(Struct, frozen=True):
    """A file that was read and agrees in itself; `branches` are complete."""

    code: str
    name: TextBlock
    branches: tuple[BranchDocument, ...]
    facts: tuple[FactBlock, ...] = ()

    def config(self, branch: str) -> BranchConfig:
        """The configuration of one branch straight from the file. Raises KeyError."""
        documents = {document.code: document for document in self.branches}
        return branch_config(documents[branch], self.name)


class ImportPlan(Struct, frozen=True):
    """What an import will do. `merge.differences` say it; `retired` are the branches that it gives up."""

    organisation: Organisation
    name: TextBlock
    branches: tuple[BranchDocument, ...]
    retired: tuple[str, ...]
    merge: Merge
    seen: Stored


class DirectoryChanged(Exception):
    """Somebody changed the directory after the differences were shown: plan and show them again."""


def read_organisation(path: Path) -> Organisation:
    """Read and check a file of `config/organisations`, and those of the languages that it names.

    Raises:
        InvalidDirectory: with the path of each fault.
    """
    try:
        file = OrganisationFile.model_validate(read_yaml(path))
        branches = expand(file, _read_shared(path.parent, file.shared))
    except ValidationError as error:
        raise InvalidDirectory(from_pydantic(error), str(path), is_all=False) from None
    except InvalidDirectory as invalid:
        raise InvalidDirectory(invalid.faults, invalid.source or str(path), is_all=False) from None
    named = unknown_languages(file.name, known_languages(), ("name",))
    if faults := [*(Fault(path_of(loc), message) for loc, message in named), *check_branches(branches)]:
        raise InvalidDirectory(faults, str(path))
    for code in sorted({code for branch in branches for code in branch.document.languages}):
        read_language(code)
    return Organisation(file.code, file.name, tuple(branch.document for branch in branches), tuple(file.facts))


def _read_shared(folder: Path, name: str | None) -> Layer | None:
    """The part below everything else: beside the file, or for a file that was copied elsewhere among ours."""
    if name is None:
        return None
    path = next((path for path in (folder / name, SHIPPED / name) if path.exists()), folder / name)
    try:
        return Layer(f"{name}:", part_as_json(BranchPart.model_validate(read_yaml(path))))
    except ValidationError as error:
        raise InvalidDirectory(from_pydantic(error), str(path)) from None


def read_document(data: dict[str, Any], path: str = "") -> BranchDocument:
    """A branch's document as it is stored, or as the browser sends it.

    Raises:
        InvalidDirectory: with the path of each fault below `path`.
    """
    try:
        return BranchDocument.model_validate(data)
    except ValidationError as error:
        raise InvalidDirectory(from_pydantic(error, lambda loc: path_of(loc, path))) from None


def plan_import(connection: Database, organisation: Organisation, *, overwrite: bool = False) -> ImportPlan:
    """Compare a file with the directory and write nothing. `overwrite` gives up what was changed in the browser.

    Raises:
        InvalidDirectory: the file and the browser's changes do not go together, or a branch belongs to another
            organisation.
    """
    _refuse_others_branches(connection, organisation)
    order = [document.code for document in organisation.branches]
    seen = found, rows = _stored(connection, organisation.code)
    mine = sorted(rows, key=lambda branch: order.index(branch.code) if branch.code in order else len(order))
    merged = merge(
        _tree(found.imported if found else None, [branch.imported for branch in mine]),
        _tree(organisation.name.as_json(), [document.as_json() for document in organisation.branches]),
        _tree(found.name if found else None, [branch.document for branch in mine if not branch.is_retired]),
        overwrite=overwrite,
    )
    branches = _checked(merged.document["branches"])
    kept = {document.code for document in branches}
    return ImportPlan(
        organisation=organisation,
        name=TextBlock.model_validate(merged.document["name"]),
        branches=branches,
        retired=tuple(branch.code for branch in mine if branch.code not in kept and not branch.is_retired),
        merge=merged,
        seen=seen,
    )


def store_import(connection: Database, plan: ImportPlan, now: datetime) -> list[BranchConfig]:
    """Carry out what was shown. Returns what is now to be put in force at each branch; what a retired branch still
    has open is for its own end of day.

    Raises:
        DirectoryChanged: the directory is no longer as it was when the plan was made. Nothing was written.
    """
    organisation = plan.organisation
    if _stored(connection, organisation.code) != plan.seen:
        raise DirectoryChanged(organisation.code)
    row = StoredOrganisation(organisation.code, plan.name.as_json(), organisation.name.as_json())
    store.put_organisation(connection, row, now)
    for branch in _rows_after(plan):
        store.put_branch(connection, branch, now)
    return [branch_config(document, plan.name) for document in plan.branches]


def describe_import(plan: ImportPlan) -> str:
    """The differences, one a line, and how many there are; for a terminal."""
    differences = plan.merge.differences
    if not differences:
        return f"{plan.organisation.code}: nothing differs"
    conflicts = len(plan.merge.conflicts)
    kept = len(differences) - len(plan.merge.changes)
    total = f"{plan.organisation.code}: {len(plan.merge.changes)} to change, {kept} kept from the browser"
    return f"{describe(differences)}\n{total}" + (f", {conflicts} of them changed in the file too" if conflicts else "")


def save_document(connection: Database, document: BranchDocument, now: datetime) -> BranchConfig:
    """Store what was changed in the browser; the next import will not overwrite it. Returns what to put in force.

    Raises:
        InvalidDirectory: the document does not agree in itself, or with the other branches.
        KeyError: the directory does not know the branch.
    """
    organisation = store.owners(connection)[document.code]
    known = {branch.code: branch for branch in store.branches(connection, organisation)}
    was = known.pop(document.code)
    _checked([document.as_json(), *(other.document for other in known.values() if not other.is_retired)])
    store.put_branch(connection, replace(was, document=document.as_json()), now)
    return next(config for config in branch_configs(connection, organisation) if config.branch == document.code)


def with_notices(connection: Database, branch: str, notices: Sequence[Notice]) -> BranchDocument:
    """The document of a branch with these notices.

    Raises:
        InvalidDirectory: they do not agree with the rest.
        KeyError: the directory does not know the branch.
    """
    stored = {each.code: each.document for each in store.branches(connection)}[branch]
    document = read_document({**stored, "notices": [notice_as_json(notice) for notice in notices]})
    if faults := check_branches([Expanded(document, Origins("", {}))]):
        raise InvalidDirectory(faults)
    return document


def save_notices(connection: Database, branch: str, notices: Sequence[Notice], now: datetime) -> None:
    """Store the notices that are in force; nothing else of the branch is changed. Raises as `with_notices`."""
    store.hold(connection, branch)
    save_document(connection, with_notices(connection, branch, notices), now)


def branch_configs(connection: Database, organisation: str | None = None) -> list[BranchConfig]:
    """The configuration of every branch that is not retired, from its document; of one organisation, or of all."""
    names = {row.code: TextBlock.model_validate(row.name) for row in store.organisations(connection)}
    return [
        branch_config(BranchDocument.model_validate(branch.document), names[branch.organisation])
        for branch in store.branches(connection, organisation)
        if not branch.is_retired
    ]


def _refuse_others_branches(connection: Database, organisation: Organisation) -> None:
    owners = store.owners(connection)
    faults = [
        Fault(f"branches[{index}].code", f"'{document.code}' belongs to organisation '{owner}'")
        for index, document in enumerate(organisation.branches)
        if (owner := owners.get(document.code, organisation.code)) != organisation.code
    ]
    if faults:
        raise InvalidDirectory(faults)


def _stored(connection: Database, code: str) -> Stored:
    """One organisation's rows."""
    found = next((row for row in store.organisations(connection) if row.code == code), None)
    return found, tuple(store.branches(connection, code))


def _tree(name: dict[str, Any] | None, branches: Sequence[dict[str, Any] | None]) -> dict[str, Any]:
    """An organisation as one document. What was never imported is absent from the base, and what is retired from the
    present; so a branch that was given up in the browser is not brought back by a file that has not changed."""
    tree: dict[str, Any] = {"branches": [branch for branch in branches if branch is not None]}
    return tree if name is None else {"name": name, **tree}


def _checked(documents: Sequence[dict[str, Any]]) -> tuple[BranchDocument, ...]:
    """These documents as branches that agree with one another. Raises InvalidDirectory."""
    found = []
    for document in documents:
        path = f"branches[{document['code']}]"
        found.append(Expanded(read_document(document, path), Origins(path, {})))
    faults = check_branches(found)
    if faults:
        raise InvalidDirectory(faults)
    return tuple(branch.document for branch in found)


def _rows_after(plan: ImportPlan) -> Iterator[StoredBranch]:
    """The rows that an import writes: every branch, with the file's document as the base of the next import."""
    code = plan.organisation.code
    files = {document.code: document.as_json() for document in plan.organisation.branches}
    for document in plan.branches:
        yield StoredBranch(document.code, code, document.as_json(), files.get(document.code), is_retired=False)
    live = {document.code for document in plan.branches}
    for branch in plan.seen[1]:
        if branch.code not in live:
            yield replace(branch, imported=files.get(branch.code), is_retired=True)
