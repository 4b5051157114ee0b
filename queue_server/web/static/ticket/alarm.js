/**
 * Tells a citizen softly that their turn is near, and loudly that it has come. One press allows all by which this phone
 * can make itself heard; each call is told once. A classic ES2015 script.
 */
(function (global) {
  "use strict";

  var LaySo = (global.LaySo = global.LaySo || {});
  var means = LaySo.means;
  var say = LaySo.words(LaySo.ticketTexts, "ticket");
  var EVERY_S = 3;
  var LOUD_S = 30;
  var NOTES = { loud: [880, 1175, 880, 1175], soft: [660, 880] }; // in Hz
  var VOLUMES = { loud: 1, soft: 0.4 };
  var SHAKES = { loud: [400, 200, 400, 200, 800], soft: [200] }; // in ms, every other one still
  var PRESSES = ["pointerdown", "touchstart", "mousedown", "keydown"];
  var WAITS = ["waiting", "called", "held"];

  // -- what is to be told: pure -------------------------------------------------------------------------------------------

  /**
   * What is new in `seen` {call, isNear} for who was `told` {epoch, call, isNear} before. Calls count within an epoch.
   * @returns {{kind: "loud" | "soft" | "", told: {epoch: string, call: number, isNear: boolean}}}
   */
  LaySo.newsFor = function (told, seen, epoch) {
    var call = told.epoch === epoch ? told.call : 0;
    var kind = seen.call > call ? "loud" : seen.isNear && !told.isNear ? "soft" : "";
    var isNear = told.isNear || seen.isNear || seen.call > 0;
    return { kind: kind, told: { epoch: epoch, call: Math.max(call, seen.call), isNear: isNear } };
  };

  /** When it sounds, in seconds from now: a loud one again and again. */
  function startsOf(kind) {
    var starts = [0];
    for (var at = EVERY_S; kind === "loud" && at < LOUD_S; at += EVERY_S) {
      starts.push(at);
    }
    return starts;
  }

  /** The same as one pattern of vibration. */
  function shakesOf(kind) {
    var once = SHAKES[kind];
    var still = EVERY_S * 1000 - once.reduce(function (sum, ms) { return sum + ms; }, 0);
    return startsOf(kind).reduce(function (all) { return all.concat(all.length ? still : [], once); }, []);
  }

  // -- the alarm ----------------------------------------------------------------------------------------------------------

  /** Lives in `root`: a key, a list of what this phone has, a hint. What `ticket` was told is kept with this tab. */
  function TicketAlarm(root, ticket) {
    var alarm = this;
    this._root = root;
    this._place = "layso.told." + ticket;
    this._told = kept(this._place) || { epoch: "", call: 0, isNear: false };
    this._state = "";
    this._shown = ""; // so that nothing is made anew for nothing
    this._has = null; // once it was pressed: sound, shake, notice, awake, as far as is known by now
    this._isLoud = false;
    this._timer = null;
    this._chime = new means.Chime();
    this._light = new means.Light();
    this._notices = null;
    root.querySelector("button").addEventListener("click", function () { alarm._arm(); });
    PRESSES.forEach(function (press) {
      document.addEventListener(press, function () { alarm._hush(); }, true);
    });
    document.addEventListener("visibilitychange", function () {
      if (!document.hidden && alarm.isArmed()) {
        alarm._learn("awake", alarm._light.keep());
      }
    });
  }

  /** Whether somebody counts on it: then the page is not loaded anew, which would silence it. */
  TicketAlarm.prototype.isArmed = function () {
    return this._has !== null && this._isWaiting();
  };

  TicketAlarm.prototype._isWaiting = function () {
    return WAITS.indexOf(this._state) >= 0;
  };

  /** Tell what is new in what the ticket's page shows. */
  TicketAlarm.prototype.see = function (seen, epoch) {
    var news = LaySo.newsFor(this._told, seen, epoch);
    if (JSON.stringify(news.told) !== JSON.stringify(this._told)) {
      this._told = news.told;
      keep(this._place, news.told);
    }
    if (seen.state !== this._state) {
      this._state = seen.state;
      this._hush();
      this._takeDown();
    }
    if (!this._isWaiting()) {
      this._light.letGo();
    }
    if (news.kind) {
      this._ring(news.kind, seen.notice);
    }
    this._draw();
  };

  // -- a press allows it --------------------------------------------------------------------------------------------------

  /** What needs a press happens within this one; a further press lets it be heard again. */
  TicketAlarm.prototype._arm = function () {
    var alarm = this;
    this._has = this._has || {};
    this._learn("sound", this._chime.unlock().then(function (isFree) {
      if (isFree && !alarm._isLoud) {
        alarm._chime.play(NOTES.soft, startsOf("soft"), VOLUMES.soft);
      }
      return isFree;
    }));
    this._learn("shake", means.shake(SHAKES.soft));
    this._learn("awake", this._light.keep());
    this._learn("notice", means.allowNotices().then(function (notices) { return (alarm._notices = notices); }));
  };

  /** `is` may be a promise. */
  TicketAlarm.prototype._learn = function (what, is) {
    var alarm = this;
    Promise.resolve(is).then(function (answer) {
      alarm._has[what] = Boolean(answer);
      alarm._draw();
    });
  };

  // -- ringing ------------------------------------------------------------------------------------------------------------

  /** A notice is for who looks at another page: here the page itself says it. */
  TicketAlarm.prototype._ring = function (kind, notice) {
    var alarm = this;
    var isFelt = means.shake(shakesOf(kind));
    var isHeard = Boolean(this._has && this._has.sound);
    if (isHeard) {
      this._chime.unlock(); // another app may have taken the sound away
      this._chime.play(NOTES[kind], startsOf(kind), VOLUMES[kind]);
    }
    if (this._notices && document.hidden) {
      this._notices.show(notice.title, notice.body, shakesOf(kind), kind === "loud");
    }
    if (kind === "loud") {
      clearTimeout(this._timer);
      this._isLoud = isFelt || isHeard;
      this._timer = setTimeout(function () { alarm._hush(); }, LOUD_S * 1000);
    }
  };

  /** Somebody has noticed, or there is nothing to notice any more. */
  TicketAlarm.prototype._hush = function () {
    if (this._isLoud) {
      clearTimeout(this._timer);
      this._isLoud = false;
      this._chime.stop();
      means.shake(0);
      this._draw();
    }
  };

  TicketAlarm.prototype._takeDown = function () {
    if (this._notices) {
      this._notices.takeDown();
    }
  };

  // -- what it looks like -------------------------------------------------------------------------------------------------

  TicketAlarm.prototype._draw = function () {
    var root = this._root;
    var key = root.querySelector("button");
    var has = this._has;
    var known = ["sound", "shake", "notice", "awake"].filter(function (what) { return has && what in has; });
    var shown = JSON.stringify([this._state, this._isLoud, has]);
    if (shown === this._shown) {
      return;
    }
    this._shown = shown;
    root.hidden = !this._isWaiting() || (this._state === "called" && !this._isLoud);
    key.hidden = this._state === "called";
    key.classList.toggle("button--primary", !has);
    LaySo.setText(key, say(has ? "alarmAgain" : "alarm"));
    LaySo.setText(root.querySelector("p"), this._isLoud ? say("hush") : has ? say("alarmHow") : "");
    LaySo.replace(root.querySelector("ul"), (this._isLoud ? [] : known).map(function (what) {
      var words = say(what + (has[what] ? "Yes" : "No"));
      return LaySo.el("li", { class: "alarm__one" + (has[what] ? "" : " alarm__one--no"), "data-has": what, text: words });
    }));
  };

  // -- what was told, for as long as this tab is there --------------------------------------------------------------------

  function kept(place) {
    try {
      return JSON.parse(global.sessionStorage.getItem(place));
    } catch (refused) {
      return null;
    }
  }

  function keep(place, told) {
    try {
      global.sessionStorage.setItem(place, JSON.stringify(told));
    } catch (refused) {
      // Without storage a reload may tell a call twice.
    }
  }

  LaySo.TicketAlarm = TicketAlarm;
})(window);
