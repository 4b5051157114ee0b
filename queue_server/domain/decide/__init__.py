"""`decide(state, command, by, now)`: what a command makes happen, as events, or a refusal. It changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from queue_server.domain import commands as c
from queue_server.domain.decide import (
    advising,
    calling,
    configuring,
    counters,
    day,
    entering,
    helping,
    issuing,
    noting,
    paper,
    rating,
    serving,
    showing,
)
from queue_server.domain.events import Event
from queue_server.domain.foresight import Outlook
from queue_server.domain.refusals import Refusal
from queue_server.domain.state import BranchState

HURRIED = (c.Issue, c.CallNext, c.Call)
"""Commands that are refused after their deadline: nobody is standing there any more."""

Decision = Callable[..., list[Event]]

DECISIONS: dict[type[c.Command], Decision] = {
    c.Issue: issuing.issue,
    c.Amend: issuing.amend,
    c.EnterList: entering.enter_list,
    c.OpenCounter: counters.open_counter,
    c.PauseCounter: counters.pause_counter,
    c.CloseCounter: counters.close_counter,
    c.MoveClerk: counters.move_clerk,
    c.AssignCounter: counters.assign_counter,
    c.TakeAdvice: advising.take_advice,
    c.CallHelper: helping.call_helper,
    c.AnswerHelp: helping.answer_help,
    c.ReportCall: showing.report_call,
    c.GiveVoice: showing.give_voice,
    c.CallNext: calling.call_next,
    c.Call: calling.call,
    c.Recall: calling.recall,
    c.ReturnToQueue: calling.return_to_queue,
    c.NoShow: calling.no_show,
    c.Postpone: calling.postpone,
    c.Reinstate: calling.reinstate,
    c.Start: serving.start,
    c.ImplyStart: serving.imply_start,
    c.Finish: serving.finish,
    c.EndService: serving.end_service,
    c.Hold: serving.hold,
    c.Ready: serving.ready,
    c.Resume: serving.resume,
    c.Transfer: serving.transfer,
    c.NextStep: serving.next_step,
    c.Cancel: serving.cancel,
    c.Void: serving.void,
    c.Undo: serving.undo,
    c.Rate: rating.rate,
    c.Reprint: paper.reprint,
    c.Note: noting.note,
    c.RecordDossiers: noting.record_dossiers,
    c.ReportPaper: paper.report_paper,
    c.SuspendField: day.suspend_field,
    c.ResumeField: day.resume_field,
    c.ChangeHours: day.change_hours,
    c.Configure: configuring.configure,
    c.SetNotices: configuring.set_notices,
    c.OpenDay: day.open_day,
    c.EndDay: day.end_day,
}


def decide(
    state: BranchState, command: c.Command, by: c.By, now: datetime, outlook: Outlook | None = None
) -> list[Event]:
    """The events that `command` makes happen now; an empty list when it asks for what is already so. `outlook` is the
    newest one that there is: whoever takes a number is told by it.

    Raises:
        Refusal: the command may not be carried out; nothing changed.
    """
    if by.deadline is not None and now > by.deadline and isinstance(command, HURRIED):
        raise Refusal("too-late", deadline=by.deadline.isoformat())
    told = (outlook,) if isinstance(command, c.Issue) else ()
    return DECISIONS[type(command)](state, command, by, now, *told)
