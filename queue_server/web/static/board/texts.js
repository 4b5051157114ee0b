/** The words of a branch's board on a phone that no other page says. "ông/bà" or no pronoun, never "bạn". */

const vi = {
  waiting: "{n} người chờ",
  nobody: "Chưa có ai chờ",
  turn: "đến lượt {range}",
  hours: "Hôm nay làm việc {spans}.",
  hoursOff: "Hôm nay không làm việc.",
  // why a field gives no numbers now
  suspended: "Tạm ngừng cấp số",
  allDay: "cả ngày",
  full: "Hôm nay đã hết số",
  helperHas: "Máy lấy số đã hết số. Mời gặp nhân viên hướng dẫn.",
  late: "Hôm nay không còn kịp",
  onlyPriority: "Chỉ còn kịp đối tượng ưu tiên",
  again: "Lấy số lại từ {time}",
  from: "Lấy số từ {time}",
  over: "Hôm nay đã hết giờ lấy số",
  closed: "Hôm nay không tiếp nhận",
  // the page itself
  updates: "Trang này tự cập nhật. Có số? Quét mã trên phiếu để theo dõi số của mình.",
  old: "Thông tin có thể đã cũ. Xin xem màn hình và nghe gọi số tại sảnh."
};

const en = {
  waiting: "{n} waiting",
  nobody: "Nobody waiting",
  turn: "turn {range}",
  hours: "Open today {spans}.",
  hoursOff: "Closed today.",
  suspended: "No numbers now",
  allDay: "all day",
  full: "No numbers left today",
  helperHas: "No numbers left at the dispenser. Please see a helper.",
  late: "No longer in time today",
  onlyPriority: "In time for people with priority only",
  again: "Numbers again from {time}",
  from: "Numbers from {time}",
  over: "Numbers are no longer given today",
  closed: "Closed today",
  updates: "This page updates itself. Have a number? Scan the code on the paper to follow it.",
  old: "This may be out of date. Please watch the screens and listen for your number in the hall."
};

export const texts = { vi, en };
