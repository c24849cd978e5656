// Where the server speaks TLS: SDKs that insist on HTTP/2 need it, also where this page came without.

/**
 * Resolves to {port, own}: own where the certificate is by the server's own authority, which clients have to be told to trust. null: there is no
 * TLS; undefined: it is not known to who is signed in.
 */
export async function tlsOf({ api, session }) {
  if (session.tls !== undefined || !session.signed_in) return session.tls;
  try {
    const { settings } = await api.get("/admin/v1/system/config");
    const value = (key) => settings.find((s) => s.key === key)?.value ?? "";
    const listen = value("tls.listen");
    if (listen === "" || listen === "off") return null;
    const port = Number(listen.slice(listen.lastIndexOf(":") + 1));
    return port > 0 ? { port, own: value("tls.cert") === "" } : undefined;
  } catch {
    return undefined; // not everybody may read it
  }
}
