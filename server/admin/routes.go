package admin

import (
	"net/http"
)

// Parameters of lists.
var (
	afterParam = param{name: "after", kind: "string", about: "What the page before gave as \"next\"."}
	limitParam = param{name: "limit", kind: "integer", about: "Entries at most, 1 to 1000; absent: 100."}
)

func text(name, about string) param { return param{name: name, kind: "string", about: about} }

// routes is the table of all operations. Of two that match a path the first is taken.
func routes(h *Handler) []route {
	const (
		get, post, put, patch, del = http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete
		ok, made, none             = http.StatusOK, http.StatusCreated, http.StatusNoContent
	)
	list := []param{afterParam, limitParam}
	of := func(more ...param) []param { return append(more, list...) }
	account, key := text("account", "Only those of this account, by name or id."), text("key", "Only those of this key, by id, or by a name that only one has.")
	owner, find := text("user", "Only those of this user."), text("text", "Only those with this in the name or the id, whatever the case.")
	from, to := text("from", "Not before this time: 2026-11-21T10:00:00Z, 2026-11-21 or 2026-11."), text("to", "Before this time.")
	j := []string{jsonMedia}

	return []route{
		{get, "/openapi.json", "getDocument", "Tells all operations, as an OpenAPI document.", Viewer, nil, ok, j, givesAny[map[string]any](h.document)},

		{get, "/accounts", "listAccounts", "Lists accounts by name.", Viewer, list, ok, j, gives(h.listAccounts)},
		{post, "/accounts", "createAccount", "Makes an account.", Operator, nil, made, j, takes(h.createAccount)},
		{get, "/accounts/{account}", "getAccount", "Shows an account.", Viewer, nil, ok, j, gives(h.getAccount)},
		{patch, "/accounts/{account}", "updateAccount", "Changes an account; what is absent stays.", Operator, nil, ok, j, guarded(takes(h.updateAccount))},
		{del, "/accounts/{account}", "deleteAccount", "Removes an account that has no users and keys any more. Its usage stays.", Operator,
			[]param{{name: "with_vocabularies", kind: "string", enum: []string{"true", "false"}, about: "true: its vocabularies, vocabulary filters and replacement rulesets go with it; otherwise it stays while it has any."}}, none, nil, guarded(does(h.deleteAccount))},
		{get, "/accounts/{account}/quota", "getAccountQuota", "Says how much of its limits an account has used.", Viewer, nil, ok, j, gives(h.accountQuota)},

		{get, "/users", "listUsers", "Lists users by name.", Viewer, of(account, find), ok, j, gives(h.listUsers)},
		{post, "/users", "createUser", "Makes a user.", Admin, nil, made, j, takes(h.createUser)},
		{get, "/users/{user}", "getUser", "Shows a user.", Viewer, nil, ok, j, gives(h.getUser)},
		{patch, "/users/{user}", "updateUser", "Changes a user; what is absent stays.", Admin, nil, ok, j, guarded(takes(h.updateUser))},
		{del, "/users/{user}", "deleteUser", "Removes a user who has no keys any more.", Admin, nil, none, nil, guarded(does(h.deleteUser))},

		{get, "/access-keys", "listAccessKeys", "Lists access keys by name, without secrets.", Viewer,
			of(account, owner, find, text("parent", "Only the temporary credentials of this key."),
				param{name: "temporary", kind: "string", enum: []string{"true", "false"}, about: "true: only temporary credentials; false: none."}), ok, j, gives(h.listAccessKeys)},
		{post, "/access-keys", "createAccessKey", "Makes an access key and shows its secret, this once.", Operator, nil, made, j, takes(h.createAccessKey)},
		{get, "/access-keys/{id}", "getAccessKey", "Shows an access key, without its secret.", Viewer, nil, ok, j, gives(h.getAccessKey)},
		{patch, "/access-keys/{id}", "updateAccessKey", "Changes an access key; what is absent stays.", Operator, nil, ok, j, guarded(takes(h.updateAccessKey))},
		{del, "/access-keys/{id}", "deleteAccessKey", "Removes an access key, with its temporary credentials. Its usage stays.", Operator, nil, none, nil, guarded(does(h.deleteAccessKey))},
		{post, "/access-keys/{id}/rotate", "rotateAccessKey", "Gives an access key a new secret and shows it, this once.", Operator, nil, ok, j, guarded(takes(h.rotateAccessKey))},
		{post, "/access-keys/{id}/temporary", "deriveAccessKey", "Makes temporary credentials of an access key and shows them, this once.", Operator, nil, made, j, takes(h.deriveAccessKey)},
		{get, "/access-keys/{id}/quota", "getAccessKeyQuota", "Says how much of its limits an access key has used, and its account.", Viewer, nil, ok, j, gives(h.accessKeyQuota)},

		{get, "/api-keys", "listApiKeys", "Lists API keys by name.", Viewer, of(account, owner, find, text("prefix", "Only those that begin like this.")), ok, j, gives(h.listAPIKeys)},
		{post, "/api-keys", "createApiKey", "Makes an API key and shows it, this once.", Operator, nil, made, j, takes(h.createAPIKey)},
		{get, "/api-keys/{id}", "getApiKey", "Shows what is known of an API key, which is not the key.", Viewer, nil, ok, j, gives(h.getAPIKey)},
		{patch, "/api-keys/{id}", "updateApiKey", "Changes an API key; what is absent stays.", Operator, nil, ok, j, guarded(takes(h.updateAPIKey))},
		{del, "/api-keys/{id}", "deleteApiKey", "Removes an API key. Its usage stays.", Operator, nil, none, nil, guarded(does(h.deleteAPIKey))},
		{get, "/api-keys/{id}/quota", "getApiKeyQuota", "Says how much of its limits an API key has used, and its account.", Viewer, nil, ok, j, gives(h.apiKeyQuota)},

		{get, "/admin-tokens", "listAdminTokens", "Lists administrators' tokens by name, without themselves.", Admin, list, ok, j, gives(h.listTokens)},
		{post, "/admin-tokens", "createAdminToken", "Makes an administrator's token and shows it, this once.", Admin, nil, made, j, takes(h.createToken)},
		{patch, "/admin-tokens/{id}", "updateAdminToken", "Changes an administrator's token; what is absent stays.", Admin, nil, ok, j, guarded(takes(h.updateToken))},
		{del, "/admin-tokens/{id}", "deleteAdminToken", "Removes an administrator's token.", Admin, nil, none, nil, does(h.deleteToken)},

		{post, "/policy:check", "checkPolicy", "Says whether a policy can be stored, and what it or that of a key says about a request. Changes nothing.", Viewer, nil, ok, j, takes(h.checkPolicy)},

		{get, "/prices", "listPrices", "Lists what a minute of audio costs, by model.", Viewer, nil, ok, j, gives(h.listPrices)},
		{put, "/prices/{model}", "setPrice", "Sets what a minute of audio costs with a model; * is every other one.", Operator, nil, ok, j, takes(h.setPrice)},
		{del, "/prices/{model}", "deletePrice", "Removes the price of a model.", Operator, nil, none, nil, does(h.deletePrice)},

		{get, "/usage", "getUsage", "Sums what was used and what it costs by today's prices.", Viewer, usageParams(from, to, account, key), ok, []string{jsonMedia, csvMedia}, givesAny[usage](h.getUsage)},

		{get, "/sessions", "listSessions", "Lists the open streams of this server, the oldest first.", Viewer, []param{account, key, limitParam}, ok, j, gives(h.listSessions)},
		{get, "/sessions/{session}", "getSession", "Shows an open stream.", Viewer, nil, ok, j, gives(h.getSession)},
		{del, "/sessions/{session}", "endSession", "Ends an open stream, after the results of what was said.", Operator, nil, none, nil, does(h.endSession)},

		{get, "/audit", "listAudit", "Lists administrative changes, the newest first.", Viewer,
			of(text("actor", "Only those of this administrator."), text("action", "Only those of this kind, such as delete."), text("kind", "Only those of such things, such as access-key."),
				text("target", "Only those of the thing with this id or name."), account, from, to), ok, j, gives(h.listAudit)},

		{get, "/system", "getSystem", "Tells version, state and models.", Viewer, nil, ok, j, gives(h.getSystem)},
		{get, "/system/config", "getConfig", "Tells the configuration in force, and where each value was set. Secrets do not show.", Viewer, nil, ok, j, gives(h.getSettings)},
		{post, "/store:check", "checkStore", "Looks at everything in the store, which may take a while. Changes nothing.", Admin, nil, ok, j, gives(h.checkStore)},
	}
}
