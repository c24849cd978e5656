package e2e_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// awsCLI is Debian's AWS CLI: another that stands before it on PATH may be anything.
func awsCLI() string {
	if path := os.Getenv("E2E_AWS"); path != "" {
		return path
	}
	return "/usr/bin/aws"
}

// manageCases are what the AWS CLI goes through. Each works with names of its own, on a server that the others use too.
func manageCases() []manageCase {
	return []manageCase{
		{"vocabulary", manageVocabulary}, {"vocabulary-file", manageVocabularyFile}, {"vocabulary-filter", manageFilter}, {"tags", manageTags},
		{"pages", managePages}, {"strangers", manageStrangers}, {"mistakes", manageMistakes}, {"download", manageDownload},
	}
}

type manageCase struct {
	name string
	run  func(c *cli)
}

// TestAWSCLI has the AWS CLI manage vocabularies and filters, unmodified but for --endpoint-url.
func TestAWSCLI(t *testing.T) {
	t.Parallel()
	h := open(t)
	if _, err := os.Stat(awsCLI()); err != nil {
		for _, k := range manageCases() {
			h.table.set("AWSCLI", k.name, "absent")
		}
		absent(t, "the AWS CLI is not there: Debian's package awscli has it")
	}
	runs := newAWSRuns(t, h)
	for i, k := range manageCases() {
		t.Run(k.name, func(t *testing.T) {
			defer h.table.note(t)
			t.Parallel()
			k.run(&cli{T: t, house: h, runs: runs, server: h.servers["english"], overTLS: i%2 == 0})
		})
	}
}

// cli is the AWS CLI with a server to talk to.
type cli struct {
	*testing.T
	house       *house
	runs        *awsRuns // nil: a process for each command
	server      *server
	overTLS     bool
	key, secret string // empty: the server's
}

// run runs one command of aws transcribe and returns what it says.
func (c *cli) run(args ...string) (out map[string]any, complaint string) {
	c.Helper()
	ctx, cancel := context.WithTimeout(c.Context(), caseTime)
	defer cancel()
	endpoint := "http://" + c.server.plain
	if c.overTLS {
		endpoint = "https://localhost:" + port(c.server.tls)
	}
	line := slices.Concat([]string{"transcribe"}, args, []string{"--endpoint-url", endpoint, "--region", "eu-west-1", "--output", "json", "--no-cli-pager"})
	key, secret := c.key, c.secret
	fill(&key, c.server.key)
	fill(&secret, c.server.secret)
	env := append(slices.Clone(c.house.env), "AWS_ACCESS_KEY_ID="+key, "AWS_SECRET_ACCESS_KEY="+secret, "AWS_CA_BUNDLE="+c.server.ca, "AWS_MAX_ATTEMPTS=2", "HOME="+c.house.scratch)
	stdout, stderr, err := c.command(ctx, line, env)
	if text := strings.TrimSpace(stderr); text != "" || err != nil {
		return nil, fmt.Sprintf("%s (%v)", text, err)
	}
	out = map[string]any{}
	if stdout != "" {
		if err := json.Unmarshal([]byte(stdout), &out); err != nil {
			c.Fatalf("aws %s says %q: %v", strings.Join(args, " "), stdout, err)
		}
	}
	return out, ""
}

// command runs the CLI with these arguments.
func (c *cli) command(ctx context.Context, args, env []string) (stdout, stderr string, err error) {
	if c.runs != nil {
		return c.runs.run(args, env)
	}
	cmd := exec.CommandContext(ctx, awsCLI(), args...)
	var out, problems bytes.Buffer
	cmd.Env, cmd.Stdout, cmd.Stderr = env, &out, &problems
	err = cmd.Run()
	return out.String(), problems.String(), err
}

// ok runs a command that must succeed.
func (c *cli) ok(args ...string) map[string]any {
	c.Helper()
	out, complaint := c.run(args...)
	if complaint != "" {
		c.Fatalf("aws %s: %s", strings.Join(args, " "), complaint)
	}
	return out
}

// fails runs a command that must fail with an exception and a text.
func (c *cli) fails(exception, text string, args ...string) {
	c.Helper()
	out, complaint := c.run(args...)
	if !strings.Contains(complaint, "("+exception+")") || !strings.Contains(complaint, text) {
		c.Errorf("aws %s: %v %s, expected %s: %s", strings.Join(args, " "), out, complaint, exception, text)
	}
}

// want checks members of an answer.
func (c *cli) want(out map[string]any, members map[string]any) {
	c.Helper()
	for name, value := range members {
		if fmt.Sprint(out[name]) != fmt.Sprint(value) {
			c.Errorf("%s is %v, expected %v, in %v", name, out[name], value, out)
		}
	}
}

// settled asks for a vocabulary until it is not pending any more.
func (c *cli) settled(name string) map[string]any {
	c.Helper()
	for range 100 { // each takes a second
		if out := c.ok("get-vocabulary", "--vocabulary-name", name); out["VocabularyState"] != "PENDING" {
			return out
		}
	}
	c.Fatalf("vocabulary %s stays pending", name)
	return nil
}

const (
	noVocabulary = "The requested vocabulary couldn't be found. Check the vocabulary name and try your request again."
	noFilter     = "The requested vocabulary filter couldn't be found."
)

func manageVocabulary(c *cli) {
	const name = "cli-phrases"
	made := c.ok("create-vocabulary", "--vocabulary-name", name, "--language-code", "en-US", "--phrases", "Los-Angeles", "F.B.I.", "Étienne")
	c.want(made, map[string]any{"VocabularyName": name, "LanguageCode": "en-US", "VocabularyState": "PENDING"})
	if at, _ := made["LastModifiedTime"].(string); !strings.HasPrefix(at, fmt.Sprint(time.Now().Year())) {
		c.Errorf("made at %v", made["LastModifiedTime"])
	}
	c.want(c.settled(name), map[string]any{"VocabularyState": "READY", "FailureReason": nil})
	c.fails("ConflictException", "already exists", "create-vocabulary", "--vocabulary-name", name, "--language-code", "en-US", "--phrases", "again")
	c.ok("update-vocabulary", "--vocabulary-name", name, "--language-code", "en-GB", "--phrases", "not good")
	failed := c.settled(name)
	c.want(failed, map[string]any{"VocabularyState": "FAILED", "LanguageCode": "en-GB", "DownloadUri": nil})
	if reason, _ := failed["FailureReason"].(string); !strings.HasPrefix(reason, "phrase 1, column 4: ") || strings.Contains(reason, "good") {
		c.Errorf("it has failed because of %q", reason)
	}
	listed := c.ok("list-vocabularies", "--state-equals", "FAILED", "--name-contains", "CLI-PHRASES")["Vocabularies"].([]any)
	if len(listed) != 1 || listed[0].(map[string]any)["VocabularyName"] != name {
		c.Errorf("listed are %v", listed)
	}
	c.ok("delete-vocabulary", "--vocabulary-name", name)
	c.fails("NotFoundException", noVocabulary, "get-vocabulary", "--vocabulary-name", name)
	c.fails("NotFoundException", noVocabulary, "delete-vocabulary", "--vocabulary-name", name)
	c.fails("NotFoundException", noVocabulary, "update-vocabulary", "--vocabulary-name", name, "--language-code", "en-US", "--phrases", "x")
}

func manageVocabularyFile(c *cli) {
	const name = "cli-table"
	table := "Phrase\tDisplayAs\tIPA\tSoundsLike\nLos-Angeles\tL.A.\t\t\n"
	for file, text := range map[string]string{"table.txt": table, "windows.txt": strings.ReplaceAll(table, "\n", "\r\n"), "words.txt": "damn\n"} {
		if err := os.WriteFile(filepath.Join(c.house.scratch, file), []byte(text), 0o600); err != nil {
			c.Fatal(err)
		}
	}
	c.ok("create-vocabulary", "--vocabulary-name", name, "--language-code", "en-US", "--vocabulary-file-uri", "file:table.txt")
	c.want(c.settled(name), map[string]any{"VocabularyState": "READY"})
	c.ok("update-vocabulary", "--vocabulary-name", name, "--language-code", "en-US", "--vocabulary-file-uri", "file:windows.txt")
	if reason, _ := c.settled(name)["FailureReason"].(string); !strings.Contains(reason, "line 1, column 32: the line ends in CR LF") {
		c.Errorf("it has failed because of %q", reason)
	}
	c.fails("BadRequestException", "The S3 URI that you provided can't be accessed.", "update-vocabulary", "--vocabulary-name", name, "--language-code", "en-US", "--vocabulary-file-uri", "s3://bucket/key.txt")
	c.ok("create-vocabulary-filter", "--vocabulary-filter-name", name, "--language-code", "en-US", "--vocabulary-filter-file-uri", "file:words.txt")
	elsewhere := *c
	elsewhere.server = c.house.servers["talk"] // whose operator allows no files
	elsewhere.fails("BadRequestException", "import_dir", "create-vocabulary", "--vocabulary-name", name, "--language-code", "en-US", "--vocabulary-file-uri", "file:table.txt")
}

func manageFilter(c *cli) {
	const name = "cli-filter"
	made := c.ok("create-vocabulary-filter", "--vocabulary-filter-name", name, "--language-code", "en-US", "--words", "damn", "heck")
	c.want(made, map[string]any{"VocabularyFilterName": name, "LanguageCode": "en-US"})
	c.fails("ConflictException", "already exists", "create-vocabulary-filter", "--vocabulary-filter-name", name, "--language-code", "en-US", "--words", "damn")
	c.want(c.ok("update-vocabulary-filter", "--vocabulary-filter-name", name, "--words", "other"), map[string]any{"LanguageCode": "en-US"})
	c.want(c.ok("get-vocabulary-filter", "--vocabulary-filter-name", name), map[string]any{"VocabularyFilterName": name})
	listed := c.ok("list-vocabulary-filters", "--name-contains", name)["VocabularyFilters"].([]any)
	if len(listed) != 1 {
		c.Errorf("listed are %v", listed)
	}
	c.ok("delete-vocabulary-filter", "--vocabulary-filter-name", name)
	c.fails("NotFoundException", noFilter, "get-vocabulary-filter", "--vocabulary-filter-name", name)
}

func manageTags(c *cli) {
	const name = "cli-tags"
	c.ok("create-vocabulary", "--vocabulary-name", name, "--language-code", "en-US", "--phrases", "x", "--tags", "Key=team,Value=red", "Key=empty,Value=")
	arn := "arn:aws:transcribe:eu-west-1:" + c.account() + ":vocabulary/" + name
	tags := func() string { return fmt.Sprint(c.ok("list-tags-for-resource", "--resource-arn", arn)["Tags"]) }
	if got := tags(); got != "[map[Key:empty Value:] map[Key:team Value:red]]" {
		c.Errorf("tags %s", got)
	}
	c.ok("tag-resource", "--resource-arn", arn, "--tags", "Key=team,Value=blue", "Key=más,Value=ñ")
	c.ok("untag-resource", "--resource-arn", arn, "--tag-keys", "empty", "never-there")
	if got := tags(); got != "[map[Key:más Value:ñ] map[Key:team Value:blue]]" {
		c.Errorf("tags %s", got)
	}
	c.fails("NotFoundException", noVocabulary, "list-tags-for-resource", "--resource-arn", strings.Replace(arn, c.account(), "000000000001", 1))
	c.fails("BadRequestException", "is none of a vocabulary", "list-tags-for-resource", "--resource-arn", "arn:aws:s3:::some-bucket")
}

// account is the id of the account of the key, which every refusal for want of rights names, and each ARN.
func (c *cli) account() string {
	c.Helper()
	for line := range strings.Lines(c.server.log.tail(1 << 20)) {
		if _, after, ok := strings.Cut(line, "msg=vocabulary account="); ok {
			return strings.Fields(after)[0]
		}
	}
	c.Fatal("the server's log does not say which account a vocabulary has been made for")
	return ""
}

func managePages(c *cli) {
	const pages = 6
	for i := range pages {
		c.ok("create-vocabulary-filter", "--vocabulary-filter-name", fmt.Sprintf("cli-page-%d", i), "--language-code", "en-US", "--words", "x")
	}
	first := c.ok("list-vocabulary-filters", "--name-contains", "cli-page-")
	token, _ := first["NextToken"].(string)
	if n := len(first["VocabularyFilters"].([]any)); n != 5 || token == "" {
		c.Fatalf("the first page has %d, and token %q", n, token)
	}
	second := c.ok("list-vocabulary-filters", "--name-contains", "cli-page-", "--next-token", token)
	var names []string
	for _, f := range append(first["VocabularyFilters"].([]any), second["VocabularyFilters"].([]any)...) {
		names = append(names, f.(map[string]any)["VocabularyFilterName"].(string))
	}
	if !slices.IsSortedFunc(names, func(a, b string) int { return strings.Compare(b, a) }) || len(names) != pages || second["NextToken"] != nil {
		c.Errorf("the pages have %v, and there is another: %v", names, second["NextToken"])
	}
	c.fails("BadRequestException", "NextToken", "list-vocabulary-filters", "--next-token", token)
	c.fails("BadRequestException", "maxResults", "list-vocabularies", "--max-results", "101")
}

func manageStrangers(c *cli) {
	stranger := *c
	stranger.runs = nil // here as everybody else runs it
	stranger.secret = "not-the-secret-that-belongs-to-this-key"
	stranger.fails("InvalidSignatureException", "The request signature we calculated does not match", "list-vocabularies")
	stranger.key = "AKIDUNKNOWN"
	stranger.fails("UnrecognizedClientException", "The security token included in the request is invalid.", "list-vocabularies")
}

func manageMistakes(c *cli) {
	c.fails("BadRequestException", "1 validation error detected: Value 'a b' at 'vocabularyName' failed to satisfy constraint", "get-vocabulary", "--vocabulary-name", "a b")
	c.fails("BadRequestException", "either Phrases or VocabularyFileUri", "create-vocabulary", "--vocabulary-name", "cli-none", "--language-code", "en-US")
	c.fails("BadRequestException", "StartTranscriptionJob is not offered", "start-transcription-job", "--transcription-job-name", "j", "--media", "MediaFileUri=s3://a/b.wav", "--language-code", "en-US")
}

// manageDownload fetches what DownloadUri says.
func manageDownload(c *cli) {
	const name = "cli-download"
	c.ok("create-vocabulary", "--vocabulary-name", name, "--language-code", "en-US", "--phrases", "Los-Angeles")
	address, _ := c.settled(name)["DownloadUri"].(string)
	config, err := trust(c.server.ca)
	if err != nil {
		c.Fatal(err)
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: config.RootCAs}}
	defer transport.CloseIdleConnections()
	answer, err := (&http.Client{Transport: transport}).Get(address)
	if err != nil {
		c.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK || string(body) != "Phrase\tSoundsLike\tIPA\tDisplayAs\nLos-Angeles\t\t\t\n" {
		c.Errorf("%s gives %d %q, %v", address, answer.StatusCode, body, err)
	}
}
