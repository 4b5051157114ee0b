"""Every refusal: one table from its code to its HTTP status and its sentences. RFC 9457 problem details.

A sentence says what happened, why, and what to do now. `{…}` are filled from the refusal's data; `{advice}` is what
the state in it allows.
"""

from __future__ import annotations

import math
import re
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct


class Said(NamedTuple):
    status: int
    vi: str
    en: str


class Problem(Struct, frozen=True):
    """A refusal as it is sent. `code` is stable, `detail` is for a person, `data` for a program.
    In `data`, `field` is always a code; `field_name` and `reason` are texts, in both languages. Of `malformed`, `where`
    is the place (a JSON path, "$" for the whole body or frame; else the name of a header or query parameter) and
    `fault` says in English what is wrong there.
    """

    type: str
    title: str
    status: int
    code: str
    detail: str
    data: dict[str, Any] = {}


PROBLEMS: dict[str, Said] = {
    # the queue
    "unknown-screen": Said(404, "Không có màn hình “{screen}” ở đây. Hãy kiểm tra lại mã.", "There is no screen “{screen}” here. Check the code."),
    "unknown-branch": Said(404, "Không có điểm phục vụ “{branch}”. Hãy kiểm tra lại mã.", "There is no branch “{branch}”. Check the code."),
    "unknown-field": Said(422, "Không có lĩnh vực “{field}” tại đây. Hãy chọn lĩnh vực khác.", "There is no field “{field}” here. Choose another one."),
    "unknown-counter": Said(404, "Không có quầy {counter}. Hãy kiểm tra lại số quầy.", "There is no counter {counter}. Check the number."),
    "unknown-ticket": Said(404, "Không tìm thấy phiếu này trong ngày hôm nay.", "There is no such ticket today."),
    "unknown-class": Said(422, "Không có đối tượng ưu tiên “{priority}” tại đây.", "There is no priority class “{priority}” here."),
    "unknown-visit": Said(404, "Không có số {number} trong ngày {day}. Hãy xem lại số và ngày trên phiếu.", "There was no number {number} on {day}. Look at number and day on the paper."),
    "unknown-job": Said(404, "Không có lệnh in này.", "There is no such print job."),
    "field-not-offered": Said(409, "Lĩnh vực {field_name} không còn cấp số tại đây. Hãy chọn lĩnh vực khác hoặc hỏi nhân viên hướng dẫn.", "Numbers for {field_name} are no longer given here. Choose another field or ask a helper."),
    "field-suspended": Said(409, "Tạm ngừng cấp số {field_name}: {reason}. Các số đã cấp giữ nguyên thứ tự.", "No numbers for {field_name} now: {reason}. Numbers already given keep their order."),
    "issuing-closed": Said(409, "Ngoài giờ cấp số {field_name}. Mời lấy số lại từ {opens_at}.", "Numbers for {field_name} are not given now. Please come back from {opens_at}."),
    "cap-reached": Said(409, "Đã hết số {field_name} {bound}. Mời lấy số lại từ {opens_at}.", "The numbers for {field_name} {bound} have all been given. Please come back from {opens_at}."),
    "no-capacity": Said(409, "Hôm nay các quầy không còn phục vụ kịp lĩnh vực {field_name}. Mời quay lại {opens_at}.", "The counters cannot serve any more people for {field_name} today. Please come back from {opens_at}."),
    "has-ticket": Said(409, "Đã có số {number} ({state}) cho lĩnh vực {field_name}. Mỗi người giữ một số ở mỗi lĩnh vực; mời chờ gọi số này.", "There is number {number} ({state}) for {field_name} already. Everybody has one number for a field at a time; please wait for its call."),
    "too-many-numbers": Said(429, "Máy này vừa cấp quá nhiều số trong thời gian ngắn nên tạm dừng. Vui lòng gặp nhân viên hướng dẫn.", "This machine has given too many numbers in a short time and pauses. Please see a helper."),
    "series-exhausted": Said(409, "Dãy số {series} đã dùng hết (đến {last}). Hãy báo quản trị mở rộng dãy số.", "Series {series} is used up (to {last}). Ask the administrator to widen it."),
    "nothing-reserved": Said(409, "Chưa có dãy số dự phòng cho số {number}. Hãy báo quản trị khai báo dãy số dự phòng (emergency) cho {series}.", "No emergency numbers are set aside for number {number}. Ask the administrator to set some aside (emergency) for {series}."),
    "not-reserved": Said(409, "Số {number} không phải số dự phòng in sẵn ({first} đến {last}). Hãy xem lại số và lĩnh vực.", "Number {number} is none of those printed in advance ({first} to {last}). Check the number and its field."),
    "number-taken": Said(409, "Số {number} đã được nhập rồi. Hãy xem lại số ghi trên phiếu.", "Number {number} has been entered already. Check the number on the paper."),
    "arrival-not-today": Said(409, "Giờ đến của số {number} chưa tới hoặc không phải hôm nay. Hãy sửa lại giờ.", "The time at which number {number} came is in the future or not today. Correct it."),
    "day-not-open": Said(409, "Ngày làm việc chưa mở hoặc đã kết thúc. Mời quay lại vào ngày làm việc tiếp theo.", "No service day is open: it has not begun, or has ended. Please come back on the next working day."),
    "day-still-open": Said(409, "Ngày làm việc {day} chưa kết thúc. Hãy kết thúc ngày trước.", "Service day {day} has not ended yet. End it first."),
    "too-late": Said(409, "Yêu cầu đến quá muộn nên không thực hiện. Hãy bấm lại nếu vẫn cần.", "The request came too late and was not carried out. Press again if you still need it."),
    "ticket-state": Said(409, "Số {number} {state}; không thể {command} lúc này. {advice}", "Number {number} is {state}; it cannot be changed by “{command}” now. {advice}"),
    "counter-state": Said(409, "Quầy {counter} {state}; không thể {command} lúc này. {advice}", "Counter {counter} is {state}; “{command}” is not possible now. {advice}"),
    "counter-closed": Said(409, "Quầy {counter} {state}. Hãy mở quầy trước khi gọi.", "Counter {counter} is {state}. Open it before calling."),
    "counter-busy": Said(409, "Quầy {counter} đang có số {number}. Hãy hoàn thành, chuyển hoặc ghi vắng mặt trước.", "Number {number} is at counter {counter}. Finish, transfer or mark it absent first."),
    "counter-taken": Said(409, "Quầy {counter} đang có nhân viên khác. Hãy chọn quầy khác hoặc xác nhận nhận quầy.", "Somebody else is at counter {counter}. Choose another one or confirm that you take it over."),
    "counter-retired": Said(409, "Quầy {counter} đã ngừng sử dụng. Hãy chọn quầy khác.", "Counter {counter} is no longer in use. Choose another one."),
    "cannot-serve": Said(409, "Quầy {counter} không nhận lĩnh vực {field_name} của số {number}. Hãy chọn quầy khác.", "Counter {counter} does not take {field_name}, which number {number} needs. Choose another counter."),
    "held-elsewhere": Said(409, "Số {number} để giấy tờ tại quầy {counter}; chỉ quầy đó tiếp tục được.", "The papers of number {number} are at counter {counter}; only that counter can go on."),
    "nobody-waiting": Said(204, "Không có ai đang chờ quầy {counter}.", "Nobody is waiting for counter {counter}."),
    "nowhere-to": Said(422, "Hãy chọn lĩnh vực, quầy hoặc nhân viên để chuyển số {number} đến.", "Choose the field, counter or clerk that number {number} should go to."),
    "no-next-step": Said(409, "Số {number} không còn bước nào. Hãy bấm Hoàn thành.", "Number {number} has no further step. Finish it."),
    "limit-reached": Said(409, "Số {number} đã {command} đủ {limit} lần trong ngày.", "Number {number} has used “{command}” {limit} times today, which is the limit."),
    "half-day-over": Said(409, "Chỉ khôi phục được số {number} trong cùng buổi. Hãy lấy số mới.", "Number {number} can only be reinstated in the same half-day. Please take a new number."),
    "nothing-to-undo": Said(409, "Không có thao tác nào của bạn trên số {number} để hoàn tác.", "There is nothing of yours to undo on number {number}."),
    "already-counted": Said(409, "Số {number} đã kết thúc một lần và đã vào số liệu, nên không đánh dấu cấp nhầm được. Hãy hủy số.", "Number {number} has ended once and has been counted, so it cannot be marked as issued by mistake. Cancel it instead."),
    "already-rated": Said(409, "Lượt của số {number} đã được đánh giá. Xin cảm ơn.", "The visit of number {number} has been rated already. Thank you."),
    "not-this-counter": Said(409, "Số {number} không được phục vụ tại quầy {counter}, nên không đánh giá ở đây được.", "Number {number} was not served at counter {counter}, so it cannot be rated here."),
    "unknown-reason": Said(422, "Không có lý do “{reason}” để chọn tại đây. Hãy chọn lý do khác.", "There is no reason “{reason}” to choose here. Choose another one."),
    "undo-too-late": Said(409, "Đã quá {limit_s} giây nên không hoàn tác được số {number}.", "More than {limit_s} seconds have passed; number {number} cannot be undone."),
    "no-printer": Said(409, "Chưa chọn máy in cho số {number}. Hãy chọn máy in.", "No printer is known for number {number}. Choose one."),
    "reason-missing": Said(422, "Hãy ghi lý do để người dân được biết.", "Say why, so that citizens can read it."),
    "hours-out-of-order": Said(422, "Khung giờ phải theo thứ tự và không chồng nhau.", "Hours must be in order and must not overlap."),
    "branch-not-configured": Said(409, "Điểm phục vụ này chưa được cấu hình.", "This branch has not been configured yet."),
    "advice-outdated": Said(409, "Gợi ý này tính từ trước nên có thể không còn đúng. Hãy xem gợi ý mới.", "This advice was worked out too long ago and may not hold any more. Look at the newest advice."),
    "other-branch": Said(409, "Cấu hình này là của điểm phục vụ “{branch}”.", "This configuration belongs to branch “{branch}”."),
    "notices-changed": Said(409, "Bảng thông báo vừa được người khác thay đổi. Hãy xem lại rồi thực hiện lại.", "Somebody else has just changed the notices. Look at them and do it again."),
    "unknown-media": Said(422, "Không có tệp của thông báo “{title}” trên máy chủ, hoặc tệp không đúng loại. Hãy tải tệp lên lại.", "The file of the notice “{title}” is not on the server, or is of another kind. Upload it again."),
    "media-format": Said(415, "Tệp này không dùng được. Hãy chọn ảnh (PNG, JPEG, WebP, GIF), video (MP4, WebM) hoặc trang HTML.", "This file cannot be used. Choose a picture (PNG, JPEG, WebP, GIF), a video (MP4, WebM) or an HTML page."),
    "no-picture": Said(404, "Chưa có ảnh của màn hình này. Hãy bấm “Xem màn hình” và chờ vài giây.", "There is no picture of this screen yet. Ask for one and wait a few seconds."),
    "picture-not-asked": Said(409, "Chưa có ai yêu cầu ảnh của màn hình này, hoặc yêu cầu đã quá một phút.", "Nobody has asked for a picture of this screen, or did so more than a minute ago."),
    "only-between-days": Said(409, "Chỉ đổi múi giờ hoặc giờ đổi ngày khi ngày làm việc đã kết thúc.", "Time zone and day boundary can only change when the day has ended."),
    "no-service-day": Said(404, "Không có ngày làm việc nào vào {day}. Hãy chọn ngày khác.", "There was no service day on {day}. Choose another date."),
    "training-uncounted": Said(409, "Đây là bản tập huấn: số liệu không được thống kê. Hãy xem báo cáo của điểm phục vụ thật.", "This is a training copy: nothing in it is counted. Look at the report of the real branch."),
    "unknown-slip": Said(404, "Chưa thấy hồ sơ có mã “{slip}” tại đây. Hãy xem lại mã in trên giấy hẹn, hoặc chọn lĩnh vực.", "There is no dossier with the code “{slip}” here. Look at the code on the appointment slip again, or choose a field."),
    "wrong-slip-code": Said(422, "“{slip}” không đúng dạng mã hồ sơ. Hãy nhập mã in trên giấy hẹn, ví dụ 000.00.17.H29-261120-0001.", "“{slip}” is not a dossier's code. Enter the one on the appointment slip, such as 000.00.17.H29-261120-0001."),
    "unknown-agency": Said(422, "Không có cơ quan “{agency}” tại đây. Hãy kiểm tra lại mã.", "There is no agency “{agency}” here. Check the code."),
    "no-dossier": Said(409, "Chưa cấu hình hệ thống hồ sơ để gửi số liệu.", "No dossier backend has been configured."),
    "unknown-record": Said(404, "Không có bản ghi nào như vậy đang để riêng.", "There is no such parked record."),
    "record-refused": Said(502, "Hệ thống hồ sơ vẫn chưa nhận bản ghi này. Hãy xem lý do và thử lại sau.", "The dossier backend still does not take this record. See its answer and try again later."),
    # the wire
    "malformed": Said(400, "Yêu cầu không đúng dạng tại “{where}” nên không được thực hiện. Hãy sửa rồi gửi lại.", "The request is malformed at “{where}” and was not carried out. Correct it and send it again."),
    "too-large": Said(413, "Yêu cầu quá lớn (tối đa {limit} byte).", "The request is too large (at most {limit} bytes)."),
    "too-many-channels": Said(409, "Một kết nối chỉ theo dõi được {limit} kênh.", "A connection can follow at most {limit} channels."),
    "unknown-command": Said(404, "Không có lệnh “{name}”.", "There is no command “{name}”."),
    "unknown-channel": Said(404, "Không có kênh “{channel}”.", "There is no channel “{channel}”."),
    "not-found": Said(404, "Không có trang hoặc địa chỉ này.", "There is no such page or address."),
    "method-not-allowed": Said(405, "Địa chỉ này không nhận phương thức {method}.", "This address does not take {method}."),
    "key-missing": Said(400, "Thiếu khóa Idempotency-Key. Hãy gửi kèm mỗi yêu cầu thay đổi một khóa dài 8–128 ký tự.", "The Idempotency-Key is missing. Send one of 8 to 128 characters with every change."),
    "key-length": Said(400, "Khóa Idempotency-Key phải dài 8–128 ký tự, nhưng khóa đã gửi dài {length} ký tự. Hãy tạo khóa khác.", "An Idempotency-Key has 8 to 128 characters, but this one has {length}. Make another one."),
    "key-reused": Said(409, "Khóa này đã dùng cho một yêu cầu khác. Hãy tạo khóa mới.", "This key was used for another request. Make a new one."),
    # who may
    "unauthenticated": Said(401, "Chưa đăng nhập hoặc phiên đã hết. Hãy đăng nhập lại.", "Not signed in, or the session has ended. Sign in again."),
    "wrong-token": Said(401, "Mã truy cập (token) không đúng hoặc không còn hiệu lực. Hãy xin quản trị cấp mã mới.", "The access token is wrong or no longer valid. Ask the administrator for a new one."),
    "wrong-credentials": Said(401, "Tên đăng nhập hoặc mật khẩu không đúng.", "User name or password is wrong."),
    "second-factor-needed": Said(401, "Hãy nhập mã 6 số trên ứng dụng xác thực, hoặc một mã dự phòng.", "Enter the 6-digit code of your authenticator app, or one of your recovery codes."),
    "wrong-code": Said(422, "Mã xác thực không đúng hoặc đã dùng. Hãy chờ mã mới trên ứng dụng rồi nhập lại.", "The code is wrong or has been used. Wait for the next one in your app and enter that."),
    "second-factor-lost": Said(409, "Máy chủ không đọc được lớp xác thực thứ hai của tài khoản này. Hãy nhờ quản trị đặt lại.", "The server cannot read this account's second factor. Have an administrator reset it."),
    "has-second-factor": Said(409, "Tài khoản này đã có lớp xác thực thứ hai. Hãy tắt trước khi cài lại.", "This account has a second factor already. Remove it before you set up another one."),
    "second-factor-kept": Said(409, "Quản trị phải có lớp xác thực thứ hai nên không tắt được. Nếu mất điện thoại, hãy nhờ quản trị khác đặt lại.", "An administrator must have a second factor, so it cannot be turned off. If the phone is lost, have another administrator reset it."),
    "no-enrolment": Said(409, "Chưa bắt đầu cài lớp xác thực thứ hai, hoặc đã cài xong. Hãy tải lại trang.", "No second factor is being set up, or it is done already. Load the page again."),
    "no-posting-today": Said(403, "Hôm nay tài khoản này không có lịch trực tại điểm phục vụ nào. Hãy hỏi lãnh đạo điểm phục vụ.", "This account is posted nowhere today. Ask the manager of your branch."),
    "no-account": Said(403, "Chưa có tài khoản “{username}” tại đây. Hãy nhờ quản trị tạo tài khoản.", "There is no account “{username}” here. Ask an administrator for one."),
    "sso-failed": Said(403, "Đăng nhập một lần không thành công. Hãy thử lại; nếu vẫn lỗi, hãy đăng nhập bằng mật khẩu hoặc hỏi quản trị.", "Single sign-on did not succeed. Try again; if it fails again, sign in with your password or ask an administrator."),
    "sso-second-factor": Said(403, "Tài khoản này cần lớp xác thực thứ hai, nhưng hệ thống đăng nhập một lần chưa hỏi. Hãy đăng nhập bằng mật khẩu và mã.", "This account needs a second factor, which single sign-on did not ask for. Sign in with your password and code."),
    "sso-unavailable": Said(503, "Chưa kết nối được hệ thống đăng nhập một lần. Hãy thử lại sau ít phút hoặc đăng nhập bằng mật khẩu.", "The single sign-on system cannot be reached. Try again in some minutes, or sign in with your password."),
    # staff
    "wrong-password": Said(422, "Mật khẩu hiện tại không đúng.", "That is not your present password."),
    "password-short": Said(422, "Mật khẩu phải có ít nhất {least} ký tự. Hãy chọn mật khẩu dài hơn.", "A password has at least {least} characters. Choose a longer one."),
    "password-long": Said(422, "Mật khẩu dài nhất là {most} ký tự.", "A password has at most {most} characters."),
    "password-common": Said(422, "Mật khẩu này quá phổ biến hoặc dễ đoán. Hãy chọn mật khẩu khác, ví dụ ghép vài từ không liên quan.", "This password is too common or easily guessed. Choose another one, such as a few words that do not belong together."),
    "password-same": Said(422, "Mật khẩu mới phải khác mật khẩu cũ.", "The new password must differ from the old one."),
    "unknown-account": Said(404, "Không có tài khoản “{username}”. Hãy kiểm tra tên đăng nhập.", "There is no account “{username}”. Check the user name."),
    "account-exists": Said(409, "Tên đăng nhập “{username}” đã có. Hãy chọn tên khác.", "The user name “{username}” is taken. Choose another one."),
    "wrong-username": Said(422, "Tên đăng nhập gồm 2–40 chữ cái không dấu, chữ số, dấu chấm hoặc gạch ngang.", "A user name has 2 to 40 letters, digits, dots or dashes."),
    "own-account": Said(409, "Không tự khóa, đặt lại hoặc đổi vai trò của chính mình được. Hãy nhờ quản trị khác.", "You cannot lock or reset your own account or change your own role. Have another administrator do it."),
    "last-administrator": Said(409, "Đây là quản trị cuối cùng. Hãy thêm quản trị khác trước.", "This is the last administrator. Add another one first."),
    "posting-days": Said(422, "Ngày kết thúc phải từ ngày bắt đầu trở đi và chưa qua.", "The last day must not lie before the first, nor in the past."),
    "posting-long": Said(422, "Một đợt trực dài nhất 24 tháng. Hãy chọn ngày kết thúc sớm hơn.", "A posting lasts 24 months at most. Choose an earlier last day."),
    "posting-overlaps": Said(409, "“{username}” đã có lịch trực từ {first} đến {last}. Mỗi ngày chỉ có một lịch trực; hãy đổi ngày hoặc kết thúc lịch cũ.", "“{username}” is posted from {first} to {last} already. There is one posting a day: choose other days or end that one."),
    "unknown-posting": Said(404, "Không có lịch trực này, hoặc đã kết thúc.", "There is no such posting, or it has ended."),
    "other-agency": Said(403, "Quầy {counter} là của {agency}; lịch trực của ông/bà hôm nay thuộc {own}. Hãy chọn quầy khác hoặc nhờ trưởng ca chuyển quầy.", "Counter {counter} belongs to {agency}, and your posting of today is for {own}. Choose another counter, or have a supervisor move you."),
    "forbidden": Said(403, "Tài khoản hoặc thiết bị này không có quyền làm việc đó. Hãy hỏi quản trị.", "This account or device may not do that. Ask the administrator."),
    "chosen-call-forbidden": Said(403, "Ở đây nhân viên quầy gọi theo thứ tự; gọi một số tự chọn cần quyền trưởng ca. Hãy bấm Gọi tiếp hoặc nhờ trưởng ca.", "Clerks call in turn here; calling a ticket of one's choice is for supervisors. Call the next one, or ask a supervisor."),
    "wrong-origin": Said(403, "Yêu cầu đến từ trang khác nên bị từ chối.", "The request came from another site and was refused."),
    "https-needed": Said(403, "Chỉ đăng nhập được qua https. Quản trị có thể cho phép http trong mạng nội bộ (LAYSO_PLAIN_HTTP).", "Signing in needs https. An administrator can allow http on a LAN (LAYSO_PLAIN_HTTP)."),
    "too-many-tries": Said(429, "Đã thử quá nhiều lần. Hãy đợi {retry} rồi thử lại; nếu không nhớ mật khẩu hoặc mã, hãy hỏi quản trị.", "Too many tries. Wait {retry} and try again; if you do not remember the password or code, ask the administrator."),
    "unknown-pairing": Said(404, "Mã ghép nối không đúng hoặc đã hết hạn. Hãy xem lại mã trên thiết bị.", "That pairing code is wrong or has expired. Look at the device again."),
    # the house
    "disk-full": Said(503, "Máy chủ hết chỗ lưu nên tạm ngừng cấp số. Vui lòng gặp nhân viên hướng dẫn.", "The server's disk is full and no numbers can be given. Please see a helper."),
    "unavailable": Said(503, "Hệ thống tạm thời chưa ghi được. Hãy thử lại sau ít giây.", "The system cannot write just now. Try again in a few seconds."),
    "come-back": Said(503, "Máy chủ đang khởi động lại. Hãy thử lại sau ít giây.", "The server is restarting. Try again in a few seconds."),
    "clock-stepped": Said(503, "Đồng hồ máy chủ vừa bị đổi. Quản trị cần xác nhận giờ trước khi mở ngày.", "The server's clock has jumped. An administrator must confirm it before a day is opened."),
    "internal": Said(500, "Có lỗi bất ngờ ở máy chủ; thao tác chưa được thực hiện. Mã lỗi: {reference}.", "Something unexpected went wrong on the server; nothing was changed. Reference: {reference}."),
}  # fmt: skip

STATES = {
    "waiting": ("đang chờ", "waiting"),
    "called": ("đang được gọi", "called"),
    "serving": ("đang được phục vụ", "being served"),
    "held": ("đang chờ bổ sung", "on hold"),
    "finished": ("đã hoàn thành", "finished"),
    "no_show": ("đã ghi vắng mặt", "marked absent"),
    "cancelled": ("đã hủy", "cancelled"),
    "voided": ("đã bỏ (thử hoặc nhầm)", "voided"),
    "rebooked": ("đã hẹn lại ngày khác", "rebooked"),
    "expired": ("chưa được phục vụ, đã hết ngày", "expired with its day"),
    "open": ("đang mở", "open"),
    "paused": ("đang tạm ngừng", "paused"),
    "closed": ("đang đóng", "closed"),
}

ADVICE = {
    "waiting": ("Hãy gọi số này vào quầy trước.", "Call it to a counter first."),
    "called": ("Hãy bắt đầu phục vụ, gọi lại hoặc ghi vắng mặt.", "Start serving it, recall it or mark it absent."),
    "serving": ("Nhân viên tại quầy có thể hoàn thành, chuyển hoặc cho chờ bổ sung.", "The clerk at the counter can finish it, transfer it or put it on hold."),
    "held": ("Nhân viên có thể tiếp tục, chuyển hoặc hủy số này.", "Staff can resume it, transfer it or cancel it."),
    "finished": ("Nếu vừa bấm nhầm, hãy hoàn tác ngay; nếu cần phục vụ thêm, hãy lấy số mới.", "If that was a slip, undo it at once; for anything more, take a new number."),
    "no_show": ("Nếu người dân đã đến, nhân viên có thể khôi phục số này trong cùng buổi.", "If the person has come after all, staff can reinstate it in the same half-day."),
    "cancelled": ("Nếu vẫn cần, nhân viên có thể khôi phục số này trong cùng buổi.", "If it is wanted after all, staff can reinstate it in the same half-day."),
    "voided": ("Hãy lấy số mới.", "Take a new number."),
    "rebooked": ("Hãy đến vào ngày đã hẹn với số mới.", "Come on the booked day, with the new number."),
    "expired": ("Hãy lấy số mới vào ngày làm việc tiếp theo.", "Take a new number on the next working day."),
    "closed": ("Hãy mở quầy trước.", "Open it first."),
}  # fmt: skip
"""What to do about a ticket or counter in a state that forbids what was asked; read by staff and by citizens."""

COMMANDS = {
    "call": ("gọi", "call"),
    "recall": ("gọi lại", "recall"),
    "start": ("bắt đầu phục vụ", "start"),
    "finish": ("hoàn thành", "finish"),
    "no-show": ("ghi vắng mặt", "no-show"),
    "return": ("đưa lại hàng chờ", "return"),
    "postpone": ("lùi lượt", "postpone"),
    "hold": ("chuyển sang chờ bổ sung", "hold"),
    "ready": ("báo đã quay lại", "say that the person is back"),
    "resume": ("tiếp tục", "resume"),
    "amend": ("sửa phiếu", "amend"),
    "transfer": ("chuyển", "transfer"),
    "note": ("ghi chú", "note"),
    "record-dossiers": ("ghi mã hồ sơ", "record dossiers"),
    "next-step": ("sang bước tiếp theo", "next step"),
    "cancel": ("hủy", "cancel"),
    "void": ("bỏ phiếu", "void"),
    "reinstate": ("khôi phục", "reinstate"),
    "undo": ("hoàn tác", "undo"),
    "rate": ("đánh giá", "rate"),
    "end-service": ("kết thúc phục vụ", "end the service"),
    "open": ("mở", "open"),
    "pause": ("tạm ngừng", "pause"),
    "close": ("đóng", "close"),
}


BOUNDS = {
    "day": ("của hôm nay", "today"),
    "morning": ("của buổi sáng nay", "this morning"),
    "afternoon": ("của buổi chiều nay", "this afternoon"),
    "kiosk": ("hôm nay tại máy lấy số", "at dispensers today"),
    "helper": ("hôm nay do nhân viên cấp", "by staff today"),
    "online": ("hôm nay qua mạng", "online today"),
}
"""What a cap allows no more of."""


def problem(code: str, data: dict[str, Any], language: str = "vi") -> Problem:
    """The refusal `code` as a problem, its sentence in Vietnamese ("vi") or English (anything else)."""
    said = PROBLEMS[code]
    side = 0 if language == "vi" else 1
    sent = {name: _sent(value) for name, value in data.items()}
    if code == "malformed":
        sent.setdefault("where", _place(str(sent.get("fault"))))
    words = {name: _word(name, value, side) for name, value in sent.items()}
    if sent.get("state") in ADVICE:
        words["advice"] = ADVICE[sent["state"]][side]
    if isinstance(sent.get("retry_s"), int):
        words["retry"] = _while(sent["retry_s"], side)
    sentence = (said.vi if side == 0 else said.en).format_map(_Blank(words))
    return Problem(f"/problems/{code}", code.replace("-", " "), said.status, code, sentence, sent)


def _while(seconds: int, side: int) -> str:
    """In seconds, or minutes where that says more."""
    if seconds <= 120:
        return f"{seconds} {('giây', 'seconds')[side]}"
    return f"{math.ceil(seconds / 60)} {('phút', 'minutes')[side]}"


def _sent(value: Any) -> Any:
    """As it goes over the wire; a text for people has both languages, English falling back to Vietnamese."""
    plain = msgspec.to_builtins(value)
    return {"vi": plain["vi"], "en": plain["en"] or plain["vi"]} if isinstance(plain, dict) else plain


_PLACE = re.compile(r"(?: field `(?P<field>[^`]*)`)?(?: - at `(?P<path>[^`]*)`)?$")


def _place(fault: str) -> str:
    """The JSON path that a decoder's complaint ends with: "… missing required field `vi` - at `$.reason`"."""
    found = _PLACE.search(fault)
    path, field = (found["path"], found["field"]) if found else (None, None)
    return (path or "$") + (f".{field}" if field else "")


def _word(name: str, value: Any, side: int) -> Any:
    if isinstance(value, dict):
        return value[("vi", "en")[side]]
    if name == "state":
        return STATES.get(value, (value, value))[side]
    if name == "command":
        return COMMANDS.get(value, (value, value))[side]
    if name == "bound":
        return BOUNDS.get(value, (value, value))[side]
    if name == "opens_at":
        return _opening(value, side)
    return value


def _opening(value: str | None, side: int) -> str:
    """An ISO instant in the branch's zone, the Vietnamese way: "12:30 ngày 23/11/2026"."""
    if value is None:
        return ("ngày làm việc tiếp theo", "the next working day")[side]
    at = datetime.fromisoformat(value)
    return f"{at:%H:%M} ngày {at:%d/%m/%Y}" if side == 0 else f"{at:%H:%M} on {at:%d/%m/%Y}"


class _Blank(dict[str, Any]):
    def __missing__(self, name: str) -> str:
        return "…"
