// The operator's page: what /admin and /care say, as tables. Everything is put in as text, never as markup. The token
// lives in this tab only (sessionStorage) and goes nowhere but into the Authorization header of this same server.
"use strict";

const kOpenStates = ["planned", "sent", "unknown", "retry-at", "parked", "dead"];
const kAllStates = [...kOpenStates, "verified", "superseded"];
const kStateLook = { verified: "good", parked: "warn", unknown: "warn", "retry-at": "warn", dead: "bad" };
const kTroubles = ["", "transient", "auth", "policy", "content", "person", "dry-run"];

const byId = (id) => document.getElementById(id);

// element("td", {class: "x"}, "text", child, ...)
function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (key === "click") made.addEventListener("click", value);
    else if (value !== false && value !== undefined) made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== undefined && child !== ""));
  return made;
}

function say(text, bad) {
  byId("status").textContent = text;
  byId("status").className = bad ? "bad" : "";
}

class Refused extends Error {}

async function ask(method, path, body) {
  const headers = { Accept: "application/json" };
  const token = sessionStorage.getItem("token");
  if (token) headers.Authorization = "Bearer " + token;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let answer;
  try {
    answer = await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body), cache: "no-store" });
  } catch {
    throw new Refused("The adapter does not answer.");
  }
  const text = await answer.text();
  let json = {};
  try { json = JSON.parse(text); } catch { /* said by the status */ }
  if (answer.ok) return json;
  if (answer.status === 401) throw new Refused("Enter a token of role operator above (bhi token makes one).");
  if (answer.status === 403) throw new Refused("This token may not do that: it needs the role operator.");
  const issues = (json.issue || []).map((issue) => issue.diagnostics).filter(Boolean).join("; ");
  throw new Refused("Refused (" + answer.status + "): " + (issues || "no reason given"));
}

const moment = (text) => (text ? new Date(text).toLocaleString() : "");

function age(seconds) {
  if (seconds === undefined) return "not yet complete";
  if (seconds < 120) return seconds + " s";
  if (seconds < 7200) return Math.round(seconds / 60) + " min";
  return Math.round(seconds / 3600) + " h";
}

function table(caption, heads, rows) {
  const body = element("tbody", {}, ...rows);
  if (rows.length === 0) body.append(element("tr", {}, element("td", { colspan: heads.length, class: "soft" }, "nothing")));
  return element("div", { class: "scroll" },
    element("table", {}, element("caption", {}, caption),
      element("thead", {}, element("tr", {}, ...heads.map((head) => element("th", { scope: "col" }, head)))), body));
}

const row = (...cells) => element("tr", {}, ...cells.map((cell) =>
  cell instanceof Element && cell.tagName === "TD" ? cell : element("td", {}, cell === undefined ? "" : cell)));

const state = (name) => element("span", { class: "state " + (kStateLook[name] || "soft") }, name);

// A question before anything is changed. Gives null for no, else what was entered.
function confirmed(title, text, button, label) {
  const dialog = byId("ask");
  byId("ask-title").textContent = title;
  byId("ask-text").textContent = text;
  byId("ask-yes").textContent = button;
  byId("ask-field").hidden = !label;
  byId("ask-label").textContent = label || "";
  byId("ask-input").value = "";
  byId("ask-input").required = Boolean(label);
  dialog.returnValue = "no";
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes" ? byId("ask-input").value : null), { once: true });
    dialog.showModal();
  });
}

// ---- write plans --------------------------------------------------------------------------------------------------------

const kOccasions = { new: "new", changed: "changed, as we wrote it", theirs: "came from this EHR" };

function ways(plan) {
  const lines = plan.ladder.filter((rung) => !rung.taken).map((rung) => element("li", {},
    element("strong", {}, rung.rung), rung.fits ? " is offered, but comes later" : ": " + rung.why));
  return lines.length ? element("details", {}, element("summary", {}, lines.length + " others"), element("ul", { class: "ways" }, ...lines)) : "";
}

async function plans(view) {
  const { destinations } = await ask("GET", "admin/plans");
  const again = element("button", { id: "refresh", click: () => act(async () => {
    await ask("POST", "admin/plans/refresh");
    say("The EHRs are asked again; the plan follows in a moment.");
  }) }, "Ask the EHRs again");
  view.append(element("div", { class: "filters" }, again));
  if (destinations.length === 0) view.append(element("p", { class: "soft" }, "Nothing is written anywhere (write_back is off)."));
  for (const one of destinations) {
    const section = element("section", {}, element("h2", {}, one.destination, one.mode === "dry-run" ? " (dry run: nothing is sent)" : ""));
    if (one.problem) section.append(element("p", { class: "bad" }, "The EHR cannot be asked: " + one.problem));
    section.append(table("Since " + (moment(one.since) || "never planned yet"), ["What", "When it is", "Way", "Interactions", "Other ways"],
      one.plans.map((plan) => row(plan.artifact, kOccasions[plan.occasion] || plan.occasion,
        plan.taken === "none" ? element("span", { class: "bad" }, "none: parked") : plan.taken, plan.interactions.join(", "), ways(plan)))));
    section.append(element("h3", {}, "Last changes"), table("", ["At", "What", "Before", "After", "Why"],
      one.changes.map((change) => row(moment(change.at), change.artifact + ", " + (kOccasions[change.occasion] || change.occasion),
        change.before, change.after, change.why))));
    view.append(section);
  }
}

// ---- queue --------------------------------------------------------------------------------------------------------------

const wanted = { state: "open", trouble: "", destination: "" };

function choice(id, label, values, current, change) {
  const select = element("select", { id }, ...values.map((value) => element("option", { value, selected: value === current }, value || "any")));
  select.addEventListener("change", () => { change(select.value); show("queue"); });
  return element("span", {}, element("label", { for: id }, label), select);
}

function acts(item) {
  const button = (name, run) => element("button", { click: run, "aria-label": name + " item " + item.seq }, name);
  const made = [button("Preview", () => act(() => preview(item)))];
  const post = (what, body, done) => act(async () => {
    await ask("POST", "admin/outbox/" + item.seq + "/" + what, body);
    await show("queue");
    say("Item " + item.seq + " " + done + ".");
  });
  if (item.state === "parked" || item.state === "dead") made.push(button("Release", async () => {
    if (await confirmed("Release item " + item.seq + "?", "It goes out again, as far as the rules allow.", "Release") !== null) post("release", undefined, "is released");
  }));
  if (["parked", "planned", "retry-at"].includes(item.state)) made.push(button("Discard", async () => {
    const reason = await confirmed("Discard item " + item.seq + "?", "It is never sent. This cannot be taken back without a release.", "Discard", "Why (no patient data)");
    if (reason !== null) post("discard", { reason }, "is discarded");
  }));
  if (item.state === "parked" && item.trouble === "person") for (const keep of ["ours", "theirs"]) made.push(button("Keep " + keep, async () => {
    if (await confirmed("Keep " + keep + " in item " + item.seq + "?", "Where both sides changed the same, " + (keep === "ours" ? "our value replaces the EHR's." : "the EHR's value replaces ours."), "Keep " + keep) !== null) post("resolve", { keep }, "is resolved");
  }));
  if (item.state === "parked" && item.rung === "outbox-file") made.push(button("Filed", async () => {
    if (await confirmed("Was the file of item " + item.seq + " filed?", item.reason, "It was filed") !== null) post("filed", undefined, "is filed");
  }));
  return element("td", { class: "acts" }, ...made);
}

async function preview(item) {
  say("The delivery is rehearsed ...");
  const seen = await ask("GET", "admin/outbox/" + item.seq);
  const place = byId("preview");
  place.replaceChildren(element("h2", {}, "Item " + item.seq + ": what would be sent"));
  if (seen.problem) place.append(element("p", { class: "bad" }, seen.problem));
  if (seen.would) place.append(element("p", {}, "Would then be ", state(seen.would.state), " ", seen.would.reason));
  for (const one of seen.requests || []) {
    const conditions = [one.if_match && "If-Match " + one.if_match, one.if_none_exist && "If-None-Exist " + one.if_none_exist].filter(Boolean).join(", ");
    place.append(element("h3", {}, one.method + " " + one.url + (conditions ? " (" + conditions + ")" : "")), element("pre", { tabindex: "0" }, JSON.stringify(one.body, null, 2)));
  }
  if (!seen.problem && !(seen.requests || []).length) place.append(element("p", { class: "soft" }, "No request."));
  place.hidden = false;
  place.scrollIntoView({ block: "start" });
  say("Nothing was sent. The bodies hold patient data.");
}

function queueRow(item) {
  const seconds = item.not_before ? moment(item.not_before) : "";
  return row(element("td", { class: "number" }, String(item.seq)), element("td", {}, state(item.state), item.urgent ? element("strong", { class: "bad" }, " urgent") : ""),
    item.destination, item.artifact, element("code", {}, item.care_id), item.rung, item.trouble, item.reason,
    element("td", { class: "number" }, String(item.attempts) + (seconds ? ", next " + seconds : "")), acts(item));
}

async function queue(view, before) {
  const states = wanted.state === "open" ? kOpenStates.join(",") : wanted.state === "all" ? "" : wanted.state;
  const query = new URLSearchParams({ limit: "50" });
  for (const [key, value] of Object.entries({ state: states, trouble: wanted.trouble, destination: wanted.destination, before })) if (value) query.set(key, value);
  const found = await ask("GET", "admin/outbox?" + query);
  const destination = element("input", { id: "filter-destination", value: wanted.destination, size: "14" });
  destination.addEventListener("change", () => { wanted.destination = destination.value; show("queue"); });
  view.append(element("div", { class: "filters" },
    choice("filter-state", "State", ["open", "all", ...kAllStates], wanted.state, (value) => { wanted.state = value; }),
    choice("filter-trouble", "Trouble", kTroubles, wanted.trouble, (value) => { wanted.trouble = value; }),
    element("span", {}, element("label", { for: "filter-destination" }, "To"), destination),
    element("button", { click: () => show("queue") }, "Look again")));
  view.append(table(found.outbox.length + (found.next ? " items, newest first; there are older ones" : " items, newest first"),
    ["No.", "State", "To", "What", "Id", "Way", "Trouble", "Reason", "Tries", "Acts"], found.outbox.map(queueRow)));
  if (found.next) view.append(element("button", { click: () => show("queue", found.next) }, "Older ones"));
  view.append(element("section", { id: "preview", hidden: true, "aria-label": "Preview" }));
}

// ---- sources, quarantine, safety ------------------------------------------------------------------------------------------

async function sources(view) {
  for (const one of (await ask("GET", "care/sources")).sources) {
    const section = element("section", {}, element("h2", {}, one.name));
    if (one.circuit) section.append(element("p", { class: one.circuit === "closed" ? "soft" : "warn" }, "Circuit " + one.circuit + ", " + one.calls_this_minute + " requests in this minute" +
      (one.not_asked_because ? "; not asked: " + one.not_asked_because : "")));
    if (one.drop_folder) section.append(element("p", {}, "Drop folder: " + one.drop_folder.state));
    if (one.types) section.append(table("What is shown may be this old", ["Type", "How news are found", "Age", "Why so"],
      one.types.map((type) => row(type.type, type.mode + (type.by_patient ? " by patient" : ""), age(type.staleness_secs), type.reason))));
    view.append(section);
  }
}

async function quarantine(view, after) {
  const { quarantine: items, next } = await ask("GET", "care/quarantine?limit=100" + (after ? "&after=" + after : ""));
  view.append(table(items.length + (next ? " items put aside, newest first; there are older ones" : " items put aside, newest first"), ["No.", "Source", "What", "Received", "Reason", "Acts"], items.map((item) => row(
    element("td", { class: "number" }, String(item.seq)), item.source, element("code", {}, item.type + "/" + item.id), moment(item.received), item.reason,
    element("td", { class: "acts" }, element("button", { "aria-label": "Replay item " + item.seq, click: async () => {
      if (await confirmed("Work on item " + item.seq + " again?", "It goes through the maps as they are now.", "Replay") === null) return;
      act(async () => {
        await ask("POST", "care/quarantine/" + item.seq + "/replay");
        await show("quarantine");
        say("Item " + item.seq + " is worked on again.");
      });
    } }, "Replay"))))));
  if (next) view.append(element("button", { click: () => show("quarantine", next) }, "Older ones"));
}

async function safety(view) {
  const { safety: events } = await ask("GET", "admin/safety?limit=100");
  view.append(element("p", { class: "soft" }, "Who it is and what was answered is shown to the care team (/care/safety); here is whether it reached the EHR."));
  view.append(table(events.length + " open", ["Raised", "Level", "Event", "At the EHR"], events.map((event) => row(moment(event.raised), event.level, element("code", {}, event.id),
    element("td", {}, ...(event.deliveries.length ? event.deliveries.flatMap((one) => [one.destination + " ", state(one.state), " " + (one.reason || "") + " "]) : [element("span", { class: "bad" }, "nowhere: no EHR is written to for this patient")]))))));
}

// ---- the frame ----------------------------------------------------------------------------------------------------------

const kViews = { plans, queue, sources, quarantine, safety };
let turn = 0;

async function act(run) {
  try { await run(); } catch (error) {
    if (!(error instanceof Refused)) throw error;
    say(error.message, true);
  }
}

// The view is made anew beside the old one and put in its place when it is whole; of two the later one counts.
async function show(name, argument) {
  const mine = ++turn;
  for (const tab of document.querySelectorAll("[role=tab]")) {
    const on = tab.id === "tab-" + name;
    tab.setAttribute("aria-selected", String(on));
    tab.tabIndex = on ? 0 : -1;
  }
  byId("view").setAttribute("aria-labelledby", "tab-" + name);
  await act(async () => {
    const made = document.createDocumentFragment();
    try {
      await kViews[name](made, argument);
      if (mine === turn) say("");
    } finally {
      if (mine === turn) {
        byId("view").replaceChildren(made);
        byId("view").dataset.shown = name;
        history.replaceState(null, "", "#" + name);
      }
    }
  });
}

const tabs = [...document.querySelectorAll("[role=tab]")];
for (const tab of tabs) tab.addEventListener("click", () => show(tab.id.slice(4)));
byId("tabs").addEventListener("keydown", (event) => {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!step) return;
  const next = tabs[(tabs.indexOf(document.activeElement) + step + tabs.length) % tabs.length];
  next.focus();
  next.click();
});
byId("token-form").addEventListener("submit", (event) => {
  event.preventDefault();
  sessionStorage.setItem("token", byId("token").value.trim());
  byId("token").value = "";
  show(byId("view").dataset.shown || "plans");
});
byId("forget").addEventListener("click", () => {
  sessionStorage.removeItem("token");
  byId("view").replaceChildren();
  say("The token is forgotten.");
});
show(kViews[location.hash.slice(1)] ? location.hash.slice(1) : "plans");
