/**
 * By what a phone makes itself heard: chime, vibration, light, notices; each as far as it has them and its browser lets a
 * page use them. A classic ES2015 script.
 */
(function (global) {
  "use strict";

  var LaySo = (global.LaySo = global.LaySo || {});
  var device = global.navigator; // newer phones have more of it
  var NOTE_S = 0.22;
  var RESUME_MS = 1000; // browsers leave resume() pending, without an error, where they do not let us
  var TAG = "layso-ticket";
  var WORKER = "/static/notice_worker.js";

  // -- sound --------------------------------------------------------------------------------------------------------------

  function Chime() {
    this._context = null;
    this._out = null;
  }

  /** Within a press: a promise of whether sound may be made from now on. */
  Chime.prototype.unlock = function () {
    var Context = global.AudioContext || global.webkitAudioContext;
    var context = this._context = this._context || (Context ? new Context() : null);
    if (context === null) {
      return Promise.resolve(false);
    }
    return new Promise(function (resolve) {
      function tell() { resolve(context.state === "running"); }
      setTimeout(tell, RESUME_MS);
      context.resume().then(tell, tell);
    });
  };

  /** These notes, in Hz, from each of the `starts` on, in seconds. The audio clock gets them all at once: the timers of a
      page that nobody looks at are late. */
  Chime.prototype.play = function (notes, starts, volume) {
    var context = this._context;
    var out = context.createGain();
    this.stop();
    this._out = out;
    out.gain.value = volume;
    out.connect(context.destination);
    starts.forEach(function (start) {
      notes.forEach(function (hertz, i) {
        var at = context.currentTime + start + i * NOTE_S;
        var tone = context.createOscillator();
        tone.type = "triangle";
        tone.frequency.value = hertz;
        tone.connect(out);
        tone.start(at);
        tone.stop(at + NOTE_S);
      });
    });
  };

  Chime.prototype.stop = function () {
    if (this._out) {
      this._out.disconnect();
      this._out = null;
    }
  };

  // -- vibration ----------------------------------------------------------------------------------------------------------

  /** A pattern in ms, every other one still; 0 ends it. Whether it was begun: a browser lets a page shake the phone only
      after it has been touched, and a computer has the function without the thing. */
  function shake(pattern) {
    var activation = device.userActivation;
    var may = Boolean(device.vibrate) && "ontouchstart" in global && (!activation || activation.hasBeenActive);
    return may && device.vibrate(pattern);
  }

  // -- light --------------------------------------------------------------------------------------------------------------

  /** Keeps the screen on while this page is looked at; it is let go whenever another one is. */
  function Light() {
    this._lock = null;
  }

  /** A promise of whether it stays on. */
  Light.prototype.keep = function () {
    var light = this;
    if (!device.wakeLock) {
      return Promise.resolve(false);
    }
    return device.wakeLock.request("screen").then(function (lock) {
      light.letGo();
      light._lock = lock;
      return true;
    }, function () {
      return false;
    });
  };

  Light.prototype.letGo = function () {
    if (this._lock) {
      this._lock.release();
      this._lock = null;
    }
  };

  // -- notices ------------------------------------------------------------------------------------------------------------

  /** A promise of what shows notices; null where there is nothing, or it is not allowed. Phones want a worker for it. */
  function allowNotices() {
    var Notice = global.Notification;
    if (!Notice || !global.isSecureContext || !device.serviceWorker) {
      return Promise.resolve(null);
    }
    return Promise.resolve(Notice.permission === "default" ? Notice.requestPermission() : null).then(function () {
      return Notice.permission === "granted" ? device.serviceWorker.register(WORKER).then(awake) : null;
    }).then(function (registration) {
      return registration && new Notices(registration);
    }).catch(function () {
      return null;
    });
  }

  /** A registration whose worker is there. */
  function awake(registration) {
    if (registration.active) {
      return registration;
    }
    var worker = registration.installing || registration.waiting;
    return new Promise(function (resolve) {
      worker.addEventListener("statechange", function () {
        if (worker.state === "activated") {
          resolve(registration);
        }
      });
    });
  }

  function Notices(registration) {
    this._registration = registration;
  }

  /** One at a time; `isUrgent` stays until somebody has seen it. */
  Notices.prototype.show = function (title, body, pattern, isUrgent) {
    this._registration.showNotification(title, {
      body: body,
      tag: TAG,
      renotify: true,
      requireInteraction: isUrgent,
      vibrate: pattern,
      lang: LaySo.language(),
      data: location.href
    });
  };

  Notices.prototype.takeDown = function () {
    this._registration.getNotifications({ tag: TAG }).then(function (found) {
      found.forEach(function (notice) { notice.close(); });
    });
  };

  LaySo.means = { Chime: Chime, shake: shake, Light: Light, allowNotices: allowNotices };
})(window);
