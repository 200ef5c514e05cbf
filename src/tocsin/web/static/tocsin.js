// Keeps the page fresh. Everything works without it; it only saves the reader a reload.
"use strict";
(() => {
  const EVERY_MS = 5000;
  const main = document.getElementById("main");
  const sources = new WeakMap();

  const addLocalTimes = () => {
    const format = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
    for (const time of main.querySelectorAll("time[datetime]:not([data-local])")) {
      time.dataset.local = "yes";
      time.title += ` · ${format.format(new Date(time.dateTime))} where you are`;
    }
  };
  for (const section of main.children) sources.set(section, section.outerHTML);
  addLocalTimes();
  if (main.dataset.live !== "yes") return;

  let paused = false;
  let lost = false;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "live quiet";
  const news = document.createElement("p");
  news.className = "sr";
  news.setAttribute("aria-live", "polite");
  const label = () => {
    button.textContent = lost ? "No connection" : paused ? "Paused" : "Live";
    button.setAttribute("aria-label", paused ? "Paused: go on refreshing" : "Live: pause refreshing");
    button.classList.toggle("is-lost", lost);
    button.classList.toggle("is-paused", paused);
  };
  button.addEventListener("click", () => {
    paused = !paused;
    label();
  });
  label();
  document.querySelector(".top").append(button, news);

  const isChanged = (field) => {
    if (field instanceof HTMLSelectElement) return [...field.options].some((one) => one.selected !== one.defaultSelected && !(one.index === 0 && one.selected));
    return (field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement) && field.value !== field.defaultValue;
  };

  // Nobody loses what they are typing, selecting or reading in another tab.
  const isBusy = () => {
    const active = document.activeElement;
    const typing = active !== null && main.contains(active) && isChanged(active);
    const drafting = [...main.querySelectorAll("details[open] :is(input, select, textarea)")].some(isChanged);
    const selection = window.getSelection();
    return document.hidden || paused || typing || drafting || (selection !== null && selection.toString() !== "");
  };

  const find = (place) =>
    document.getElementById(place) || [...main.querySelectorAll("a")].find((link) => link.getAttribute("href") === place);

  // Opened details and the focus stay where they are; only sections that changed are replaced.
  const adopt = (fresh) => {
    const seen = new Map([...main.querySelectorAll("details[id]")].map((one) => [one.id, one.open]));
    const focused = main.contains(document.activeElement) ? document.activeElement : null;
    const place = focused && (focused.id || focused.getAttribute("href"));
    const old = [...main.children];
    const next = [...fresh.children];
    for (const section of next) sources.set(section, section.outerHTML);
    for (const one of fresh.querySelectorAll("details[id]")) one.open = seen.get(one.id) ?? one.open;
    if (old.length === next.length) {
      old.forEach((section, index) => {
        if (sources.get(section) !== sources.get(next[index])) section.replaceWith(next[index]);
      });
    } else {
      main.replaceChildren(...next);
    }
    if (place && !document.contains(focused)) find(place)?.focus({ preventScroll: true });
    addLocalTimes();
  };

  const show = (page) => {
    adopt(page.getElementById("main"));
    const verdict = document.getElementById("verdict");
    if (verdict && news.textContent !== verdict.textContent) news.textContent = verdict.textContent;
    document.title = page.title;
    const icon = document.querySelector("link[rel=icon]");
    const newIcon = page.querySelector("link[rel=icon]").getAttribute("href");
    if (icon.getAttribute("href") !== newIcon) icon.setAttribute("href", newIcon);
  };

  const refresh = async () => {
    try {
      const answer = await fetch(location.href, { headers: { accept: "text/html" }, cache: "no-store" });
      if (answer.redirected) return location.reload();
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (answer.ok && !isBusy()) show(page);
      lost = answer.status >= 500;
    } catch {
      lost = true;
    }
    label();
  };

  const again = async () => {
    if (!isBusy()) await refresh();
    setTimeout(again, EVERY_MS);
  };
  setTimeout(again, EVERY_MS);
})();
