// The same call as the page makes, in other languages. Each is a whole program that reads a recording; keys come from the environment.
import { query } from "../client/speechall.js";
import { amazon } from "./amazoncode.js";
import * as wav from "./wav.js";

const q = JSON.stringify; // a string as JavaScript, Python and Go write it
const shell = (s) => `'${s.replaceAll("'", "'\\''")}'`;

/**
 * Programs for the present settings. protocol is "speechall" or "amazon", server an address such as http://localhost:8080, options those of
 * the client's streams, region one for signatures, tls where the server has TLS: {port, own}, own where its certificate is by its own
 * authority. Returns [{id, label, language, note, code}].
 */
export function programs({ protocol, server, options, region = "us-east-1", tls }) {
  // A switch that is off is said as well: what it is without a word is the server's affair.
  const o = Object.fromEntries(Object.entries(options).filter(([, v]) => v !== undefined && v !== "" && !(Array.isArray(v) && v.length === 0)));
  const all = protocol === "amazon" ? amazon(server, o, region, tls) : speechall(server, o);
  const { protocol: scheme, port } = new URL(server);
  if (scheme !== "https:" || !tls?.own || Number(port || 443) !== tls.port) return all;
  const trust = { sh: "CURL_CA_BUNDLE", js: "NODE_EXTRA_CA_CERTS", py: "SSL_CERT_FILE", go: "SSL_CERT_FILE" };
  return all.map((p) => (p.id === "python" && protocol === "amazon" ? p : { ...p, note: `${p.note} Set ${trust[p.language]} to ca.pem of the server's data folder.` }));
}

function speechall(server, o) {
  const interim = o.interim !== false;
  const file = query(o, { output_format: "json" });
  const stream = query(o, { output_format: "json", ...(interim ? { interim_results: "true" } : {}) });
  const ws = server.replace(/^http/, "ws");
  return [
    { id: "curl", label: "curl", language: "sh", note: "A whole file at once; the answer comes when all of it is transcribed.", code: `# EARSHOT_API_KEY is an API key of this server.
curl --fail-with-body -H "Authorization: Bearer $EARSHOT_API_KEY" --data-binary @talk.wav \\
  ${shell(`${server}/v1/transcribe?${file}`)}
` },
    { id: "javascript", label: "JavaScript", language: "js", note: `Node 22 or newer, without packages; Node 20 with --experimental-websocket. ${wav.kind(1)} For pages, with a microphone, there is the client that this page uses: web/client of the source.`, code: `import { readFile } from "node:fs/promises";

${wav.js(1)}
const socket = new WebSocket(${q(`${ws}/v1/transcribe?${stream}&api_key=`)} + process.env.EARSHOT_API_KEY);

socket.onopen = async () => {
  for (let at = 0; at < talk.length; at += 3200) {
    socket.send(talk.subarray(at, at + 3200));
    await new Promise((resolve) => setTimeout(resolve, 100)); // at the pace of speech
  }
  socket.send('{"type":"CloseStream"}');
};
socket.onmessage = ({ data }) => {
  const result = JSON.parse(data);
${interim ? `  if (result.is_final === false) console.log("…", result.text); // it may still change
  else console.log(result.text ?? result.message);` : "  console.log(result.text ?? result.message);"}
};
socket.onerror = () => console.error("There is no stream: the call with curl says why.");
` },
    { id: "python", label: "Python", language: "py", note: `pip install websockets. ${wav.kind(1)}`, code: `import asyncio, json, os, wave
import websockets

URL = ${q(`${ws}/v1/transcribe?${stream}`)}

async def main():
${wav.py(1)}
    async with websockets.connect(f"{URL}&api_key={os.environ['EARSHOT_API_KEY']}") as ws:
        async def send():
            while samples := talk.readframes(1600):
                await ws.send(samples)
                await asyncio.sleep(0.1)  # at the pace of speech
            await ws.send('{"type":"CloseStream"}')
        sending = asyncio.create_task(send())
        async for message in ws:
            result = json.loads(message)
${interim ? `            if not result.get("is_final", True):
                print("…", result["text"])  # it may still change
                continue
` : ""}            print(result.get("text") or result.get("message"))
        await sending

asyncio.run(main())
` },
    { id: "go", label: "Go", language: "go", note: `go get github.com/coder/websocket. ${wav.kind(1)}`, code: `package main

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/coder/websocket"
)

const address = ${q(`${ws}/v1/transcribe?${stream}`)}

func main() {
	ctx := context.Background()
${wav.go(1)}
	conn, _, err := websocket.Dial(ctx, address+"&api_key="+os.Getenv("EARSHOT_API_KEY"), nil)
	if err != nil {
		log.Fatal(err)
	}
	defer conn.CloseNow()
	go func() {
		for at := 44; at < len(talk); at += 3200 { // behind the header of the file
			if conn.Write(ctx, websocket.MessageBinary, talk[at:min(at+3200, len(talk))]) != nil {
				return
			}
			time.Sleep(100 * time.Millisecond) // at the pace of speech
		}
		_ = conn.Write(ctx, websocket.MessageText, []byte(\`{"type":"CloseStream"}\`))
	}()
	for {
		_, message, err := conn.Read(ctx)
		if websocket.CloseStatus(err) == websocket.StatusNormalClosure {
			return
		}
		if err != nil {
			log.Fatal(err)
		}
		var result struct {
			Text, Message string${interim ? `
			Final         *bool \`json:"is_final"\`` : ""}
		}
		if err := json.Unmarshal(message, &result); err != nil {
			log.Fatal(err)
		}
${interim ? `		if result.Final != nil && !*result.Final {
			fmt.Println("…", result.Text) // it may still change
			continue
		}
` : ""}		fmt.Println(result.Text, result.Message)
	}
}
` },
  ];
}
