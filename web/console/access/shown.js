// A secret that is shown once: to copy, to save as a file, and to use at once.
import { card, copyButton, download, button, h, notice, pageHead, snippet } from "../ui.js";

const origin = () => location.origin;
const socket = () => origin().replace(/^http/, "ws");
const quote = (s) => `'${String(s).replaceAll("'", "'\\''")}'`;

/** shown returns what a page shows after a key was made, or given a new secret. */
export function shown(made, { context, signed, done, title, models = [] }) {
  return signed ? accessKey(made, context, done, title) : apiKey(made, models, done);
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

function accessKey(made, context, done, title = "Your access key") {
  const { access_key: key, secret_access_key: secret, session_token: token } = made;
  const region = context.session.region || "us-east-1";
  const file = `[default]\naws_access_key_id = ${key.id}\naws_secret_access_key = ${secret}\n${token ? `aws_session_token = ${token}\n` : ""}`;
  const variables = `export AWS_ACCESS_KEY_ID=${key.id}\nexport AWS_SECRET_ACCESS_KEY=${secret}\n${token ? `export AWS_SESSION_TOKEN=${token}\n` : ""}export AWS_REGION=${region}\nexport AWS_ENDPOINT_URL_TRANSCRIBE_STREAMING=${origin()}\n`;
  const save = `${key.name.replace(/[^\p{L}\p{N}._-]+/gu, "-") || "earshot"}.credentials`;
  return [
    pageHead(title, [h("span", { dir: "auto" }, key.name), token ? " · temporary credentials" : ""]),
    h("div", { class: "stack narrow-wide" }, once(token ? "make other credentials" : "rotate the secret"),
      card("", { "aria-label": "Secrets" }, h("div", { class: "stack" }, secretLine("Access key id", key.id), secretLine("Secret access key", secret), token && secretLine("Session token", token),
        h("div", { class: "row" }, button("Download credentials file", { kind: "primary", mark: "download", onclick: () => download(save, file) }), button("I have saved it", { onclick: done })))),
      card("Use it", { text: "Applications for Amazon Transcribe need these lines and nothing else." }, tabs("How to use it", [
        ["Environment", () => h("div", { class: "stack" }, snippet(variables, "the environment"), h("p", { class: "hint" }, "SDKs that insist on TLS take the https address of the server, and its ca.pem: see docs/amazon-transcribe.md."))],
        ["Credentials file", () => h("div", { class: "stack" }, snippet(file, "the credentials file"), snippet(`export AWS_SHARED_CREDENTIALS_FILE=$PWD/${save}`, "the variable that names it"))],
        ["First call", () => h("div", { class: "stack" }, h("p", {}, "With the file that you have downloaded, and a recording:"), snippet(`earshot transcribe --url ${socket()} --credentials ${quote(save)} talk.wav`, "the first call"), h("p", { class: "hint" }, "Live has the same call in JavaScript, Python and Go: “Show the code”."))],
      ]))),
  ];
}

function apiKey(made, models, done) {
  const { api_key: key, token } = made;
  const id = key.models?.[0] ?? models[0]?.id;
  const model = id ? `local.${id.replace(/^local\./, "")}` : "MODEL";
  return [
    pageHead("Your API key", h("span", { dir: "auto" }, key.name)),
    h("div", { class: "stack narrow-wide" }, once("make another key"),
      card("", { "aria-label": "Secret" }, h("div", { class: "stack" }, secretLine("API key", token), h("div", { class: "row" }, button("Download as a file", { kind: "primary", mark: "download", onclick: () => download("api-key", `${token}\n`) }), button("I have saved it", { onclick: done })))),
      card("Use it", { text: "The first call, with a recording." }, tabs("How to use it", [
        ["curl", () => snippet(`export EARSHOT_API_KEY=${token}\ncurl -H "Authorization: Bearer $EARSHOT_API_KEY" --data-binary @talk.wav \\\n  ${quote(`${origin()}/v1/transcribe?model=${model}&output_format=json`)}`, "the call with curl")],
        ["OpenAI’s SDK", () => snippet(`from openai import OpenAI\n\nclient = OpenAI(base_url="${origin()}/v1", api_key="${token}")\nwith open("talk.wav", "rb") as audio:\n    print(client.audio.transcriptions.create(model="${model}", file=audio).text)`, "the call with OpenAI’s SDK")],
        ["WebSocket", () => h("div", { class: "stack" }, snippet(`${socket()}/v1/transcribe?api_key=${token}&model=${model}&output_format=json`, "the address"), h("p", { class: "hint" }, "16 kHz, mono, signed 16-bit samples in binary messages of any size; docs/speechall.md has the rest."))],
      ]))),
  ];
}

/** copyable shows a short text with a button to copy it. */
export const copyable = (text, label) => h("span", { class: "copyable" }, h("code", {}, text), copyButton(text, `Copy ${label}`, { face: "" }));
