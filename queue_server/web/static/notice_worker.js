/** Shows the notices of a citizen's phone: a press on one leads to the page that it came from. It serves no page. */
"use strict";

self.addEventListener("notificationclick", function (event) {
  var address = event.notification.data;
  event.notification.close();
  event.waitUntil(self.clients.matchAll({ type: "window", includeUncontrolled: true }).then(function (pages) {
    var found = pages.filter(function (page) { return page.url === address; })[0];
    return found ? found.focus() : self.clients.openWindow(address);
  }));
});
