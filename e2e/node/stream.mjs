// One stream with the SDK, in Node and in the browser alike. ../driver/job.go says what a job and a note hold.
import {
  StartMedicalStreamTranscriptionCommand,
  StartStreamTranscriptionCommand,
  TranscribeStreamingClient,
} from "@aws-sdk/client-transcribe-streaming";

// transcribe makes the stream of a job. audio is a Uint8Array; settings are more of the client's configuration; browser says
// that results after the client's own close would be lost; lose breaks the connection; opened is called with a note when the SDK hands the stream over.
export async function transcribe(job, audio, { settings = {}, browser = false, lose = () => {}, opened }) {
  const note = { finals: [], partial: 0, empty: 0 };
  const client = new TranscribeStreamingClient({
    region: "us-east-1",
    endpoint: job.endpoint,
    credentials: { accessKeyId: job.key, secretAccessKey: job.secret },
    systemClockOffset: job.skew * 1000,
    maxAttempts: 1,
    ...settings,
  });
  const away = new AbortController();
  const over = new AbortController();
  const leave = () => {
    if (job.lose) lose();
    away.abort();
  };
  try {
    const command = job.medical ? StartMedicalStreamTranscriptionCommand : StartStreamTranscriptionCommand;
    const input = parameters(job);
    input.AudioStream = pieces(job, audio, { leave, over: over.signal, browser, heard: () => note.finals.length });
    const answer = await client.send(new command(input), { abortSignal: away.signal });
    note.session = answer.SessionId;
    note.request = answer.RequestId;
    opened({ session: note.session, request: note.request });
    await results(job, answer.TranscriptResultStream, note, away.signal);
  } catch (err) {
    note.error = { name: err.name, message: err.message, status: err.$metadata?.httpStatusCode };
  } finally {
    over.abort();
    client.destroy();
  }
  return note;
}

function parameters(job) {
  const input = {
    LanguageCode: job.language,
    MediaEncoding: job.encoding,
    MediaSampleRateHertz: job.rate,
  };
  if (job.session) input.SessionId = job.session;
  if (job.resume) input.SessionResumeWindow = job.resume;
  if (job.channels > 1) {
    input.EnableChannelIdentification = true;
    input.NumberOfChannels = job.channels;
  }
  if (job.medical) {
    input.Specialty = "PRIMARYCARE";
    input.Type = "DICTATION";
  }
  return input;
}

// pieces hands the audio out at its pace.
async function* pieces(job, audio, { leave, over, browser, heard }) {
  if (job.cut > 0) audio = audio.subarray(0, job.cut);
  let sent = 0;
  for (let at = job.skip; at < audio.length; at += job.chunk) {
    if (job.cancel > 0 && sent >= job.cancel) {
      while (heard() < job.finals && !over.aborted) await pause(10, over);
      leave();
      return;
    }
    if (sent > 0) await pause(job.pause, over);
    if (over.aborted) return;
    const piece = audio.subarray(at, at + job.chunk);
    sent += piece.length;
    yield { AudioEvent: { AudioChunk: piece } };
  }
  if (job.cancel > 0) {
    leave();
    return;
  }
  await pause(job.hold, over);
  if (browser && !over.aborted) {
    // The SDK closes the socket when the audio ends, and a browser drops what comes after that: an empty event ends the audio,
    // and the server closes.
    yield { AudioEvent: { AudioChunk: new Uint8Array(0) } };
    await pause(60_000, over);
  }
}

async function results(job, stream, note, away) {
  let events = 0;
  for await (const event of stream) {
    const transcript = event.TranscriptEvent?.Transcript;
    if (!transcript) continue;
    if (events++ === 0 && job.slow) await pause(job.slow);
    if (transcript.Results.length === 0) note.empty++;
    for (const r of transcript.Results) {
      if (r.IsPartial) note.partial++;
      else note.finals.push({ text: r.Alternatives[0].Transcript, start: r.StartTime, end: r.EndTime, channel: r.ChannelId });
    }
  }
  // The SDK takes its own going away for an end like any other.
  if (away.aborted) throw Object.assign(new Error("the client went away"), { name: "AbortError" });
}

// pause waits so many milliseconds, or until the signal comes.
function pause(ms, signal) {
  return new Promise((resolve) => {
    if (!ms || signal?.aborted) return resolve();
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener("abort", () => (clearTimeout(timer), resolve()), { once: true });
  });
}
