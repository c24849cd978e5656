// Runs on the browser's audio thread: collects blocks of 128 samples and posts them, nothing else. It imports nothing, so that it can be served or
// bundled as a file of its own.
// @ts-nocheck: the types of this scope are not part of TypeScript's libraries
const together = 2048; // samples that are posted at a time, 43 ms at 48 kHz

class Capture extends AudioWorkletProcessor {
  constructor() {
    super();
    this.blocks = [];
    this.length = 0;
    this.on = true;
    this.port.onmessage = () => {
      this.post();
      this.port.postMessage(null); // all has been posted
      this.on = false;
    };
  }

  process([input]) {
    if (!this.on) return false;
    if (input.length === 0) return true;
    this.blocks.push(input.map((channel) => channel.slice()));
    this.length += input[0].length;
    if (this.length >= together) this.post();
    return true;
  }

  post() {
    if (this.length === 0) return;
    const count = Math.max(...this.blocks.map((b) => b.length));
    const channels = Array.from({ length: count }, () => new Float32Array(this.length));
    let at = 0;
    for (const block of this.blocks) {
      for (let c = 0; c < count; c++) channels[c].set(block[Math.min(c, block.length - 1)], at);
      at += block[0].length;
    }
    this.blocks = [];
    this.length = 0;
    this.port.postMessage(channels, channels.map((c) => c.buffer));
  }
}

registerProcessor("earshot-capture", Capture);
