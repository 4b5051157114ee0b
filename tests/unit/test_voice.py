"""The voice: reading rules and player (voice.js, run in node; expected phrases are written by hand) and clip packs."""

import json
import shutil
from array import array
from pathlib import Path
from typing import Any

import pytest

from display_client.voice.__main__ import main
from display_client.voice.check import problems
from display_client.voice.clips import NEEDED
from display_client.voice.sound import SilentSoundError, Sound, chime, levelled, trimmed
from tests.node import run_node

STATIC = Path(__file__).parents[2] / "display_client" / "static"
PACKS = [STATIC / "voice" / name for name in ("vi-bac", "vi-nam", "en")]

# A world for voice.js without sound: loads and clips end at once, and every timer is over as soon as nothing else is.
WORLD = """
const fs = require("fs"), vm = require("vm");
const [file, manifests] = JSON.parse(fs.readFileSync(0, "utf8"));
const sandbox = {window: {}, console: {error() {}}, setTimeout: (f) => setImmediate(f), clearTimeout: clearImmediate};
vm.createContext(sandbox);
vm.runInContext(fs.readFileSync(file, "utf8"), sandbox, {filename: file});
const voice = sandbox.window.LaySoVoice;
const world = {state: "running", time: 0, broken: [], played: [], news: [], failing: false, endless: false};
const context = {
  get state() { return world.state; },
  currentTime: 0,
  resume: () => world.state === "suspended" ? new Promise(() => {}) : Promise.resolve(),
  createGain: () => ({gain: {value: 0}, connect() {}}),
  decodeAudioData(bytes, resolve, reject) {
    if (world.broken.includes(bytes)) { reject(new Error(bytes)); } else { resolve({duration: 0.5, name: bytes}); }
  },
  createBufferSource: () => ({
    connect() {}, stop() {}, start(at) {
      world.played.push([this.buffer.name, Math.round(at * 1000)]);
      if (!world.endless) { Promise.resolve().then(() => this.onended && this.onended()); }
    }
  })
};
function load(language, name) {
  if (world.failing) { return Promise.reject(new Error("offline")); }
  return Promise.resolve(name === "manifest.json" ? manifests[language] : name);
}
const onState = (news) => { world.news.push(news); };
const defaults = {audioContext: context, load, onState, now: () => world.time};
const make = (options) => new voice.Player(Object.assign({}, defaults, options));
const told = (key) => world.news.filter((news) => key in news).map((news) => news[key]);
const until = async (test) => {
  for (let turn = 0; !test(); turn += 1) {
    if (turn > 5000) { throw new Error("never: " + test + JSON.stringify(world.news)); }
    await new Promise((next) => setImmediate(next));
  }
};
const settled = () => until(() => ["idle", "blocked"].includes((world.news[world.news.length - 1] || {}).state));
(async () => { SCRIPT })().then((answer) => console.log(JSON.stringify(answer)),
  (error) => { console.error(error); process.exit(1); });
"""


def run_js(script: str) -> Any:
    """What the body of an async function answers in the world above."""
    manifests = {
        language: {"clips": {name: {"files": [f"{name}.opus", f"{name}.mp3"]} for name in words}}
        for language, words in NEEDED.items()
    }
    said = run_node(WORLD.replace("SCRIPT", script), json.dumps([str(STATIC / "voice.js"), manifests]), is_module=False)
    return json.loads(said)


VIETNAMESE = {
    0: "không", 1: "một", 4: "bốn", 5: "năm", 10: "mười", 11: "mười một", 14: "mười bốn", 15: "mười lăm",
    20: "hai mươi", 21: "hai mươi mốt", 22: "hai mươi hai", 24: "hai mươi tư", 25: "hai mươi lăm",
    44: "bốn mươi tư", 55: "năm mươi lăm", 91: "chín mươi mốt", 100: "một trăm", 101: "một trăm linh một",
    104: "một trăm linh bốn", 105: "một trăm linh năm", 110: "một trăm mười", 111: "một trăm mười một",
    115: "một trăm mười lăm", 121: "một trăm hai mươi mốt", 345: "ba trăm bốn mươi lăm",
    999: "chín trăm chín mươi chín", 1000: "một nghìn", 1001: "một nghìn không trăm linh một",
    1015: "một nghìn không trăm mười lăm", 1100: "một nghìn một trăm", 2024: "hai nghìn không trăm hai mươi tư",
    9999: "chín nghìn chín trăm chín mươi chín",
}  # fmt: skip
ENGLISH = {
    0: "zero", 12: "twelve", 20: "twenty", 21: "twenty-one", 105: "one hundred and five", 110: "one hundred and ten",
    900: "nine hundred", 1005: "one thousand and five", 1200: "one thousand two hundred",
    9999: "nine thousand nine hundred and ninety-nine",
}  # fmt: skip
# Counters as they are joined: clips, and so (with the words of the clips) what is heard.
COUNTERS = {
    1: "1", 5: "5", 10: "10", 11: "11", 15: "15", 20: "20", 21: "20 x1", 24: "20 x4", 25: "20 x5", 28: "20 8",
    100: "100", 101: "100 linh 1", 104: "100 linh 4", 105: "100 linh 5", 110: "100 10", 115: "100 15",
    121: "100 20 x1", 150: "100 50", 200: "200", 999: "900 90 9",
}  # fmt: skip
PHRASES: list[tuple[dict[str, Any], str]] = [
    (
        {"number": "A012", "counter": 5, "times": 1, "language": "vi"},
        "chime moi_so a khong mot hai den_quay_so 5 moi_so a khong mot hai den_quay_so 5",
    ),
    ({"number": "H 345", "counter": 21, "times": 2}, "chime xin_nhac_lai so h ba bon nam den_quay_so 20 x1"),
    (
        {"number": "K6", "counter": 3, "times": 3, "repeat": 2},
        "chime xin_nhac_lai so k sau den_quay_so 3 so k sau den_quay_so 3",
    ),
    ({"number": "M789", "counter": 115, "short": True}, "chime so m bay tam chin quay_so 100 15"),
    ({"number": "đ-01", "counter": "12", "repeat": 1}, "chime moi_so dd khong mot den_quay_so 12"),
    ({"number": "Q2", "counter": None, "repeat": 1}, "chime moi_so q hai"),
    ({"number": "1005", "counter": 3, "repeat": 1}, "chime moi_so mot khong khong nam den_quay_so 3"),
    (
        {"number": "A012", "counter": 5, "language": "en"},
        "chime number a zero one two counter 5 number a zero one two counter 5",
    ),
    (
        {"number": "B9", "counter": 345, "times": 2, "language": "en"},
        "chime once_again number b nine counter 300 and 40 5",
    ),
]


@pytest.mark.parametrize(("language", "expected"), [("vi", VIETNAMESE), ("en", ENGLISH)])
def test_numbers_are_read_as_people_say_them(language: str, expected: dict[int, str]) -> None:
    read = run_js(f"return {list(expected)}.map((n) => voice.readNumber(n, {{language: '{language}'}}))")
    assert dict(zip(expected, read, strict=True)) == expected


@pytest.mark.parametrize("n", ["-1", "10000", "1.5", "'5'", "NaN"])
def test_a_number_out_of_range_is_refused(n: str) -> None:
    assert run_js(f"try {{ return voice.readNumber({n}) }} catch (error) {{ return error.name }}") == "RangeError"


def test_counters_are_joined_from_whole_words() -> None:
    clips = run_js(f"return {list(COUNTERS)}.map((n) => voice.phrase({{number: 'A', counter: n, short: true}}))")
    assert {n: " ".join(joined[4:]) for n, joined in zip(COUNTERS, clips, strict=True)} == COUNTERS


def test_the_words_of_a_joined_counter_are_the_words_of_its_number() -> None:
    pairs = run_js(
        "return Array.from({length: 999}, (_, i) =>"
        " [voice.phrase({number: 'A', counter: i + 1, short: true}).slice(4), voice.readNumber(i + 1)])"
    )
    assert [" ".join(NEEDED["vi"][clip] for clip in clips) for clips, _ in pairs] == [words for _, words in pairs]


@pytest.mark.parametrize(("call", "expected"), PHRASES)
def test_a_call_is_spoken_in_these_clips(call: dict[str, Any], expected: str) -> None:
    assert " ".join(run_js(f"return voice.phrase({json.dumps(call)})")) == expected


@pytest.mark.parametrize("language", ["vi", "en"])
def test_the_needed_clips_are_exactly_those_that_calls_use(language: str) -> None:
    used = run_js(
        "const used = new Set(), number = 'ABCDĐEFGHIJKLMNOPQRSTUVWXYZ0123456789';"
        "for (let counter = 1; counter < 1000; counter += 1) for (const form of [{}, {times: 2}, {short: true}])"
        f" voice.phrase(Object.assign({{number, counter, language: '{language}'}},"
        " form)).forEach((clip) => used.add(clip));"
        "return Array.from(used)"
    )
    assert set(used) == set(NEEDED[language])


ONE = "chime moi_so a mot den_quay_so 5"
SAY_ONE = "const player = make({repeat: 1}); player.say({id: 1, number: 'A1', counter: 5}); await settled();"
SAY_FOUR = "const player = make(); [1, 2, 3, 4].forEach((n) => player.say({id: n, number: 'A' + n, counter: n}));"
HEARD = "return told('spoken').map((clips) => clips.join(' '))"
PLAYER = {
    "tells what happens": (
        f"{SAY_ONE} return world.news",
        [{"state": "speaking", "callId": 1, "waiting": 0}, {"spoken": ONE.split(), "callId": 1}, {"state": "idle"}],
    ),
    "leaves pauses": (f"{SAY_ONE} return world.played.map((clip) => clip[1])", [50, 650, 1250, 1850, 2570, 3170]),
    "speaks two languages after one chime": (
        f"make({{repeat: 1}}).say({{number: 'A1', counter: 5, language: ['vi', 'en']}}); await settled(); {HEARD}",
        [f"{ONE} number a one counter 5"],
    ),
    "is brief when many wait": (
        f"{SAY_FOUR} await settled(); {HEARD}.slice(1)",
        ["chime so a hai quay_so 2", "chime so a ba quay_so 3", "chime so a bon quay_so 4"],
    ),
    "is brief with a recall, too, when many wait": (
        "const player = make(); [[1, 1], [2, 1], [3, 2], [4, 1]].forEach(([n, times]) =>"
        f" player.say({{id: n, times, number: 'A' + n, counter: n, repeat: 2}})); await settled(); {HEARD}.slice(1)",
        ["chime so a hai quay_so 2", "chime so a ba quay_so 3", "chime so a bon quay_so 4"],
    ),
    "speaks the citizen's own language alone when many wait": (
        "const player = make(); [1, 2, 3, 4].forEach((n) => player.say({id: n, number: 'A' + n, counter: n,"
        f" language: n === 3 ? 'vi' : ['vi', 'en']}})); await settled(); {HEARD}.slice(1)",
        ["chime number a two counter 2", "chime so a ba quay_so 3", "chime number a four counter 4"],
    ),
    "does not speak a call that was taken down": (
        f"{SAY_FOUR} const found = [player.cancel(3), player.cancel(9)]; await settled();"
        "return [found, told('callId').includes(3)]",
        [[True, False], False],
    ),
    "ends with the sentence when the call is taken down": (
        "const player = make({onState: (news) => { onState(news); if (news.missing) { player.cancel(1); } }});"
        f"delete manifests.vi.clips.a; player.say({{id: 1, number: 'A1', counter: 5}}); await settled(); {HEARD}",
        ["chime moi_so mot den_quay_so 5"],
    ),
    "speaks a waiting call once, at its newest counter": (
        "const player = make({repeat: 1}); [[1, 1, 1], [2, 1, 2], [2, 2, 7]].forEach(([id, times, counter]) =>"
        f" player.say({{id, times, number: 'A' + id, counter}})); await settled(); {HEARD}",
        ["chime moi_so a mot den_quay_so 1", "chime moi_so a hai den_quay_so 7"],
    ),
    "takes the second file of a clip when the first does not play": (
        f"world.broken = ['a.opus']; {SAY_ONE} return [told('missing'), told('spoken')]",
        [[], [ONE.split()]],
    ),
    "skips and reports a missing clip": (
        f"world.broken = ['a.opus', 'a.mp3']; {SAY_ONE} return [told('missing'), told('spoken')]",
        [[["a"]], [[clip for clip in ONE.split() if clip != "a"]]],
    ),
    "tries a lost pack again": (
        f"world.failing = true; {SAY_ONE} world.failing = false; world.news = [];"
        "player.say({id: 2, number: 'A1', counter: 5}); await settled(); return [told('missing'), told('spoken')]",
        [[], [ONE.split()]],
    ),
    "reports a call without a number and goes on": (
        "const player = make({repeat: 1}); player.say({id: 0}); player.say({id: 1, number: 'A1', counter: 5});"
        "await settled(); return [told('error'), told('spoken').length]",
        [["RangeError: nothing to speak in the number undefined"], 1],
    ),
    "survives a page that throws": (
        "const player = make({onState: (news) => { onState(news); throw new Error('page'); }});"
        f"player.say({{id: 1, number: 'A1', counter: 5, repeat: 1}}); await settled(); {HEARD}",
        [ONE],
    ),
    "goes on after a sound that never ends": (f"world.endless = true; {SAY_ONE} return told('error').length", 1),
    "says when there is no sound at all": (
        "const player = make({audioContext: null}); player.setVolume(2); player.say({number: 'A1'}); await settled();"
        "return [world.news, await player.unlock()]",
        [[{"state": "blocked", "reason": "unsupported"}] * 2, False],
    ),
    "is blocked until a gesture and then speaks fresh calls only": (
        f"world.state = 'suspended'; {SAY_ONE} world.time = 31000; player.say({{id: 2, number: 'A2', counter: 5}});"
        "world.state = 'running'; await player.unlock(); await settled();"
        "return [world.news[0], told('dropped'), told('spoken').map((clips) => clips.join(' '))]",
        [{"state": "blocked", "reason": "autoplay"}, [1], ["chime moi_so a hai den_quay_so 5"]],
    ),
}


@pytest.mark.parametrize(("script", "expected"), PLAYER.values(), ids=PLAYER)
def test_the_player(script: str, expected: object) -> None:
    assert run_js(script) == expected


DISPLAY = """
vm.runInContext(fs.readFileSync(file.replace("voice.js", "display_voice.js"), "utf8"), sandbox);
world.asked = []; world.heard = [];
sandbox.performance = {now: () => world.time};
const gain = {gain: {value: 0}, connect() {}};
sandbox.window.AudioContext = function () { return Object.assign(context, {createGain: () => gain}); };
sandbox.document = {dispatchEvent() {}};
sandbox.CustomEvent = function () {};
sandbox.fetch = (url) => {
  const [pack, name] = url.split("/").slice(-2);
  world.asked.push(pack + "/" + name);
  const ok = !(world.lost || []).some((start) => (pack + "/" + name).startsWith(start));
  const manifest = manifests[pack.slice(0, 2)];
  const [json, arrayBuffer] = [manifest, name].map((found) => () => Promise.resolve(found));
  return Promise.resolve({ok, status: 404, json, arrayBuffer});
};
const changes = [];
const note = (list) => (number) => { list.push(number); };
const display = new sandbox.window.LaySo.DisplayVoice(false, note(changes), note(world.heard));
const SOUTH = {reading: "nam", repeats: 1};
display.tune(SOUTH, 0.4);
const call = {number: "A1", counter: 105, times: 1, language: "vi"};
const say = async () => { display.say(call); await until(() => !display.isBusy); };
"""
ON_DISPLAY = {
    "as loud as the hour asks": ("return [gain.gain.value, (display.tune(SOUTH, 1), gain.gain.value)]", [0.4, 1]),
    "by the region's own pack": (
        "await say(); return [display.lack, world.heard, world.asked.every((file) => file.startsWith('vi-nam/'))]",
        ["", ["A1"], True],
    ),
    "by the other region's where it has none": (
        "world.lost = ['vi-nam']; await say();"
        "return [display.lack, world.heard, world.asked.includes('vi-bac/linh.opus')]",
        ["own", ["A1"], True],
    ),
    "by the other region's clip where one is lost": (
        "world.lost = ['vi-nam/linh']; await say();"
        "return [display.lack, world.heard, world.asked.filter((file) => file.startsWith('vi-bac/'))]",
        ["own", ["A1"], ["vi-bac/linh.opus"]],
    ),
    "but for a clip that is nowhere": (
        "world.lost = ['vi-nam/linh', 'vi-bac/linh']; await say(); return [display.lack, world.heard]",
        ["some", ["A1"]],
    ),
    "not at all without packs, and is not held up": (
        "world.lost = ['vi-']; await say(); const first = [display.lack, world.heard.slice(), changes.includes('A1')];"
        "world.lost = []; await say(); return [first, display.lack, world.heard]",
        [["all", [], True], "", ["A1"]],
    ),
}


@pytest.mark.parametrize(("script", "expected"), ON_DISPLAY.values(), ids=ON_DISPLAY)
def test_the_display_speaks(script: str, expected: object) -> None:
    assert run_js(DISPLAY + script) == expected


@pytest.mark.parametrize("pack", PACKS, ids=lambda pack: pack.name)
def test_a_shipped_pack_is_complete(pack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(pack)]) == 0, capsys.readouterr().out


def test_the_shipped_packs_are_small() -> None:
    sizes = [path.stat().st_size for pack in PACKS for path in pack.iterdir()]
    assert sum(sizes) < 1_200_000
    assert max(sizes) < 40_000


def test_the_southern_pack_says_le_where_the_northern_one_says_linh() -> None:
    manifests = [json.loads((pack / "manifest.json").read_text()) for pack in PACKS[:2]]
    north, south = ({name: clip["text"] for name, clip in each["clips"].items()} for each in manifests)
    assert set(north) == set(south)
    assert {name: south[name] for name in north if north[name] != south[name]} == {"linh": "lẻ"}


def test_the_check_names_what_is_wrong(tmp_path: Path) -> None:
    pack = Path(shutil.copytree(PACKS[0], tmp_path / "pack"))
    (pack / "a.mp3").unlink()
    (pack / "b.opus").write_bytes(b"not sound")
    (pack / "h.opus").write_bytes(_opus(seconds=1.0, bytes_per_frame=3))
    (pack / "k.opus").write_bytes(_opus(seconds=2.5, bytes_per_frame=60))
    manifest = json.loads((pack / "manifest.json").read_text("utf-8"))
    del manifest["clips"]["linh"]
    (pack / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    assert sorted(problems(pack)) == [
        "a: missing: a.mp3 is not there or empty",
        "b: b.opus is not an Ogg Opus file",
        "h: silent",
        "k: too long: 2500 ms",
        "linh: missing in the manifest",
    ]
    assert main(["check", str(pack)]) == 1
    assert main(["check", str(tmp_path)]) == 1


def test_a_recording_is_cut_to_its_sound_and_brought_to_one_loudness() -> None:
    quiet = Sound(array("h", [sample // 20 for sample in chime().samples]), 24_000)
    padded = Sound(array("h", bytes(48_000)) + quiet.samples + array("h", bytes(48_000)), 24_000)
    clip = levelled(trimmed(padded))
    assert clip.duration_ms <= quiet.duration_ms + 30
    assert 3000 < max(clip.samples) < 30_000
    with pytest.raises(SilentSoundError):
        trimmed(Sound(array("h", bytes(48_000)), 24_000))


def _opus(*, seconds: float, bytes_per_frame: int) -> bytes:
    head = b"OpusHead" + bytes([1, 1]) + bytes(9)
    frames = b"".join(_page(bytes(bytes_per_frame), round(960 * n)) for n in range(1, round(50 * seconds) + 1))
    return _page(head, 0) + _page(b"OpusTags", 0) + frames


def _page(body: bytes, granule: int) -> bytes:
    return b"OggS\0\0" + granule.to_bytes(8, "little") + bytes(12) + bytes([1, len(body)]) + body
