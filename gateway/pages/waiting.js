// Shows what the gateway sends and opens the engine when it is ready. Without this the page reloads.
(() => {
  "use strict";
  const status = document.getElementById("status");
  const to = document.body.dataset.to;
  let source = null;
  const listen = () => {
    source = new EventSource("/.aigc/events?to=" + encodeURIComponent(to));
    source.addEventListener("status", (event) => {
      const said = JSON.parse(event.data);
      if (said.ready) {
        source.close();
        location.replace(to);
        return;
      }
      status.className = said.phase;
      status.innerHTML = said.html;
      document.title = said.title;
    });
    source.onerror = () => {
      // Closed for good (signed out, say): ask again with a page visit, which can sign in.
      if (source.readyState === EventSource.CLOSED) {
        setTimeout(() => location.reload(), 5000);
      }
    };
  };
  listen();
})();
