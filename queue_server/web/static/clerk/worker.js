/**
 * The service worker of the clerk's console: what kept.js keeps is given when the server cannot be reached. It keeps
 * nothing itself, and answers nothing else.
 */
"use strict";

const SHELL = "layso-clerk";

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("fetch", (event) => {
  const address = new URL(event.request.url);
  const isPage = event.request.mode === "navigate" && address.pathname === "/clerk";
  const isOurs = address.origin === self.location.origin && (isPage || address.pathname.startsWith("/static/"));
  if (event.request.method === "GET" && isOurs) {
    event.respondWith(fetch(event.request).catch(() => kept(event.request, isPage)));
  }
});

/** Another counter of the same branch has the same page: what differs is read from the address. */
async function kept(request, isPage) {
  const shell = await caches.open(SHELL);
  const found = await shell.match(request, { ignoreVary: true, ignoreSearch: isPage });
  return found || Response.error();
}
