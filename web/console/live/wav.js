// What the programs of the code panel do first: they look whether talk.wav is as they announce it. Samples at another rate would be recognised
// as well, as something that nobody has said.

const what = (channels) => `talk.wav: expected 16 kHz, ${channels === 1 ? "mono" : `${channels} channels`}, 16 bits. This makes it so: ffmpeg -i talk.wav -ar 16000 -ac ${channels} -c:a pcm_s16le -bitexact new.wav && mv new.wav talk.wav`;

/** A note of what the recording has to be. */
export const kind = (channels) => `talk.wav is 16 kHz, ${channels === 1 ? "mono" : `${channels} channels`}, 16 bits.`;

/** Bytes of a tenth of a second. */
export const tenth = (channels) => 3200 * channels;

/** Lines that read talk.wav into "talk", without its header, in JavaScript. */
export const js = (channels) => `const file = await readFile("talk.wav");
if (file.length < 44 || file.readUInt16LE(22) !== ${channels} || file.readUInt32LE(24) !== 16000 || file.readUInt16LE(34) !== 16) {
  console.error(${JSON.stringify(what(channels))});
  process.exit(1);
}
const talk = file.subarray(44); // behind the header`;

/** Lines that open talk.wav as "talk", in Python, within a function. */
export const py = (channels) => `    talk = wave.open("talk.wav")
    if (talk.getframerate(), talk.getnchannels(), talk.getsampwidth()) != (16000, ${channels}, 2):
        raise SystemExit(${JSON.stringify(what(channels))})`;

/** Lines that read talk.wav into "talk", with its header, in Go. They need encoding/binary, log and os. */
export const go = (channels) => `	talk, err := os.ReadFile("talk.wav")
	if err != nil {
		log.Fatal(err)
	}
	number := binary.LittleEndian
	if len(talk) < 44 || number.Uint16(talk[22:]) != ${channels} || number.Uint32(talk[24:]) != 16000 || number.Uint16(talk[34:]) != 16 {
		log.Fatal(${JSON.stringify(what(channels))})
	}`;
