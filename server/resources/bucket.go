package resources

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/earshot-stt/earshot/stt"
	"github.com/earshot-stt/earshot/wire/sigv4"
)

// object returns bucket/key of an s3:// address that may be read. Characters that would have to be escaped are refused: signers do
// not agree on how.
func (f *Files) object(uri string) (string, error) {
	path, ok := strings.CutPrefix(uri, "s3://")
	bucket, key, _ := strings.Cut(path, "/")
	if !ok || !validBucket(bucket) || key == "" {
		return "", refused("The address of a vocabulary file is s3://BUCKET/KEY.")
	}
	if strings.Trim(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/") != "" {
		return "", refused("The key in the S3 URI has other characters than letters, digits and -._~/, which this server does not read.")
	}
	for segment := range strings.SplitSeq(key, "/") {
		if segment == "" || segment == "." || segment == ".." {
			return "", refused("The key in the S3 URI has an empty segment, or one of dots.")
		}
	}
	for _, prefix := range f.Buckets {
		prefix = strings.TrimPrefix(prefix, "s3://")
		if prefix != "" && (path == prefix || strings.HasPrefix(path, strings.TrimSuffix(prefix, "/")+"/")) {
			return path, nil
		}
	}
	return "", refused("%s (This server reads vocabularies from the prefixes in vocabularies.buckets only.)", textNoAccess)
}

// validBucket goes by the naming rules of general purpose buckets (S3 user guide), by and large.
func validBucket(s string) bool {
	return len(s) >= 3 && len(s) <= 63 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789.-") == "" && s[0] != '.' && s[0] != '-' && !strings.Contains(s, "..")
}

// readObject gets an object. Buckets are the first segment of the path.
func (f *Files) readObject(ctx context.Context, path string) ([]byte, error) {
	region := f.Region
	if region == "" {
		region = "us-east-1"
	}
	endpoint := strings.TrimSuffix(f.Endpoint, "/")
	if endpoint == "" {
		endpoint = "https://s3." + region + ".amazonaws.com"
	}
	away := func(err error) ([]byte, error) {
		return nil, &stt.Error{Code: stt.Unavailable, Op: "read", Msg: "The object store cannot be reached, or has failed. Try your request again later.", Err: err}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, endpoint+"/"+path, nil)
	if err != nil {
		return away(err)
	}
	if err := f.sign(ctx, req, region); err != nil {
		return away(err)
	}
	client := http.Client{Transport: f.Transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := client.Do(req)
	if err != nil {
		return away(err)
	}
	defer answer.Body.Close()
	switch {
	case answer.StatusCode >= 500 || answer.StatusCode == http.StatusTooManyRequests:
		return away(fmt.Errorf("status %d", answer.StatusCode))
	case answer.StatusCode != http.StatusOK:
		return nil, &stt.Error{Code: stt.Invalid, Op: "read", Msg: textNoAccess, Err: fmt.Errorf("status %d", answer.StatusCode)}
	}
	content, err := bounded(answer.Body)
	if err != nil && stt.CodeOf(err) != stt.Invalid {
		return away(err)
	}
	return content, err
}

func (f *Files) sign(ctx context.Context, req *http.Request, region string) error {
	if f.Credentials == nil {
		return nil
	}
	credentials, err := f.Credentials(ctx)
	if err != nil || credentials.AccessKeyID == "" {
		return err
	}
	req.Header.Set("X-Amz-Content-Sha256", sigv4.EmptyPayloadHash)
	_, err = sigv4.Signer{Credentials: credentials, Region: region, Service: "s3"}.SignHeaders(http.MethodGet, req.URL.String(), req.Header, "", time.Now())
	return err
}

// EnvironmentCredentials returns the access key in the usual variables of the environment, or none.
func EnvironmentCredentials(getenv func(string) string) func(context.Context) (sigv4.Credentials, error) {
	return func(context.Context) (sigv4.Credentials, error) {
		return sigv4.Credentials{AccessKeyID: getenv("AWS_ACCESS_KEY_ID"), Secret: getenv("AWS_SECRET_ACCESS_KEY"), SessionToken: getenv("AWS_SESSION_TOKEN")}, nil
	}
}
