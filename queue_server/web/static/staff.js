/** How every console of staff begins: its feed, the server's time, and the way to and from the session. */

const SIGNED_OUT_FROM = 4400;

/**
 * `onStatus` hears how the line is; the page is loaded anew for a new build where `isQuiet()`.
 * `now` is the server's time; while it is away, the time of what is shown.
 */
export function openFeed({ onStatus, isQuiet }) {
  let status = null;
  const feed = new LaySo.Feed({
    build: document.documentElement.dataset.build,
    isWorkedAt: true,
    onStatus: (newest) => {
      const isNobody = newest.state === "live" && feed.actor === "nobody"; // the session ended while the line was down
      if (newest.code >= SIGNED_OUT_FROM || isNobody) {
        signIn();
      }
      status = { ...newest };
      onStatus(status);
    },
    onBuild: LaySo.quietReload(isQuiet),
  });
  const isLive = () => status !== null && status.state === "live";
  return { feed, isLive, now: () => (isLive() || !status ? feed.now() : status.since) };
}

/** To the form where an account signs in, and back to `next`; also where the server still takes the session for good. */
export function signIn(next = location.pathname + location.search + location.hash) {
  const lang = LaySo.language() === "en" ? "&lang=en" : "";
  location.assign(`/sign-in?next=${encodeURIComponent(next)}&anew=1${lang}`);
}

export function signOut(onProblem) {
  LaySo.ask("DELETE", "/session").then(() => signIn(location.pathname), onProblem);
}
