// The console's API, below /console/api: JSON both ways, with the session's CSRF token on whatever changes something.

/** ApiError is an answer that is none. status is 0 where the server could not be reached; field names what is wrong in a form. */
export class ApiError extends Error {
  constructor(status, { code = "", message = "", field = "" } = {}, retryAfter = 0) {
    super(message || `The server answered with status ${status}.`);
    this.name = "ApiError";
    this.status = status;
    this.code = code;
    this.field = field;
    this.retryAfter = retryAfter; // seconds; 0: not said
  }
}

export const base = "/console/api";

const tags = new WeakMap(); // what was read → its ETag

/**
 * createApi returns the functions that pages call. session returns who is signed in; renew is called when the session has ended in
 * between, and resolves to whether somebody has signed in again; reread reads the session anew.
 */
export function createApi({ session, renew, reread }) {
  async function send(method, path, { body, signal, seen } = {}) {
    const headers = { Accept: "application/json" };
    if (body !== undefined) headers["Content-Type"] = "application/json";
    if (method !== "GET" && session().csrf) headers["X-CSRF-Token"] = session().csrf;
    if (seen && tags.get(seen)) headers["If-Match"] = tags.get(seen);
    let response;
    try {
      response = await fetch(base + path, {
        method, headers, signal, body: body === undefined ? undefined : JSON.stringify(body), cache: "no-store", credentials: "same-origin",
      });
    } catch (err) {
      if (err.name === "AbortError") throw err;
      throw new ApiError(0, { code: "unreachable", message: "The server cannot be reached. Is it running, and is this machine online?" });
    }
    if (response.ok) return decode(response);
    throw await failure(response);
  }

  async function call(method, path, options = {}) {
    const before = session();
    try {
      return await send(method, path, options);
    } catch (err) {
      const ended = err.status === 401 && before.signed_in && path !== "/signin";
      // Another tab may have signed in again: the cookie is good, and the CSRF token is of before.
      const stale = err.status === 403 && method !== "GET" && before.signed_in && (await reread()) && session().csrf !== before.csrf;
      if (!stale && !(ended && (await renew()))) throw err;
      return send(method, path, options);
    }
  }

  return {
    get: (path, options) => call("GET", path, options),
    post: (path, body, options) => call("POST", path, { ...options, body }),
    put: (path, body, options) => call("PUT", path, { ...options, body }),
    patch: (path, body, options) => call("PATCH", path, { ...options, body }),
    delete: (path, options) => call("DELETE", path, options),
  };
}

/** anonymous is for signing in: that needs no session, and its 401 means that something was wrong. */
export const anonymous = createApi({ session: () => ({ signed_in: false }), renew: async () => false, reread: async () => false });

async function decode(response) {
  if (response.status === 204) return null;
  if (!(response.headers.get("Content-Type") ?? "").includes("json")) return response.text();
  const data = await response.json();
  const tag = response.headers.get("ETag");
  if (tag && data && typeof data === "object") tags.set(data, tag);
  return data;
}

async function failure(response) {
  let problem = {};
  try {
    problem = (await response.json()).error ?? {};
  } catch {
    // a proxy's page, perhaps: the status says what there is to say
  }
  const wait = Number(response.headers.get("Retry-After")) || 0;
  if (response.status === 412) problem = { ...problem, message: "Somebody else has changed this in the meantime. Load the page again to see it as it is now." };
  if (response.status === 429 && wait && !/\d/.test(problem.message ?? "")) problem = { ...problem, message: `${sentence(problem.message || "too many requests")} Try again in ${wait} s.` };
  return new ApiError(response.status, problem, wait);
}

/** sentence writes a message of the server as a sentence. */
export function sentence(message) {
  const text = String(message ?? "").trim();
  if (!text) return "";
  return text[0].toUpperCase() + text.slice(1) + (/[.!?…]$/.test(text) ? "" : ".");
}

/** query writes a query string; what is empty is left out. */
export function query(values) {
  const q = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) if (value !== undefined && value !== null && value !== "") q.set(name, value);
  const text = q.toString();
  return text ? `?${text}` : "";
}
