/** What is said aloud where the screen's own words would not do. Short: somebody stands and listens. */

const vi = {
  cards: "Mời chạm vào ô cần làm. Từ trên xuống, từ trái sang: {names}.",
  morePages: "Chưa thấy việc cần làm, mời sang trang sau.",
  typing: "Gõ việc cần làm trên bàn phím. Không gõ được, mời bấm Quay lại.",
  procedures: "Mời chạm vào tên thủ tục. Không rõ, mời bấm Không rõ, thủ tục khác.",
  priority: "Nếu thuộc đối tượng ưu tiên, mời chọn trước.",
  chosen: "Đã chọn {name}.",
  proven: "Số này được ưu tiên ngay, theo ngày sinh trên thẻ.",
  take: "Bấm Lấy số, nút bên phải.",
  takeAnyway: "Bấm Vẫn lấy số, nút bên phải. Không lấy nữa, bấm nút bên trái.",
  number: "Số của ông bà là {number}.",
  again: "Xin nhắc lại: {number}.",
  callHelper: "Muốn gọi nhân viên, bấm nút bên phải.",
  touch: "Mời chạm vào màn hình.",
  to: "đến",
  clock: "{hour} giờ {minute}",
  oclock: "{hour} giờ",
  digits: ["không", "một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín"]
};

const en = {
  cards: "Touch what you have come for. From top to bottom and left to right: {names}.",
  morePages: "There is more on the next page.",
  typing: "Type in Vietnamese what you have come for. Or press Back.",
  procedures: "Touch the name of the procedure. If you are not sure, press Not sure, another one.",
  priority: "If you have priority, choose it first.",
  chosen: "Chosen: {name}.",
  proven: "By the date of birth on the card, this number has priority at once.",
  take: "Press Take a number, the button on the right.",
  takeAnyway: "Press Take it anyway, the button on the right. Or the one on the left to leave.",
  number: "Your number is {number}.",
  again: "Once more: {number}.",
  callHelper: "To call a helper, press the button on the right.",
  touch: "Please touch the screen.",
  to: "to",
  clock: "{hour}:{minute}",
  oclock: "{hour}:00",
  digits: ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
};

export const spokenTexts = { vi, en };
