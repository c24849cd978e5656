// The programs for Amazon's protocol: see code.js.
import { parameters } from "../client/amazon.js";
import * as wav from "./wav.js";

const q = JSON.stringify; // a string as JavaScript, Python and Go write it
const shell = (s) => `'${s.replaceAll("'", "'\\''")}'`;

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

// What the package amazon-transcribe calls parameters, where it has them.
const pythonNames = {
  LanguageCode: "language_code", MediaSampleRateHertz: "media_sample_rate_hz", VocabularyName: "vocabulary_name", VocabularyFilterName: "vocab_filter_name",
  VocabularyFilterMethod: "vocab_filter_method", ShowSpeakerLabel: "show_speaker_label", EnableChannelIdentification: "enable_channel_identification",
  NumberOfChannels: "number_of_channels", EnablePartialResultsStabilization: "enable_partial_results_stabilization", PartialResultsStability: "partial_results_stability",
  IdentifyLanguage: "identify_language", LanguageOptions: "language_options",
};
const pythonLacks = { ContentRedactionType: "redaction", ContentIdentificationType: "marks on personal information", VocabularyNames: "vocabularies of several languages", VocabularyFilterNames: "filters of several languages" };

/** The parameters of a call in Python as lines, and what the package has no parameter for. */
function pythonCall(asked) {
  const value = (m, v) => (v === true ? "True" : m === "LanguageOptions" ? q(v.split(",")).replaceAll('","', '", "') : q(v));
  const lines = asked.filter(([m]) => pythonNames[m]).map(([m, v]) => `        ${pythonNames[m]}=${value(m, v)},`);
  if (!asked.some(([m]) => m === "LanguageCode")) lines.unshift("        language_code=None,");
  return { lines: lines.join("\n"), left: asked.map(([m]) => pythonLacks[m]).filter(Boolean).join(" and ") };
}

/** A program that signs an address and speaks event streams by itself. */
const socket = (server, p, region, interim, channels) => `import { createHash, createHmac } from "node:crypto";
import { readFile } from "node:fs/promises";
import { crc32 } from "node:zlib";

const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN } = process.env;
${wav.js(channels)}

/** The address, signed with the key (AWS Signature Version 4). */
function address() {
  const url = new URL(${q(`${server.replace(/^http/, "ws")}/stream-transcription-websocket`)});
  const time = new Date().toISOString().replace(/[-:]|\\.\\d+/g, "");
  const scope = [time.slice(0, 8), ${q(region)}, "transcribe", "aws4_request"];
  const query = new URLSearchParams({
${Object.entries(p).map(([name, value]) => `    ${q(name)}: ${q(value)},`).join("\n")}
    "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
    "X-Amz-Credential": [AWS_ACCESS_KEY_ID, ...scope].join("/"),
    "X-Amz-Date": time,
    "X-Amz-Expires": "60",
    "X-Amz-SignedHeaders": "host",
    ...(AWS_SESSION_TOKEN && { "X-Amz-Security-Token": AWS_SESSION_TOKEN }),
  });
  query.sort();
  const asked = query.toString().replaceAll("+", "%20");
  const hash = (text) => createHash("sha256").update(text).digest("hex");
  const request = ["GET", url.pathname, asked, \`host:\${url.host}\\n\`, "host", hash("")].join("\\n");
  const key = scope.reduce((secret, part) => createHmac("sha256", secret).update(part).digest(), "AWS4" + AWS_SECRET_ACCESS_KEY);
  const text = ["AWS4-HMAC-SHA256", time, scope.join("/"), hash(request)].join("\\n");
  return \`\${url}?\${asked}&X-Amz-Signature=\${createHmac("sha256", key).update(text).digest("hex")}\`;
}

/** Audio as a message of an event stream: lengths, headers and checksums around it. */
function message(audio) {
  const headers = [[":message-type", "event"], [":event-type", "AudioEvent"], [":content-type", "application/octet-stream"]].map(([name, value]) =>
    Buffer.from([name.length, ...Buffer.from(name), 7, 0, value.length, ...Buffer.from(value)]));
  const length = headers.reduce((sum, h) => sum + h.length, 0);
  const number = (n) => Buffer.from([n >>> 24, n >>> 16, n >>> 8, n]);
  const prelude = Buffer.concat([number(16 + length + audio.length), number(length)]);
  const start = Buffer.concat([prelude, number(crc32(prelude)), ...headers, audio]);
  return Buffer.concat([start, number(crc32(start))]);
}

const socket = new WebSocket(address());
socket.binaryType = "arraybuffer";
socket.onopen = async () => {
  for (let at = 0; at < talk.length && socket.readyState === WebSocket.OPEN; at += ${wav.tenth(channels)}) {
    socket.send(message(talk.subarray(at, at + ${wav.tenth(channels)})));
    await new Promise((resolve) => setTimeout(resolve, 100)); // at the pace of speech
  }
  socket.send(message(Buffer.alloc(0))); // the end
};
socket.onmessage = ({ data }) => {
  const bytes = Buffer.from(data);
  const body = JSON.parse(bytes.subarray(12 + bytes.readUInt32BE(4), -4).toString() || "{}");
  if (body.Message) console.error(body.Message);
  for (const result of body.Transcript?.Results ?? []) {
${interim ? `    if (result.IsPartial) console.log("…", result.Alternatives[0].Transcript); // it may still change
    else console.log(result.Alternatives[0].Transcript);` : "    if (!result.IsPartial) console.log(result.Alternatives[0].Transcript);"}
  }
};
socket.onerror = () => console.error("There is no stream: is the server there?");
`;

/** The programs for Amazon's protocol; [programs] says what the parameters are. */
export function amazon(server, o, region, tls) {
  const interim = o.interim !== false;
  const channels = o.channels ?? 1;
  const tenth = wav.tenth(channels);
  const asked = input(o);
  const u = new URL(server);
  const p = parameters(o);
  const python = pythonCall(asked);
  const safe = u.protocol === "https:" ? server : `https://${u.hostname}:${tls?.port ?? 8443}`;
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
    { id: "javascript", label: "JavaScript", language: "js", note: `By WebSocket: Node 22 or newer, without packages; Node 20 with --experimental-websocket. ${wav.kind(channels)} For pages, with a microphone, there is the client that this page uses: web/client of the source.`, code: socket(server, p, region, interim, channels) },
    { id: "aws-js", label: "AWS SDK, JavaScript", language: "js", note: `npm install @aws-sdk/client-transcribe-streaming. ${wav.kind(channels)}`, code: `import { readFile } from "node:fs/promises";
import { StartStreamTranscriptionCommand, TranscribeStreamingClient } from "@aws-sdk/client-transcribe-streaming";

const client = new TranscribeStreamingClient({ region: ${q(region)}, endpoint: ${q(server)} });
${wav.js(channels)}

async function* audio() {
  for (let at = 0; at < talk.length; at += ${tenth}) {
    yield { AudioEvent: { AudioChunk: talk.subarray(at, at + ${tenth}) } };
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
${interim ? `    if (result.IsPartial) console.log("…", result.Alternatives[0].Transcript); // it may still change
    else console.log(result.Alternatives[0].Transcript);` : "    if (!result.IsPartial) console.log(result.Alternatives[0].Transcript);"}
  }
}
` },
    { id: "python", label: "AWS SDK, Python", language: "py", note: `pip install amazon-transcribe, which speaks TLS only${u.protocol === "https:" || tls ? "" : ", at the port of --tls-listen"}. ${wav.kind(channels)} It trusts whom the system trusts: ca.pem of the data folder belongs there.${python.left ? ` It cannot ask for ${python.left}.` : ""}`, code: `import asyncio, wave
from amazon_transcribe.client import TranscribeStreamingClient
from amazon_transcribe.endpoints import StaticEndpointResolver
from amazon_transcribe.handlers import TranscriptResultStreamHandler

class Printer(TranscriptResultStreamHandler):
    async def handle_transcript_event(self, event):
        for result in event.transcript.results:
            if not result.is_partial:
                print(result.alternatives[0].transcript)
${interim ? `            else:
                print("…", result.alternatives[0].transcript)  # it may still change
` : ""}
async def main():
${wav.py(channels)}
    client = TranscribeStreamingClient(region=${q(region)}, endpoint_resolver=StaticEndpointResolver(${q(safe)}))
    stream = await client.start_stream_transcription(
        media_encoding="pcm",
${python.lines}
    )

    async def send():
        while samples := talk.readframes(1600):
            await stream.input_stream.send_audio_event(audio_chunk=samples)
            await asyncio.sleep(0.1)  # at the pace of speech
        await stream.input_stream.end_stream()

    await asyncio.gather(send(), Printer(stream.output_stream).handle_events())

asyncio.run(main())
` },
    { id: "go", label: "AWS SDK, Go", language: "go", note: `The AWS SDK for Go v2. ${wav.kind(channels)}${u.protocol === "https:" ? "" : " Without TLS it needs the HTTP client that is set here."}`, code: `package main

import (
	"context"
	"encoding/binary"
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
${wav.go(channels)}
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
		for at := 44; at < len(talk); at += ${tenth} { // behind the header of the file
			chunk := talk[at:min(at+${tenth}, len(talk))]
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
				}${interim ? ` else {
					fmt.Println("…", aws.ToString(result.Alternatives[0].Transcript)) // it may still change
				}` : ""}
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
