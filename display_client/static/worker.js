/**
 * The service worker of the lobby display: what display_kept.js keeps is given when the server is away, or too slow to be
 * waited for. It keeps nothing itself. For Chrome 53.
 */
"use strict";

const WAIT_MS = 3000; // a clip is waited for no longer than 4 s
const OURS = /^\/(display|static)\//;

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("fetch", (event) => {
  const address = new URL(event.request.url);
  if (event.request.method === "GET" && address.origin === self.location.origin && OURS.test(address.pathname)) {
    event.respondWith(caches.match(event.request, { ignoreVary: true }).then((kept) => {
      return kept ? freshOr(kept, event.request, address) : fetch(event.request);
    }));
  }
});

/** What is named by its release never changes; anything else comes from the server where it gives it in time. */
function freshOr(kept, request, address) {
  if (/[?&]v=/.test(address.search)) { return kept; }
  const isGood = (answer) => answer.status < 500;
  const fresh = fetch(request).then((answer) => (isGood(answer) ? answer : kept), () => kept);
  return Promise.race([fresh, new Promise((resolve) => setTimeout(() => resolve(kept), WAIT_MS))]);
}
