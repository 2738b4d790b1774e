// Refreshes the page: fetches it periodically and replaces what changed. Scroll position, focus and open details
// are kept; an unchanged chart is not drawn again.
{
  const EVERY_MS = 10000;
  const state = document.getElementById("state");
  const pause = document.getElementById("pause");
  const specOf = (id) => document.querySelector(`script[data-chart="${CSS.escape(id)}"]`)?.textContent;
  let paused = false;
  let last = null;

  const put = (text) => {
    const next = new DOMParser().parseFromString(text, "text/html");
    const focused = document.activeElement;
    const open = [...document.querySelectorAll("main details[open]")].map((node) => node.id);
    const address = focused?.getAttribute?.("href");
    const kept = new Map();
    for (const box of document.querySelectorAll("main .chart")) kept.set(box.id, [box, specOf(box.id)]);
    const main = document.getElementById("main");
    const top = scrollY;
    main.replaceChildren(...next.getElementById("main").childNodes);
    for (const place of [".subtitle", "nav[aria-label=Sections]", "#waiting"]) {
      const [now, then] = [document.querySelector(place), next.querySelector(place)];
      if (now && then) now.replaceWith(then);
      else if (now) now.remove();
    }
    for (const id of open) document.getElementById(id)?.setAttribute("open", "");
    for (const box of main.querySelectorAll(".chart")) {
      const [old, spec] = kept.get(box.id) ?? [];
      if (old && spec === specOf(box.id)) {
        box.replaceWith(old);
        old.nextElementSibling.remove();
      }
    }
    scrollTo({ top, behavior: "instant" });
    const back = focused?.id ? document.getElementById(focused.id)
      : address ? document.querySelector(`[href="${CSS.escape(address)}"]`) : null;
    if (back && back !== document.activeElement) back.focus({ preventScroll: true });
    window.cascadeDraw?.();
  };

  const refresh = async () => {
    if (paused || document.hidden) return;
    try {
      const answer = await fetch(location.href, { credentials: "same-origin", cache: "no-store" });
      if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
      const text = await answer.text();
      if (text !== last && last !== null) put(text);
      last = text;
      state.textContent = `Up to date at ${new Date().toISOString().slice(11, 19)} UTC.`;
    } catch (error) {
      state.textContent = `Not up to date: ${error.message}. It is tried again.`;
    }
  };

  if (pause) {
    pause.hidden = false;
    // A polite live region that changes every few seconds would interrupt a screen reader.
    state.setAttribute("aria-live", "off");
    pause.addEventListener("click", () => {
      paused = !paused;
      pause.setAttribute("aria-pressed", String(paused));
      pause.textContent = paused ? "Go on" : "Pause";
      if (!paused) refresh();
    });
    for (const choice of document.querySelectorAll(".filters select"))
      choice.addEventListener("change", () => choice.form.requestSubmit());
    window.cascadeRefresh = refresh;
    setInterval(refresh, EVERY_MS);
  }
}
