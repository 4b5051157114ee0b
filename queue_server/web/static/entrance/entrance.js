/** The start page and the sign-in form: signing in and out by /api/v1/session. */
(function () {
  "use strict";

  var LaySo = window.LaySo;
  var form = document.getElementById("sign-in");
  var second = document.getElementById("second");
  var signOut = document.getElementById("sign-out");
  var language = document.getElementById("language");

  if (language) {
    LaySo.languageSwitch(language);
  }
  if (form) {
    form.addEventListener("submit", function (event) {
      event.preventDefault();
      signIn(form);
    });
  }
  if (signOut) {
    LaySo.onPress(signOut, function () {
      return LaySo.ask("DELETE", "/session").then(function () { location.reload(); }, function (problem) { LaySo.toast(problem.detail, "bad"); });
    });
  }

  function signIn() {
    var button = form.querySelector("button[type=submit]");
    if (button.getAttribute("aria-busy") === "true" || !isFilled()) {
      return;
    }
    button.setAttribute("aria-busy", "true");
    refuse("");
    var asked = { username: form.username.value.trim(), password: form.password.value };
    if (!second.hidden && form.code.value.trim()) {
      asked.code = form.code.value.trim();
    }
    LaySo.ask("POST", "/session", asked).then(goOn, function (problem) {
      button.removeAttribute("aria-busy");
      refuse(problem.detail);
      second.hidden = second.hidden && problem.code !== "second-factor-needed";
      (/^(second-factor-needed|wrong-code)$/.test(problem.code) ? form.code : form.password).select();
    });
  }

  /** The first empty field gets the focus. */
  function isFilled() {
    var missing = [form.username, form.password].filter(function (input) { return input.value === ""; })[0];
    [form.username, form.password].forEach(function (input) { input.setAttribute("aria-invalid", String(input === missing)); });
    if (missing) {
      missing.focus();
    }
    return !missing;
  }

  function refuse(sentence) {
    var place = document.getElementById("refusal");
    place.textContent = sentence;
    place.hidden = sentence === "";
  }

  function goOn(who) {
    var path = form.dataset.next || form.getAttribute("data-home-" + who.role) || "/";
    if (who.owes) {
      path = "/account?next=" + encodeURIComponent(form.dataset.next || "/");
    }
    var keepsLanguage = LaySo.language() === "en" && path.indexOf("lang=") < 0;
    location.replace(keepsLanguage ? path + (path.indexOf("?") < 0 ? "?" : "&") + "lang=en" : path);
  }
})();
