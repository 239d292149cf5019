// Keeps the list current. Without this script the page works the same, by reloading.
"use strict";
(() => {
  const list = document.getElementById("list");
  if (!list || !window.EventSource) return;
  let wanted = false;
  let loading = false;
  let leaving = false;

  const busy = () => {
    // Nothing moves under somebody who is typing or has a menu open.
    const at = document.activeElement;
    if (list.querySelector("details[open]")) return true;
    return at && list.contains(at) && at.matches("input:not([type=hidden]), select");
  };

  const load = async () => {
    wanted = true;
    if (loading || busy()) return;
    loading = true;
    try {
      while (wanted && !busy()) {
        wanted = false;
        const answer = await fetch(list.dataset.list, { credentials: "same-origin", cache: "no-store" });
        if (answer.status === 401) { if (!leaving) location.reload(); return; }
        if (!answer.ok) return;
        const html = await answer.text();
        if (busy()) { wanted = true; break; }
        replace(html);
      }
    } catch {
      // Offline: EventSource tries again, and then tells us to load.
    } finally {
      loading = false;
    }
  };

  const replace = (html) => {
    const parsed = new DOMParser().parseFromString(html, "text/html");
    const fresh = parsed.body.innerHTML;
    if (fresh === list.dataset.shown) return;
    const at = document.activeElement;
    const card = at && at.closest && at.closest(".engine");
    const form = at && at.closest && at.closest("form");
    const action = form && form.getAttribute("action");
    list.replaceChildren(...parsed.body.childNodes);
    list.dataset.shown = fresh;
    if (card && card.id) {
      const again = document.getElementById(card.id);
      const same = again && action && again.querySelector(`form[action="${CSS.escape(action)}"] button`);
      const next = same || (again && again.querySelector(".primary"));
      if (next) next.focus({ preventScroll: true });
    }
  };

  list.addEventListener("focusout", () => { if (wanted) setTimeout(load, 0); });
  list.addEventListener("toggle", () => { if (wanted) load(); }, true);
  const events = new EventSource(list.dataset.events);
  events.addEventListener("changed", load);
  events.addEventListener("ended", () => { events.close(); if (!leaving) location.reload(); });
  // Signing out ends the session before its answer is here: a reload now would sign in again.
  document.addEventListener("submit", (event) => {
    if (event.target.getAttribute("action") !== "/signout") return;
    leaving = true;
    events.close();
  });
  events.addEventListener("error", () => {
    // Closed for good: signed out elsewhere, or the coordinator is starting.
    if (events.readyState === EventSource.CLOSED) setTimeout(load, 3000);
  });
  window.addEventListener("pagehide", () => events.close());
  window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
})();
