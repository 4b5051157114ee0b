/**
 * What a console keeps in this browser, so that it can be opened, read and printed while the server is away: the last
 * rows, and by worker.js the page itself. It goes when its clerk signs out.
 */

const WRITE_MS = 1000;
const OLDEST_MS = 12 * 3600_000; // an older list is of another day
const SHELL = "layso-clerk";

/**
 * The rows of this clerk, if there are any of the last hours: `{no, board, rows, people, at, on}`, as of `at` by the
 * server's clock and `on` by this browser's; else null.
 * @param {string} key @param {number} now milliseconds
 */
export function keptRows(key, now) {
  try {
    const kept = JSON.parse(localStorage.getItem(key) || "null");
    const age = kept ? now - kept.on : Infinity;
    return age <= OLDEST_MS ? kept : null;
  } catch {
    return null;
  }
}

/** A function that keeps what `read()` gives, about once a second at most. */
export function keeping(key, read) {
  let timer = null;
  const write = () => {
    timer = null;
    const what = read();
    if (!what) {
      return;
    }
    try {
      localStorage.setItem(key, JSON.stringify({ ...what, on: Date.now() }));
    } catch {
      // Nothing can be kept in this browser.
    }
  };
  return () => {
    timer = timer || setTimeout(write, WRITE_MS);
  };
}

/** Have the page opened from here while the server is away. Browsers allow it on localhost and over HTTPS only. */
export async function keepPage() {
  if (!navigator.serviceWorker || !window.caches) {
    return;
  }
  await navigator.serviceWorker.register("/clerk/worker.js", { scope: "/clerk" });
  await navigator.serviceWorker.ready;
  const used = performance.getEntriesByType("resource").map((entry) => entry.name);
  const files = used.filter((address) => address.startsWith(`${location.origin}/static/`));
  await caches.delete(SHELL); // of another release, or another clerk
  const shell = await caches.open(SHELL);
  await Promise.all([...new Set(files)].map((address) => shell.add(address).catch(() => null)));
  await shell.add(pageAddress()); // last: a page that is kept has all that it needs
}

/** The page is the same for each of the branch's counters. */
function pageAddress() {
  return location.href.split("#")[0];
}

/** Nothing of this clerk stays for who comes after. @param {string} key */
export async function forget(key) {
  try {
    localStorage.removeItem(key);
    await caches.delete(SHELL);
  } catch {
    // There was nothing.
  }
}
