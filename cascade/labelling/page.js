"use strict";
// View of the labelling session: shows its state and sends keys. Text from models is only set as textContent.

let shown = null;
let busy = false;

function element(tag, text, attributes = {}) {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

function word(value) {
  if (value === null) return "cannot tell";
  return value === 1 ? "right" : value === 0 ? "wrong" : "half right";
}

// An answer as text; JSON in lines, of which those that differ are marked.
function written(text, lines) {
  if (!lines) return element("pre", text);
  const pre = element("pre", undefined, { class: "json" });
  for (const [line, differs] of lines) {
    const made = element("span", line, differs ? { class: "differs" } : {});
    if (differs) made.setAttribute("title", "differs");
    pre.append(made);
  }
  return pre;
}

function buttons(keys) {
  const bar = document.getElementById("buttons");
  if (bar.children.length === keys.length) return;
  bar.replaceChildren(
    ...keys.map(([key, name]) => {
      const made = element("button", name, { type: "button", "data-key": key });
      made.append(element("kbd", key));
      made.addEventListener("click", () => send(key));
      return made;
    }),
  );
}

function show(state) {
  const moved = !shown || shown.done !== state.done || state.finished || state.ended;
  shown = state;
  const progress = document.getElementById("progress");
  const question = document.getElementById("question");
  const answers = document.getElementById("answers");
  const left = state.ended ? [] : state.finished ? state.keys.filter(([key]) => key === "u" || key === "q") : state.keys;
  buttons(left);
  document.getElementById("help").textContent = state.ended ? "" : state.help;
  if (state.ended || state.finished) {
    progress.textContent = state.ended
      ? "Saved. You can close this page."
      : `All ${state.total} are labelled. Save and quit (q), or undo (u).`;
    question.replaceChildren();
    answers.replaceChildren();
    return;
  }
  const letter = state.answers[state.answer].letter;
  progress.textContent = `${state.done + 1} of ${state.total} · ${state.task} · answer ${letter}: ${state.dimension}?`;
  question.replaceChildren();
  for (const message of state.messages) {
    question.append(element("h3", message.role), element("pre", message.text));
  }
  if (state.gold !== null) question.append(element("h3", "right answer"), written(state.gold, state.gold_lines));
  answers.replaceChildren(
    ...state.answers.map((answer, index) => {
      const current = index === state.answer;
      const box = element("article", undefined, { "aria-current": String(current), tabindex: "0" });
      const said = Object.entries(answer.labels).map(([name, value]) => `${name}: ${word(value)}`);
      box.append(element("h2", `Answer ${answer.letter}`));
      box.append(element("p", said.join(" · "), { class: "labels" }), written(answer.text, answer.lines));
      if (current) setTimeout(() => box.scrollIntoView({ block: "nearest", inline: "nearest" }));
      return box;
    }),
  );
  if (moved) question.scrollTop = 0;
}

async function send(key) {
  if (busy || !shown || shown.ended) return;
  busy = true;
  try {
    const reply = await fetch("key", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ key, step: shown.step }),
    });
    if (!reply.ok) throw new Error(reply.statusText);
    show(await reply.json());
  } catch (error) {
    document.getElementById("progress").textContent = `Not saved (${error.message}); is \`cascade label\` still running?`;
  } finally {
    busy = false;
  }
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (/^([012ynhsuq]|Backspace)$/.test(event.key)) {
    event.preventDefault();
    send(event.key);
  }
});

fetch("state").then((reply) => reply.json()).then(show);
