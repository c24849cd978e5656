package admin

import "github.com/earshot-stt/earshot/store"

// Shape returns what this package answers with for something of the store – an account, a user, a key, an administrator's token, a
// price or an entry of the audit log –, for whoever shows the same elsewhere. It has no secrets, and anything else is returned as it is.
func Shape(v any) any {
	switch v := v.(type) {
	case store.Account:
		return accountOf(v)
	case store.User:
		return userOf(v)
	case store.AccessKey:
		return accessKeyOf(v)
	case store.APIKey:
		return apiKeyOf(v)
	case store.AdminToken:
		return adminTokenOf(v)
	case store.Price:
		return priceOf(v)
	case store.AuditEntry:
		return auditEntryOf(v)
	}
	return v
}

// ShapeNewAccessKey is what the making of an access key answers with: it has the secret in it, and for temporary credentials the session token.
func ShapeNewAccessKey(k store.AccessKey, sessionToken string) (any, error) {
	key, err := shown(k, nil)
	key.SessionToken = sessionToken
	return key, err
}

// ShapeNewAPIKey is what the making of an API key answers with: it has the key in it.
func ShapeNewAPIKey(k store.APIKey, token string) any {
	return shownAPIKey{Key: apiKeyOf(k), Token: token}
}

// ShapeNewAdminToken is what the making of an administrator's token answers with: it has the token in it.
func ShapeNewAdminToken(t store.AdminToken, token string) any {
	return shownToken{Entry: adminTokenOf(t), Token: token}
}
