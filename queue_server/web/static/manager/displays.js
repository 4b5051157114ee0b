/**
 * What is known of the lobby's screens, out of the list of devices and the rows of the board. Pure: no clock, no page, no
 * words.
 *
 * @typedef {{id: string, kind: string, name: string, screen: string | null, revoked_at: number | null,
 *   is_connected: boolean | null, gone_since: string | null, report: null | {screen: string, audio: string,
 *   audio_at: string | null, shown: number, size: string, player: string}}} Device
 * @typedef {{device: Device, code: string, row: any, isUnknown: boolean, isSpeaking: boolean, isGone: boolean,
 *   shown: {number: string, at: string} | null}} Display  `code` and `row` of the screen that it is, as far as anybody
 *   knows; `isUnknown` when the configuration has none of that code; `isGone` for longer than a restart takes
 */

const GONE_S = 10; // a page that reloads is back within three seconds

/** Since when this page has seen devices gone of which nobody knows since when. */
export function missingSince(before, devices, now) {
  const missing = devices.filter((device) => device.is_connected === false && !device.gone_since);
  return Object.fromEntries(missing.map(({ id }) => [id, before[id] || now]));
}

/** @returns {Display[]} */
export function displaysOf({ devices, board, missing }, now) {
  const isHere = (device) => device.kind === "display" && device.revoked_at === null;
  return devices.filter(isHere).map((device) => displayOf(device, board, missing[device.id], now));
}

function displayOf(device, board, missing, now) {
  const code = (device.report ? device.report.screen : device.screen) || "";
  const row = (board.screens || {})[code] || null;
  const call = device.report && Object.values(board.calls || {}).find(({ call }) => call === device.report.shown);
  const since = device.gone_since || missing;
  return {
    device,
    code,
    row,
    isUnknown: code !== "" && row === null,
    isSpeaking: Object.values(board.voices || {}).some((voice) => voice.device === device.id),
    isGone: device.is_connected === false && since !== undefined && now - new Date(since) > GONE_S * 1000,
    shown: call ? { number: call.number, at: call.at } : null,
  };
}

/** What of the screens needs somebody: halls in which nothing is heard first. `since` null where nobody knows. */
export function screenCares(displays, board) {
  const about = (kind, display, since) => ({ kind, key: display.device.id, display, since });
  const of = (isSo, kind, since) => displays.filter(isSo).map((display) => about(kind, display, since(display)));
  return [
    ...silentZones(displays, board),
    ...of(({ isGone }) => isGone, "dark", ({ device }) => device.gone_since),
    ...of(isBlocked, "blocked", ({ device }) => device.report.audio_at),
    ...of(({ isUnknown }) => isUnknown, "unknownScreen", () => null),
  ];
}

const isBlocked = ({ device: { report }, row }) => report !== null && report.audio === "blocked" && row !== null && row.voice !== null;

/** Zones with a voice in the configuration and no screen that could speak there now. */
function silentZones(displays, board) {
  const rows = Object.values(board.screens || {}).filter((row) => row.voice !== null);
  const zones = [...new Set(rows.map((row) => row.voice.zone))];
  return zones
    .filter((zone) => !displays.some((display) => maySpeak(display, zone, board)))
    .map((zone) => ({ kind: "silent", key: zone, names: rows.filter((row) => row.voice.zone === zone).map((row) => row.name), since: silentSince(displays, zone, board) }));
}

/** One that is away for a moment, or of which nobody knows, may go on speaking. */
function maySpeak({ device, row, isGone }, zone, board) {
  if (device.report) {
    return device.report.audio === "on" && row !== null && row.voice !== null && row.voice.zone === zone;
  }
  return speakerOf(board, zone) === device.id && !isGone;
}

function silentSince(displays, zone, board) {
  const speaker = displays.find(({ device }) => device.id === speakerOf(board, zone));
  const blocked = displays.filter((display) => isBlocked(display) && display.row.voice.zone === zone);
  const instants = [speaker && speaker.device.gone_since, ...blocked.map(({ device }) => device.report.audio_at)];
  return instants.filter(Boolean).sort().pop() || null;
}

const speakerOf = (board, zone) => ((board.voices || {})[zone] || { device: "" }).device;
