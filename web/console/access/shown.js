// A secret that is shown once: to copy, to save as a file, and to use at once.
import { confirm } from "../form.js";
import { tlsOf } from "../live/tls.js";
import { card, copyButton, download, button, h, loading, notice, pageHead, snippet } from "../ui.js";

const origin = () => location.origin;
const socket = () => origin().replace(/^http/, "ws");
const quote = (s) => `'${String(s).replaceAll("'", "'\\''")}'`;

/** shown returns what a page shows after a key was made, or given a new secret. */
export function shown(made, { context, signed, done, title, models = [] }) {
  return signed ? accessKey(made, context, done, title) : apiKey(made, models, done, title);
}

const secretLine = (label, value) => h("div", { class: "field" }, h("span", { class: "label" }, label), snippet(value, label, { wrap: true }));

const once = (lost) => notice("warn", h("p", {}, h("strong", {}, "Copy or save it now. "), `It is not shown again; if it is lost, ${lost}.`));

/** tabs shows one of several texts at a time. */
export function tabs(label, choices) {
  const place = h("div", {});
  const list = h("div", { class: "segments", role: "group", "aria-label": label }, ...choices.map(([name, make]) => h("button", { type: "button", onclick: (event) => {
    for (const b of list.children) b.setAttribute("aria-pressed", String(b === event.currentTarget));
    place.replaceChildren(make());
  } }, name)));
  list.firstChild.click();
  return h("div", { class: "stack" }, list, place);
}

/** asked keeps a card with secrets from being left by accident, until something of it was copied or saved. It returns the card. */
function asked(secrets) {
  let saved = false;
  const unload = (event) => {
    if (!secrets.isConnected) stop();
    else if (!saved) event.preventDefault();
  };
  const away = (event) => {
    if (!secrets.isConnected) return stop();
    const link = event.target.closest?.('a[href^="#"]');
    if (event.target.closest?.(".copy") || (secrets.contains(event.target) && event.target.closest("button"))) saved = true;
    else if (link && !saved) {
      event.preventDefault();
      event.stopPropagation();
      confirm({ title: "Leave without the secret?", text: "It was neither copied nor saved, and is not shown again.", label: "Leave", run: async () => {
        saved = true;
        location.hash = link.getAttribute("href");
      } });
    }
  };
  function stop() {
    removeEventListener("beforeunload", unload);
    document.removeEventListener("click", away, true);
  }
  addEventListener("beforeunload", unload);
  document.addEventListener("click", away, true);
  return secrets;
}

/**
 * lines are what sends an application for Amazon Transcribe here: the key, and where to. The one never stands without the other, since whoever has
 * a key and no address takes it to Amazon. Some SDKs (Go, Python) insist on TLS; so where the server has it, that is the address.
 */
export function lines(key, { region, tls, at = location }) {
  const safe = at.protocol === "https:" || !tls ? at.origin : `https://${at.hostname}:${tls.port}`;
  const own = tls?.own && (at.protocol !== "https:" || Number(at.port || 443) === tls.port);
  return [...key, ["AWS_REGION", region], ["AWS_ENDPOINT_URL", safe], ["AWS_ENDPOINT_URL_TRANSCRIBE_STREAMING", safe], ...(own ? [["AWS_CA_BUNDLE", "ca.pem"], ["NODE_EXTRA_CA_CERTS", "ca.pem"]] : [])]
    .map(([name, value]) => `export ${name}=${value === "ca.pem" ? "$PWD/ca.pem" : value}\n`).join("");
}

/** trust says what the lines need besides. */
function trust({ tls }) {
  const python = "The SDK for Python trusts what the system trusts, and takes the address from its program: docs/amazon-transcribe.md says how.";
  if (location.protocol === "https:" || tls) return `${tls?.own ? "ca.pem is in the server's data folder: copy it to where these lines are used. " : ""}${python}`;
  if (tls === null) return "The SDKs for Go and Python insist on TLS, which this server does not listen for: it has to be started with --tls-listen. That for JavaScript does without.";
  return `The SDKs for Go and Python insist on TLS: give them the server's https address in place of this one, and AWS_CA_BUNDLE=ca.pem of its data folder. ${python}`;
}

function accessKey(made, context, done, title = "Your access key") {
  const { access_key: key, secret_access_key: secret, session_token: token } = made;
  const file = `[default]\naws_access_key_id = ${key.id}\naws_secret_access_key = ${secret}\n${token ? `aws_session_token = ${token}\n` : ""}`;
  const save = `${key.name.replace(/[^\p{L}\p{N}._-]+/gu, "-") || "earshot"}.credentials`;
  const variables = [["AWS_ACCESS_KEY_ID", key.id], ["AWS_SECRET_ACCESS_KEY", secret], ...(token ? [["AWS_SESSION_TOKEN", token]] : [])];
  const use = h("div", {}, loading());
  void tlsOf(context).then((tls) => {
    const to = { region: context.session.region || "us-east-1", tls };
    const besides = () => h("p", { class: "hint" }, trust(to));
    use.replaceChildren(tabs("How to use it", [
      ["Environment", () => h("div", { class: "stack" }, snippet(lines(variables, to), "the environment"), besides())],
      ["Credentials file", () => h("div", { class: "stack" }, h("p", {}, "With the file that you have downloaded:"), snippet(lines([["AWS_SHARED_CREDENTIALS_FILE", `"$PWD/"${quote(save)}`]], to), "the environment with the file"), besides())],
      ["First call", () => h("div", { class: "stack" }, h("p", {}, "With the file that you have downloaded, and a recording:"), snippet(`earshot transcribe --url ${socket()} --credentials ${quote(save)} ${location.protocol === "https:" && tls?.own ? "--ca ca.pem " : ""}talk.wav`, "the first call"), h("p", { class: "hint" }, "Live has the same call in JavaScript, Python and Go: “Show the code”."))],
    ]));
  });
  return [
    pageHead(title, [h("span", { dir: "auto" }, key.name), token ? " · temporary credentials" : ""]),
    h("div", { class: "stack narrow-wide" }, once(token ? "make other credentials" : "rotate the secret"),
      asked(card("", { "aria-label": "Secrets" }, h("div", { class: "stack" }, secretLine("Access key id", key.id), secretLine("Secret access key", secret), token && secretLine("Session token", token),
        h("div", { class: "row" }, button("Download credentials file", { kind: "primary", mark: "download", onclick: () => download(save, file) }), button("I have saved it", { onclick: done }))))),
      card("Use it", { text: "These lines have applications for Amazon Transcribe ask this server." }, use)),
  ];
}

function apiKey(made, models, done, title = "Your API key") {
  const { api_key: key, token } = made;
  const id = key.models?.[0] ?? models[0]?.id;
  const model = id ? `local.${id.replace(/^local\./, "")}` : "MODEL";
  return [
    pageHead(title, h("span", { dir: "auto" }, key.name)),
    h("div", { class: "stack narrow-wide" }, once("make another key"),
      asked(card("", { "aria-label": "Secret" }, h("div", { class: "stack" }, secretLine("API key", token), h("div", { class: "row" }, button("Download as a file", { kind: "primary", mark: "download", onclick: () => download("api-key", `${token}\n`) }), button("I have saved it", { onclick: done }))))),
      card("Use it", { text: "The first call, with a recording." }, tabs("How to use it", [
        ["curl", () => snippet(`export EARSHOT_API_KEY=${token}\ncurl -H "Authorization: Bearer $EARSHOT_API_KEY" --data-binary @talk.wav \\\n  ${quote(`${origin()}/v1/transcribe?model=${model}&output_format=json`)}`, "the call with curl")],
        ["OpenAI’s SDK", () => snippet(`from openai import OpenAI\n\nclient = OpenAI(base_url="${origin()}/v1", api_key="${token}")\nwith open("talk.wav", "rb") as audio:\n    print(client.audio.transcriptions.create(model="${model}", file=audio).text)`, "the call with OpenAI’s SDK")],
        ["WebSocket", () => h("div", { class: "stack" }, snippet(`${socket()}/v1/transcribe?api_key=${token}&model=${model}&output_format=json`, "the address"), h("p", { class: "hint" }, "16 kHz, mono, signed 16-bit samples in binary messages of any size; docs/speechall.md has the rest."))],
      ]))),
  ];
}

/** copyable shows a short text with a button to copy it. */
export const copyable = (text, label) => h("span", { class: "copyable" }, h("code", {}, text), copyButton(text, `Copy ${label}`, { face: "" }));
