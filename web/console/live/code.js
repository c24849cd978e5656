// The same call as the page makes, in other languages. Each is a whole program that reads a recording; keys come from the environment.
import { parameters } from "../client/amazon.js";
import { query } from "../client/speechall.js";

const q = JSON.stringify; // a string as JavaScript, Python and Go write it
const shell = (s) => `'${s.replaceAll("'", "'\\''")}'`;

/** The options that differ from what they are anyway, as the lines of an object in JavaScript. */
const object = (o, indent) => Object.entries(o).map(([name, value]) => `${indent}${name}: ${q(value)},`).join("\n");

/**
 * Programs for the present settings. protocol is "speechall" or "amazon", server an address such as http://localhost:8080, options those of
 * the client's streams, region one for signatures. Returns [{id, label, language, note, code}].
 */
export function programs({ protocol, server, options, region = "us-east-1" }) {
  const o = Object.fromEntries(Object.entries(options).filter(([, v]) => v !== undefined && v !== false && v !== "" && !(Array.isArray(v) && v.length === 0)));
  return protocol === "amazon" ? amazon(server, o, region) : speechall(server, o);
}

// ---- Speechall ----

function speechall(server, o) {
  const file = query(o, { output_format: "json" });
  const stream = query(o, { output_format: "json", ...(o.interim === false ? {} : { interim_results: "true" }) });
  const ws = server.replace(/^http/, "ws");
  return [
    { id: "curl", label: "curl", language: "sh", note: "A whole file at once; the answer comes when all of it is transcribed.", code: `# KEY is an API key of the server.
curl --fail-with-body -H "Authorization: Bearer $KEY" --data-binary @talk.wav \\
  ${shell(`${server}/v1/transcribe?${file}`)}
` },
    { id: "javascript", label: "JavaScript", language: "js", note: "In Node with the client that this page uses; in a page, microphone(stream) takes the place of playFile.", code: javascript(server, 'apiKey: process.env.KEY', "Client, playFile", o) },
    { id: "python", label: "Python", language: "py", note: "pip install websockets. talk.wav is 16 kHz, mono, 16 bits.", code: `import asyncio, json, os, wave
import websockets

URL = ${q(`${ws}/v1/transcribe?${stream}`)}

async def main():
    async with websockets.connect(f"{URL}&api_key={os.environ['KEY']}") as ws:
        async def send():
            with wave.open("talk.wav") as talk:
                while samples := talk.readframes(1600):
                    await ws.send(samples)
                    await asyncio.sleep(0.1)  # at the pace of speech
            await ws.send('{"type":"CloseStream"}')
        sending = asyncio.create_task(send())
        async for message in ws:
            result = json.loads(message)
            if result.get("is_final", True):
                print(result.get("text") or result.get("message"))
        await sending

asyncio.run(main())
` },
    { id: "go", label: "Go", language: "go", note: "go get github.com/coder/websocket. talk.wav is 16 kHz, mono, 16 bits.", code: `package main

import (
	"context"
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
	talk, err := os.ReadFile("talk.wav")
	if err != nil {
		log.Fatal(err)
	}
	conn, _, err := websocket.Dial(ctx, address+"&api_key="+os.Getenv("KEY"), nil)
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
			Text    string
			Final   *bool  \`json:"is_final"\`
			Message string
		}
		if err := json.Unmarshal(message, &result); err != nil {
			log.Fatal(err)
		}
		if result.Final == nil || *result.Final {
			fmt.Println(result.Text, result.Message)
		}
	}
}
` },
  ];
}

const javascript = (server, how, names, o) => `import { openAsBlob } from "node:fs";
import WebSocket from "ws"; // Node 22 and newer have their own
import { ${names} } from "@earshot-stt/client";

const client = new Client({
  url: ${q(server)},
  ${how},
  WebSocket,
});
const stream = client.stream(
  {
${object(o, "    ")}
  },
  { onFinal: (result) => console.log(result.text), onError: (err) => console.error(err.message) },
);
await playFile(stream, await openAsBlob("talk.wav"));
await stream.finish();
`;

// ---- Amazon ----

const camel = (name) => name.split("-").map((part) => part[0].toUpperCase() + part.slice(1)).join("");
const members = {
  "sample-rate": "MediaSampleRateHertz", "show-speaker-label": "ShowSpeakerLabel", "enable-channel-identification": "EnableChannelIdentification",
  "pii-entity-types": "PiiEntityTypes",
};
/** The parameters of the query as the SDKs have them: [member, value]. */
function input(o) {
  return Object.entries(parameters(o)).map(([name, value]) => [members[name] ?? camel(name),
    /^(sample-rate|number-of-channels)$/.test(name) ? Number(value) : value === "true" ? true : value]);
}

function amazon(server, o, region) {
  const asked = input(o);
  const u = new URL(server);
  const p = parameters(o);
  const snake = (member) => member.replace("MediaSampleRateHertz", "MediaSampleRateHz").replace(/[A-Z]/g, (c, at) => (at ? "_" : "") + c.toLowerCase());
  const python = (v) => (v === true ? "True" : q(v));
  const pythonMembers = asked.filter(([m]) => m !== "MediaEncoding" && m !== "LanguageOptions").map(([m, v]) => `        ${snake(m)}=${python(v)},`).join("\n");
  const enums = { LanguageCode: "LanguageCode", MediaEncoding: "MediaEncoding", VocabularyFilterMethod: "VocabularyFilterMethod", ContentRedactionType: "ContentRedactionType",
    ContentIdentificationType: "ContentIdentificationType", PartialResultsStability: "PartialResultsStability" };
  const go = ([m, v]) => {
    if (enums[m]) return `\t\t${m}: types.${enums[m]}(${q(v)}),`;
    if (typeof v === "number") return `\t\t${m}: aws.Int32(${v}),`;
    return v === true ? `\t\t${m}: true,` : `\t\t${m}: aws.String(${q(v)}),`;
  };
  return [
    { id: "curl", label: "curl", language: "sh", note: "curl speaks no event streams: earshot presign signs an address, and any client for WebSocket can use it. With curl it can be seen whether it is let in.", code: `# AWS_SHARED_CREDENTIALS_FILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, say with which key.
address=$(earshot presign --url ${shell(server.replace(/^http/, "ws"))} --region ${region} --language ${p["language-code"] ?? "en-US"})
curl -sS -i -N --http1.1 --max-time 2 -H 'Connection: Upgrade' -H 'Upgrade: websocket' \\
  -H 'Sec-WebSocket-Version: 13' -H 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==' \\
  "$(printf %s "$address" | sed 's/^ws/http/')" | head -n 1
` },
    { id: "javascript", label: "JavaScript", language: "js", note: "In Node with the client that this page uses; in a page, microphone(stream) takes the place of playFile.", code: javascript(server, `protocol: "amazon",
  presign: presigner({
    url: ${q(server)},
    region: ${q(region)},
    accessKeyId: process.env.AWS_ACCESS_KEY_ID,
    secretAccessKey: process.env.AWS_SECRET_ACCESS_KEY,
  })`, "Client, playFile, presigner", o) },
    { id: "aws-js", label: "AWS SDK, JavaScript", language: "js", note: "npm install @aws-sdk/client-transcribe-streaming. talk.wav is 16 kHz, 16 bits.", code: `import { readFile } from "node:fs/promises";
import { StartStreamTranscriptionCommand, TranscribeStreamingClient } from "@aws-sdk/client-transcribe-streaming";

const client = new TranscribeStreamingClient({ region: ${q(region)}, endpoint: ${q(server)} });
const talk = (await readFile("talk.wav")).subarray(44); // behind the header

async function* audio() {
  for (let at = 0; at < talk.length; at += 3200) {
    yield { AudioEvent: { AudioChunk: talk.subarray(at, at + 3200) } };
    await new Promise((resolve) => setTimeout(resolve, 100)); // at the pace of speech
  }
}

const answer = await client.send(
  new StartStreamTranscriptionCommand({
${asked.map(([m, v]) => `    ${m}: ${q(v)},`).join("\n")}
    AudioStream: audio(),
  }),
);
for await (const event of answer.TranscriptResultStream) {
  for (const result of event.TranscriptEvent?.Transcript.Results ?? []) {
    if (!result.IsPartial) console.log(result.Alternatives[0].Transcript);
  }
}
` },
    { id: "python", label: "AWS SDK, Python", language: "py", note: `pip install amazon-transcribe, which speaks TLS only: the server's address with TLS, whose authority the system trusts.${o.language === "auto" ? " It cannot identify languages." : ""}`, code: `import asyncio, wave
from amazon_transcribe.client import TranscribeStreamingClient
from amazon_transcribe.endpoints import StaticEndpointResolver
from amazon_transcribe.handlers import TranscriptResultStreamHandler

class Printer(TranscriptResultStreamHandler):
    async def handle_transcript_event(self, event):
        for result in event.transcript.results:
            if not result.is_partial:
                print(result.alternatives[0].transcript)

async def main():
    client = TranscribeStreamingClient(region=${q(region)}, endpoint_resolver=StaticEndpointResolver(${q(u.protocol === "https:" ? server : `https://${u.hostname}:8443`)}))
    stream = await client.start_stream_transcription(
        media_encoding="pcm",
${pythonMembers}
    )

    async def send():
        with wave.open("talk.wav") as talk:
            while samples := talk.readframes(1600):
                await stream.input_stream.send_audio_event(audio_chunk=samples)
                await asyncio.sleep(0.1)  # at the pace of speech
        await stream.input_stream.end_stream()

    await asyncio.gather(send(), Printer(stream.output_stream).handle_events())

asyncio.run(main())
` },
    { id: "go", label: "AWS SDK, Go", language: "go", note: `The AWS SDK for Go v2.${u.protocol === "https:" ? "" : " Without TLS it needs the HTTP client that is set here."}`, code: `package main

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/transcribestreaming"
	"github.com/aws/aws-sdk-go-v2/service/transcribestreaming/types"
)

func main() {
	ctx := context.Background()
	talk, err := os.ReadFile("talk.wav")
	if err != nil {
		log.Fatal(err)
	}
	cfg, err := config.LoadDefaultConfig(ctx, config.WithRegion(${q(region)}))
	if err != nil {
		log.Fatal(err)
	}
	protocols := new(http.Protocols)
	protocols.SetHTTP2(true)
	protocols.SetUnencryptedHTTP2(true)
	client := transcribestreaming.NewFromConfig(cfg, func(o *transcribestreaming.Options) {
		o.BaseEndpoint = aws.String(${q(server)})
		o.HTTPClient = &http.Client{Transport: &http.Transport{Protocols: protocols}}
	})
	answer, err := client.StartStreamTranscription(ctx, &transcribestreaming.StartStreamTranscriptionInput{
${asked.map(go).join("\n")}
	})
	if err != nil {
		log.Fatal(err)
	}
	stream := answer.GetStream()
	defer stream.Close()
	go func() {
		for at := 44; at < len(talk); at += 3200 { // behind the header of the file
			chunk := talk[at:min(at+3200, len(talk))]
			if stream.Send(ctx, &types.AudioStreamMemberAudioEvent{Value: types.AudioEvent{AudioChunk: chunk}}) != nil {
				return
			}
			time.Sleep(100 * time.Millisecond) // at the pace of speech
		}
		_ = stream.Writer.Close() // no more audio; the results are still read
	}()
	for event := range stream.Events() {
		if e, ok := event.(*types.TranscriptResultStreamMemberTranscriptEvent); ok {
			for _, result := range e.Value.Transcript.Results {
				if !result.IsPartial {
					fmt.Println(aws.ToString(result.Alternatives[0].Transcript))
				}
			}
		}
	}
	if err := stream.Err(); err != nil {
		log.Fatal(err)
	}
}
` },
  ];
}
