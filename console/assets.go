package console

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
)

// asset is a file as it is served. It is not changed.
type asset struct {
	media  string
	plain  variant
	packed *variant // with gzip; nil where that is no shorter
}

// variant is one form of a file.
type variant struct {
	body []byte
	etag string
}

// medias are the types of files by how their names end. Others are not served: nobody should have to guess.
var medias = map[string]string{
	".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".mjs": "text/javascript; charset=utf-8",
	".css": "text/css; charset=utf-8", ".json": "application/json", ".svg": "image/svg+xml", ".png": "image/png", ".ico": "image/x-icon",
	".woff2": "font/woff2", ".wasm": "application/wasm", ".webmanifest": "application/manifest+json", ".map": "application/json", ".txt": "text/plain; charset=utf-8",
	"LICENSE": "text/plain; charset=utf-8",
}

// load reads all files, by the paths that they are served at, and packs each once.
func load(pages, client fs.FS) (map[string]*asset, error) {
	all := map[string]*asset{}
	for prefix, from := range map[string]fs.FS{Folder: pages, Folder + "client/": client} {
		if from == nil {
			continue
		}
		err := fs.WalkDir(from, ".", func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			media := medias[path.Ext(name)]
			if media == "" {
				media = medias[path.Base(name)]
			}
			if media == "" {
				return nil
			}
			body, err := fs.ReadFile(from, name)
			if err != nil {
				return err
			}
			all[prefix+name], err = newAsset(media, body)
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("console: %w", err)
		}
	}
	if err := addStyle(all); err != nil {
		return nil, fmt.Errorf("console: %w", err)
	}
	all["/"] = all[Folder+"index.html"]
	if all["/"] == nil {
		return nil, fmt.Errorf("console: expected the file index.html; there is none")
	}
	return all, nil
}

// sheets are the style sheets in the order in which they count, and style is what the page loads in their place: one file, since a browser
// waits for each before it shows anything.
var sheets = []string{"vendor/uplot/uPlot.min.css", "theme.css", "console.css", "live/live.css"}

const style = Folder + "style.css"

// addStyle puts the style sheets into one.
func addStyle(all map[string]*asset) (err error) {
	var body []byte
	for _, name := range sheets {
		if sheet := all[Folder+name]; sheet != nil {
			body = append(append(body, sheet.plain.body...), '\n')
		}
	}
	all[style], err = newAsset(medias[".css"], body)
	return err
}

func newAsset(media string, body []byte) (*asset, error) {
	sum := sha256.Sum256(body)
	tag := hex.EncodeToString(sum[:16])
	a := &asset{media: media, plain: variant{body, `"` + tag + `"`}}
	if strings.HasPrefix(media, "image/") && media != "image/svg+xml" || media == "font/woff2" {
		return a, nil
	}
	var out bytes.Buffer
	packer, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	_, _ = packer.Write(body) // a buffer takes everything
	if err := packer.Close(); err != nil {
		return nil, err
	}
	if out.Len() < len(body) {
		a.packed = &variant{out.Bytes(), `"` + tag + `-gzip"`}
	}
	return a, nil
}

// file answers with a file. Browsers keep it and ask whether it is the same still, so that what they show is of one version.
func (c *Console) file(w http.ResponseWriter, r *http.Request, a *asset) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "This can be read and nothing else.", http.StatusMethodNotAllowed)
		return
	}
	if a == nil {
		w.Header().Set("Cache-Control", "no-store")
		http.Error(w, "There is no such file; the console is at /.", http.StatusNotFound)
		return
	}
	h := w.Header()
	h.Set("Cache-Control", "no-cache")
	h.Set("Content-Type", a.media)
	v := a.plain
	if a.packed != nil {
		h.Add("Vary", "Accept-Encoding")
		if unpacks(r) {
			v = *a.packed
			h.Set("Content-Encoding", "gzip")
		}
	}
	h.Set("ETag", v.etag)
	if known(r, v.etag) {
		h.Del("Content-Encoding")
		h.Del("Content-Type")
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Length", strconv.Itoa(len(v.body)))
	if r.Method == http.MethodGet {
		_, _ = w.Write(v.body) // what cannot be sent any more is nobody's concern
	}
}

// unpacks reports whether a client takes gzip (RFC 9110 section 12.5.3).
func unpacks(r *http.Request) bool {
	for part := range strings.SplitSeq(strings.Join(r.Header.Values("Accept-Encoding"), ","), ",") {
		coding, weight, weighed := strings.Cut(part, ";")
		if !strings.EqualFold(strings.TrimSpace(coding), "gzip") {
			continue
		}
		q, _ := strings.CutPrefix(strings.ReplaceAll(weight, " ", ""), "q=")
		n, err := strconv.ParseFloat(q, 64)
		return !weighed || err == nil && n > 0
	}
	return false
}

// known reports whether a client has a variant already (RFC 9110 section 13.1.2).
func known(r *http.Request, etag string) bool {
	for part := range strings.SplitSeq(strings.Join(r.Header.Values("If-None-Match"), ","), ",") {
		if tag := strings.TrimPrefix(strings.TrimSpace(part), "W/"); tag == etag || tag == "*" {
			return true
		}
	}
	return false
}
