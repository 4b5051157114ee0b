"""What happened, as a sentence for people: every event of a journal, and every entry of the trail."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from queue_server.audit.trail import COMMAND_LINE, Action, Entry
from queue_server.domain import events as ev
from queue_server.domain.commands import TIMER
from queue_server.domain.configuration import Text
from queue_server.domain.events import type_of

EVENTS: dict[str, Text] = {
    "day.opened": Text("Mở ngày làm việc", "The service day was opened"),
    "day.closed": Text("Kết thúc ngày làm việc", "The service day was ended"),
    "branch.configured": Text("Đổi cấu hình (bản {version})", "Configured (version {version})"),
    "hours.changed": Text("Đổi giờ làm việc {field}", "Hours were changed {field}"),
    "field.suspended": Text("Tạm ngừng cấp số {field}", "No numbers for {field}"),
    "field.resumed": Text("Cấp số lại {field}", "Numbers for {field} again"),
    "counter.opened": Text("Mở quầy {counter}, nhân viên {clerk}", "Counter {counter} was opened by {clerk}"),
    "counter.paused": Text("Tạm ngừng quầy {counter}", "Counter {counter} was paused"),
    "counter.closed": Text("Đóng quầy {counter}", "Counter {counter} was closed"),
    "counter.assigned": Text("Đổi lĩnh vực của quầy {counter}: {fields}", "Counter {counter} takes {fields}"),
    "advice.taken": Text("Làm theo gợi ý điều phối: {fields}", "Advice was taken: {fields}"),
    "help.called": Text("Máy {device} gọi nhân viên", "Help was called at {device}"),
    "help.answered": Text("Nhân viên đến máy {device}", "Somebody goes to {device}"),
    "alarm.raised": Text("Quầy {counter} báo Cần hỗ trợ", "Counter {counter} called for somebody"),
    "alarm.answered": Text("Đã có người đến quầy {counter}", "Somebody goes to counter {counter}"),
    "call.shown": Text("Màn hình {device} đã hiện lượt gọi", "{device} has shown a call"),
    "call.spoken": Text("Màn hình {device} đã đọc lượt gọi", "{device} has spoken a call"),
    "voice.given": Text("Màn hình {device} đọc số khu {zone}", "{device} speaks in {zone}"),
    "ticket.issued": Text("Cấp số {number}, {field}", "Number {number} was given for {field}"),
    "ticket.called": Text("Gọi số {number} đến quầy {counter}", "Number {number} was called to counter {counter}"),
    "ticket.recalled": Text("Gọi lại số {number} đến quầy {counter}", "Number {number} was called again to {counter}"),
    "ticket.serving": Text("Bắt đầu phục vụ số {number} tại quầy {counter}", "Number {number} is served at {counter}"),
    "ticket.finished": Text("Hoàn thành số {number}", "Number {number} was finished"),
    "ticket.no_show": Text("Ghi vắng mặt số {number}", "Number {number} was marked absent"),
    "ticket.returned": Text("Đưa số {number} lại hàng chờ", "Number {number} was returned to the queue"),
    "ticket.postponed": Text("Lùi lượt số {number}", "Number {number} was postponed"),
    "ticket.held": Text("Số {number} chờ bổ sung", "Number {number} completes papers"),
    "ticket.ready": Text("Số {number} đã quay lại", "Number {number} is back"),
    "ticket.turn_done": Text("Hết lượt của số {number}", "A turn of number {number} is over"),
    "ticket.amended": Text("Sửa phiếu số {number}", "Number {number} was amended"),
    "ticket.transferred": Text("Chuyển số {number} sang {field}", "Number {number} was transferred to {field}"),
    "ticket.step_done": Text("Số {number} sang bước {field}", "Number {number} goes on at {field}"),
    "ticket.cancelled": Text("Hủy số {number}", "Number {number} was cancelled"),
    "ticket.voided": Text("Bỏ số {number} (thử hoặc nhầm)", "Number {number} was voided (test or mistake)"),
    "ticket.reinstated": Text("Khôi phục số {number}", "Number {number} was reinstated"),
    "ticket.undone": Text("Hoàn tác thao tác trên số {number}", "A change of number {number} was undone"),
    "ticket.rebooked": Text("Hẹn số {number} sang ngày khác", "Number {number} was rebooked"),
    "ticket.expired": Text("Số {number} chưa được phục vụ, hết ngày", "Number {number} expired with its day"),
    "ticket.noted": Text("Ghi chú về số {number}", "A note about number {number}"),
    "ticket.rated": Text("Người dân đánh giá lượt của số {number}", "The citizen rated the visit of number {number}"),
    "ticket.dossiers_recorded": Text("Ghi mã hồ sơ của số {number}", "Dossiers of number {number} were recorded"),
    "paper.requested": Text("In lại phiếu số {number}", "Another paper of number {number}"),
    "paper.reported": Text("Máy in báo kết quả in phiếu", "A printer told of a paper"),
}

ENTRIES: dict[str, Text] = {
    Action.SIGNED_IN: Text("Đăng nhập", "Signed in"),
    Action.SIGN_IN_FAILED: Text("Đăng nhập sai {subject}", "Failed to sign in {subject}"),
    Action.SIGNED_OUT: Text("Đăng xuất", "Signed out"),
    Action.ACCOUNT_PUT: Text("Tạo hoặc đổi tài khoản {subject}", "Account {subject} was made or changed"),
    Action.ACCOUNT_ENDED: Text("Khóa tài khoản {subject}", "Account {subject} was locked"),
    Action.PASSWORD_PUT: Text("Đổi mật khẩu của {subject}", "The password of {subject} was changed"),
    Action.SECOND_FACTOR_PUT: Text(
        "Bật lớp xác thực thứ hai của {subject}", "The second factor of {subject} was set up"
    ),
    Action.SECOND_FACTOR_ENDED: Text(
        "Tắt lớp xác thực thứ hai của {subject}", "The second factor of {subject} was removed"
    ),
    Action.POSTING_PUT: Text("Thêm lịch trực của {subject}", "A posting of {subject} was added"),
    Action.POSTING_ENDED: Text("Kết thúc lịch trực của {subject}", "A posting of {subject} was ended"),
    Action.DEVICE_ADDED: Text("Thêm thiết bị {subject}", "Device {subject} was added"),
    Action.DEVICE_CHANGED: Text("Đổi thiết bị {subject}", "Device {subject} was changed"),
    Action.DEVICE_REVOKED: Text("Thu hồi thiết bị {subject}", "Device {subject} was revoked"),
    Action.PAIRED: Text("Ghép nối thiết bị {subject}", "Device {subject} was paired"),
    Action.TOKEN_ROTATED: Text("Đổi mã truy cập của {subject}", "The token of {subject} was changed"),
    Action.SESSION_ENDED: Text("Kết thúc phiên của {subject}", "A session of {subject} was ended"),
    Action.CONFIGURED: Text("Nhập cấu hình {subject}", "Configuration {subject} was imported"),
    Action.EXPORTED: Text("Xuất dữ liệu của một lượt {subject}", "The data of a visit were exported {subject}"),
    Action.ERASED: Text("Xóa dữ liệu cá nhân của một lượt {subject}", "Personal data of a visit were erased {subject}"),
    Action.VERIFIED: Text("Kiểm tra nhật ký", "The trail was verified"),
}

OUTCOMES: dict[str, Text] = {
    "supplement": Text("Cần bổ sung hồ sơ", "Papers to be added"),
    "referred": Text("Hướng dẫn nơi khác", "Referred elsewhere"),
    "declined": Text("Không đủ điều kiện tiếp nhận", "Could not be accepted"),
}
"""How a service ended, where it was not simply done; a forgotten one has a sentence of its own."""
FORGOTTEN = Text("Kết thúc lượt bị quên của số {number}", "The forgotten service of number {number} was ended")
REASONS: dict[str, Text] = {
    "moved": Text("chuyển sang quầy khác", "moved to another counter"),
    "day-ended": Text("kết thúc ngày làm việc", "the service day ended"),
    TIMER: Text("theo giờ", "by time"),
}
"""What the program itself gives as a reason; people give theirs in words."""
ONLY_COUNTER = Text("chỉ quầy {counter}", "only counter {counter}")
ONLY_CLERK = Text("chỉ {clerk}", "only {clerk}")

OTHER = Text("Việc khác", "Something else")
"""A test sees that it is never needed."""
WHOLE_BRANCH = Text("toàn điểm phục vụ", "of the whole branch")

Name = Callable[[str], str]


def said(text: Text, lang: str) -> str:
    return (text.en if lang == "en" else "") or text.vi


def _same(code: str) -> str:
    return code


def sentence(event: ev.EventType, lang: str, *, number: str, field: Name, person: Name = _same) -> str:
    """`number` is the ticket's, `field` the name of a field by its code, `person` of an account or device by its user
    name or actor. A reason follows the sentence."""
    parts: dict[str, Any] = {name: getattr(event, name) for name in event.__struct_fields__}
    if isinstance(event, ev.BranchConfigured):
        parts["version"] = event.config.version
    parts["number"] = parts.get("number") or number
    parts["field"] = field(parts["field"]) if parts.get("field") else said(WHOLE_BRANCH, lang)
    parts["clerk"] = person(parts.get("clerk") or "")
    parts["device"] = person(f"device:{parts.get('device') or ''}").removeprefix("device:")
    parts["fields"] = ", ".join(map(field, parts.get("fields") or ()))
    text = EVENTS.get(type_of(event), OTHER)
    if isinstance(event, ev.TicketFinished) and event.outcome == "forgotten":
        text = FORGOTTEN
    words = ", ".join([said(text, lang).format_map(parts), *_bound_to(event, lang, person)])
    why = _why(event, lang)
    return f"{words}: {why}" if why else words


def _bound_to(event: ev.EventType, lang: str, person: Name) -> Iterator[str]:
    """The only counter, or clerk, that may go on with the ticket from here."""
    if counter := getattr(event, "only_counter", None):
        yield said(ONLY_COUNTER, lang).format(counter=counter)
    if clerk := getattr(event, "only_clerk", None):
        yield said(ONLY_CLERK, lang).format(clerk=person(clerk))


def _why(event: ev.EventType, lang: str) -> str:
    if isinstance(event, ev.TicketVoided | ev.PaperReported):
        return ""
    if isinstance(event, ev.TicketFinished):
        return said(OUTCOMES[event.outcome], lang) if event.outcome in OUTCOMES else ""
    reason = getattr(event, "reason", "")
    known = reason if isinstance(reason, Text) else REASONS.get(reason)
    return said(known, lang) if known is not None else reason


def entry_sentence(entry: Entry, lang: str, names: Mapping[str, str]) -> str:
    text = ENTRIES.get(entry.action)
    name = names.get(f"device:{entry.subject}") or names.get(entry.subject)
    account = f"{name} ({entry.subject})" if entry.subject in names else name
    return said(text, lang).format(subject=account or entry.subject).strip() if text is not None else said(OTHER, lang)


ACTORS: Mapping[str, Text] = {
    "timer": Text("Hệ thống (theo giờ)", "The system (by time)"),
    COMMAND_LINE: Text("Quản trị (tại máy chủ)", "Administrator (at the server)"),
    "account:setup": Text("Quản trị (tại máy chủ)", "Administrator (at the server)"),
    "nobody": Text("Chưa đăng nhập", "Not signed in"),
}


def actor_name(actor: str, names: Mapping[str, str], lang: str) -> str:
    """Who it was, as people say it; `names` are those of accounts and devices."""
    known = ACTORS.get(actor)
    if known is not None:
        return said(known, lang)
    if actor.startswith("ticket:"):
        return "Người dân (từ điện thoại)" if lang == "vi" else "The citizen (by phone)"
    return names.get(actor.removeprefix("account:")) or actor.partition(":")[2] or actor
